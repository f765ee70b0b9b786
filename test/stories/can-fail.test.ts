import { describe, expect, test } from "vitest";

import type { Expectation } from "../../src/cli/scenario/expectations.ts";
import { look, playScenario } from "../../src/cli/scenario/play.ts";
import type { Sights } from "../../src/cli/scenario/sights.ts";
import { mutantsOf } from "../support/mutants.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

describe("every expectation of every story fails when one of its values is wrong", () => {
  for (const scenario of scenarios())
    test(scenario.name, async () => {
      const stage = await openStage(scenario, "sqlite");
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
        await playScenario(scenario, stage, { expected: mutate });
      } finally {
        await stage.close();
      }
      expect(survived).toEqual([]);
      expect(tried).toBeGreaterThan(0);
    });
});
