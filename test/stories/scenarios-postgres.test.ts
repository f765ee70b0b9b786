import { describe, expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

describe("the stories on PostgreSQL", () => {
  for (const scenario of scenarios())
    test(scenario.name, async () => {
      const stage = await openStage(scenario, "postgres");
      try {
        const performance = await playScenario(scenario, stage);
        expect(performance.failures.length, printPerformance(performance)).toBe(0);
        expect(await stage.double.breaches()).toEqual([]);
      } finally {
        await stage.close();
      }
    });
});
