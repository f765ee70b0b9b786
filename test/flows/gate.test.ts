import { afterEach, expect, test } from "vitest";

import type { Instant } from "../../src/domain/time/instant.ts";
import { readStory } from "../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../support/harness.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const STORY = readStory(
  `name: two production branches
policy: { mode: enforce, production: { branches: [main, "release/**"] } }
people: { ann: { permission: write }, bob: { permission: write }, eve: { permission: admin } }
story: []
`,
  "gate",
);

let stage: InProcessHarness;
let now: Instant = STORY.start;
afterEach(() => stage.close());

async function pass(ms: number): Promise<void> {
  now += ms;
  await stage.double.setClock(now);
  await stage.app.advance(now);
  await stage.app.settle();
}

async function act(step: { readonly do: string } & Readonly<Record<string, unknown>>): Promise<void> {
  const done = await stage.double.act(step);
  expect(done).toMatchObject({ unplayable: null, refused: null });
  await stage.double.idle();
  await stage.app.settle();
}

async function gateOf(pull: number): Promise<unknown> {
  const ledger = await stage.openLedger();
  for await (const entry of ledger.states("change", { everyOrganization: true })) {
    const { change, assessment } = entry.body;
    if (change.pullRequests.some(({ number }) => number === pull)) {
      await ledger.close();
      const result = assessment.results.find(({ control }) => control === "gate-respected");
      return [result?.outcome, result?.inputs["check"]];
    }
  }
  throw new Error(`No change landed pull request ${pull}.`);
}

/** Two approved pull requests with one head; GitHub's list does not show merges for the time being. */
async function open(): Promise<{ show: () => void }> {
  stage = await openHarness(STORY, "sqlite");
  now = STORY.start;
  let isHidden = false;
  const real = stage.github.fetch.bind(stage.github);
  stage.github.fetch = async (request) => {
    const isList = isHidden && new URL(request.url).pathname.endsWith("/activity");
    return isList ? Response.json([]) : real(request);
  };
  await pass(DAY);
  await act({ do: "create-branch", by: "eve", branch: "release/1", from: "main", bypass: true });
  await act({ do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "a.ts": "1" } });
  await act({ do: "open-pull-request", by: "ann", pull: 2, branch: "one", base: "release/1" });
  await act({ do: "review", by: "bob", pull: 1, state: "approved" });
  await act({ do: "review", by: "bob", pull: 2, state: "approved" });
  await pass(MINUTE);
  isHidden = true;
  return { show: () => void (isHidden = false) };
}

test("what is posted on the commit after a merge does not make the gate look passed by", async () => {
  const list = await open();
  await act({ do: "merge", by: "ann", pull: 1, method: "squash" });
  await pass(MINUTE);
  await act({ do: "review", by: "bob", pull: 2, state: "changes-requested" });
  await pass(MINUTE);
  list.show();
  await pass(MINUTE);
  expect(await gateOf(1)).toEqual(["pass", "success"]);
});

test("what is posted on the commit after a merge does not make the gate look respected", async () => {
  const list = await open();
  await act({ do: "review", by: "bob", pull: 2, state: "changes-requested" });
  await pass(MINUTE);
  await act({ do: "merge", by: "eve", pull: 1, method: "squash", bypass: true });
  await pass(MINUTE);
  await act({ do: "review", by: "bob", pull: 2, state: "approved" });
  await pass(MINUTE);
  list.show();
  await pass(MINUTE);
  expect(await gateOf(1)).toEqual(["fail", "failure"]);
});
