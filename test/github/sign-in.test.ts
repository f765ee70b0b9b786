import { createHash } from "node:crypto";
import { Hono } from "hono";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { pagesApp } from "./pages.ts";
import { restApp } from "./rest/app.ts";
import { hear, type Heard } from "./rest/asking.ts";
import { trial, type Trial } from "./stage.ts";

const CALLBACK = "https://countersign.example/sign-in/github/callback";
const CLIENT = { client_id: "Iv1.client", client_secret: "a secret" };
const VERIFIER = "a verifier that nobody else knows";
const challenge = createHash("sha256").update(VERIFIER).digest("base64url");
const ASKED = { client_id: CLIENT.client_id, redirect_uri: CALLBACK, state: "s1" };
const PKCE = { code_challenge: challenge, code_challenge_method: "S256" };

let stage: Trial;
let app: Hono;

beforeAll(async () => {
  stage = await trial({
    people: {
      ann: { permission: "write", teams: ["leads"] },
      bob: { permission: "none" },
      ci: { app: "ci" },
    },
    app: {
      id: 77,
      publicKey: "",
      webhookSecret: "secret",
      webhookUrl: "http://127.0.0.1:1/webhooks",
      signIn: {
        clientId: CLIENT.client_id,
        clientSecret: CLIENT.client_secret,
        callbackUrls: [CALLBACK, `${CALLBACK}/other`],
      },
    },
    repositories: { api: {} },
  });
  app = new Hono();
  app.route("/", pagesApp(stage.double.world));
  app.mount("/api", restApp(stage.double.world, { conformance: true }).fetch);
});

afterAll(() => stage.double.close());

beforeEach(() => {
  stage.double.world.signedInId = null;
});

/** Where GitHub sends the browser. */
async function authorized(query: Readonly<Record<string, string>>): Promise<URL> {
  const answer = await hear(app, `GET /login/oauth/authorize?${new URLSearchParams(query).toString()}`);
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get("location") ?? "");
}

async function codeFor(login: string, more: Readonly<Record<string, string>> = PKCE): Promise<string> {
  const back = await authorized({ ...ASKED, ...more, login });
  return back.searchParams.get("code") ?? "";
}

function exchange(given: Readonly<Record<string, string>>): Promise<Heard> {
  return hear(app, "POST /login/oauth/access_token", given, {
    accept: "application/json",
    "content-type": "application/json",
  });
}

async function tokenOf(login: string): Promise<string> {
  const code = await codeFor(login);
  return String((await exchange({ ...CLIENT, code, code_verifier: VERIFIER })).at("access_token"));
}

function ask(line: string, token: string): Promise<Heard> {
  const [method = "", path = ""] = line.split(" ");
  return hear(app, `${method} /api${path}`, undefined, { authorization: `token ${token}` });
}

test("whoever is signed in on GitHub is sent back with a code and the state; nobody else knows who", async () => {
  const query = new URLSearchParams(ASKED).toString();
  const asked = await hear(app, `GET /login/oauth/authorize?${query}`);
  expect(asked.status).toBe(200);
  expect([...asked.text.matchAll(/name="login" value="(\w+)"/gu)].map(([, name]) => name)).toEqual([
    "ann",
    "bob",
  ]);
  const form = new URLSearchParams({ login: "ann" });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const chosen = await app.request("/login", { method: "POST", body: form.toString(), headers });
  expect(await chosen.text()).toContain("Signed in as ann");
  const back = await authorized(ASKED);
  expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
  expect(back.searchParams.get("state")).toBe("s1");
  expect(back.searchParams.get("code")).toMatch(/^[0-9a-f]{20}$/u);
});

