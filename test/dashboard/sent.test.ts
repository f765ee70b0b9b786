/** What is sent to a page: done once, for whoever sent it from that page, and nothing else. */

import { html } from "hono/html";
import { expect, test } from "vitest";
import { z } from "zod";

import { actOf, type DashboardPage } from "../../src/dashboard/page/page.ts";
import { HOUR, MINUTE } from "../../src/domain/time/durations.ts";
import { smallLog } from "../evidence/fixture.ts";
import { pagesOver } from "./browsing.ts";
import { ListsNotReady } from "../../src/domain/lists/not-ready.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { ANN, BASE_URL, BOB, formsIn, pagesBehindSignIn, type Browser } from "./signed-in.ts";

const PATH = "/notes/7";

/** Pages with one that keeps notes, and the notes that were kept. */
async function notes({
  waits = Promise.resolve(undefined),
  state = { isBroken: false, isListing: false },
}: {
  readonly waits?: Promise<undefined>;
  readonly state?: { isBroken: boolean; isListing: boolean; isClosed?: boolean };
} = {}) {
  const kept: string[] = [];
  const pages = await pagesBehindSignIn(smallLog(), (ledger): readonly DashboardPage[] => [
    {
      path: "/notes/:id",
      acts: [
        actOf(
          "note",
          z.object({
            text: z
              .string()
              .trim()
              .min(1, "Write what you saw.")
              .max(100, "At most 100 characters.")
              .meta({ title: "What you saw" }),
            /** Which state of the page was shown. */
            shown: z.string().optional(),
          }),
          async ({ text }, { form, sender, asked }) => {
            if (text === "no") return { refused: "Nobody may say no.", field: "text" };
            await waits;
            if (state.isClosed === true) return { refused: "The note was closed meanwhile." };
            if (state.isListing) throw new ListsNotReady(1_000, 2_000);
            await ledger.forms.begin(form, asked.now);
            kept.push(`${sender.kind === "github" ? sender.login : ""} ${asked.params["id"] ?? ""}: ${text}`);
            await ledger.forms.answer(form, `Kept \`<b>${text}</b>\`.`);
            return { says: `Kept ${text}.`, refused: null };
          },
        ),
      ],
      show: ({ forms }) =>
        state.isBroken
          ? Promise.reject(new ListsNotReady(1_000, 2_000))
          : Promise.resolve({
              title: "Notes",
              main: html`${state.isClosed === true ? "" : forms?.form("note", {}, (form) => form.field("text", "What you saw", { kind: "area" }), "Keep it")}`,
            }),
    },
    { path: "/read-only", show: () => Promise.resolve({ title: "Read", main: html`` }) },
  ]);
  const signedIn = async (account = ANN): Promise<Browser> => {
    const browser = pages.browser();
    await pages.signIn(browser, account);
    return browser;
  };
  const filled = async (browser: Browser, text: string): Promise<Record<string, string>> => {
    const [form] = await browser.forms(PATH);
    if (form === undefined) throw new Error("there is no form");
    return { ...form, text };
  };
  return { ...pages, kept, signedIn, filled };
}

function without(form: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(form).filter(([each]) => each !== name));
}

test("is done, and its answer is shown on the page it leads back to", async () => {
  const { kept, signedIn, filled } = await notes();
  const ann = await signedIn();
  const sent = await ann.send(PATH, await filled(ann, "all is well"));
  expect([sent.status, kept]).toEqual([303, ["ann 7: all is well"]]);
  const back = await ann.open(sent.headers.get("location") ?? "");
  expect(await back.text()).toContain(
    '<div class="done" role="status"><p>Kept <code>&lt;b&gt;all is well&lt;/b&gt;</code>.</p>',
  );
});

test("is done once, sent again later, twice at once, or by reloading", async () => {
  const { kept, signedIn, filled } = await notes();
  const ann = await signedIn();
  const form = await filled(ann, "once");
  const answers = await Promise.all([1, 2, 3].map(() => ann.send(PATH, form)));
  answers.push(await ann.send(PATH, form), await ann.send(PATH, { ...form, text: "and again" }));
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303, 303, 303]);
  expect(new Set(answers.map(({ headers }) => headers.get("location"))).size).toBe(1);
  expect(kept).toEqual(["ann 7: once"]);
  await ann.send(PATH, await filled(ann, "another form"));
  expect(kept).toHaveLength(2);
});

