/** @module-tag long */

import { StatementSync } from "node:sqlite";

import { afterEach, expect, test, vi } from "vitest";

import { openRig } from "../robustness/rig.ts";
import { rounds } from "../support/effort.ts";
import { readStory } from "../support/scenarios.ts";
import { freshDatabase } from "../support/stores.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const ROUNDS = rounds(7, 12);
/** From this round on, everything that is read once is known. */
const SETTLED = 4;

afterEach(() => {
  vi.restoreAllMocks();
});

const STORY = readStory(
  `name: a busy repository
policy:
  mode: enforce
  approval: { required: 1 }
  production: { branches: [main], integration: [develop], environments: [production], tags: ["v*"] }
people: { ann: { permission: admin }, bob: { permission: write } }
story: []
`,
  "growth",
);

type ReadAll = (this: StatementSync, ...given: unknown[]) => ReturnType<StatementSync["all"]>;

/** What is read from the database and asked of GitHub for each of so many rounds of the same: a landing, a release, a deployment, a tag, a push. */
async function readOf(
  times: number,
): Promise<readonly { readonly rows: number; readonly requests: number; readonly rowsOfPush: number }[]> {
  let rows = 0;
  const all = Object.getOwnPropertyDescriptor(StatementSync.prototype, "all")?.value as ReadAll;
  vi.spyOn(StatementSync.prototype, "all").mockImplementation(function counted(
    this: StatementSync,
    ...given: unknown[]
  ) {
    const found = all.apply(this, given);
    rows += found.length;
    return found;
  });
  const { where, remove } = await freshDatabase("sqlite");
  const rig = await openRig(STORY, where);
  try {
    let now = STORY.start;
    const play = async (step: Parameters<typeof rig.double.act>[0]): Promise<void> => {
      now += MINUTE;
      await rig.double.setClock(now);
      const { refused, unplayable } = await rig.double.act(step);
      expect(refused ?? unplayable).toBeNull();
      await rig.settle();
    };
    await play({ do: "create-branch", by: "ann", branch: "develop", from: "main" });
    const read = [];
    for (let round = 1; round <= times; round += 1) {
      // Deployments of the last day are looked at again; whatever is older must not be.
      now += 2 * DAY;
      await rig.moveTo(now);
      rows = 0;
      const before = await rig.double.marker();
      const pull = round * 2 - 1;
      const files = { [`f${round}.ts`]: "1" };
      await play({ do: "open-pull-request", by: "ann", pull, branch: `b${round}`, base: "develop", files });
      await play({ do: "review", by: "bob", pull, state: "approved" });
      await play({ do: "merge", by: "ann", pull, method: "squash", bypass: true });
      const release = {
        do: "open-pull-request",
        by: "ann",
        pull: pull + 1,
        branch: `r${round}`,
        base: "main",
      };
      await play({ do: "create-branch", by: "ann", branch: `r${round}`, from: "develop" });
      await play({ ...release, files: {} });
      await play({ do: "merge", by: "ann", pull: pull + 1, method: "merge", bypass: true });
      await play({ do: "deploy", by: "ann", environment: "production", commit: "main" });
      await play({ do: "create-tag", by: "ann", tag: `v${round}`, commit: "main" });
      const rest = { rows, requests: (await rig.double.marker()) - before };
      rows = 0;
      await play({ do: "push", by: "ann", branch: "main", files: { [`p${round}.ts`]: "1" }, bypass: true });
      read.push({ ...rest, rowsOfPush: rows });
    }
    return read;
  } finally {
    await rig.close();
    await remove();
  }
}

test("what a landing, a release, a deployment, a tag and a push read does not grow with how many there were before", async () => {
  const read = await readOf(ROUNDS);
  const [usual, ...later] = read.slice(SETTLED);
  for (const [index, { rows, requests, rowsOfPush }] of later.entries()) {
    expect(rows, JSON.stringify(read)).toBeLessThanOrEqual(usual?.rows ?? 0);
    expect(requests, JSON.stringify(read)).toBeLessThanOrEqual(usual?.requests ?? 0);
    // A push is compared with the approved changes of other branches, the twenty newest of them.
    expect(rowsOfPush - (index + 1), JSON.stringify(read)).toBeLessThanOrEqual(usual?.rowsOfPush ?? 0);
  }
  // A test that counts nothing would hold.
  expect(usual?.rows).toBeGreaterThan(100);
});
