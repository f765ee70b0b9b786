/** @module-tag long */

import { afterAll, beforeAll, test } from "vitest";

import { openProcessHarness } from "../../src/cli/scenario/harness/process-harness.ts";
import { startDouble, type DoubleProcess } from "../../src/cli/scenario/harness/processes.ts";
import { goesAsTold } from "../support/goes-as-told.ts";
import { rounds } from "../support/effort.ts";
import { representative } from "./stories.ts";

let double: DoubleProcess;
beforeAll(async () => {
  double = await startDouble();
});
afterAll(() => double.stop());

for (const [index, scenario] of representative(rounds(2, 10)).entries())
  test(
    `the App with GHE_HOST, GitHub in another process: ${scenario.name}`,
    { tags: index === 0 ? [] : ["long"] },
    async () => {
      const stage = await openProcessHarness(double, scenario);
      try {
        await goesAsTold(scenario, stage);
      } finally {
        await stage.close();
      }
    },
  );