test("keeps what was typed where it is refused, with the reason at the field, and may be sent again", async () => {
  const { kept, signedIn, filled } = await notes();
  const ann = await signedIn();
  const refused = await ann.send(PATH, await filled(ann, "no"));
  const text = await refused.text();
  expect(refused.status).toBe(422);
  expect(text).toMatch(/role="alert">[^]*Nobody may say no\./u);
  expect(text).toMatch(
    /<textarea[^>]*aria-describedby="([^"]*)-problem"[^>]*aria-invalid="true"[^>]*>no<\/textarea>/u,
  );
  const empty = await ann.send(PATH, await filled(ann, "  "));
  expect([empty.status, await empty.text()]).toEqual([422, expect.stringContaining("Write what you saw.")]);
  expect(kept).toEqual([]);
  await ann.send(PATH, await filled(ann, "yes"));
  expect(kept).toEqual(["ann 7: yes"]);
});

test("shows markup that was typed as what was typed", async () => {
  const { signedIn, filled } = await notes();
  const ann = await signedIn();
  const script = `"></textarea><script>alert(1)</script>${"x".repeat(100)}`;
  const text = await (await ann.send(PATH, await filled(ann, script))).text();
  expect(text).not.toContain("<script");
  expect(text).toContain("&lt;script&gt;");
});

test("shows no answer that is another person's, of another page, or only in the address", async () => {
  const { signedIn, filled } = await notes();
  const [ann, bob] = [await signedIn(), await signedIn(BOB)];
  const to = (await ann.send(PATH, await filled(ann, "secret"))).headers.get("location") ?? "";
  expect(await (await bob.open(to)).text()).not.toContain("secret");
  expect(await (await ann.open(to.replace("/notes/7", "/notes/8"))).text()).not.toContain("secret");
  expect(await (await ann.open(`${PATH}?answer=You%20won`)).text()).not.toContain("You won");
});

test.each<
  readonly [
    string,
    number,
    (form: Record<string, string>, other: Record<string, string>) => Record<string, string>,
  ]
>([
  ["no token", 403, (form) => without(form, "csrf")],
  ["a made-up token", 403, (form) => ({ ...form, csrf: "A".repeat(43) })],
  ["an empty token", 403, (form) => ({ ...form, csrf: "" })],
  ["the token of another session", 403, (form, { csrf = "" }) => ({ ...form, csrf })],
  ["an act that the page does not have", 400, (form) => ({ ...form, act: "approve" })],
  ["the name of what every object has", 400, (form) => ({ ...form, act: "toString", constructor: "x" })],
  ["a field the act does not take", 400, (form) => ({ ...form, as: "bob" })],
  [
    "a field named like what every object has",
    400,
    (form) => ({ ...form, ["__proto__"]: "x", constructor: "x" }),
  ],
  ["no name of the form", 400, (form) => without(form, "form")],
  [
    "a name of the form with a line break",
    400,
    (form) => ({ ...form, form: "aaaaaaaaaaaaaaaa\r\nset-cookie: a=b" }),
  ],
])("is not done with %s", async (_, status, changed) => {
  const { kept, signedIn, filled } = await notes();
  const [ann, bob] = [await signedIn(), await signedIn(BOB)];
  const answer = await ann.send(PATH, changed(await filled(ann, "x"), await filled(bob, "x")));
  expect([answer.status, kept]).toEqual([status, []]);
});

test.each([
  ["another site's", { origin: "https://evil.example" }],
  ["one that begins like ours", { origin: `${BASE_URL}.evil.example` }],
  ["the same host without TLS", { origin: BASE_URL.replace("https", "http") }],
  ["one hidden by the browser", { origin: "null" }],
  ["none", {}],
])("is not done with a forged Origin: %s", async (_, headers: Record<string, string>) => {
  const { kept, signedIn, filled } = await notes();
  const ann = await signedIn();
  const answer = await ann.send(PATH, await filled(ann, "x"), headers);
  expect([answer.status, kept]).toEqual([403, []]);
});

test("is not done with a field given twice, another type of body, too many fields or too large a body", async () => {
  const { kept, signedIn, filled } = await notes();
  const ann = await signedIn();
  const form = new URLSearchParams(await filled(ann, "x")).toString();
  const type = "application/x-www-form-urlencoded";
  const post = async (body: string, contentType = type): Promise<number> => {
    const headers = { origin: BASE_URL, "content-type": contentType };
    return (await ann.open(PATH, { method: "POST", body, headers })).status;
  };
  expect(await post(`${form}&text=y`)).toBe(400);
  expect(await post(`${form}&csrf=`)).toBe(403);
  for (const other of ["text/plain", "application/json", "multipart/form-data; boundary=x", `${type}x`])
    expect(await post(form, other), other).toBe(415);
  expect(await post(`${form}${"&a=b".repeat(10_000)}`)).toBe(413);
  expect(await post(`${form}${"y".repeat(1_000_000)}`)).toBe(413);
  expect(await post("")).toBe(403);
  expect(kept).toEqual([]);
  expect(await post(form)).toBe(303);
});

