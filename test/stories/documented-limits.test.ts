/** Stories with github.com's documented limits on both sides: the App keeps to them, and the double, which counts them, refuses nothing. */

import { describe, expect, test } from "vitest";

import { goesAsTold } from "../support/goes-as-told.ts";
import { sample } from "../support/effort.ts";
import { readStory, story } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";

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

describe("with the documented limits", { tags: ["long"] }, () => {
  for (const scenario of sample(CHOSEN, 3).map(story))
    test(scenario.name, async () => {
      const stage = await openHarness(scenario, "sqlite", { documentedLimits: true });
      try {
        await goesAsTold(scenario, stage);
      } finally {
        await stage.close();
      }
    });
});

test(
  "twenty reviews at once wait for nothing, from the webhook to the check",
  { tags: ["long"] },
  async () => {
    const scenario = readStory(
      `name: twenty reviews
policy: { mode: enforce, approval: { required: 1 } }
people: { ann: { permission: write }, bob: { permission: write } }
story: []
`,
      "twenty-reviews",
    );
    const stage = await openHarness(scenario, "sqlite", { documentedLimits: true });
    try {
      const pulls = Array.from({ length: 20 }, (_, index) => index + 1);
      for (const pull of pulls)
        await stage.double.act({
          do: "open-pull-request",
          by: "ann",
          pull,
          branch: `b${pull}`,
          files: { [`src/${pull}.ts`]: "1" },
        });
      await stage.app.settle();
      for (const pull of pulls) await stage.double.act({ do: "review", by: "bob", pull, state: "approved" });
      await stage.app.settle();
      const answer = await stage.app.ask("/metrics", (url) => new Request(url));
      const told = await answer.text();
      expect(told).toMatch(/countersign_github_requests_total\{importance="check"\} [1-9]\d/u);
      for (const importance of ["emergency", "check", "message", "sweep"])
        expect(told).toContain(`countersign_github_waits_total{importance="${importance}"} 0`);
      const { repositories } = stage.github.double.state() as {
        readonly repositories: readonly {
          readonly checks: readonly { readonly conclusion: string | null }[];
        }[];
      };
      const passed = repositories
        .flatMap(({ checks }) => checks)
        .filter(({ conclusion }) => conclusion === "success");
      expect(passed).toHaveLength(20);
      expect(await stage.double.breaches()).toEqual([]);
    } finally {
      await stage.close();
    }
  },
);
