/** Sign-in with GitHub: who sees what, for how long, and what attackers make of it. */

import { expect, test, vi } from "vitest";

import { manifestOf } from "../../src/cli/setup/app-plan.ts";
import { HOUR, MINUTE } from "../../src/domain/time/durations.ts";
import { changeEntry, GENERATED_AT, ORGANIZATION, smallLog, WEB } from "../evidence/fixture.ts";
import { ANN, BASE_URL, BOB, pagesBehindSignIn, type Browser } from "./signed-in.ts";

/** Text of the log that must be on no page for strangers. */
const DATA = /acme|Change number|web#|eve/u;

async function statusOf(browser: Browser, path = "/changes"): Promise<number> {
  return (await browser.open(path)).status;
}

/** What goes with the forms of a page. */
async function csrfTokenOn(browser: Browser): Promise<string> {
  return /name="csrf" value="([^"]+)"/u.exec(await (await browser.open("/changes")).text())?.[1] ?? "";
}

test("a stranger is shown how to sign in, and comes back to the page that was opened", async () => {
  const { browser, github } = await pagesBehindSignIn(smallLog());
  const own = browser();
  const first = await own.open("/changes?verdict=non-compliant");
  const text = await first.text();
  expect([first.status, DATA.test(text)]).toEqual([401, false]);
  const offer = /href="(\/sign-in\?[^"]+)"/u.exec(text)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const offered = await (await own.open(offer)).text();
  const begin = /href="(\/sign-in\/github\?[^"]+)"/u.exec(offered)?.[1]?.replaceAll("&amp;", "&") ?? "";
  const away = await own.open(begin);
  const back = await own.open(github.agree(away.headers.get("location") ?? "", ANN));
  expect([back.status, back.headers.get("location")]).toEqual([303, "/changes?verdict=non-compliant"]);
  const page = await (await own.open("/changes")).text();
  expect(page).toContain("Change number 3");
  expect(page).toContain("Signed in as ann");
});

test("whoever comes from an address too long for a cookie signs in all the same, and begins at the first page", async () => {
  const { browser, github } = await pagesBehindSignIn(smallLog());
  for (const [length, reached] of [
    [2_000, true],
    [2_750, false],
    [3_900, false],
  ] as const) {
    const own = browser();
    const to = `/changes?words=${"\\".repeat(100)}${"a".repeat(length - 100)}`;
    const away = await own.open(`/sign-in/github?${new URLSearchParams({ to }).toString()}`);
    for (const set of away.headers.getSetCookie())
      expect(set.split(";")[0]?.length).toBeLessThanOrEqual(4_096);
    const back = await own.open(github.agree(away.headers.get("location") ?? "", ANN));
    const location = back.headers.get("location") ?? "";
    expect([back.status, location === "/", location.startsWith("/changes")]).toEqual([
      303,
      !reached,
      reached,
    ]);
  }
});

test("the session's cookie is for this host alone, over TLS alone, and no script reads it", async () => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const set = (await signIn(browser(), ANN)).headers.getSetCookie();
  const session = set.find((each) => each.startsWith("__Host-countersign=")) ?? "";
  for (const part of ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"]) expect(session).toContain(part);
  expect(session).not.toContain("Domain");
});

test("what is stored lets nobody in: neither the secret nor the token nor the name", async () => {
  const { browser, signIn, ledger } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  const secret = own.cookies.get("__Host-countersign") ?? "";
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret));
  const stored = await ledger.sessions.find(Buffer.from(digest).toString("hex"));
  expect(stored?.person).toBe("github:101");
  expect(JSON.stringify(stored)).not.toMatch(new RegExp(`${secret}|ghu_|"ann"`, "u"));
  const other = browser();
  other.cookies.set("__Host-countersign", stored?.id ?? "");
  expect(await statusOf(other)).toBe(401);
});

