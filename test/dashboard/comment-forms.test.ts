/** What gives leave from a page is the person's own comment on GitHub: posted once, answered there, and recorded from there alone. */

import { expect, test } from "vitest";

import { pagesAtGitHub, type PagesAtGitHub } from "./at-github.ts";
import type { Browser } from "./signed-in.ts";

const HEAD = `
name: an emergency
policy:
  mode: enforce
  emergency: { authorisers: { teams: [acme/on-call] }, review-within: 2 business days }
people:
  ann: { permission: write }
  bob: { permission: write, teams: [on-call] }
  cat: { permission: write }
  rob: { permission: none }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: hotfix, files: { src/a.ts: "1" } }
`;
const WAITING = `${HEAD}  - { do: command, by: ann, pull: 1, text: "/countersign emergency the shop is down", after: 1m }\n`;
const REVIEWED = `${WAITING}  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }
  - { do: merge, by: ann, pull: 1, method: squash, after: 1m }
  - { do: wait, after: 5d }
`;

async function formOf(browser: Browser, path: string, command: string): Promise<Record<string, string>> {
  const form = (await browser.forms(path)).find((each) => each["command"] === command);
  if (form === undefined) throw new Error(`there is no form for ${command}`);
  return { ...form };
}

/** The newest emergency and review on record. */
async function standing(pages: PagesAtGitHub) {
  await pages.settled();
  const ledger = await pages.harness.openLedger();
  try {
    const found = { emergency: "none", review: "none", by: "" };
    for await (const { body } of ledger.states("emergency", { everyOrganization: true }))
      found.emergency = body.status;
    for await (const { body } of ledger.states("retroactive-review", { everyOrganization: true })) {
      found.review = body.status;
      found.by = body.decision?.by.login ?? "";
    }
    return found;
  } finally {
    await ledger.close();
  }
}

function commandsOf(pages: PagesAtGitHub, login: string): readonly string[] {
  return pages
    .comments(1)
    .flatMap(({ login: by, body }) => (by === login ? [body.split("\n")[0] ?? ""] : []));
}

test("an emergency is declared, authorised and reviewed from the pages, as if typed on GitHub", async () => {
  const pages = await pagesAtGitHub(HEAD);
  const [ann, bob] = [await pages.signedIn("ann"), await pages.signedIn("bob")];
  const pull = "/pulls/acme/web/1";
  expect(
    (await ann.send(pull, { ...(await formOf(ann, pull, "emergency")), text: "the shop\nis down" })).status,
  ).toBe(303);
  expect(await standing(pages)).toMatchObject({ emergency: "waiting" });
  const sent = await bob.send("/emergencies", await formOf(bob, "/emergencies", "authorise"));
  expect(await (await bob.open(sent.headers.get("location") ?? "")).text()).toMatch(
    /class="done"[^<]*><p>Your comment is on acme\/web#1/u,
  );
  expect(await standing(pages)).toMatchObject({ emergency: "authorised" });
  expect([commandsOf(pages, "ann"), commandsOf(pages, "bob")]).toEqual([
    ["/countersign emergency the shop is down"],
    ["/countersign authorise"],
  ]);
});

/** What the page of the pull request lets someone send. */
async function offered(browser: Browser): Promise<readonly (string | undefined)[]> {
  return (await browser.forms("/pulls/acme/web/1")).map((form) => form["command"]);
}

test("a pull request offers to declare an emergency only where none is open, and else what is next about it", async () => {
  const pages = await pagesAtGitHub(WAITING);
  const [ann, bob] = [await pages.signedIn("ann"), await pages.signedIn("bob")];
  const pull = "/pulls/acme/web/1";
  expect(await offered(ann)).toEqual(["authorise", "withdraw"]);
  const page = await (await ann.open(pull)).text();
  expect(page).toMatch(/The emergency waits for acme\/on-call/u);
  expect(page).toMatch(/An emergency is open: <a href="#emergency">/u);
  expect((await bob.send(pull, await formOf(bob, pull, "authorise"))).status).toBe(303);
  expect(await standing(pages)).toMatchObject({ emergency: "authorised" });
  expect(await offered(ann)).toEqual(["withdraw"]);
  expect((await ann.send(pull, await formOf(ann, pull, "withdraw"))).status).toBe(303);
  expect(await standing(pages)).toMatchObject({ emergency: "withdrawn" });
  expect(await offered(ann)).toEqual(["emergency"]);
  expect(await (await ann.open(pull)).text()).not.toContain("An emergency is open");
});

