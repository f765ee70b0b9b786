import * as fc from "fast-check";
import { expect, test } from "vitest";
import { withAttempts, type ObservedJobReview } from "../../src/domain/deployment/run-attempts.ts";
import type { Deployment, DeploymentRun } from "../../src/domain/deployment/deployment.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { ann, bob, carol, dan, deployment, judged, MINUTE, resultOf, START } from "../support/facts.ts";

const answer = fc.record({
  by: fc.constantFrom(bob, carol, dan),
  attempt: fc.integer({ min: 1, max: 3 }),
  state: fc.constantFrom("approved", "approved", "rejected"),
  heard: fc.boolean(),
});

const life = fc.record({
  attempts: fc.integer({ min: 1, max: 3 }),
  /** The attempt whose job deployed, which may have been followed by others before anybody looked. */
  judgedAttempt: fc.integer({ min: 1, max: 3 }),
  starter: fc.constantFrom(ann, bob),
  answers: fc.array(answer, { maxLength: 5 }),
});

function runOf(attempt: number, more: Partial<DeploymentRun>): DeploymentRun {
  return {
    id: 7,
    attempt,
    event: "push",
    path: ".github/workflows/deploy.yml",
    actor: ann,
    triggeringActor: ann,
    createdAt: START,
    startedAt: START,
    approvals: [],
    called: [],
    ...more,
  };
}

function guarded(run: DeploymentRun): Deployment {
  const rules = {
    name: "production",
    reviewers: 1,
    preventSelfReview: true,
    adminsBypass: true,
    gated: null,
  };
  return deployment({ run, rules: { ...rules, changedAt: START - MINUTE } });
}

test("an answer counts for the attempt it was given for and for no other, whatever webhooks were lost", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(life, ({ attempts, judgedAttempt, starter, answers }) => {
      const last = Math.max(attempts, judgedAttempt);
      // GitHub lists the answers in the order they were given.
      const given = answers
        .filter(({ attempt }) => attempt <= last)
        .toSorted((a, b) => a.attempt - b.attempt);
      const listed = given.map(({ by, state }) => ({
        user: by,
        state,
        environments: ["production"],
        comment: "",
      }));
      const heard = given
        .filter(({ heard: was }) => was)
        .map(({ by, state, attempt }): ObservedJobReview => {
          return {
            kind: "job-answered",
            run: 7,
            attempt,
            environments: ["Production"],
            state,
            by,
            at: START,
          };
        });
      const approvals = withAttempts(listed, heard, last);
      const run = runOf(judgedAttempt, { approvals, triggeringActor: starter });
      const { outcome } = resultOf(
        judged({ moment: "deployed", deployment: guarded(run) }),
        "deployment-approved",
      );
      const own = given.filter(({ attempt, state }) => attempt === judgedAttempt && state === "approved");
      const isApproved = own.some(({ by }) => by !== ann && by !== starter);
      const isAllHeard = given.every(({ heard: was }) => was) || last === 1;
      seen.set(`${outcome} ${isApproved}`, (seen.get(`${outcome} ${isApproved}`) ?? 0) + 1);
      if (outcome === "pass") expect(isApproved).toBe(true);
      if (outcome === "fail") expect(isApproved).toBe(false);
      if (isAllHeard) expect(outcome).toBe(isApproved ? "pass" : "fail");
    }),
    { numRuns: rounds(600, 50_000), endOnFailure },
  );
  for (const each of ["pass true", "fail false", "unverifiable true", "unverifiable false"])
    expect(seen.get(each), each).toBeGreaterThan(5);
});

test("whoever last edited the line of a schedule began nothing, and whoever ran it again did", () => {
  const approvals = [{ user: bob, state: "approved", environments: ["production"], comment: "", attempt: 1 }];
  const nightly = runOf(1, { event: "schedule", actor: bob, triggeringActor: bob, approvals });
  const outcome = (run: DeploymentRun): string =>
    resultOf(judged({ moment: "deployed", deployment: guarded(run) }), "deployment-approved").outcome;
  expect(outcome(nightly)).toBe("pass");
  expect(outcome({ ...nightly, event: "push" })).toBe("fail");
  const again = approvals.map((each) => ({ ...each, attempt: 2 }));
  expect(outcome({ ...nightly, attempt: 2, approvals: again })).toBe("fail");
  expect(outcome({ ...nightly, attempt: 2, triggeringActor: ann, approvals: again })).toBe("pass");
});
