import { beforeAll, describe, expect, test } from "vitest";

import type { Expectation } from "../../src/cli/scenario/expectations.ts";
import type { Scenario } from "../../src/cli/scenario/format.ts";
import { look, playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import type { Sights } from "../../src/cli/scenario/sights.ts";
import { mutantsOf } from "../support/mutants.ts";
import { scenarios, story } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";
import { problemsOf, SHOWN, Texts, textsPage } from "../support/texts.ts";

const shown = SHOWN.map(story);
const texts = new Texts();

/** Plays a story held to GitHub's schemas; looks at what people read in those whose texts are shown. */
async function play(
  scenario: Scenario,
  expected: (expectation: Expectation, sights: Sights) => Promise<void>,
): Promise<void> {
  const stage = await openStage(scenario, "sqlite", { conformance: true });
  const settled = shown.includes(scenario) ? { settled: () => texts.look(stage, scenario) } : {};
  try {
    const performance = await playScenario(scenario, stage, { expected, ...settled });
    expect(performance.failures.length, printPerformance(performance)).toBe(0);
    expect(await stage.double.breaches()).toEqual([]);
    await settled.settled?.();
  } finally {
    await stage.close();
  }
}

describe("the stories on SQLite, each expectation of which fails when one of its values is wrong", () => {
  for (const scenario of scenarios())
    test(scenario.name, async () => {
      const survived: string[] = [];
      let tried = 0;
      await play(scenario, async (expectation, sights) => {
        for (const { wrong, mutant } of mutantsOf(expectation)) {
          tried += 1;
          if ((await look(mutant, sights, scenario.start)) === null) {
            survived.push(`${expectation.kind}, ${wrong}`);
          }
        }
      });
      expect(survived).toEqual([]);
      expect(tried).toBeGreaterThan(0);
    });
});

test("each story has a name of its own", () => {
  const names = scenarios().map((scenario) => scenario.name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});

describe("what developers and owners read", () => {
  // Those that were not among the tests of this run.
  beforeAll(async () => {
    for (const scenario of shown) if (!texts.has(scenario)) await play(scenario, async () => undefined);
  });

  test("says what happened, what to do, by when where there is a date, in under 60 words before anything to look up", () => {
    const wrong = texts
      .of(shown)
      .flatMap((text) =>
        problemsOf(text).map(
          (problem) => `${problem}: ${text.kind}: ${text.title}\n${text.body.slice(0, 600)}`,
        ),
      );
    expect(wrong).toEqual([]);
  });

  test("is on a page (npm run texts writes it anew)", async () => {
    await expect(textsPage(texts.of(shown))).toMatchFileSnapshot("../../docs/texts.md");
  });
});