test("what is asked wrongly goes back to the first address that is registered, and to no other", async () => {
  const other = await authorized({ ...ASKED, redirect_uri: "https://evil.example/" });
  expect(`${other.origin}${other.pathname}`).toBe(CALLBACK);
  expect(other.searchParams.get("error")).toBe("redirect_uri_mismatch");
  const plain = await authorized({ ...ASKED, code_challenge: VERIFIER, code_challenge_method: "plain" });
  expect(plain.searchParams.get("error")).toBe("invalid_request");
  const denied = await authorized({ ...ASKED, cancel: "yes" });
  expect(denied.searchParams.get("error")).toBe("access_denied");
  for (const each of [other, plain, denied]) {
    expect(each.searchParams.get("state")).toBe("s1");
    expect(each.searchParams.has("code")).toBe(false);
  }
  const unknown = await hear(app, "GET /login/oauth/authorize?client_id=Iv1.nobody");
  expect(unknown.status).toBe(404);
  // An App without a client secret signs nobody in.
  const bare = stage.double.world.appBySlug("ci")?.clientId ?? "";
  expect((await hear(app, `GET /login/oauth/authorize?client_id=${bare}`)).status).toBe(404);
});

test("a code is exchanged once, in ten minutes, by its App, for its address, with its verifier", async () => {
  const wrong = async (given: Readonly<Record<string, string>>): Promise<unknown> => {
    const answer = await exchange(given);
    expect(answer.status).toBe(200);
    expect(answer.at("access_token")).toBeUndefined();
    return answer.at("error");
  };
  const good = { ...CLIENT, redirect_uri: CALLBACK, code_verifier: VERIFIER };
  const ways = [
    [{ client_secret: "another" }, "incorrect_client_credentials"],
    [{ client_id: "Iv1.nobody" }, "incorrect_client_credentials"],
    [{ redirect_uri: `${CALLBACK}/other` }, "redirect_uri_mismatch"],
    [{ code_verifier: "another" }, "bad_verification_code"],
    [{ code: "made up" }, "bad_verification_code"],
  ] as const;
  for (const [change, error] of ways)
    expect(await wrong({ ...good, code: await codeFor("ann"), ...change }), error).toBe(error);
  const late = await codeFor("ann");
  const { world } = stage.double;
  world.setClock(world.now() + 600_000);
  expect(await wrong({ ...good, code: late })).toBe("bad_verification_code");

  const code = await codeFor("ann");
  const made = await exchange({ ...good, code });
  expect(made.at("access_token")).toMatch(/^ghu_[0-9a-f]{36}$/u);
  expect([made.at("expires_in"), made.at("token_type"), made.at("scope")]).toEqual([28_800, "bearer", ""]);
  expect(made.headers.get("date")).toBe(new Date(world.now()).toUTCString());
  expect(await wrong({ ...good, code })).toBe("bad_verification_code");
});

test("a person's token names them, and lists what both they and the App may read", async () => {
  const token = await tokenOf("ann");
  expect((await ask("GET /user", token)).at("login")).toBe("ann");
  const installations = await ask("GET /user/installations", token);
  expect([
    installations.at("total_count"),
    installations.at("installations", "0", "account", "login"),
  ]).toEqual([1, "acme"]);
  const own = `/user/installations/${String(installations.at("installations", "0", "id"))}/repositories`;
  const listed = await ask(`GET ${own}`, token);
  expect([listed.at("repositories", "0", "name"), listed.at("repositories", "1", "name")]).toEqual([
    "web",
    "api",
  ]);
  const outsider = await tokenOf("bob");
  expect((await ask("GET /user/installations", outsider)).at("total_count")).toBe(0);
  expect((await ask(`GET ${own}`, outsider)).status).toBe(404);
  expect((await ask("GET /user", "ghu_made_up")).status).toBe(401);
  expect((await hear(app, "GET /api/user")).status).toBe(401);
  expect(stage.double.world.breaches).toEqual([]);
});

test("an App revokes a token that was given to it, with its id and secret, and nobody else does", async () => {
  const token = await tokenOf("ann");
  const revoke = (secret: string): Promise<Heard> =>
    hear(
      app,
      `DELETE /api/applications/${CLIENT.client_id}/token`,
      { access_token: token },
      {
        authorization: `Basic ${btoa(`${CLIENT.client_id}:${secret}`)}`,
      },
    );
  expect((await revoke("another")).status).toBe(401);
  expect((await ask("GET /user", token)).status).toBe(200);
  expect((await revoke(CLIENT.client_secret)).status).toBe(204);
  expect((await ask("GET /user", token)).status).toBe(401);
  expect((await revoke(CLIENT.client_secret)).status).toBe(422);
  expect(stage.double.world.breaches).toEqual([]);
});
