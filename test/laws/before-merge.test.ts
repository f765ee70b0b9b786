import * as fc from "fast-check";
import { expect, test } from "vitest";
import { couldBeMerged } from "../../src/domain/assessment/before-merge.ts";
import type { BeforeMerge, Deployment } from "../../src/domain/deployment/deployment.ts";
import { APP_ID, bob, deployment, inForce, judged, MINUTE, policy, sha, START } from "../support/facts.ts";
import { histories, policies } from "../support/histories.ts";
import { rounds } from "../support/effort.ts";

const states = fc.constantFrom<BeforeMerge["state"]>("due", "merged", "missed", "other", "closed", "unknown");
const approvals = fc.constantFrom<BeforeMerge["approval"]>("approved", "refused", "unknown");
const own = ["c1", "c2"].map(sha);

const early = fc.record({
  approval: approvals,
  state: states,
  other: fc.constantFrom(null, [], ["stranger"]),
  carried: fc.constantFrom([], ["compliant"], ["non-compliant"], ["unverifiable"], ["compliant", "exempted"]),
});

type Early = typeof early extends fc.Arbitrary<infer Value> ? Value : never;

function deployed({ approval, state, other, carried }: Early, isNamed: boolean): Deployment {
  const beforeMerge: BeforeMerge = { pull: 1, commits: own, approval, because: "why", dueAt: START, state };
  return deployment({
    kind: "unmerged",
    onProductionBranch: false,
    landedAt: null,
    previous: { id: "before", sha: sha("base"), at: START - MINUTE },
    unaccounted: other === null ? null : [...own, ...other.map(sha)],
    carried: carried.map((verdict, index) => ({
      id: `${index}`,
      verdict,
      landedAt: START - 2 * MINUTE,
      pulls: [],
      sha: sha(`${index}`),
      makers: [],
    })),
    ...(isNamed ? { beforeMerge } : {}),
  });
}

test("only what could be merged then, is owed or was merged as deployed, and brings nothing else, is compliant", () => {
  const seen = { good: 0, bad: 0 };
  fc.assert(
    fc.property(early, (told) => {
      const verdict = judged({ moment: "deployed", deployment: deployed(told, true) }).verdict;
      const { approval, state, other, carried } = told;
      const isGood =
        approval === "approved" &&
        (state === "due" || state === "merged") &&
        other?.length === 0 &&
        carried.every((each) => each === "compliant" || each === "exempted");
      seen[isGood ? "good" : "bad"] += 1;
      if (isGood) expect(verdict).toBe("compliant");
      else expect(["non-compliant", "unverifiable"]).toContain(verdict);
      // Where no pull request is named, all of it is as it was.
      expect(judged({ moment: "deployed", deployment: deployed(told, false) }).verdict).toBe("non-compliant");
      if (approval === "approved" && ["missed", "other", "closed"].includes(state))
        expect(verdict).toBe("non-compliant");
    }),
    { numRuns: rounds(1_000, 10_000) },
  );
  expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(10);
});

test("a head could be merged exactly when its check would have passed then, and had", () => {
  const seen = { approved: 0, others: 0 };
  fc.assert(
    fc.property(
      histories,
      policies({}),
      fc.integer({ min: -30, max: 30 }),
      fc.constantFrom("success", "failure", null),
      (story, under, minutes, conclusion) => {
        story.gate(conclusion);
        const pull = story.facts();
        const at = story.now + minutes * MINUTE;
        const facts = { shown: pull, observed: [], at, policy: inForce(under), appId: APP_ID, since: 0 };
        const { approval } = couldBeMerged({ ...facts, judged: pull, letPassAt: null });
        const gate = judged({ moment: "gate", pull }, under, at).verdict;
        if (approval === "approved") {
          seen.approved += 1;
          expect(gate).toBe("compliant");
          if (under.mode === "enforce") expect(conclusion).toBe("success");
          if (under.mode === "enforce") expect(minutes).toBeGreaterThanOrEqual(0);
        } else seen.others += 1;
        if (gate === "non-compliant" || gate === "pending") expect(approval).toBe("refused");
        // What our log holds of later says nothing of then.
        const later = couldBeMerged({ ...facts, judged: pull, letPassAt: at + MINUTE });
        expect(later.approval).toBe(approval);
        expect(couldBeMerged({ ...facts, judged: null, letPassAt: START }).approval).not.toBe("approved");
      },
    ),
    { numRuns: rounds(400, 4_000) },
  );
  expect(seen.approved).toBeGreaterThan(10);
});

test("an approval that came after the deployment began is none for it", () => {
  fc.assert(
    fc.property(histories, policies({}), (story, under) => {
      const before = story.now;
      const without = story.facts();
      story.review(bob).gate();
      const rest = { policy: inForce(under), appId: APP_ID, since: 0 };
      const facts = { shown: story.facts(), observed: [], at: before, ...rest };
      const now = couldBeMerged({ ...facts, judged: story.facts(), letPassAt: story.now });
      if (judged({ moment: "gate", pull: without }, under, before).verdict !== "compliant")
        expect(now.approval).not.toBe("approved");
    }),
    { numRuns: rounds(400, 4_000) },
  );
});

test("a head is a draft as it was when the deployment began, and where the witnesses differ that is not known", () => {
  const told = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { maxLength: 3 });
  const seen = { approved: 0, refused: 0, unknown: 0 };
  fc.assert(
    fc.property(
      histories,
      policies({}),
      told,
      fc.boolean(),
      fc.boolean(),
      (story, under, changes, was, is) => {
        story.review(bob).gate();
        const at = story.now;
        const pull = story.facts();
        const observed = changes
          .toSorted(([a], [b]) => a - b)
          .map(
            ([minutes, draft]) =>
              ({ kind: "pull-changed", pull: 1, at: at + minutes * MINUTE, draft }) as const,
          );
        const rest = { at, letPassAt: at, policy: inForce(under), appId: APP_ID, since: 0 };
        const facts = { judged: { ...pull, draft: was }, shown: { ...pull, draft: is }, observed, ...rest };
        const { approval } = couldBeMerged(facts);
        const ready = {
          judged: { ...pull, draft: false },
          shown: { ...pull, draft: false },
          observed: [],
          ...rest,
        };
        const { approval: unlessDraft } = couldBeMerged(ready);
        const before = observed.findLast((each) => each.at <= at)?.draft ?? was;
        const next = observed.find((each) => each.at > at)?.draft;
        const after = next === undefined ? is : !next;
        seen[approval] += 1;
        if (before && after) expect(approval).toBe("refused");
        else if (before !== after) expect(approval).toBe("unknown");
        else expect(approval).toBe(unlessDraft);
      },
    ),
    { numRuns: rounds(400, 4_000) },
  );
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(10);
});

test("a policy without the key has no such deployments", () => {
  expect(policy().production.beforeMerge).toBeUndefined();
});
