/** The law of questions without an answer: one pull request that nobody can read lets nothing pass, hides no update, and is judged once it can be read. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format.ts";
import type { DoStep } from "../../src/cli/scenario/steps.ts";
import { rounds, SEED } from "../support/effort.ts";
import { ENFORCED, INTENT, MADE_UP, stepsOf, type Intent } from "../support/made-up.ts";
import { betterThan, playLookedAt, possible } from "../support/plays.ts";
import { differences } from "../support/rows.ts";

/** How GitHub fails to tell of one pull request: by GraphQL alone, or by REST too. */
const FAULTS: readonly (readonly Omit<DoStep, "do">[])[] = [
  [{ kind: "went-wrong" }],
  [{ kind: "resource-limits" }],
  [{ kind: "missing-node" }],
  [{ kind: "insufficient-scopes" }],
  [{ kind: "html" }],
  [{ kind: "went-wrong" }, { kind: "server-error", via: "rest" }],
  [{ kind: "missing-node" }, { kind: "not-found", via: "rest" }],
];

const SAMPLED = 1;
const IN_ALL = 40;

/** Every second one is enforced; none has a queue, for a check that waits would keep it from merging. */
function madeUp(index: number, intents: readonly Intent[]): Scenario {
  const story = stepsOf(intents, false).map((step) => ({ do: step, line: 0 }));
  return {
    ...(index % 2 === 1 ? ENFORCED : MADE_UP),
    name: `story ${index + 1} made up by ${SEED}`,
    story,
  };
}

test("a pull request that nobody can read lets nothing pass, and once it is read the changes are the same", async () => {
  const drawn = fc.sample(fc.tuple(fc.array(INTENT, { minLength: 6, maxLength: 10 }), fc.nat(), fc.nat()), {
    seed: SEED,
    numRuns: rounds(SAMPLED, IN_ALL),
  });
  const wrong: string[] = [];
  for (const [index, [intents, which, pull]] of drawn.entries()) {
    const story = await possible(madeUp(index, intents));
    const opened = story.story.filter((step) => "do" in step && step.do.do === "open-pull-request").length;
    const faults = FAULTS[which % FAULTS.length] ?? [];
    const number = 1 + (pull % Math.max(opened, 1));
    const fails = faults.map((fault) => step({ do: "github-fails", pull: number, ...fault }));
    const end = [step({ do: "recover" }), step({ do: "sweep" })];
    const calm = await playLookedAt({ ...story, story: [...story.story, ...end] }, {});
    const rough = await playLookedAt({ ...story, story: [...fails, ...story.story, ...end] }, {});
    const told = `${story.name}, #${number} ${JSON.stringify(faults)}`;
    const looksBefore = fails.length * 2;
    const rows = { changes: calm.rows["changes"] ?? [], complete: calm.rows["complete"] ?? [] };
    const roughRows = { changes: rough.rows["changes"] ?? [], complete: rough.rows["complete"] ?? [] };
    wrong.push(
      ...[...betterThan(calm, rough, looksBefore), ...differences(rows, roughRows)].map(
        (line) => `${told}: ${line}`,
      ),
    );
  }
  console.log(`seed ${SEED}: ${drawn.length} stories with a pull request that nobody can read`);
  expect(wrong).toEqual([]);
}, 7_200_000);

function step(told: DoStep): Scenario["story"][number] {
  return { do: told, line: 0 };
}
