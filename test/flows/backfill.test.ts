import { describe, expect, test } from "vitest";

import { playScenario } from "../../src/cli/scenario/play.ts";
import type { ChangeRecord } from "../../src/domain/records/change.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { sample } from "../support/effort.ts";
import { openPast } from "../support/past.ts";
import { story } from "../support/scenarios.ts";
import { openHarness } from "../support/harness.ts";
import { freshDatabase } from "../support/stores.ts";
import { worse } from "../support/worse.ts";
import type { DeploymentRecord } from "../../src/domain/records/deployment.ts";

/** Stories of every way a change lands, and of most reasons why it should not have. */
const STORIES = [
  "approved-then-squashed",
  "approved-then-merge-commit",
  "approved-then-rebased",
  "nobody-approved",
  "stale-approval",
  "own-second-commit",
  "lost-approval",
  "dismissed-approval",
  "lifted-veto",
  "forced-push-ends-approval",
  "co-author-every-commit",
  "direct-push",
  "force-push-main",
  "local-merge",
  "queue-good",
  "queue-bad",
  "release-branch",
  "branch-deleted",
  "team-required",
  "check-failed-then-passed",
  "policy-asks-more",
] as const;

async function changesOf(ledger: Ledger): Promise<ReadonlyMap<string, ChangeRecord>> {
  const found = new Map<string, ChangeRecord>();
  for await (const { subject, body } of ledger.states("change", { everyOrganization: true }))
    found.set(subject, body);
  return found;
}

describe("a period filled in afterwards is judged as it was when it was watched, or cannot be verified, never better", () => {
  for (const name of sample(STORIES, 4))
    test(name, async () => {
      const scenario = story(name);
      const stage = await openHarness(scenario, "sqlite");
      const { where, remove } = await freshDatabase("sqlite");
      try {
        const performance = await playScenario(scenario, stage);
        expect(performance.failures).toEqual([]);
        const live = await stage.openLedger();
        const watched = await changesOf(live);
        await live.close();
        const past = await openPast(stage, where);
        const filled = await past.backfill(scenario.start, past.now());
        const afterwards = await changesOf(past.ledger);
        await past.close();
        expect([...afterwards.keys()].toSorted()).toEqual([...watched.keys()].toSorted());
        expect(filled.flatMap(({ refs }) => refs).length).toBeGreaterThan(0);
        for (const [id, record] of watched) {
          const there = afterwards.get(id);
          const { pullRequests, commitCount, tree, shipped } = record.change;
          expect(there?.change.commitCount).toBe(commitCount);
          expect(there?.change.tree).toBe(tree);
          expect(there?.change.shipped).toEqual(shipped);
          expect(there?.change.pullRequests.map(({ number }) => number)).toEqual(
            pullRequests.map(({ number }) => number),
          );
          expect(there && worse(record.assessment, there.assessment)).toEqual([]);
        }
      } finally {
        await stage.close();
        await remove();
      }
    });
});

/** Stories of the ways a deployment reaches production that GitHub itself keeps. Of tags it keeps no history, reports only we do. */
const DEPLOYED = [
  "deployment-approved",
  "deployment-fails-first",
  "deployment-of-deviation",
  "deployment-unmerged",
  "deployment-within-a-push",
  "redeploy",
  "rollback",
  "b38-unmerged-branch-deployed",
  "b41-self-approved-deployment",
  "b42-deployed-by-the-api",
  "b46-rollback-to-refused",
  "b47-hotfix-never-merged-back",
  "b48-deployed-before-merged",
  "b52-workflow-without-environment",
  "gate-waits-until-merged",
  "honest-hotfix-merged-back",
  "honest-rolled-back-and-forward-again",
  "honest-two-people-deploy",
] as const;

describe("a deployment filled in afterwards is judged as it was when it was watched, or cannot be verified, never better", () => {
  for (const name of sample(DEPLOYED, 3))
    test(name, async () => {
      const scenario = story(name);
      const stage = await openHarness(scenario, "sqlite");
      const { where, remove } = await freshDatabase("sqlite");
      try {
        const performance = await playScenario(scenario, stage);
        expect(performance.failures).toEqual([]);
        const live = await stage.openLedger();
        const watched = await deploymentsOf(live);
        await live.close();
        const past = await openPast(stage, where);
        await past.backfill(scenario.start, past.now());
        const afterwards = await deploymentsOf(past.ledger);
        const said = await past.ledger.queue.listActions({ limit: 10 });
        await past.close();
        expect([...afterwards.keys()].toSorted()).toEqual([...watched.keys()].toSorted());
        expect(watched.size).toBeGreaterThan(0);
        for (const [id, record] of watched) {
          const there = afterwards.get(id);
          const { kind, carried, previous } = record.deployment;
          expect([there?.deployment.kind, there?.deployment.previous?.sha]).toEqual([kind, previous?.sha]);
          expect(there?.deployment.carried.map((each) => each.id)).toEqual(carried.map((each) => each.id));
          expect(there && worse(record.assessment, there.assessment)).toEqual([]);
        }
        // Nothing is said on GitHub of what is over.
        expect(said).toEqual([]);
      } finally {
        await stage.close();
        await remove();
      }
    });
});

async function deploymentsOf(ledger: Ledger): Promise<ReadonlyMap<string, DeploymentRecord>> {
  const found = new Map<string, DeploymentRecord>();
  for await (const { subject, body } of ledger.states("deployment", { everyOrganization: true }))
    found.set(subject, body);
  return found;
}
