/** @module-tag long */

import { expect, test } from "vitest";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { freshDatabase } from "../support/stores.ts";
import { readStory } from "../support/scenarios.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { openRig } from "./rig.ts";

const MINUTE = 60_000;

const STORY = readStory(
  `name: two Apps
policy: { mode: enforce, approval: { required: 1 } }
repositories: { api: {} }
people: { ann: { permission: admin }, bob: { permission: write } }
story: []
`,
  "replicas",
);

const STEPS: readonly DoStep[] = ["web", "api"].flatMap((repository): readonly DoStep[] => [
  { do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "src/a.ts": "1" }, repository },
  { do: "review", by: "bob", pull: 1, state: "approved", repository },
  { do: "merge", by: "ann", pull: 1, method: "squash", repository },
  { do: "open-pull-request", by: "ann", pull: 2, branch: "two", files: { "src/b.ts": "1" }, repository },
  { do: "merge", by: "ann", pull: 2, method: "merge", bypass: true, repository },
  { do: "push", by: "ann", branch: "main", files: { "src/c.ts": "1" }, bypass: true, repository },
  { do: "deploy", by: "ann", environment: "production", commit: "main", repository },
  // Both repositories lose their protection, each by its own ruleset.
  { do: "edit-ruleset", by: "ann", enforcement: "disabled", repository },
]);

async function play(
  apps: number,
): Promise<{ readonly outcome: Outcome; readonly writes: readonly string[] }> {
  const { where, remove } = await freshDatabase("postgres");
  const rig = await openRig(STORY, where, { apps, latencyMs: 5 });
  try {
    let now = STORY.start;
    for (const step of STEPS) {
      now += MINUTE;
      await rig.moveTo(now);
      const { refused, unplayable } = await rig.double.act(step);
      expect(refused ?? unplayable).toBeNull();
      await rig.settle();
    }
    await rig.moveTo(now + 90 * MINUTE);
    const state = await rig.state();
    expect(state.breaches).toEqual([]);
    expect((await rig.ledger.verifyLog()).ok).toBe(true);
    const left = await rig.ledger.queue.list({ limit: 1_000 });
    expect(left.filter(({ status }) => status !== "done")).toEqual([]);
    const writes: string[] = [];
    for await (const { kind, subject } of rig.ledger.log({ everyOrganization: true }))
      writes.push(`${kind} ${subject}`);
    return { outcome: await outcomeOf(rig.ledger, state), writes };
  } finally {
    await rig.close();
    await remove();
  }
}

test("two Apps on one database, fed the same deliveries, say everything once, as one App would", async () => {
  const alone = await play(1);
  const together = await play(2);
  expect(together.outcome).toEqual(alone.outcome);
  expect(together.outcome.issues).toHaveLength(6);
  const shas = together.outcome.checks.map((check) => (JSON.parse(check) as { sha: string }).sha);
  expect(shas).toHaveLength(4);
  expect(new Set(shas).size).toBe(4);
  const changes = together.writes.filter((write) => /^(?:change|deployment|deviation) /u.test(write));
  expect(changes).toHaveLength(new Set(changes).size);
});
