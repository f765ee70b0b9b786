/** A story played to its end: it goes as it is told, and the double saw nothing that GitHub would not have taken. */

import { expect } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { playScenario, type ScenarioListener } from "../../src/cli/scenario/play.ts";
import { printScenarioResult } from "../../src/cli/scenario/result.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";

/** Plays a story on a harness and fails where it goes otherwise; the harness is still open then. */
export async function goesAsTold(
  scenario: Scenario,
  harness: Harness,
  listener: ScenarioListener = {},
): Promise<void> {
  const result = await playScenario(scenario, harness, listener);
  expect(result.failures.length, printScenarioResult(result)).toBe(0);
  expect(await harness.double.breaches()).toEqual([]);
}
