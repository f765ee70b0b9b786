import { describe, expect, test } from "vitest";

import type { Expectation } from "../../src/cli/scenario/expectations.ts";
import { look, playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import type { Sights } from "../../src/cli/scenario/sights.ts";
import { mutantsOf } from "../support/mutants.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

describe("the stories on SQLite, each expectation of which fails when one of its values is wrong", () => {
  for (const scenario of scenarios())
    test(scenario.name, async () => {
      const stage = await openStage(scenario, "sqlite", { conformance: true });
      const survived: string[] = [];
      let tried = 0;
      const mutate = async (expectation: Expectation, sights: Sights): Promise<void> => {
        for (const { wrong, mutant } of mutantsOf(expectation)) {
          tried += 1;
          if ((await look(mutant, sights, scenario.start)) === null) {
            survived.push(`${expectation.kind}, ${wrong}`);
          }
        }
      };
      try {
        const performance = await playScenario(scenario, stage, { expected: mutate });
        expect(performance.failures.length, printPerformance(performance)).toBe(0);
        expect(await stage.double.breaches()).toEqual([]);
        expect(survived).toEqual([]);
        expect(tried).toBeGreaterThan(0);
      } finally {
        await stage.close();
      }
    });
});

test("each story has a name of its own", () => {
  const names = scenarios().map((scenario) => scenario.name);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