test("shows only what GitHub lets this person read", async () => {
  const elsewhere = { ...changeEntry(3, GENERATED_AT - HOUR), repositoryId: 71 };
  const { browser, signIn, github } = await pagesBehindSignIn([
    elsewhere,
    changeEntry(13, GENERATED_AT - HOUR),
  ]);
  const own = browser();
  await signIn(own, ANN);
  const text = await (await own.open("/changes")).text();
  expect([text.includes("Change number 13"), text.includes("Change number 3")]).toEqual([true, false]);
  github.access.set(BOB.id, [{ organization: { id: 501, login: "other" }, repositories: new Set([71]) }]);
  const stranger = browser();
  await signIn(stranger, BOB);
  for (const path of ["/changes", "/changes?org=acme", "/changes?org=500"])
    expect(await (await stranger.open(path)).text(), path).not.toMatch(/Change number|web#/u);
  github.access.set(BOB.id, []);
  const nobody = browser();
  await signIn(nobody, BOB);
  expect(await (await nobody.open("/changes?org=acme")).text()).not.toMatch(/Change number|web#/u);
});

test("what GitHub takes away is no longer shown five minutes later", async () => {
  const { browser, signIn, github, clock } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  expect(await (await own.open("/changes")).text()).toContain("Change number 3");
  github.access.set(ANN.id, [{ organization: ORGANIZATION, repositories: new Set([WEB.id + 1]) }]);
  clock.at += 5 * MINUTE;
  expect(await (await own.open("/changes")).text()).not.toContain("Change number 3");
  github.revokeAll();
  clock.at += 5 * MINUTE;
  expect(await statusOf(own)).toBe(401);
});

test("where GitHub gives no answer nothing is shown, and the session goes on when it does", async () => {
  const { browser, signIn, github, clock } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  expect(await statusOf(own)).toBe(200);
  clock.at += 5 * MINUTE;
  github.isDown = true;
  const answer = await own.open("/changes");
  expect([answer.status, DATA.test(await answer.text())]).toEqual([503, false]);
  github.isDown = false;
  expect(await statusOf(own)).toBe(200);
});

test("GitHub is asked once for what is opened within some minutes", async () => {
  const { browser, signIn, github } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  const before = github.asked;
  for (const path of ["/changes", "/changes?verdict=compliant", "/"]) await own.open(path);
  expect(github.asked - before).toBe(1);
});

test("a session ends an hour after its last use, twelve after its beginning, and with GitHub's token", async () => {
  const { browser, signIn, github, clock } = await pagesBehindSignIn(smallLog());
  const idle = browser();
  await signIn(idle, ANN);
  clock.at += HOUR - 1;
  expect(await statusOf(idle)).toBe(200);
  clock.at += HOUR;
  expect(await statusOf(idle)).toBe(401);

  const busy = browser();
  await signIn(busy, ANN);
  for (let minutes = 0; minutes < 12 * 60 - 30; minutes += 30) {
    expect(await statusOf(busy), `${minutes} minutes`).toBe(200);
    clock.at += 30 * MINUTE;
  }
  clock.at += 30 * MINUTE;
  expect(await statusOf(busy)).toBe(401);

  github.tokenEndsAt = clock.at + 10 * MINUTE;
  const short = browser();
  await signIn(short, ANN);
  expect(await statusOf(short)).toBe(200);
  clock.at += 10 * MINUTE;
  expect(await statusOf(short)).toBe(401);
});

test("signing out ends the session wherever its cookie is, and GitHub forgets the token", async () => {
  const { browser, signIn, github } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  const thief = browser();
  for (const [name, value] of own.cookies) thief.cookies.set(name, value);
  expect(await statusOf(thief)).toBe(200);
  const answer = await own.send("/sign-out", { csrf: await csrfTokenOn(own) });
  expect([answer.status, answer.headers.get("location")]).toEqual([303, "/sign-in"]);
  expect([own.cookies.has("__Host-countersign"), await statusOf(thief)]).toEqual([false, 401]);
  expect(github.revoked).toHaveLength(1);
});

test("signing out everywhere ends the sessions of this person, and of nobody else", async () => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const [laptop, phone, other] = [browser(), browser(), browser()];
  await signIn(laptop, ANN);
  await signIn(phone, ANN);
  await signIn(other, BOB);
  await laptop.send("/sign-out", { csrf: await csrfTokenOn(laptop), everywhere: "yes" });
  expect([await statusOf(laptop), await statusOf(phone), await statusOf(other)]).toEqual([401, 401, 200]);
});

test("signing in ends the session that was there, and takes none that was set before", async () => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const own = browser();
  own.cookies.set("__Host-countersign", "chosen by an attacker");
  await signIn(own, ANN);
  const first = own.cookies.get("__Host-countersign") ?? "";
  expect(first).not.toBe("chosen by an attacker");
  await signIn(own, ANN);
  const known = browser();
  known.cookies.set("__Host-countersign", first);
  expect(await statusOf(known)).toBe(401);
  known.cookies.set("__Host-countersign", "chosen by an attacker");
  expect(await statusOf(known)).toBe(401);
});

