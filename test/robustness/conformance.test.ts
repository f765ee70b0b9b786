import { expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { openStage } from "../support/stage.ts";
import { representative } from "./stories.ts";

for (const scenario of representative())
  test(`nothing GitHub does not know passes between the App and GitHub: ${scenario.name}`, async () => {
    const stage = await openStage(scenario, "sqlite", { conformance: true });
    try {
      const performance = await playScenario(scenario, stage);
      expect(performance.failures.length, printPerformance(performance)).toBe(0);
      expect(await stage.double.breaches()).toEqual([]);
    } finally {
      await stage.close();
    }
  });