test("is not done without a session, after it ended, or in a session that was signed out", async () => {
  const { kept, signedIn, filled, clock, browser } = await notes();
  const ann = await signedIn();
  const form = await filled(ann, "x");
  expect((await browser().send(PATH, form)).status).toBe(401);
  clock.at += 2 * HOUR;
  expect((await ann.send(PATH, form)).status).toBe(401);
  const again = await signedIn();
  // The form is of the session before.
  expect((await again.send(PATH, form)).status).toBe(403);
  const own = await filled(again, "y");
  const cookies = new Map(again.cookies);
  await again.send("/sign-out", { csrf: own["csrf"] ?? "" });
  for (const [name, value] of cookies) again.cookies.set(name, value);
  expect((await again.send(PATH, own)).status).toBe(401);
  expect(kept).toEqual([]);
});

test("is not done to a page that takes nothing, nor where nobody signs in", async () => {
  const { signedIn, filled } = await notes();
  const ann = await signedIn();
  expect((await ann.send("/read-only", await filled(ann, "x"))).status).toBe(405);
  const { ask } = await pagesOver(smallLog());
  expect((await ask("/changes", { method: "POST" })).status).toBe(405);
});

/** What a page offers to send again, as its form has it. */
function sentAgain(page: string): Readonly<Record<string, string>> {
  const [form] = formsIn(page);
  if (form === undefined) throw new Error("there is no form to send again");
  return form;
}

test("what was written is shown where too many forms are being done, and is done once when it is sent again", async () => {
  const gate = Promise.withResolvers<undefined>();
  const { signedIn, filled, kept } = await notes({ waits: gate.promise });
  const ann = await signedIn();
  const forms = [];
  for (let count = 0; count < 23; count += 1) forms.push(await filled(ann, `note ${count}\nand more`));
  const sent = forms.map((form) => ann.send(PATH, form));
  const refused = await sent.at(-1);
  const page = (await refused?.text()) ?? "";
  expect([refused?.status, refused?.headers.get("retry-after")]).toEqual([503, "2"]);
  expect(page).toContain("Nothing was done.");
  expect(page).toMatch(/<textarea[^>]*>note 22\nand more<\/textarea>/u);
  gate.resolve(undefined);
  await Promise.all(sent);
  expect(kept).toHaveLength(22);
  const again: Readonly<Record<string, string>> = { ...sentAgain(page), text: "note 22" };
  expect(again["form"]).toBe(forms[22]?.["form"]);
  expect((await ann.send(PATH, again)).status).toBe(303);
  expect(kept).toHaveLength(23);
});

test("what was written is shown where the page it came from cannot be made, with why it was refused", async () => {
  const state = { isBroken: false, isListing: false };
  const { signedIn, filled, kept } = await notes({ state });
  const ann = await signedIn();
  const script = "<script>alert(1)</script> seen";
  const form = await filled(ann, script);
  const long = { ...form, text: `${script}${"x".repeat(100)}` };
  state.isBroken = true;
  const refused = await ann.send(PATH, long);
  const page = await refused.text();
  expect(refused.status).toBe(503);
  expect(page).toMatch(/Nothing was done\.[^]*At most 100 characters\./u);
  expect(page).toContain(`&lt;script&gt;alert(1)&lt;/script&gt; seen${"x".repeat(100)}`);
  expect(page).not.toContain("<script");
  state.isBroken = false;
  expect((await ann.send(PATH, { ...sentAgain(page), text: "short" })).status).toBe(303);
  expect(kept).toEqual(["ann 7: short"]);
});

test("what is sent again has its own labels, and nothing to fill in that nobody wrote", async () => {
  const state = { isBroken: false, isListing: true };
  const { signedIn, filled, kept } = await notes({ state });
  const ann = await signedIn();
  const form = { ...(await filled(ann, "seen")), shown: "42" };
  state.isBroken = true;
  const page = await (await ann.send(PATH, form)).text();
  expect([...page.matchAll(/<(?:textarea|select|input type="(?:text|date)")/gu)]).toHaveLength(1);
  expect(page).toMatch(/<label for="([^"]*)">What you saw<\/label>\s*<textarea[^>]*id="\1"/u);
  expect(page).toContain('<input type="hidden" name="shown" value="42" />');
  Object.assign(state, { isBroken: false, isListing: false });
  expect((await ann.send(PATH, { ...sentAgain(page), text: "seen" })).status).toBe(303);
  expect(kept).toEqual(["ann 7: seen"]);
});

