/** A story played to its end: it goes as it is told, and the double saw nothing that GitHub would not have taken. */

import { expect } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format.ts";
import { playScenario, printPerformance, type Audience } from "../../src/cli/scenario/play.ts";
import type { Stage } from "../../src/cli/scenario/stage.ts";

/** Plays a story on a stage and fails where it goes otherwise; the stage is still open then. */
export async function goesAsTold(scenario: Scenario, stage: Stage, audience: Audience = {}): Promise<void> {
  const performance = await playScenario(scenario, stage, audience);
  expect(performance.failures.length, printPerformance(performance)).toBe(0);
  expect(await stage.double.breaches()).toEqual([]);
}
