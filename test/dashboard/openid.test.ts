/** Sign-in by OpenID Connect at a real provider: who is let in without a GitHub account, and what attackers make of it. */

import type { RequestListener } from "node:http";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { OrganizationRole } from "../../src/dashboard/page/access.ts";
import { OpenIdProvider } from "../../src/dashboard/sign-in/openid.ts";
import { HOUR, MINUTE } from "../../src/domain/time/durations.ts";
import { GENERATED_AT, ORGANIZATION, smallLog } from "../evidence/fixture.ts";
import { CLIENT, startOpenId, type Known, type OpenIdStage } from "./openid-provider.ts";
import { ANN, BASE_URL, pagesBehindSignIn, type Browser } from "./signed-in.ts";

const EVE: Known = { subject: "eve", email: "eve@big.example", isVerified: true };
const AUDIT: Known = { subject: "a-1", email: "audit@big.example", isVerified: true };
const AUDITOR: readonly OrganizationRole[] = [{ organization: ORGANIZATION, role: "auditor" }];
const BACK = `${BASE_URL}/sign-in/openid/callback`;

beforeEach(() => {
  // The provider and the library read the system's clock.
  vi.useFakeTimers({ toFake: ["Date"], now: GENERATED_AT });
  // It warns of what only a provider in production needs.
  vi.spyOn(console, "warn").mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

async function stage(): Promise<
  Awaited<ReturnType<typeof pagesBehindSignIn>> & {
    readonly provider: OpenIdStage;
    readonly begun: (own: Browser, to?: string) => Promise<string>;
    readonly enter: (own: Browser, known: Known, to?: string) => Promise<Response>;
  }
> {
  const provider = await startOpenId(BACK);
  const { issuer } = provider;
  const pages = await pagesBehindSignIn(
    smallLog(),
    undefined,
    (clock) => new OpenIdProvider({ ...CLIENT, issuer, clock }),
  );
  pages.roles.set("audit@big.example", AUDITOR);
  const begun = async (own: Browser, to = "/changes"): Promise<string> => {
    const away = await own.open(`/sign-in/openid?${new URLSearchParams({ to }).toString()}`);
    return away.headers.get("location") ?? `${away.status}: ${await away.text()}`;
  };
  const enter = async (own: Browser, known: Known, to?: string): Promise<Response> =>
    own.open(await provider.agree(await begun(own, to), known));
  return { ...pages, provider, begun, enter };
}

async function statusOf(browser: Browser): Promise<number> {
  return (await browser.open("/changes")).status;
}

/** Nobody is signed in, and the page has these words. */
async function refuses(own: Browser, address: string, words: RegExp): Promise<void> {
  const answer = await own.open(address);
  expect([answer.status, await answer.text()]).toEqual([403, expect.stringMatching(words)]);
  expect(own.cookies.has("__Host-countersign")).toBe(false);
}

test("an auditor without a GitHub account signs in, reads the organisation and is named as such", async () => {
  const { browser, enter, ledger, provider } = await stage();
  const own = browser();
  const offer = await (await own.open("/sign-in?to=/changes")).text();
  expect(offer).toContain("Sign in with GitHub");
  expect(offer).toMatch(
    /for auditors whose address the policy names\. They read [^.]*, and change and approve nothing/u,
  );
  expect(offer).toMatch(/href="\/sign-in\/openid\?to=%2Fchanges"/u);
  const back = await enter(own, AUDIT);
  expect([back.status, back.headers.get("location")]).toEqual([303, "/changes"]);
  const page = await (await own.open("/changes")).text();
  expect(page).toContain("Change number 3");
  expect(page).toContain("Signed in as audit@big.example (no GitHub account)");
  const secret = own.cookies.get("__Host-countersign") ?? "";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  const stored = await ledger.sessions.find(Buffer.from(digest).toString("hex"));
  expect(stored?.person).toBe(`oidc:${provider.issuer}#a-1`);
  expect(JSON.stringify({ ...stored, person: "" })).not.toMatch(/audit@|a-1/u);
});

test("nothing is shown to whom no policy names, nor any more once it does not", async () => {
  const { browser, enter, roles } = await stage();
  const [stranger, own] = [browser(), browser()];
  await enter(stranger, EVE);
  const text = await (await stranger.open("/changes?org=acme")).text();
  expect(text).toContain("No policy in force names eve@big.example as an auditor today");
  expect(text).not.toMatch(/Change number|web#/u);
  await enter(own, AUDIT);
  roles.delete("audit@big.example");
  expect(await (await own.open("/changes")).text()).not.toMatch(/Change number|web#/u);
});

test.each([false, undefined, null, "true", 1])(
  "an address that is not verified signs nobody in: %j",
  async (isVerified) => {
    const { browser, begun, provider } = await stage();
    const own = browser();
    await refuses(own, await provider.agree(await begun(own), { ...AUDIT, isVerified }), /has not verified/u);
  },
);

test("nobody is signed in without an address, or who says no on the provider's page", async () => {
  const { browser, begun, provider } = await stage();
  const own = browser();
  await refuses(own, await provider.agree(await begun(own), { subject: "a-1" }), /gives no address/u);
  const { searchParams } = new URL(await begun(own));
  const query = { error: "access_denied", state: searchParams.get("state") ?? "", iss: provider.issuer };
  await refuses(own, `${BACK}?${new URLSearchParams(query).toString()}`, /let nobody sign in/u);
});

test("an answer counts once, in the browser that asked, within ten minutes, with its own state", async () => {
  const { browser, begun, provider, clock, github } = await stage();
  const offered = async (own: Browser): Promise<URL> =>
    new URL(await provider.agree(await begun(own), AUDIT));
  const none = /belongs to no sign-in/u;
  // Of another browser: a victim would be signed in as the attacker, or the attacker as the victim.
  await refuses(browser(), (await offered(browser())).href, none);
  const victim = browser();
  await begun(victim);
  await refuses(victim, (await offered(browser())).href, none);
  const own = browser();
  const forged = await offered(own);
  forged.searchParams.set("state", "forged");
  await refuses(own, forged.href, none);
  forged.searchParams.delete("state");
  await refuses(own, forged.href, none);
  const late = browser();
  const slow = await offered(late);
  clock.at += 10 * MINUTE;
  await refuses(late, slow.href, none);
  clock.at -= 10 * MINUTE;
  // A way to one provider is none to the other.
  const mixed = browser();
  const { search } = await offered(mixed);
  await refuses(mixed, `/sign-in/github/callback${search}`, none);
  const away = browser();
  const toGitHub = (await away.open("/sign-in/github")).headers.get("location") ?? "";
  await refuses(away, github.agree(toGitHub, ANN).replace("/github/", "/openid/"), none);
  // Twice, by whoever kept the way.
  const again = browser();
  const once = await offered(again);
  const way = again.cookies.get("__Host-countersign-sign-in") ?? "";
  expect((await again.open(once.href)).status).toBe(303);
  const replayed = browser();
  replayed.cookies.set("__Host-countersign-sign-in", way);
  await refuses(replayed, once.href, /was used before/u);
});

test("a code is worth nothing in another sign-in: its verifier is not there", async () => {
  const { browser, begun, provider } = await stage();
  const [attacker, victim] = [browser(), browser()];
  const stolen = new URL(await provider.agree(await begun(victim), AUDIT)).searchParams.get("code") ?? "";
  const own = new URL(await provider.agree(await begun(attacker), EVE));
  own.searchParams.set("code", stolen);
  await refuses(attacker, own.href, /is not for this sign-in/u);
});

/** Has the provider's token endpoint answer as it answered before. */
function answering(provider: OpenIdStage, body: string): void {
  const rest: RequestListener = (request, response) => {
    if (request.url === "/token") {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
      return;
    }
    provider.real(request, response);
  };
  provider.instead(rest);
}

test("a token of another sign-in, or of another issuer, signs nobody in", async () => {
  const { browser, begun, enter, provider } = await stage();
  const first = browser();
  await enter(first, AUDIT);
  const [ofAnother = ""] = provider.tokens;
  expect(ofAnother).toContain("id_token");
  const own = browser();
  const address = await provider.agree(await begun(own), EVE);
  answering(provider, ofAnother);
  await refuses(own, address, /is not for this sign-in/u);
  provider.instead(null);

  const elsewhere = await startOpenId(BACK);
  const { issuer } = elsewhere;
  const pages = await pagesBehindSignIn(
    [],
    undefined,
    (clock) => new OpenIdProvider({ ...CLIENT, issuer, clock }),
  );
  const there = pages.browser();
  const away = (await there.open("/sign-in/openid")).headers.get("location") ?? "";
  await there.open(await elsewhere.agree(away, AUDIT));
  const other = browser();
  const back = new URL(await provider.agree(await begun(other), EVE));
  answering(provider, elsewhere.tokens[0] ?? "");
  await refuses(other, back.href, /is not for this sign-in/u);
  provider.instead(null);
  // Nor an answer that names another issuer (RFC 9207).
  const mixed = browser();
  const named = new URL(await provider.agree(await begun(mixed), AUDIT));
  named.searchParams.set("iss", elsewhere.issuer);
  await refuses(mixed, named.href, /is not for this sign-in/u);
});

test("a token whose signature is not the provider's signs nobody in", async () => {
  const { browser, begun, enter, provider } = await stage();
  await enter(browser(), AUDIT);
  const own = browser();
  const address = await provider.agree(await begun(own), AUDIT);
  provider.instead((request, response) => {
    if (request.url === "/token") {
      const { nonce = "" } = Object.fromEntries(new URL(provider.asked.at(-1) ?? "").searchParams);
      const token = JSON.parse(provider.tokens[0] ?? "{}") as { id_token: string };
      const [header = "", payload = "", signature = ""] = token.id_token.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
      const forged = Buffer.from(JSON.stringify({ ...claims, nonce })).toString("base64url");
      response
        .writeHead(200, { "content-type": "application/json" })
        .end(JSON.stringify({ ...token, id_token: `${header}.${forged}.${signature}` }));
      return;
    }
    provider.real(request, response);
  });
  await refuses(own, address, /is not for this sign-in/u);
});

test("a clock that is hours apart from the provider's lets nobody in, and says why", async () => {
  const { browser, begun, provider, clock } = await stage();
  clock.at += 2 * HOUR;
  const own = browser();
  await refuses(own, await provider.agree(await begun(own), AUDIT), /is too old/u);
});

test("a provider that is down, or no provider, is named, and GitHub's way stays open", async () => {
  const { browser, begun, provider, signIn } = await stage();
  const own = browser();
  const address = await provider.agree(await begun(own), AUDIT);
  provider.instead((_, response) => response.writeHead(502).end("<h1>Bad gateway</h1>"));
  const answer = await own.open(address);
  const text = await answer.text();
  expect([answer.status, text]).toEqual([
    503,
    expect.stringContaining(`The OpenID provider ${provider.issuer} does not answer`),
  ]);
  expect(text).not.toContain(CLIENT.clientSecret);
  await signIn(own, ANN);
  expect(await statusOf(own)).toBe(200);

  const issuer = "http://127.0.0.1:9";
  const pages = await pagesBehindSignIn(
    [],
    undefined,
    (clock) => new OpenIdProvider({ ...CLIENT, issuer, clock }),
  );
  const begin = await pages.browser().open("/sign-in/openid");
  expect([begin.status, await begin.text()]).toEqual([
    503,
    expect.stringContaining(`provider ${issuer} does not`),
  ]);
});

test.each(["https://evil.example/", "//evil.example/", String.raw`/\evil.example`, "javascript:alert(1)"])(
  "signing in leads to no other site: %j",
  async (to) => {
    const { browser, enter } = await stage();
    const location = (await enter(browser(), AUDIT, to)).headers.get("location") ?? "";
    expect(location).toMatch(/^\/(?!\/)/u);
    expect(new URL(location, BASE_URL).host).toBe(new URL(BASE_URL).host);
  },
);

test("signing in takes no session that was set before, and sign-out ends all of this person's", async () => {
  const { browser, enter, signIn } = await stage();
  const [own, phone, other] = [browser(), browser(), browser()];
  own.cookies.set("__Host-countersign", "chosen by an attacker");
  await enter(own, AUDIT);
  expect(own.cookies.get("__Host-countersign")).not.toBe("chosen by an attacker");
  await enter(phone, AUDIT);
  await signIn(other, ANN);
  const csrf = /name="csrf" value="([^"]+)"/u.exec(await (await own.open("/changes")).text())?.[1] ?? "";
  expect((await own.send("/sign-out", { csrf, everywhere: "yes" })).status).toBe(303);
  expect([await statusOf(own), await statusOf(phone), await statusOf(other)]).toEqual([401, 401, 200]);
});
