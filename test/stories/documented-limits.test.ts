/** Stories with github.com's documented limits on both sides: the App keeps to them, and the double, which counts them, refuses nothing. */

import { describe, expect, test } from "vitest";

import { playScenario, printPerformance } from "../../src/cli/scenario/play.ts";
import { sample } from "../support/effort.ts";
import { story } from "../support/scenarios.ts";
import { openStage } from "../support/stage.ts";

/** Twenty of every area: what asks much, what is said, what waits, deaths, and a GitHub that fails or lags. */
const CHOSEN: readonly string[] = [
  "accept-unverifiable",
  "b27-queue-group",
  "b57-renamed-moved-archived",
  "deviation-life",
  "deviation-one-cause",
  "deviation-per-day",
  "direct-push",
  "duplicated-webhooks",
  "emergency-alone-quota",
  "emergency-whole-life",
  "force-push-main",
  "gate-waits-until-merged",
  "github-fails",
  "honest-same-minute",
  "killed-and-restarted",
  "notified-after-failure",
  "queue-bad",
  "reordered-webhooks",
  "request-reviews-of-teams",
  "two-repositories",
];

describe("with the documented limits", () => {
  for (const scenario of sample(CHOSEN, 5).map(story))
    test(scenario.name, async () => {
      const stage = await openStage(scenario, "sqlite", { documentedLimits: true });
      try {
        const performance = await playScenario(scenario, stage);
        expect(performance.failures.length, printPerformance(performance)).toBe(0);
        expect(await stage.double.breaches()).toEqual([]);
      } finally {
        await stage.close();
      }
    });
});
