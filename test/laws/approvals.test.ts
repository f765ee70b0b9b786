import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coverage, makersOf } from "../../src/domain/approval/contribution/contributors.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import type { Subject } from "../../src/domain/records/subject.ts";
import { decideChange, decideDeployment, decideGate } from "../../src/domain/decisions/decision.ts";
import type { GateRecord } from "../../src/domain/records/change.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import type { Verdict } from "../../src/domain/values/result.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import {
  ann,
  APP_ID,
  bob,
  carol,
  change,
  dan,
  deployment,
  gate,
  inForce,
  judged,
  person,
  policy,
  repository,
  robot,
  START,
  Story,
  webFlow,
} from "../support/facts.ts";
import type { Actor } from "../../src/domain/change/people.ts";
import { rounds } from "../support/effort.ts";

const PEOPLE = [ann, bob, carol, dan] as const;
const who = fc.constantFrom<Actor>(...PEOPLE);
const maker = fc.constantFrom<Actor | null>(...PEOPLE, robot, null);
const after = fc.constantFrom(0, 60_000);

interface Told {
  readonly do: "push" | "force" | "merge-base" | "approve" | "refuse" | "dismiss" | "retarget" | "unknown";
  readonly by: Actor;
  readonly author: Actor | null;
  readonly committer: Actor | null;
  readonly content: number;
  readonly clean: boolean;
  readonly after: number;
}

const step: fc.Arbitrary<Told> = fc.record({
  do: fc.constantFrom(
    "push",
    "push",
    "force",
    "merge-base",
    "approve",
    "approve",
    "approve",
    "refuse",
    "dismiss",
    "retarget",
    "unknown",
  ),
  by: who,
  author: maker,
  committer: fc.constantFrom<Actor | null>(...PEOPLE, webFlow, null),
  content: fc.nat(2),
  clean: fc.boolean(),
  after,
});

/** Every commit is named anew, so that no push brings back what another had brought. */
function tell(steps: readonly Told[]): Story {
  const story = new Story(ann).push(ann, "first", { content: "0" });
  const reviewed = new Set<number>();
  let head = "first";
  for (const [index, it] of steps.entries()) {
    const name = `c${index}`;
    const made = {
      authors: [it.author],
      committer: it.committer,
      content: String(it.content),
      after: it.after,
    };
    switch (it.do) {
      case "push":
        story.push(it.by, name, made);
        head = name;
        break;
      case "force":
        story.force(it.by, name, made);
        head = name;
        break;
      case "merge-base":
        story.push(it.by, name, { ...made, parents: [head, `base-${index}`], clean: it.clean });
        head = name;
        break;
      case "approve":
      case "refuse":
        story.review(it.by, it.do === "approve" ? "approved" : "changes-requested", { after: it.after });
        reviewed.add(it.by.id);
        break;
      case "unknown":
        story.review(it.by, "unknown", { after: it.after });
        reviewed.add(it.by.id);
        break;
      case "dismiss":
        if (reviewed.has(it.by.id)) story.dismiss(it.by, dan, { after: it.after });
        break;
      case "retarget":
        story.retarget({ after: it.after });
    }
  }
  return story;
}

const stories = fc.array(step, { maxLength: 7 }).map(tell);
const policies: fc.Arbitrary<Policy> = fc
  .record({
    required: fc.integer({ min: 0, max: 2 }),
    independence: fc.constantFrom("every-commit", "strict"),
  })
  .map(({ required, independence }) =>
    policy({ independence, approvals: [{ required, from: { permission: "write" } }] }),
  );

const eve = person(90, "eve");

/** How good a verdict is for who wants to pass. What is held back is held back, whether it waits or is refused. */
function rank(verdict: Verdict): number {
  return verdict === "compliant" ? 2 : verdict === "unverifiable" ? 1 : 0;
}

function verdictOf(pull: PullRequest, under: Policy): Verdict {
  return gate(pull, under).verdict;
}