test("what was written is shown where its form is gone from the page, and by the form alone where it is there", async () => {
  const state = { isBroken: false, isListing: false, isClosed: false };
  const { signedIn, filled } = await notes({ state });
  const ann = await signedIn();
  const there = await (await ann.send(PATH, await filled(ann, "no"))).text();
  expect([there.includes(">no</textarea>"), there.includes("What you wrote")]).toEqual([true, false]);
  const form = { ...(await filled(ann, "seen <late>")), shown: "42" };
  state.isClosed = true;
  const gone = await (await ann.send(PATH, form)).text();
  expect(gone).toMatch(
    /closed meanwhile\.[^]*What you wrote[^]*What you saw[^]*<pre>seen &lt;late&gt;<\/pre>/u,
  );
  expect(gone).not.toMatch(/\b42\b/u);
});

test("what was written is shown where it cannot be read about which organisation it is", async () => {
  const { signedIn, filled, ledger } = await notes();
  const ann = await signedIn();
  const form = await filled(ann, "seen by name");
  ledger.history = () =>
    Promise.reject(new ExternalError("database-unreachable", "The database is away.", { retry: true }));
  const away = await ann.send(`${PATH}?org=once-acme`, form);
  expect([away.status, await away.text()]).toEqual([
    503,
    expect.stringMatching(/What you saw[^]*<pre>seen by name<\/pre>/u),
  ]);
});

test("what was written is shown where the lists that an act reads are still being made", async () => {
  const state = { isBroken: false, isListing: true };
  const { signedIn, filled, kept } = await notes({ state });
  const ann = await signedIn();
  const form = await filled(ann, "seen early");
  const refused = await ann.send(PATH, form);
  const page = await refused.text();
  expect(refused.status).toBe(503);
  expect(page).toMatch(/Nothing was done\.[^]*<textarea[^>]*>seen early<\/textarea>/u);
  state.isListing = false;
  expect((await ann.send(PATH, form)).status).toBe(303);
  expect(kept).toEqual(["ann 7: seen early"]);
});

test("what was written is shown where the database or GitHub gives no answer, but never what another site sent", async () => {
  const { signedIn, filled, kept, ledger, github, clock } = await notes();
  const ann = await signedIn();
  const form = await filled(ann, "seen with my own eyes");
  const { forms } = ledger;
  const find = forms.find.bind(forms);
  forms.find = () =>
    Promise.reject(new ExternalError("database-unreachable", "The database is away.", { retry: true }));
  const unread = await ann.send(PATH, form);
  forms.find = find;
  const page = await unread.text();
  expect(unread.status).toBe(503);
  expect(page).toMatch(/The database gives no answer\.[^]*<textarea[^>]*>seen with my own eyes<\/textarea>/u);
  github.isDown = true;
  clock.at += 10 * MINUTE;
  const away = await ann.send(PATH, form);
  expect(away.status).toBe(503);
  expect(await away.text()).toMatch(/<pre>seen with my own eyes<\/pre>/u);
  const foreign = await ann.send(PATH, form, { origin: "https://evil.example" });
  expect(await foreign.text()).not.toContain("seen with my own eyes");
  expect(kept).toEqual([]);
  github.isDown = false;
  expect((await ann.send(PATH, form)).status).toBe(303);
  expect(kept).toEqual(["ann 7: seen with my own eyes"]);
});

test("one person sends so many forms in a minute, and what they wrote beyond that is kept for them; others go on", async () => {
  const { signedIn, filled, kept, clock } = await notes();
  const [ann, bob] = [await signedIn(), await signedIn(BOB)];
  const first = await filled(ann, "note 1");
  expect((await ann.send(PATH, first)).status).toBe(303);
  for (let count = 2; count <= 30; count += 1)
    expect((await ann.send(PATH, await filled(ann, `note ${count}`))).status).toBe(303);
  const more = await filled(ann, "one more");
  const refused = await ann.send(PATH, more);
  const page = await refused.text();
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
  expect(page).toContain("At most 30 forms are taken from one person in a minute.");
  expect(page).toMatch(/<textarea[^>]*>one more<\/textarea>/u);
  expect(page).toContain(`value="${more["form"] ?? ""}"`);
  // One that was done before is no other one.
  expect((await ann.send(PATH, first)).status).toBe(303);
  expect((await bob.send(PATH, await filled(bob, "mine"))).status).toBe(303);
  expect(kept).toHaveLength(31);
  clock.at += 60_000;
  expect((await ann.send(PATH, more)).status).toBe(303);
  expect(kept.at(-1)).toBe("ann 7: one more");
});
