import { describe, expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { scenarios } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

for (const kind of ["sqlite", "postgres"] as const)
  describe(`the stories, on ${kind}`, () => {
    for (const scenario of scenarios())
      test(scenario.name, async () => {
        const stage = await openStage(scenario, kind, { conformance: true });
        try {
          const performance = await playScenario(scenario, stage);
          expect(performance.failures.length, printPerformance(performance)).toBe(0);
          expect(await stage.double.breaches()).toEqual([]);
        } finally {
          await stage.close();
        }
      });
  });

test("there are at least 34 stories, each with a name of its own", () => {
  const names = scenarios().map((scenario) => scenario.name);
  expect(names.length).toBeGreaterThanOrEqual(34);
  expect(new Set(names).size).toBe(names.length);
});
