/** The law of questions without an answer: one pull request that nobody can read lets nothing pass, hides no update, and is judged once it can be read. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import { rounds, SEED } from "../support/effort.ts";
import { ENFORCED, INTENT, MADE_UP, stepsOf, type Intent } from "../support/made-up.ts";
import { betterThan, playLookedAt, possible } from "../support/plays.ts";
import { differences, type Rows } from "../support/rows.ts";

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

test(
  "a pull request that nobody can read lets nothing pass, and once it is read each change is judged by it",
  { tags: ["long"] },
  async () => {
    const drawn = fc.sample(fc.tuple(fc.array(INTENT, { minLength: 6, maxLength: 10 }), fc.nat(), fc.nat()), {
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
      const isEnforced = index % 2 === 1;
      wrong.push(
        ...[
          ...betterThan(calm, rough, looksBefore),
          ...differences(withoutGate(calm.rows, isEnforced), withoutGate(rough.rows, isEnforced)),
        ].map((line) => `${told}: ${line}`),
      );
    }
    console.log(`seed ${SEED}: ${drawn.length} stories with a pull request that nobody can read`);
    expect(wrong).toEqual([]);
  },
);

/** Its check said otherwise meanwhile: what is said of that differs, and where it is enforced, what was merged all the same went round it. */
function withoutGate({ changes = [], complete = [] }: Rows, isEnforced: boolean): Rows {
  const left = isEnforced ? ["says", "verdict", "fails", "unverifiable"] : ["says"];
  const kept = changes.map((row) => {
    const columns = Object.entries(JSON.parse(row) as Readonly<Record<string, unknown>>);
    return canonical(Object.fromEntries(columns.filter(([column]) => !left.includes(column))));
  });
  return { changes: kept.toSorted(), complete };
}

function step(told: DoStep): Scenario["story"][number] {
  return { do: told, line: 0 };
}
