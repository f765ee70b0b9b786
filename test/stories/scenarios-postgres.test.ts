import { describe, expect, test } from "vitest";

import { fewThatTellAll, rowsIn } from "../support/each-run.ts";
import { goesAsTold } from "../support/goes-as-told.ts";
import { isWhole } from "../support/effort.ts";
import { scenarios, story } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";

/** What could go otherwise on PostgreSQL: deaths, several lanes at once, long lives; and one story of each area. */
const CHOSEN: readonly string[] = [
  // Killed, started again, or down for a while.
  "app-down",
  "b12-bypass-actor-added",
  "b39-tag-on-unreviewed-commit",
  "b48-deployed-before-merged",
  "b58-webhooks-lost",
  "b63-evidence-decays",
  "bypassed-while-down",
  "command-while-down",
  "emergency-authorised-while-down",
  "honest-killed-between",
  "killed-and-restarted",
  "listing-expired",
  // Webhooks doubled, late, in another order or lost, and a GitHub that fails.
  "duplicated-webhooks",
  "emergency-duplicated",
  "github-fails",
  "lost-webhooks",
  "redelivered-webhooks",
  "reordered-webhooks",
  "vanished",
  // Several at once: queues, repositories, moments.
  "b27-queue-group",
  "emergency-in-a-group",
  "honest-queue-of-three",
  "honest-same-minute",
  "queue-bad",
  "queue-good",
  "two-repositories",
  // Deviations and what answers them.
  "deviation-auditor",
  "deviation-customers",
  "deviation-issue-elsewhere",
  "deviation-life",
  "deviation-missed-review",
  "deviation-one-cause",
  "deviation-per-day",
  "deviation-plan",
  // Emergencies and reviews afterwards.
  "emergency-deployment",
  "emergency-whole-life",
  "review-late",
  // Months, readiness, drafts, packages, notifications.
  "drafts-made-from-records",
  "month-late",
  "month-missing",
  "month-signed-off",
  "notified-after-failure",
  "notified-daily-limit",
  "package",
  "readiness-go",
  // The log and the clock.
  "b61-log-tampered",
  "b62-clock-wrong",
  // One of each other area.
  "accept-unverifiable",
  "approved-then-squashed",
  "b49-artifact-of-another-source",
  "direct-push",
  "force-push-main",
  "freeze-waits",
  "gate-waits-until-merged",
  "h04-comment-deleted-by-its-author",
  "installed-again",
  "record-missing-then-named",
  "release-branch",
  "repository-new",
  "request-reviews-of-teams",
  "standard-change",
];

/** What `npm test` plays of them: a few that go otherwise, and few that look for all that three of them or more look for. */
const EACH_RUN = fewThatTellAll(CHOSEN.map(story), rowsIn, {
  shared: 3,
  played: ["killed-and-restarted", "duplicated-webhooks", "github-fails", "queue-good"].map(story),
});

describe("on PostgreSQL", () => {
  for (const scenario of isWhole ? scenarios() : CHOSEN.map(story))
    test(scenario.name, { tags: EACH_RUN.has(scenario) ? [] : ["long"] }, async () => {
      const stage = await openHarness(scenario, "postgres");
      try {
        await goesAsTold(scenario, stage);
      } finally {
        await stage.close();
      }
    });
});

test("whatever a story may look for is looked for in one that is played on PostgreSQL", () => {
  expect(new Set(CHOSEN.map(story).flatMap((scenario) => [...rowsIn(scenario)]))).toEqual(
    new Set(scenarios().flatMap((scenario) => [...rowsIn(scenario)])),
  );
});
