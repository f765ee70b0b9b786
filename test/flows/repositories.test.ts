import { afterEach, expect, test } from "vitest";

import type { RepositoryRecord } from "../../src/domain/records/repository.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";

const HOUR = 3_600_000;
const STORY = readStory(
  `name: one repository
policy: { mode: enforce }
people: { ann: { permission: write }, eve: { permission: admin } }
story: []
`,
  "repositories",
);

let stage: InProcessHarness;
afterEach(() => stage.close());

async function act(step: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<void> {
  const done = await stage.double.act(step);
  expect(done).toMatchObject({ unplayable: null, refused: null });
  await stage.double.idle();
  await stage.app.settle();
}

async function pass(until: number): Promise<void> {
  await stage.double.setClock(until);
  await stage.app.advance(until);
  await stage.app.settle();
}

async function records(): Promise<readonly RepositoryRecord[]> {
  const ledger = await stage.openLedger();
  const found: RepositoryRecord[] = [];
  for await (const entry of ledger.states("repository", { everyOrganization: true })) found.push(entry.body);
  await ledger.close();
  return found.filter(({ repository }) => repository.name !== ".github");
}

test("a delivery from before a rename that comes after it does not bring the old name back", async () => {
  stage = await openHarness(STORY, "sqlite");
  await stage.double.setFault("outage");
  await act({ do: "push", by: "eve", branch: "main", files: { "a.ts": "1" }, bypass: true });
  await stage.double.setFault("recover");
  await act({ do: "rename-repository", by: "eve", repository: "web", to: "site" });
  expect((await records()).map(({ repository }) => repository.name)).toEqual(["site"]);
  await pass(STORY.start + HOUR);
  expect((await records()).map(({ repository }) => repository.name)).toEqual(["site"]);
});

test("a delivery from before a removal that comes after it does not bring the repository back", async () => {
  stage = await openHarness(STORY, "sqlite");
  await stage.double.setFault("outage");
  await act({ do: "push", by: "eve", branch: "main", files: { "a.ts": "1" }, bypass: true });
  await stage.double.setFault("recover");
  await act({ do: "remove-repository", repository: "web" });
  await pass(STORY.start + HOUR);
  expect((await records()).map(({ removedAt }) => removedAt)).toEqual([STORY.start]);
});
