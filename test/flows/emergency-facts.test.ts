import { expect, test } from "vitest";

import { snapshotOf } from "../../src/cli/log/facts.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import type { Assessment } from "../../src/domain/values/result.ts";
import { assessSnapshot, readSnapshot } from "../../src/domain/assessment/snapshot.ts";
import { sample } from "../support/effort.ts";
import { story } from "../support/scenarios.ts";
import { appCredentials } from "../support/app.ts";
import { openHarness } from "../support/harness.ts";

const STORIES = ["emergency-by-comment", "review-late", "review-rejected", "emergency-alone-not-confirmed"];

test.each(sample(STORIES, 2))(
  "the facts kept of %s give its verdicts again, alone and through a file",
  async (name) => {
    const scenario = story(name);
    const stage = await openHarness(scenario, "sqlite");
    try {
      const { failures } = await playScenario(scenario, stage);
      expect(failures).toEqual([]);
      const ledger = await stage.openLedger();
      const seen: string[] = [];
      for (const kind of ["gate", "change"] as const)
        for await (const entry of ledger.states(kind, { everyOrganization: true })) {
          const { assessment } = entry.body as { readonly assessment: Assessment };
          const written = JSON.stringify(await snapshotOf(ledger, entry, appCredentials.appId));
          const read = readSnapshot(written);
          if (!read.ok) throw new Error(read.problems.join("\n"));
          const again = assessSnapshot(read.snapshot);
          expect([
            again.verdict,
            again.results.map(({ control, outcome, cause }) => [control, outcome, cause]),
          ]).toEqual([
            assessment.verdict,
            assessment.results.map(({ control, outcome, cause }) => [control, outcome, cause]),
          ]);
          seen.push(`${kind} ${assessment.verdict}`);
        }
      await ledger.close();
      expect(seen.length).toBeGreaterThanOrEqual(2);
    } finally {
      await stage.close();
    }
  },
);