describe("approvals", () => {
  test("one more independent approval of the present content never makes it worse", () => {
    fc.assert(
      fc.property(stories, policies, (story, under) => {
        const before = verdictOf(story.facts(), under);
        const more = verdictOf(story.review(eve).facts(), under);
        expect(rank(more)).toBeGreaterThanOrEqual(rank(before));
      }),
      { numRuns: rounds(160, 400) },
    );
  });
  test("a push of other content leaves no approval that was given before it", () => {
    fc.assert(
      fc.property(stories, policies, maker, after, (story, under, by, soon) => {
        const pushed = story.push(by, "last", { content: "never seen before", after: soon });
        expect(gate(pushed, under).approvals.filter((each) => each.counts)).toEqual([]);
      }),
      { numRuns: rounds(120, 300) },
    );
  });
  test("nor does bringing the old content back", () => {
    fc.assert(
      fc.property(stories, policies, who, (story, under, by) => {
        const before = story.facts().head.tree;
        story.push(by, "away", { content: "never seen before" }).force(by, "back", { content: "0" });
        expect(before).not.toBeNull();
        expect(gate(story, under).approvals.filter((each) => each.counts)).toEqual([]);
      }),
      { numRuns: rounds(80, 200) },
    );
  });
  test("nobody covers what they pushed, whoever's names the commit bears", () => {
    fc.assert(
      fc.property(who, fc.array(maker, { minLength: 1, maxLength: 3 }), maker, (by, authors, committer) => {
        const renamed = { ...by, login: by.login.toUpperCase() };
        const pull = new Story(ann).push(by, "c1", { authors, committer }).review(renamed).facts();
        expect(makersOf(pull).map((each) => coverage(each, by.id))).toEqual(["no"]);
        expect(gate(pull).approvals.map((each) => each.counts)).toEqual([false]);
      }),
    );
  });
  test("nobody covers what bears their name alone, whoever relayed it", () => {
    fc.assert(
      fc.property(
        who,
        maker,
        fc.constantFrom<Actor | null>(webFlow, null, ...PEOPLE),
        (by, pusher, committer) => {
          const pull = new Story(ann).push(pusher, "c1", { authors: [by], committer }).facts();
          expect(makersOf(pull).map((each) => coverage(each, by.id))).toEqual(["no"]);
        },
      ),
    );
  });
  test("under strict independence a contributor's approval changes nothing", () => {
    fc.assert(
      fc.property(stories, fc.integer({ min: 1, max: 2 }), (story, required) => {
        const strict = policy({
          independence: "strict",
          approvals: [{ required, from: { permission: "write" } }],
        });
        story.push(bob, "bob's own");
        const before = verdictOf(story.facts(), strict);
        const held = gate(story, strict).results[0]?.cause;
        const after = gate(story.review(bob), strict);
        expect(after.approvals.filter((each) => each.login === "bob" && each.counts)).toEqual([]);
        // Approving lifts one's own request for changes, and says what it would have covered; nothing else.
        if (held !== "changes-requested") expect(rank(after.verdict)).toBeLessThanOrEqual(rank(before));
      }),
      { numRuns: rounds(80, 200) },
    );
  });
  test("bots and ghosts never make it better before a merge", () => {
    fc.assert(
      fc.property(stories, policies, fc.constantFrom<Actor | null>(robot, null), (story, under, by) => {
        const before = verdictOf(story.facts(), under);
        expect(rank(verdictOf(story.review(by).facts(), under))).toBeLessThanOrEqual(rank(before));
      }),
      { numRuns: rounds(80, 200) },
    );
  });
});

interface Loss {
  readonly pushes: readonly boolean[];
  readonly reviews: readonly number[];
  readonly proofs: readonly boolean[];
  readonly authorities: readonly boolean[];
  readonly commits: boolean;
}

const rarely = fc.integer({ min: 0, max: 4 }).map((each) => each === 0);
const loss: fc.Arbitrary<Loss> = fc.record({
  pushes: fc.array(rarely, { minLength: 9, maxLength: 9 }),
  reviews: fc.array(fc.nat(9), { minLength: 9, maxLength: 9 }),
  proofs: fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }),
  authorities: fc.array(rarely, { minLength: 9, maxLength: 9 }),
  commits: rarely,
});

/** What is left when webhooks were missed: GitHub still tells forced pushes, reviews and dismissals, but not what was so then. */
function without(pull: PullRequest, lost: Loss): PullRequest {
  return {
    ...pull,
    pushes: pull.pushes
      .filter((push, index) => push.forced || lost.pushes[index] !== true)
      .map((push) => ({ ...push, basis: "read-later" })),
    reviews: pull.reviews.map((review, index) => ({
      ...review,
      basis: "read-later",
      ...(lost.reviews[index] === 1 ? { commit: null } : {}),
      ...(lost.reviews[index] === 2 && review.dismissed !== null ? { state: "unknown" as const } : {}),
    })),
    sameContent: pull.sameContent.map((proof, index) =>
      lost.proofs[index] === true ? { ...proof, proof: "unknown" } : proof,
    ),
    authorities: pull.authorities.flatMap((authority, index) =>
      lost.authorities[index] !== true
        ? [authority]
        : index % 2 === 0
          ? []
          : [{ ...authority, permission: "unknown" as const }],
    ),
    commitsComplete: !lost.commits,
  };
}

