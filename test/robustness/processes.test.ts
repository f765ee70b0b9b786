import { afterAll, beforeAll, expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { openProcessStage } from "../../src/cli/scenario/process-stage.ts";
import { startDouble, type DoubleProcess } from "../../src/cli/scenario/processes.ts";
import { rounds } from "../support/effort.ts";
import { representative } from "./stories.ts";

let double: DoubleProcess;
beforeAll(async () => {
  double = await startDouble();
});
afterAll(() => double.stop());

for (const scenario of representative(rounds(2, 10)))
  test(`the App with GHE_HOST, GitHub in another process: ${scenario.name}`, async () => {
    const stage = await openProcessStage(double, scenario);
    try {
      const performance = await playScenario(scenario, stage);
      expect(performance.failures.length, printPerformance(performance)).toBe(0);
      expect(await stage.double.breaches()).toEqual([]);
    } finally {
      await stage.close();
    }
  });
