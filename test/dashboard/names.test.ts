/** Addresses by name: after a rename, and where the name of what is gone is used again. */

import { beforeAll, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import type { Entry, EntryKind, LoggedEntry } from "../../src/domain/records/entry.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openHarness } from "../support/harness.ts";
import { readStory } from "../support/scenarios.ts";
import { changeEntry, PERIOD } from "../evidence/fixture.ts";
import { pagesOver, type Ask } from "./browsing.ts";

const STORY = `
name: one pull request
policy: { mode: enforce, approval: { required: 1 } }
people: { ann: { permission: write } }
story:
  - { do: open-pull-request, by: ann, pull: 1, branch: one, title: "TITLE", files: { src/a.ts: "1" } }
`;

let repository: LoggedEntry<"repository">;
let gate: LoggedEntry<"gate">;

beforeAll(async () => {
  const harness = await openHarness(readStory(STORY, "test/dashboard/names.test.ts"), "sqlite");
  try {
    await playScenario(readStory(STORY, "test/dashboard/names.test.ts"), harness);
    const ledger = await openLedger(harness.where);
    for await (const entry of ledger.states("repository", { everyOrganization: true }))
      if (entry.body.repository.name === "web") repository = entry;
    for await (const entry of ledger.states("gate", { everyOrganization: true })) gate = entry;
    await ledger.close();
  } finally {
    await harness.close();
  }
});

interface Named {
  readonly id: number;
  readonly name: string;
  readonly owner?: string;
  readonly ownerId?: number;
  readonly gone?: boolean;
}

function entryOf<K extends EntryKind>({ kind, at }: LoggedEntry<K>, given: Partial<Entry<K>>): Entry {
  return { kind, at, ...given } as Entry;
}

/** A repository as it is on record from then on. */
function named({ id, name, owner = "acme", ownerId = 500, gone = false }: Named): Entry {
  const { body } = repository;
  const own = { ...body.repository, id, name, owner, ownerId };
  return entryOf(repository, {
    subject: String(id),
    repositoryId: id,
    organizationId: ownerId,
    body: { ...body, repository: own, removedAt: gone ? repository.at : null },
  });
}

/** Its pull request 1, under the name it has now. */
function pullOf({ id, name, owner = "acme", ownerId = 500 }: Named, title: string): Entry {
  const own = { ...repository.body.repository, id, name, owner, ownerId };
  const pulls = gate.body.pulls.map((pull) => ({ ...pull, title, repository: own }));
  return entryOf(gate, {
    subject: `${id}#1`,
    repositoryId: id,
    organizationId: ownerId,
    body: { ...gate.body, pulls },
  });
}

const OLD: Named = { id: 9_000, name: "web" };
const NEW: Named = { id: 10_000, name: "web" };

test.each([
  ["the dead one was met first", OLD, NEW],
  ["the dead one has the higher id", { ...NEW, id: 99_000 }, NEW],
])("by a name that is used again lead to the living repository: %s", async (_, dead, living) => {
  const { ask } = await pagesOver([
    named(dead),
    pullOf(dead, "of the dead"),
    named({ ...dead, gone: true }),
    named(living),
    pullOf(living, "of the living"),
  ]);
  const text = async (path: string): Promise<string> => (await ask(path)).text();
  expect(await text("/pulls/acme/web/1")).toContain("of the living");
  expect(await text("/repositories/acme/web")).not.toContain("not visible any more");
  // The dead one is named by its id, wherever a page names it.
  const links = [...(await text("/repositories")).matchAll(/href="(\/repositories\/acme\/web[^"]*)"/gu)];
  const shown = await Promise.all(links.map(async ([, href = ""]) => text(href)));
  expect(shown.map((page) => page.includes("not visible any more"))).toEqual(
    expect.arrayContaining([true, false]),
  );
  expect(await text(`/pulls/acme/web/1?id=${dead.id}`)).toContain("of the dead");
});

test("by a former name lead to the repository that had it last, as by its name now", async () => {
  const renamed = { ...OLD, name: "shop" };
  const { ask } = await pagesOver([named(OLD), pullOf(OLD, "the same"), named(renamed)]);
  for (const path of ["/pulls/acme/web/1?org=acme", "/pulls/ACME/Shop/1"])
    expect([(await ask(path)).status, await (await ask(path)).text()]).toEqual([
      200,
      expect.stringContaining("the same"),
    ]);
  expect(await (await ask("/repositories/acme/web")).text()).toContain("<h1>acme/shop</h1>");
  expect((await ask("/pulls/acme/other/1")).status).toBe(404);
});

test("by a former name lead elsewhere once another repository that is there has it", async () => {
  const renamed = { ...OLD, name: "shop" };
  const { ask } = await pagesOver([
    named(OLD),
    pullOf(OLD, "the first"),
    named(renamed),
    named(NEW),
    pullOf(NEW, "the second"),
  ]);
  expect(await (await ask("/pulls/acme/web/1")).text()).toContain("the second");
  expect(await (await ask("/pulls/acme/shop/1")).text()).toContain("the first");
});

test("by an organisation's former login lead to it, whether or not others are shown", async () => {
  const acme = { id: 500, login: "acme-corp" };
  const entries = [named(OLD), pullOf(OLD, "the same"), named({ ...OLD, owner: "acme-corp" })];
  const other = { id: 501, login: "globex" };
  for (const organizations of [[acme], [other, acme]]) {
    const { ask } = await pagesOver(entries, { organizations });
    const answer = await ask("/pulls/acme/web/1?org=acme");
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("the same")]);
  }
  const taken = [{ id: 501, login: "acme" }, acme];
  const { ask } = await pagesOver(entries, { organizations: taken });
  expect((await ask("/pulls/acme/web/1?org=acme")).status).toBe(404);
});