describe("what could not be found out", () => {
  test("never makes anything pass that would not have passed", () => {
    fc.assert(
      fc.property(stories, policies, loss, fc.boolean(), (story, under, lost, landed) => {
        const pull = landed ? story.merge().facts() : story.facts();
        const full = verdictOf(pull, under);
        if (full === "compliant") return;
        expect(verdictOf(without(pull, lost), under)).not.toBe("compliant");
      }),
      { numRuns: rounds(400, 1000) },
    );
  });
  test("never condemns what would have passed: that becomes unverifiable", () => {
    fc.assert(
      fc.property(stories, policies, loss, (story, under, lost) => {
        const pull = story.review(dan).review(eve).facts();
        if (verdictOf(pull, under) !== "compliant") return;
        expect(["compliant", "unverifiable"]).toContain(verdictOf(without(pull, lost), under));
      }),
      { numRuns: rounds(200, 500) },
    );
  });
  test("is never compliant where one result is unverifiable", () => {
    const subject: fc.Arbitrary<Subject> = fc.oneof(
      fc
        .tuple(stories, loss)
        .map(([story, lost]) => ({ moment: "gate" as const, pull: without(story.facts(), lost) })),
      fc
        .tuple(
          stories,
          loss,
          fc.constantFrom("pull-request", "queue", "push", "branch-created"),
          fc.constantFrom("identity", "unverifiable"),
        )
        .map(([story, lost, kind, coverage]) => ({
          moment: "landed" as const,
          change: change([without(story.gate().merge().facts(), lost)], {
            kind,
            shipped: [{ pull: 1, coverage, files: [] }],
          }),
        })),
      fc
        .record({
          onProductionBranch: fc.constantFrom(true, false, null),
          unaccounted: fc.constantFrom([], null),
          kind: fc.constantFrom("first", "forward", "rollback", "unknown"),
        })
        .map((changes) => ({ moment: "deployed" as const, deployment: deployment(changes) })),
    );
    fc.assert(
      fc.property(subject, policies, (it, under) => {
        const { verdict, results } = judged(it, under);
        const outcomes = results.map((each) => each.outcome);
        if (outcomes.includes("unverifiable") || outcomes.includes("fail"))
          expect(verdict).not.toBe("compliant");
        else expect(verdict).toBe("compliant");
        expect(outcomes).not.toContain("waived");
        if (verdict === "pending") expect(it.moment).toBe("gate");
      }),
      { numRuns: rounds(160, 400) },
    );
  });
});

describe("deciding twice", () => {
  const to = { repository, installationId: 1, appId: APP_ID };
  test("on the same facts gives the same decision, and nothing more to do", () => {
    fc.assert(
      fc.property(stories, policies, (story, under) => {
        const pull = story.facts();
        const decide = (previous: GateRecord | null, at: number) =>
          decideGate({
            subject: "5#1",
            pulls: [pull],
            headSha: pull.head.sha,
            assessment: gate(pull, under),
            policy: inForce(under),
            candidates: [],
            previous,
            request: null,
            to,
            at,
          });
        const first = decide(null, START);
        expect(canonical(decide(null, START))).toBe(canonical(first));
        const record = first.entries.find((each) => each.kind === "gate")?.body;
        expect(decide(JSON.parse(canonical(record)) as GateRecord, START + 1e9)).toEqual({
          entries: [],
          actions: [],
          tasks: [],
        });

        const it = change([story.merge().facts()]);
        const landed = () =>
          decideChange({
            change: it,
            assessment: judged({ moment: "landed", change: it }, under),
            policy: inForce(under),
            to,
            detectedAt: START,
          });
        expect(canonical(landed())).toBe(canonical(landed()));
        const of = deployment({ onProductionBranch: false });
        const deployed = () =>
          decideDeployment({
            deployment: of,
            assessment: judged({ moment: "deployed", deployment: of }, under),
            policy: inForce(under),
            to,
            detectedAt: START,
          });
        expect(canonical(deployed())).toBe(canonical(deployed()));
      }),
      { numRuns: rounds(60, 150) },
    );
  });
});