test("an answer counts once, in the browser that asked, within ten minutes, with its own state", async () => {
  const { browser, github, clock } = await pagesBehindSignIn(smallLog());
  const begun = async (own: Browser): Promise<string> =>
    github.agree((await own.open("/sign-in/github?to=/changes")).headers.get("location") ?? "", ANN);
  const refused = async (own: Browser, address: string): Promise<void> => {
    expect((await own.open(address)).status).toBe(403);
    expect(own.cookies.has("__Host-countersign")).toBe(false);
  };
  // Of another browser: an attacker's account would be signed in to.
  await refused(browser(), await begun(browser()));
  const [attacker, victim] = [browser(), browser()];
  const offered = await begun(attacker);
  await begun(victim);
  await refused(victim, offered);
  // With another state, and with none.
  const own = browser();
  const address = new URL(await begun(own));
  address.searchParams.set("state", "forged");
  await refused(own, address.href);
  address.searchParams.delete("state");
  await refused(own, address.href);
  // Too late.
  const late = browser();
  const slow = await begun(late);
  clock.at += 10 * MINUTE;
  await refused(late, slow);
  // Twice.
  const again = browser();
  const once = await begun(again);
  const way = again.cookies.get("__Host-countersign-sign-in") ?? "";
  expect((await again.open(once)).status).toBe(303);
  const replayed = browser();
  replayed.cookies.set("__Host-countersign-sign-in", way);
  await refused(replayed, once);
  // A cookie that is none, or was sealed for something else.
  const odd = browser();
  odd.cookies.set("__Host-countersign-sign-in", again.cookies.get("__Host-countersign") ?? "");
  await refused(odd, once);
});

test("nobody is signed in who says no on GitHub's page", async () => {
  const { browser, github } = await pagesBehindSignIn(smallLog());
  const own = browser();
  const away = await own.open("/sign-in/github?to=/");
  const { searchParams } = new URL(away.headers.get("location") ?? "");
  const query = new URLSearchParams({ error: "access_denied", state: searchParams.get("state") ?? "" });
  const answer = await own.open(`/sign-in/github/callback?${query.toString()}`);
  expect([answer.status, await answer.text()]).toEqual([
    403,
    expect.stringContaining("GitHub let nobody sign in"),
  ]);
  expect(github.asked).toBe(0);
});

test.each([
  "https://evil.example/",
  "//evil.example/",
  String.raw`/\evil.example`,
  String.raw`\\evil.example`,
  `${BASE_URL}//evil.example/`,
  `${BASE_URL}@evil.example/`,
  "javascript:alert(1)",
  "data:text/html,x",
  "/changes\r\nset-cookie: a=b",
  "/\t/evil.example",
  "",
])("signing in leads to no other site, and adds no header: %j", async (to) => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const answer = await signIn(browser(), ANN, to);
  const location = answer.headers.get("location") ?? "";
  expect(answer.status).toBe(303);
  expect(location).toMatch(/^\/(?!\/)/u);
  expect(new URL(location, BASE_URL).host).toBe(new URL(BASE_URL).host);
  expect(answer.headers.getSetCookie().filter((each) => !each.startsWith("__Host-"))).toEqual([]);
});

