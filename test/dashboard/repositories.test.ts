/** The pages of repositories: scope, protection over time, what is weak since when, and what cannot be seen. */

import { expect, test } from "vitest";

import type { Entry } from "../../src/domain/records/entry.ts";
import type { Protection } from "../../src/domain/protection/snapshot.ts";
import { ORGANIZATION, smallLog, WEB } from "../evidence/fixture.ts";
import { pagesOver } from "./browsing.ts";

const AT = Date.parse("2026-06-15T00:10:00Z");
const HIDDEN = "the App lacks permissions to read them";

const place = { repositoryId: WEB.id, organizationId: ORGANIZATION.id, at: AT };

/** As read: whoever may write can push and force, and the environments are not shown. */
const protection: Protection = {
  readAt: AT,
  visibility: "private",
  archived: false,
  rulesets: [],
  branches: [{ ref: "refs/heads/main", guards: [], unobservable: null }],
  environments: { unobservable: HIDDEN },
};

const snapshot: Entry = {
  kind: "protection",
  subject: String(WEB.id),
  ...place,
  body: { kind: "snapshot", protection },
};

const main = { kind: "branch", id: "refs/heads/main", name: "main" } as const;

const weak: Entry = {
  kind: "control-state",
  subject: `${WEB.id}:branch:refs/heads/main:force-push-allowed`,
  ...place,
  body: {
    repository: WEB,
    place: main,
    setting: "force-push-allowed",
    value: true,
    because: null,
    from: AT,
    notBefore: null,
    basis: "read-later",
    by: null,
    gone: false,
  },
};

const exposure: Entry = {
  kind: "exposure",
  subject: "EXP-1",
  ...place,
  body: {
    id: "EXP-1",
    causeId: "CAUSE-1",
    repository: WEB,
    cause: {
      kind: "ruleset",
      owner: "repository",
      id: "9",
      name: "main rules",
      how: "was disabled",
      at: null,
    },
    items: [{ place: main, setting: "check-required", was: "pinned", is: "no", until: null }],
    from: Date.parse("2026-09-20T12:00:00Z"),
    notBefore: AT,
    to: null,
    basis: "observed",
    by: { id: 14, login: "dan", type: "User" },
  },
};

function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]*>/gu, " ")
    .replaceAll("&#39;", "'")
    .replaceAll(/\s+/gu, " ");
}

test("list which are in scope, why others are not, and since when one is weaker than before", async () => {
  const { ask } = await pagesOver([...smallLog(), snapshot, weak, exposure]);
  const text = textOf(await (await ask("/repositories")).text());
  expect(text).toContain("2 repositories: 1 in scope, 1 out of scope, 0 not visible any more.");
  expect(text).toContain("acme/sandbox out of scope: no production; carol none is followed not read yet");
  expect(text).toMatch(
    /acme\/web in scope: every repository is in scope by default main 1 2026-09-20 12:00 1 never/u,
  );
  const some = textOf(await (await ask("/repositories?scope=out+of+scope&name=BOX")).text());
  expect(some).toContain("1 repository: 0 in scope, 1 out of scope");
});

test("show of one what doctor finds, what cannot be seen and since when it is weak", async () => {
  const { ask } = await pagesOver([...smallLog(), snapshot, weak, exposure]);
  const text = textOf(await (await ask("/repositories/ACME/Web")).text());
  expect(text).toMatch(/not prevented branch main the check is not required: any change can be merged/u);
  expect(text).toContain(`cannot be seen environments ${HIDDEN} accept the App's permissions`);
  expect(text).toContain("2026-06-15 00:10 branch main forced pushes are allowed: history can be rewritten");
  expect(text).toContain("2026-09-20 12:00 not ended the ruleset main rules was disabled");
  expect(text).toMatch(/2026-08-10 13:00 branch main the check countersign is required pinned dan told/u);
  expect(text).toMatch(/who may merge past the check not observable: GitHub does not show it/u);
  expect(text).toMatch(/Monitoring gaps 1 on record\.[^]*the App did not answer/u);
});

test("say when everything was read that they show of GitHub, weak or not", async () => {
  const strong = { ...weak, body: { ...weak.body, value: false } } as Entry;
  for (const state of [weak, strong]) {
    const { ask } = await pagesOver([
      ...smallLog().filter(({ kind }) => kind !== "control-state"),
      snapshot,
      state,
    ]);
    const html = await (await ask("/repositories/acme/web")).text();
    for (const id of ["findings", "weak"]) {
      const [, section = ""] = new RegExp(`<h2 id="${id}">([^]*?)</section>`, "u").exec(html) ?? [];
      expect(textOf(section), id).toContain(
        "As read by 2026-06-15 00:10 ; GitHub is not asked for this page.",
      );
    }
    expect(textOf(html)).not.toMatch(/\bnow\b/u);
  }
});

test("say of what was never read that it is not known, and never that it is well", async () => {
  const { ask } = await pagesOver(smallLog().filter(({ kind }) => kind !== "control-state"));
  const text = textOf(await (await ask("/repositories/acme/web")).text());
  expect(text).toContain("How it is protected was not read yet, so nothing can be said of it.");
  expect(text.match(/Its settings were not read yet\./gu)).toHaveLength(2);
  expect(text).not.toMatch(/Nothing in/u);
});

test.each([
  "/repositories/acme/none",
  "/repositories/globex/web",
  "/repositories/__proto__/x",
  "/repositories/a/%00",
])("answer %s as not found", async (path) => {
  const { ask } = await pagesOver(smallLog());
  expect((await ask(path)).status).toBe(404);
});

test("show a member their repositories, with the gaps of these alone, and the reason", async () => {
  const viewer = {
    name: "dev",
    person: null,
    sees: [{ organization: ORGANIZATION, repositories: new Set([WEB.id]), role: "member" as const }],
  };
  const { ask } = await pagesOver([...smallLog(), snapshot], { viewer });
  const list = textOf(await (await ask("/repositories")).text());
  expect(list).toContain("1 repository: 1 in scope");
  expect(list).not.toContain("sandbox");
  const one = textOf(await (await ask("/repositories/acme/web")).text());
  expect(one).toMatch(/None is on record of this repository alone\.[^]*Not shown to you/u);
  expect((await ask("/repositories/acme/sandbox")).status).toBe(404);
});