test("by a former name or an id show a stranger what they are shown of nothing", async () => {
  const renamed = { ...OLD, name: "shop" };
  const entries = [named(OLD), pullOf(OLD, "a secret"), named(renamed), named({ id: 1, name: "own" })];
  const organization = { id: 500, login: "acme" };
  const viewer = (repositories: ReadonlySet<number>) => ({
    name: "eve",
    person: null,
    sees: [{ organization, repositories, role: "member" as const }],
  });
  const stranger = await pagesOver(entries, { viewer: viewer(new Set([1])) });
  const reader = await pagesOver(entries, { viewer: viewer(new Set([OLD.id])) });
  for (const path of ["/pulls/acme/web/1", "/pulls/acme/shop/1", `/pulls/acme/own/1?id=${OLD.id}`]) {
    const [theirs, nothing] = [await stranger.ask(path), await stranger.ask("/pulls/acme/none/1")];
    expect([theirs.status, await theirs.text()], path).toEqual([404, await nothing.text()]);
    expect(await (await reader.ask(path)).text(), path).toContain("a secret");
  }
});

/** The `n`th change, in a repository under the name it has now. */
function changeOf({ id, name }: Named, n: number): Entry {
  const entry = changeEntry(n, PERIOD.from + n);
  const own = { ...repository.body.repository, id, name };
  const change = { ...entry.body.change, repository: own };
  return { ...entry, repositoryId: id, body: { ...entry.body, change } };
}

/** How many changes a list has. */
async function changesAt(ask: Ask, path: string): Promise<number> {
  return [...(await (await ask(path)).text()).matchAll(/<th scope="row"/gu)].length;
}

test("of a list filter by every repository that has or had the name, with or without its owner", async () => {
  const renamed = { ...OLD, name: "shop" };
  const { ask } = await pagesOver([named(OLD), changeOf(OLD, 1), named(renamed), changeOf(renamed, 2)]);
  for (const name of ["web", "acme/web", "ACME/Shop", "shop"])
    expect([name, await changesAt(ask, `/changes?repository=${name}`)]).toEqual([name, 2]);
  for (const name of ["we", "other/web", "other"])
    expect([name, await changesAt(ask, `/changes?repository=${name}`)]).toEqual([name, 0]);
});

test("of the changes of one repository lead to no other's, though both had the name", async () => {
  const { ask } = await pagesOver([
    named(OLD),
    changeOf(OLD, 1),
    changeOf(OLD, 2),
    named({ ...OLD, gone: true }),
    named(NEW),
    changeOf(NEW, 3),
  ]);
  expect(await changesAt(ask, "/changes?repository=web")).toBe(3);
  for (const [{ id }, count] of [
    [OLD, 2],
    [NEW, 1],
  ] as const) {
    const page = await (await ask(`/repositories/acme/web?id=${id}`)).text();
    const link = /href="(\/changes\?[^"]*)"/u.exec(page)?.[1] ?? "";
    expect([link, await changesAt(ask, link)]).toEqual([link, count]);
    const list = await (await ask(link)).text();
    // The form of the list, and its file, keep which one it is.
    expect(list).toContain(`value="web, id ${id}"`);
    const file = /href="(\/changes\.csv[^"]*)"/u.exec(list)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect((await (await ask(file)).text()).trim().split("\n")).toHaveLength(count + 1);
  }
});
