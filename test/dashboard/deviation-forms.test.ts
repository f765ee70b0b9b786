/** A deviation is answered from its page: by the table of commands, as whoever signed in, all of a form or nothing of it. */

import { expect, test } from "vitest";

import { deviationOf, pagesAtGitHub, type PagesAtGitHub } from "./at-github.ts";
import { BASE_URL, formsIn, type Browser } from "./signed-in.ts";

const STORY = `
name: someone pushes past the rules
policy: { mode: enforce }
people: { eve: { permission: admin }, ann: { permission: write }, bob: { permission: write }, rob: { permission: read } }
story:
  - { do: push, by: eve, branch: main, files: { a.ts: "1" }, bypass: true }
`;

type Form = Record<string, string>;

async function formOf(browser: Browser, path: string, act: string, name?: string): Promise<Form> {
  const form = (await browser.forms(path)).find((each) => each["act"] === act && each["name"] === name);
  if (form === undefined) throw new Error(`there is no form ${name ?? act}`);
  return { ...form };
}

async function deviationIn(pages: PagesAtGitHub) {
  const ledger = await pages.harness.openLedger();
  try {
    return await deviationOf(ledger);
  } finally {
    await ledger.close();
  }
}

const FILLED = {
  category: "ownership",
  cause: "nobody's task",
  action: "a rota",
  owner: "ann",
  due: "2026-12-01",
  method: "read the rota",
  evidence: "https://wiki.example/rota",
};

test("its fields are recorded in one form, each as its command, in the name of whoever sent it, and shown on its issue", async () => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const bob = await pages.signedIn("bob");
  const sent = await bob.send(path, { ...(await formOf(bob, path, "plan")), ...FILLED });
  expect(sent.status).toBe(303);
  const back = await (await bob.open(sent.headers.get("location") ?? "")).text();
  expect(back).toMatch(
    /class="done" role="status"><p>(?:(?!<\/div>).)*The root cause is recorded: ownership\.(?:(?!<\/div>).)*ann owns the remediation/su,
  );
  await pages.settled();
  const { remediation, log } = await deviationIn(pages);
  expect(remediation).toMatchObject({
    status: "active",
    rootCause: { category: "ownership", text: "nobody's task" },
    owner: { login: "ann" },
    due: "2026-12-01",
    action: "a rota",
    method: "read the rota",
    evidence: [{ text: "https://wiki.example/rota", by: { login: "bob" } }],
  });
  const steps = log.map(({ body: { moved } }) => [moved.command, moved.by?.login, moved.via]);
  expect(steps).toContainEqual(["owner", "bob", "page"]);
  expect(pages.issues().some(({ body }) => body?.includes("a rota"))).toBe(true);
});

test("one field that is refused records nothing of the form, and what was typed stays", async () => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation, log } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const bob = await pages.signedIn("bob");
  const form = { ...(await formOf(bob, path, "plan")), ...FILLED, owner: "nobody-has-this" };
  const refused = await bob.send(path, form);
  const text = await refused.text();
  expect(refused.status).toBe(422);
  expect(text).toContain("GitHub has no account “nobody-has-this”. Name someone else.");
  const [plan] = formsIn(text);
  expect(plan).toMatchObject({ owner: "nobody-has-this", due: "2026-12-01" });
  expect(text).toMatch(/name="owner"[^>]*aria-describedby="[^"]*-problem"/u);
  expect((await deviationIn(pages)).log).toHaveLength(log.length);
});

test("a form that was filled in before someone else's is not sent over theirs", async () => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const [ann, bob] = [await pages.signedIn("ann"), await pages.signedIn("bob")];
  const [first, second] = [await formOf(ann, path, "plan"), await formOf(bob, path, "plan")];
  expect((await ann.send(path, { ...first, action: "ann's" })).status).toBe(303);
  const late = await bob.send(path, { ...second, action: "bob's" });
  expect([late.status, await late.text()]).toEqual([
    422,
    expect.stringContaining("Someone changed the deviation"),
  ]);
  expect((await deviationIn(pages)).remediation?.action).toBe("ann's");
});

test("forms that are sent at once are all recorded, one after the other", async () => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const ann = await pages.signedIn("ann");
  const texts = ["one", "two", "three"];
  const forms = await Promise.all(texts.map(() => formOf(ann, path, "command", "why")));
  const answers = await Promise.all(
    forms.map((form, index) => ann.send(path, { ...form, text: texts[index] ?? "" })),
  );
  expect(answers.map(({ status }) => status)).toEqual([303, 303, 303]);
  const { remediation } = await deviationIn(pages);
  expect(remediation?.whys.map(({ text }) => text).toSorted()).toEqual(texts.toSorted());
  await ann.send(path, { ...forms[0], text: "one" });
  expect((await deviationIn(pages)).remediation?.whys).toHaveLength(3);
});

