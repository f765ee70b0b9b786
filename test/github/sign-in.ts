/** People who sign in through an App: GitHub's web flow, with PKCE. Nobody has a password: a name is enough. */

import { createHash } from "node:crypto";
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import type { Account, App, Token } from "./model.ts";
import { Refused } from "./refused.ts";
import type { World } from "./world.ts";
import { page, textIn, type Html } from "./web-page.ts";

const MINUTE = 60_000;

/** A code is good for so long. */
const LONGEST_CODE = 10 * MINUTE;

/** A person's token and what renews it end after so many seconds. */
const TOKEN_LIFE = 28_800;
const REFRESH_LIFE = 15_897_600;

const AUTHORIZE = "/login/oauth/authorize";

/** What is wrong with an exchange, in GitHub's words. */
const WRONG = {
  incorrect_client_credentials: "The client_id and/or client_secret passed are incorrect.",
  redirect_uri_mismatch: "The redirect_uri MUST match the registered callback URL for this application.",
  bad_verification_code: "The code passed is incorrect or expired.",
} as const;

/** Adds the pages on which people say who they are, and the exchange of a code for a token. */
export function addSignIn(app: Hono, world: World): void {
  app.get("/login", (c) => c.html(whoPage(world, "/login", new URLSearchParams(), "post")));
  app.post("/login", async (c) => {
    const account = personCalled(world, await textIn(c, "login"));
    if (account === undefined) throw new Refused(422, "Incorrect username");
    world.signedInId = account.id;
    return c.html(page(`Signed in as ${account.login}`, html`<p>Go back to the App, and sign in there.</p>`));
  });
  app.get(AUTHORIZE, (c) => authorize(world, c));
  app.post("/login/oauth/access_token", async (c) => {
    const answer = exchange(world, await fieldsIn(c));
    c.header("date", new Date(world.now()).toUTCString());
    if (c.req.header("accept")?.includes("json") === true) return c.json(answer);
    return c.body(new URLSearchParams(answer as Record<string, string>).toString());
  });
}

/** Sends the browser back with a code where it is known who is at it, and asks otherwise. */
function authorize(world: World, c: Context): Response | Promise<Response> {
  const { searchParams } = new URL(c.req.url);
  const app = appWith(world, searchParams.get("client_id"));
  const [first] = app?.callbackUrls ?? [];
  if (app === undefined || first === undefined) throw new Refused(404, "Not Found");
  const redirectUrl = searchParams.get("redirect_uri") ?? first;
  const back = (to: string, query: Readonly<Record<string, string>>): Response => {
    const state = searchParams.get("state");
    const address = new URL(to);
    for (const [name, value] of Object.entries({ ...query, ...(state === null ? {} : { state }) }))
      address.searchParams.set(name, value);
    return c.redirect(address.href, 302);
  };
  const refuse = (error: string, error_description: string): Response =>
    back(first, { error, error_description });
  if (!app.callbackUrls.includes(redirectUrl))
    return refuse("redirect_uri_mismatch", WRONG.redirect_uri_mismatch);
  const challenge = searchParams.get("code_challenge");
  if (challenge !== null && searchParams.get("code_challenge_method") !== "S256")
    return refuse("invalid_request", "The code_challenge_method must be S256.");
  if (searchParams.has("cancel"))
    return refuse("access_denied", "The user has denied your application access.");
  const wanted = searchParams.get("login");
  const account =
    wanted === null
      ? world.signedInId === null
        ? undefined
        : world.account(world.signedInId)
      : personCalled(world, wanted);
  if (account === undefined) return c.html(whoPage(world, AUTHORIZE, searchParams, "get"));
  const code = world.uuid().replaceAll("-", "").slice(0, 20);
  world.signInCodes.set(code, {
    appId: app.id,
    accountId: account.id,
    redirectUrl,
    challenge,
    at: world.now(),
  });
  return back(redirectUrl, { code });
}

/** Lets whoever is at the browser say who they are. */
function whoPage(world: World, to: string, given: URLSearchParams, method: "get" | "post"): Html {
  const people = [...world.people.values()]
    .map((id) => world.account(id))
    .filter(({ type, deleted }) => type === "User" && !deleted);
  return page(
    "Sign in to GitHub (simulated)",
    html`<p>Who are you?</p>
      <form action="${to}" method="${method}">
        ${[...given].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
        ${people.map(({ login }) => html`<p><button name="login" value="${login}">${login}</button></p>`)}
        ${method === "get" ? html`<p><button name="cancel" value="yes">Cancel</button></p>` : ""}
      </form>`,
  );
}

/** What an exchange answers: a token, or what is wrong. A code is used by the first App that names it. */
function exchange(
  world: World,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string | number>> {
  const app = appWith(world, given["client_id"]);
  if (app === undefined || app.clientSecret !== given["client_secret"])
    return wrong("incorrect_client_credentials");
  const code = world.signInCodes.get(String(given["code"]));
  if (code === undefined || code.appId !== app.id) return wrong("bad_verification_code");
  world.signInCodes.delete(String(given["code"]));
  if (world.now() >= code.at + LONGEST_CODE) return wrong("bad_verification_code");
  if (given["redirect_uri"] !== undefined && given["redirect_uri"] !== code.redirectUrl)
    return wrong("redirect_uri_mismatch");
  if (code.challenge !== null && challengeOf(given["code_verifier"]) !== code.challenge)
    return wrong("bad_verification_code");
  return {
    access_token: tokenFor(world, app, code.accountId).token,
    expires_in: TOKEN_LIFE,
    refresh_token: `ghr_${text(world)}`,
    refresh_token_expires_in: REFRESH_LIFE,
    scope: "",
    token_type: "bearer",
  };
}

function tokenFor(world: World, app: App, accountId: number): Token {
  const token: Token = {
    token: `ghu_${text(world)}`,
    kind: "user",
    installationId: null,
    givenTo: app.id,
    accountId,
    permissions: {},
    repositoryIds: null,
    expiresAt: world.realNow() + TOKEN_LIFE * 1_000,
  };
  world.tokens.set(token.token, token);
  return token;
}

function text(world: World): string {
  return `${world.uuid()}${world.uuid()}`.replaceAll("-", "").slice(0, 36);
}

function wrong(error: keyof typeof WRONG): Readonly<Record<string, string>> {
  return {
    error,
    error_description: WRONG[error],
    error_uri:
      "https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors",
  };
}

function challengeOf(verifier: unknown): string {
  return createHash("sha256").update(String(verifier)).digest("base64url");
}

/** The App with a client id, where people sign in through it. */
function appWith(world: World, clientId: unknown): App | undefined {
  return [...world.apps.values()].find((one) => one.clientId === clientId && one.clientSecret !== null);
}

function personCalled(world: World, login: string): Account | undefined {
  const account = world.accountByLogin(login);
  return account?.type === "User" && !account.deleted ? account : undefined;
}

async function fieldsIn(c: Context): Promise<Readonly<Record<string, unknown>>> {
  if (c.req.header("content-type")?.includes("json") !== true) return c.req.parseBody();
  const body: unknown = await c.req.json().catch(() => null);
  return typeof body === "object" && body !== null ? { ...body } : {};
}