test("a form of another site signs nobody out, nor does one of another session", async () => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const [own, other] = [browser(), browser()];
  await signIn(own, ANN);
  await signIn(other, BOB);
  for (const fields of [{}, { csrf: "" }, { csrf: "guessed" }, { csrf: await csrfTokenOn(other) }])
    expect((await own.send("/sign-out", fields)).status).toBe(403);
  expect(await statusOf(own)).toBe(200);
  expect((await own.open("/sign-out")).status).toBe(404);
  expect(await statusOf(own)).toBe(200);
  const large = await own.send("/sign-out", { csrf: await csrfTokenOn(own), more: "x".repeat(100_000) });
  expect(large.status).toBe(413);
});

test.each(["/changes", "/sign-in", "/sign-in/github", "/sign-in/github/callback?code=1&state=2"])(
  "%s is shown in no frame, runs no script, and answers to no other name",
  async (path) => {
    const { browser } = await pagesBehindSignIn(smallLog());
    const { headers } = await browser().open(path);
    expect(headers.get("content-security-policy")).toMatch(/default-src 'none'.*frame-ancestors 'none'/u);
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("strict-transport-security")).toContain("max-age");
    expect(headers.get("cache-control")).toBe("no-store");
    for (const host of ["rebound.example", "countersign.example.evil.example", "127.0.0.1:3000"]) {
      const answer = await browser().open(path, { host });
      expect([answer.status, answer.headers.get("location")]).toEqual([403, null]);
    }
  },
);

test("a session that opens pages without end is slowed down, and no other is", async () => {
  const { browser, signIn } = await pagesBehindSignIn(smallLog());
  const [own, other] = [browser(), browser()];
  await signIn(own, ANN);
  await signIn(other, BOB);
  const answers = new Set<number>();
  for (let n = 0; n < 250; n += 1) answers.add(await statusOf(own, "/no-such-page"));
  expect(answers).toEqual(new Set([404, 429]));
  expect(await statusOf(other)).toBe(200);
});

test("a cookie that no session ever had is turned away without a look into the database", async () => {
  const { browser, signIn, ledger } = await pagesBehindSignIn(smallLog());
  const own = browser();
  await signIn(own, ANN);
  const [random = "", signature = ""] = (own.cookies.get("__Host-countersign") ?? "").split(".");
  const find = vi.spyOn(ledger.sessions, "find");
  const forged = [
    "",
    "x",
    random,
    `${random}.`,
    `.${signature}`,
    `${signature}.${random}`,
    `x${random}.${signature}`,
  ];
  for (const secret of forged) {
    const stranger = browser();
    stranger.cookies.set("__Host-countersign", secret);
    expect(await statusOf(stranger), secret).toBe(401);
    await stranger.send("/sign-out", {});
  }
  expect(find).not.toHaveBeenCalled();
  expect(await statusOf(own)).toBe(200);
  expect(find).toHaveBeenCalledTimes(1);
});

test("whoever may read no repository with the App is shown that, and can sign out", async () => {
  const { browser, signIn, github } = await pagesBehindSignIn(smallLog());
  github.access.set(BOB.id, []);
  const own = browser();
  await signIn(own, BOB);
  const text = await (await own.open("/changes")).text();
  expect(text).toContain("GitHub lists no repository with this App that you may read");
  expect(text).not.toContain("Nothing is recorded");
  await own.send("/sign-out", { csrf: await csrfTokenOn(own) });
  expect(own.cookies.has("__Host-countersign")).toBe(false);
});

test("GitHub sends people back to where setup registers the App's callback", async () => {
  const { browser } = await pagesBehindSignIn(smallLog());
  const away = await browser().open("/sign-in/github");
  const plan = {
    organization: "acme",
    name: "Countersign",
    publicUrl: BASE_URL,
    webUrl: "https://github.com",
  };
  expect(manifestOf(plan, "")["callback_urls"]).toEqual([
    new URL(away.headers.get("location") ?? "").searchParams.get("redirect_uri"),
  ]);
});