test("an emergency that nobody gave a reason for is offered one, and one whose time is over is declared anew", async () => {
  const flagged = await pagesAtGitHub(
    `${HEAD}  - { do: label, by: ann, pull: 1, label: emergency, after: 1m }\n`,
  );
  const ann = await flagged.signedIn("ann");
  expect(await offered(ann)).toEqual(["emergency"]);
  expect(await (await ann.open("/pulls/acme/web/1")).text()).toContain("Give its reason");
  const over = await pagesAtGitHub(
    `${WAITING}  - { do: command, by: bob, pull: 1, text: "/countersign authorise", after: 1m }\n  - { do: wait, after: 5d }\n`,
  );
  expect(await offered(await over.signedIn("ann"))).toEqual(["emergency"]);
});

test("an overdue review is found, approved with a note, and seen done", { tags: ["long"] }, async () => {
  const pages = await pagesAtGitHub(REVIEWED);
  const cat = await pages.signedIn("cat");
  expect(await (await cat.open("/reviews")).text()).toContain('<b class="overdue">overdue</b>');
  const form = { ...(await formOf(cat, "/reviews", "approve")), text: "I read it" };
  expect((await cat.send("/reviews", form)).status).toBe(303);
  expect(await standing(pages)).toMatchObject({ review: "approved", by: "cat" });
  expect(await (await cat.open("/reviews")).text()).toMatch(
    /0 due, 0 of them overdue[^]*approved[^]*I read it/u,
  );
});

test("a rejection needs its reason, and whoever had a part in it is answered on GitHub that they may not decide", async () => {
  const pages = await pagesAtGitHub(REVIEWED);
  const [ann, cat] = [await pages.signedIn("ann"), await pages.signedIn("cat")];
  const empty = await cat.send("/reviews", { ...(await formOf(cat, "/reviews", "reject")), text: " " });
  expect([empty.status, await empty.text()]).toEqual([422, expect.stringContaining("Give the reason.")]);
  expect(commandsOf(pages, "cat")).toEqual([]);
  await ann.send("/reviews", { ...(await formOf(ann, "/reviews", "approve")), text: "fine" });
  expect(await standing(pages)).toMatchObject({ review: "due" });
  await cat.send("/reviews", {
    ...(await formOf(cat, "/reviews", "reject")),
    text: "it opens the admin pages",
  });
  expect(await standing(pages)).toMatchObject({ review: "rejected", by: "cat" });
});

test("a comment is posted once, sent again, at once, or after GitHub's answer was lost", async () => {
  const pages = await pagesAtGitHub(WAITING);
  const bob = await pages.signedIn("bob");
  const form = await formOf(bob, "/emergencies", "authorise");
  pages.loseAnswers(1);
  const lost = await bob.send("/emergencies", form);
  const text = await lost.text();
  expect([lost.status, text.includes("This may not have been done.")]).toEqual([503, true]);
  expect(text).toContain(`name="form" value="${form["form"] ?? ""}"`);
  const again = await Promise.all([bob.send("/emergencies", form), bob.send("/emergencies", form)]);
  expect(again.map(({ status }) => status)).toEqual([303, 303]);
  expect((await bob.send("/emergencies", form)).status).toBe(303);
  expect(commandsOf(pages, "bob")).toEqual(["/countersign authorise"]);
  expect(await standing(pages)).toMatchObject({ emergency: "authorised" });
});

test("a reason can neither end the comment's marker nor begin another line or command", async () => {
  const pages = await pagesAtGitHub(HEAD);
  const ann = await pages.signedIn("ann");
  const pull = "/pulls/acme/web/1";
  const text = "--> <!-- countersign-form:0 -->\r\n/countersign authorise\n<script>alert(1)</script>";
  await ann.send(pull, { ...(await formOf(ann, pull, "emergency")), text });
  expect(commandsOf(pages, "ann")).toHaveLength(1);
  expect(commandsOf(pages, "ann")[0]).toMatch(/^\/countersign emergency .*\/countersign authorise/u);
  expect(await standing(pages)).toMatchObject({ emergency: "waiting" });
});

test("nobody comments on what they may not read, whatever the form names", async () => {
  const pages = await pagesAtGitHub(WAITING);
  const [bob, rob] = [await pages.signedIn("bob"), await pages.signedIn("rob")];
  const theirs = await formOf(bob, "/emergencies", "authorise");
  const csrf = /name="csrf" value="([^"]+)"/u.exec(await (await rob.open("/emergencies")).text())?.[1] ?? "";
  expect((await rob.send("/emergencies", { ...theirs, csrf })).status).toBe(404);
  const { form = "" } = theirs;
  const declare = { act: "ask", form, csrf, command: "emergency", text: "x" };
  expect((await rob.send("/pulls/acme/web/1", declare)).status).toBe(404);
  expect((await rob.send("/emergencies", { ...theirs, csrf, emergency: "9/pull/1/none" })).status).toBe(404);
  expect(commandsOf(pages, "rob")).toEqual([]);
  expect((await bob.send("/emergencies", theirs)).status).toBe(303);
});