test.each([
  [
    "whoever caused it, of what judges it",
    "eve",
    "command",
    { name: "severity", word: "low", text: "mine" },
    /Whoever caused the deviation cannot change its severity/u,
  ],
  [
    "someone who may only read the repository",
    "rob",
    "command",
    { name: "why", text: "because" },
    /Only people with write permission in acme\/web/u,
  ],
  [
    "a step that its state does not allow",
    "ann",
    "command",
    { name: "done", text: "" },
    /<code>done<\/code> is possible only when it is/u,
  ],
  ["a field of the plan for whoever only reads", "rob", "plan", FILLED, /Only people with write permission/u],
])("is refused in the table's own words: %s", async (_, login, act, fields, words) => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation, log } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const browser = await pages.signedIn(login);
  const { csrf = "", form = "", shown = "0" } = (await browser.forms(path))[0] ?? {};
  const given = act === "plan" ? { ...fields, shown } : fields;
  const answer = await browser.send(path, { csrf, form, act, ...given });
  expect([answer.status, await answer.text()]).toEqual([422, expect.stringMatching(words)]);
  expect((await deviationIn(pages)).log).toHaveLength(log.length);
});

test("a response is approved in a form by someone who wrote none of it, and shown with both on the page and its issue", async () => {
  const pages = await pagesAtGitHub(STORY.replace("people: {", "people: { cat: { permission: write },"));
  const { deviation } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const [ann, bob, cat] = [
    await pages.signedIn("ann"),
    await pages.signedIn("bob"),
    await pages.signedIn("cat"),
  ];
  await bob.send(path, { ...(await formOf(bob, path, "plan")), ...FILLED });
  for (const text of ["one", "two", "three", "four", "five"])
    await bob.send(path, { ...(await formOf(bob, path, "command", "why")), text });
  await bob.send(path, { ...(await formOf(bob, path, "command", "measure")), text: "a rota is kept" });
  const text = "I read it with its records";
  const own = await bob.send(path, { ...(await formOf(bob, path, "command", "approve-response")), text });
  expect([own.status, await own.text()]).toEqual([
    422,
    expect.stringContaining("bob wrote part of the response: someone who wrote none of it approves it."),
  ]);
  // Its owner is offered no such form.
  await expect(formOf(ann, path, "command", "approve-response")).rejects.toThrow("there is no form");
  expect((await deviationIn(pages)).remediation?.response).toBeNull();
  expect(await (await cat.open(path)).text()).toContain("written by bob; approved by nobody yet");
  const sent = await cat.send(path, { ...(await formOf(cat, path, "command", "approve-response")), text });
  expect(sent.status).toBe(303);
  expect((await deviationIn(pages)).remediation?.response).toMatchObject({
    by: { login: "cat" },
    writers: [{ login: "bob" }],
    text,
  });
  expect(await (await cat.open(path)).text()).toContain(`written by bob; approved by cat: ${text}`);
  await pages.settled();
  expect(pages.issues().some(({ body }) => body?.includes("response written by bob, approved by cat"))).toBe(
    true,
  );
});

test("a deviation of a repository that someone may not read takes nothing from them", async () => {
  const story = STORY.replace("rob: { permission: read }", "rob: { permission: none }").replace(
    "story:",
    `repositories: { api: {} }
story:
  - { do: set-permission, by: eve, person: rob, repository: api, permission: read }`,
  );
  const pages = await pagesAtGitHub(story);
  const { deviation } = await deviationIn(pages);
  const path = `/deviations/${deviation.id}`;
  const [ann, rob] = [await pages.signedIn("ann"), await pages.signedIn("rob")];
  const theirs = await formOf(ann, path, "command", "why");
  expect((await rob.open(path)).status).toBe(404);
  const own = (await (await rob.open("/")).text()).match(/name="csrf" value="([^"]+)"/u)?.[1] ?? "";
  const answer = await rob.send(path, { ...theirs, csrf: own, text: "x" }, { origin: BASE_URL });
  expect(answer.status).toBe(404);
  expect((await deviationIn(pages)).remediation).toBeNull();
  expect((await ann.send(path, { ...theirs, text: "x" })).status).toBe(303);
});

test("is led to from what to do, and asks in words, not in the signs of a usage", async () => {
  const pages = await pagesAtGitHub(STORY);
  const { deviation } = await deviationIn(pages);
  const html = await (await (await pages.signedIn("ann")).open(`/deviations/${deviation.id}`)).text();
  const [, now = ""] = /<section class="now">([^]*?)<\/section>/u.exec(html) ?? [];
  expect(now).toContain('<a href="#act">below</a>');
  expect(html.match(/id="act"/gu)).toHaveLength(1);
  const labels = [...html.matchAll(/<label [^>]*>([^<]*)<\/label>/gu)].map(([, label = ""]) => label);
  expect(labels).toContain("What failed");
  expect(labels).toContain("Kinds of customers and contracts");
  expect(labels.filter((label) => /&lt;|[<>|[\]]|^(?:Text|Which)$/u.test(label))).toEqual([]);
});
