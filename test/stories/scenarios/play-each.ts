/** Each story played once on SQLite, a sample of them held to GitHub's schemas, with every expectation tried with wrong values too. */

import { describe, expect, test } from "vitest";

import type { Expectation } from "../../../src/cli/scenario/format/expectations.ts";
import type { Scenario } from "../../../src/cli/scenario/format/format.ts";
import { checkExpectation } from "../../../src/cli/scenario/play.ts";
import type { Observations } from "../../../src/cli/scenario/observations.ts";
import { fewThatTellAll, toldIn } from "../../support/each-run.ts";
import { sample } from "../../support/effort.ts";
import { goesAsTold } from "../../support/goes-as-told.ts";
import { mutantsOf } from "../../support/mutants.ts";
import { scenarios, story } from "../../support/scenarios.ts";
import { openHarness, type InProcessHarness } from "../../support/harness.ts";
import { SHOWN } from "../../support/texts.ts";

/** So many files play the stories whose texts are not shown, so that no core is left alone with them. */
export const PARTS = 4;

/** The stories of one part, the first being 1; each story but those whose texts are shown is in one part. */
export function partOf(part: number): readonly Scenario[] {
  const shown = new Set(SHOWN.map(story));
  return scenarios()
    .filter((scenario) => !shown.has(scenario))
    .filter((_, index) => index % PARTS === part - 1);
}

/**
 * What `npm test` plays: few that tell of all that two ways round an approval or more tell of, and of all that twelve stories or more
 * do. What fewer tell of is a name they made up, or the point of one story alone.
 */
const EACH_RUN: ReadonlySet<Scenario> = fewThatTellAll(scenarios(), toldIn, {
  shared: 12,
  played: [
    ...fewThatTellAll(
      scenarios().filter(({ bypass }) => bypass !== null),
      toldIn,
      { shared: 2 },
    ),
  ],
});

/** The stories in which all of the double's answers are held to GitHub's schemas. */
const HELD: ReadonlySet<Scenario> = new Set(sample(scenarios(), 200));

/** Plays a story. `settled`: it is at rest after a step, and at its end. */
export async function play(
  scenario: Scenario,
  {
    expected = async () => undefined,
    settled,
  }: {
    readonly expected?: (expectation: Expectation, observations: Observations) => Promise<void>;
    readonly settled?: (harness: InProcessHarness) => Promise<void>;
  } = {},
): Promise<void> {
  const harness = await openHarness(scenario, "sqlite", { conformance: HELD.has(scenario) });
  try {
    await goesAsTold(scenario, harness, {
      onExpectation: expected,
      ...(settled === undefined ? {} : { onIdle: () => settled(harness) }),
    });
    await settled?.(harness);
  } finally {
    await harness.close();
  }
}

/** Declares a test of each story, which fails where an expectation would hold with one of its values wrong. */
export function testStories(
  stories: readonly Scenario[],
  settled?: (scenario: Scenario) => (harness: InProcessHarness) => Promise<void>,
): void {
  describe("the stories on SQLite, each expectation of which fails when one of its values is wrong", () => {
    for (const scenario of stories)
      test(scenario.name, { tags: EACH_RUN.has(scenario) ? [] : ["long"] }, async () => {
        const survived: string[] = [];
        let tried = 0;
        await play(scenario, {
          expected: async (expectation, observations) => {
            for (const { wrong, mutant } of mutantsOf(expectation)) {
              tried += 1;
              if ((await checkExpectation(mutant, observations, scenario.start)) === null) {
                survived.push(`${expectation.kind}, ${wrong}`);
              }
            }
          },
          ...(settled === undefined ? {} : { settled: settled(scenario) }),
        });
        expect(survived).toEqual([]);
        expect(tried).toBeGreaterThan(0);
      });
  });
}
