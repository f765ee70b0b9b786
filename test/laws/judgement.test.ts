import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import type { Subject } from "../../src/domain/records/subject.ts";
import { decideGate } from "../../src/domain/decisions/decision.ts";
import { canonical } from "../../src/domain/values/digest.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import type { GateRecord } from "../../src/domain/records/change.ts";
import type { Verdict } from "../../src/domain/values/result.ts";
import {
  ann,
  APP_ID,
  bob,
  change,
  gate,
  inForce,
  judged,
  repository,
  START,
  Story,
} from "../support/facts.ts";
import { annAcme, bobAcme, eve, histories, maker, policies } from "../support/histories.ts";
import type { Actor } from "../../src/domain/change/people.ts";
import { rounds } from "../support/effort.ts";

/** How good a verdict is for who wants to pass. */
function rank(verdict: Verdict): number {
  return verdict === "compliant" ? 2 : verdict === "unverifiable" ? 1 : 0;
}

/** Runs a property on so many cases. */
function holds<Inputs extends [unknown, ...unknown[]]>(
  property: fc.IProperty<Inputs>,
  numRuns = rounds(80, 400),
): void {
  fc.assert(property, { numRuns });
}

/** The same account, its login written otherwise. */
function respelt(actor: Actor): Actor {
  return { ...actor, login: `${actor.login.slice(0, 1)}${actor.login.slice(1).toUpperCase()}` };
}

describe("under any policy, for any history", () => {
  test("one more independent, current approval never makes it worse", () => {
    holds(
      fc.property(histories, policies(), (story, under) => {
        // Of the same facts: more is asked about a merge once somebody approved, and what was unknown may be known then.
        const approved = story.review(eve).facts();
        const before = gate({ ...approved, reviews: approved.reviews.slice(0, -1) }, under).verdict;
        expect(rank(gate(approved, under).verdict)).toBeGreaterThanOrEqual(rank(before));
      }),
    );
  });

  test("a push of other content leaves no approval that was given before it", () => {
    holds(
      fc.property(histories, policies(), maker, fc.constantFrom(0, 60_000), (story, under, by, after) => {
        const pushed = story.push(by, "last", { content: "never seen before", after });
        expect(gate(pushed, under).approvals.filter((each) => each.counts)).toEqual([]);
      }),
    );
  });

  test("nor does a forced push, nor one that brings the old content back", () => {
    holds(
      fc.property(histories, policies(), maker, (story, under, by) => {
        story.force(by, "other", { content: "never seen before" });
        expect(gate(story, under).approvals.filter((each) => each.counts)).toEqual([]);
        story.force(by, "back", { content: "0" });
        expect(gate(story, under).approvals.filter((each) => each.counts)).toEqual([]);
      }),
    );
  });
});

const PERSONS = [
  [ann, annAcme],
  [bob, bobAcme],
] as const;

/** Two accounts of one person; the second approves what the first made. */
const accounts = fc.constantFrom(...PERSONS).chain((both) =>
  fc.record({
    pusher: fc.constantFrom(...both),
    maker: fc.constantFrom(...both),
    giver: fc.constantFrom(...both),
  }),
);

describe("nobody approves what they made alone", () => {
  test("under any spelling of their login, from any of their accounts, whatever else the policy asks", () => {
    const asked = { approvals: [{ required: 1, from: { permission: "read" as const } }] };
    holds(
      fc.property(histories, policies(asked), accounts, (story, under, { pusher, maker: made, giver }) => {
        const last = story.push(pusher, "alone", { authors: [made], committer: pusher, content: "new" });
        const own = last.review(respelt(giver)).rights(giver, { permission: "admin", unread: [] });
        const judgement = gate(own, under);
        expect(judgement.verdict).not.toBe("compliant");
        // It may count for what others made.
        const whole = judgement.approvals.filter(({ counts, code }) => counts && code !== "covers-some");
        expect(whole).toEqual([]);
      }),
    );
  });

  test("what one account may do says nothing of another of the same person, also where its own rights are not known", () => {
    const asked = { approvals: [{ required: 0, from: { permission: "write" as const } }], rules: [] };
    const [under] = fc.sample(policies({ ...asked, independence: "every-commit" }), { numRuns: 1 });
    const pull = new Story(eve)
      .push(eve, "c1")
      .review(annAcme, "changes-requested")
      .rights(annAcme, { permission: "read" })
      .review(ann, "changes-requested")
      .rights(ann, { permission: "admin" })
      .facts();
    expect(gate(pull, under).verdict).toBe("non-compliant");
    const lost = { ...pull, authorities: pull.authorities.filter(({ actor }) => actor.id !== ann.id) };
    expect(gate(lost, under).verdict).toBe("unverifiable");
    // The account was renamed between its review and the reading of its rights.
    const renamed = pull.authorities.map((each) =>
      each.actor.id === ann.id ? { ...each, actor: { ...ann, login: "anne" } } : each,
    );
    expect(gate({ ...pull, authorities: renamed }, under).verdict).toBe("non-compliant");
  });

  test("under strict independence, whoever contributed at all changes nothing by approving", () => {
    holds(
      fc.property(histories, policies({ independence: "strict" }), accounts, (story, under, who) => {
        story.push(who.pusher, "with others", { authors: [eve, who.maker], committer: null });
        const before = gate(story, under);
        const ids = PERSONS.find((both) => both.some(({ id }) => id === who.giver.id))?.map(({ id }) => id);
        const isHeld = story
          .facts()
          .reviews.some(
            ({ state, author }) => state === "changes-requested" && ids?.includes(author?.id ?? 0),
          );
        const after = gate(story.review(respelt(who.giver)), under);
        const logins = PERSONS.flat().map(({ login }) => login);
        const own = after.approvals.filter(
          ({ login, counts }) =>
            counts && logins.includes(login.toLowerCase()) && login !== login.toLowerCase(),
        );
        expect(own).toEqual([]);
        // Approving lifts one's own request for changes; nothing else.
        if (!isHeld) expect(rank(after.verdict)).toBeLessThanOrEqual(rank(before.verdict));
      }),
    );
  });
});

/** The same facts with some of them lost: GitHub would not tell. */
function without(pull: PullRequest, lost: readonly number[]): PullRequest {
  const isLost = (index: number): boolean => (lost[index % lost.length] ?? 1) === 0;
  return {
    ...pull,
    pushes: pull.pushes.filter((push, index) => push.forced || !isLost(index)),
    reviews: pull.reviews.map((review, index) => (isLost(index + 1) ? { ...review, commit: null } : review)),
    authorities: pull.authorities.filter((_, index) => !isLost(index + 2)),
    sameContent: pull.sameContent.map((each, index) =>
      isLost(index + 3) ? { ...each, proof: "unknown" } : each,
    ),
    commitsComplete: !isLost(4),
  };
}

const exemptions = fc.constantFrom<Policy["exemptions"]>(
  [],
  [
    {
      repository: "web",
      controls: ["independently-approved", "checks-passed"],
      reason: "none",
      approvedBy: "carol",
      // It has ended, or nobody is known to have approved it.
      expires: "2026-01-01",
    },
    {
      repository: "**",
      controls: ["independently-approved"],
      reason: "none",
      approvedBy: "carol",
      expires: "2030-01-01",
    },
  ],
);

const subjects: fc.Arbitrary<Subject> = fc
  .record({
    story: histories,
    lost: fc.array(fc.nat(6), { minLength: 5, maxLength: 9 }),
    how: fc.constantFrom("gate" as const, "group" as const, "landed" as const),
    coverage: fc.constantFrom("identity" as const, "unverifiable" as const),
    kind: fc.constantFrom("pull-request" as const, "queue" as const, "push" as const),
  })
  .map(({ story, lost, how, coverage, kind }): Subject => {
    if (how === "gate") return { moment: "gate", pull: without(story.facts(), lost) };
    if (how === "group") {
      const pull = without(story.facts(), lost);
      return {
        moment: "group",
        pulls: [pull, { ...pull, number: 2 }],
        sha: pull.head.sha,
        checks: pull.checks,
      };
    }
    const shipped = [{ pull: 1, coverage, files: [] }];
    const pull = without(story.gate().merge().facts(), lost);
    return { moment: "landed", change: change([pull], { kind, shipped }) };
  });

describe("without an emergency or exemption in force", () => {
  test("nothing is waived, and one result that is not known is never compliant", () => {
    holds(
      fc.property(subjects, policies(), exemptions, (subject, asked, given) => {
        const { verdict, results } = judged(subject, { ...asked, exemptions: given });
        const outcomes = results.map(({ outcome }) => outcome);
        expect(outcomes).not.toContain("waived");
        const isWhole = !outcomes.includes("fail") && !outcomes.includes("unverifiable");
        expect(verdict === "compliant").toBe(isWhole);
        expect(["emergency", "exempted"]).not.toContain(verdict);
      }),
    );
  });

  test("facts that were lost never make anything pass", () => {
    holds(
      fc.property(
        histories,
        policies({ rules: [] }),
        fc.array(fc.nat(6), { minLength: 5, maxLength: 9 }),
        (story, under, lost) => {
          const pull = story.facts();
          if (gate(pull, under).verdict === "compliant") return;
          expect(gate(without(pull, lost), under).verdict).not.toBe("compliant");
        },
      ),
    );
  });
});

describe("deciding twice", () => {
  const to = { repository, installationId: 1, appId: APP_ID };
  test("on the same verdict asks for no action the second time, in any policy, for one or a group", () => {
    holds(
      fc.property(histories, policies(), fc.boolean(), (story, under, isGroup) => {
        const pull = story.facts();
        const pulls = isGroup ? [pull, { ...pull, number: 2 }] : [pull];
        const subject: Subject = isGroup
          ? { moment: "group", pulls, sha: pull.head.sha, checks: pull.checks }
          : { moment: "gate", pull };
        const decide = (previous: GateRecord | null, at: number) =>
          decideGate({
            subject: "5#1",
            pulls,
            headSha: pull.head.sha,
            assessment: judged(subject, under),
            policy: inForce(under),
            candidates: [],
            previous,
            request: null,
            to,
            at,
          });
        const first = decide(null, START);
        const said = first.entries.find(({ kind }) => kind === "gate")?.body;
        expect(first.actions.map(({ kind }) => kind)).toContain("check-run");
        // As it comes back from the log.
        const again = decide(JSON.parse(canonical(said)) as GateRecord, START + 1e9);
        expect(again).toEqual({ entries: [], actions: [], tasks: [] });
      }),
      200,
    );
  });
});

test("a story told in these laws has what it is about", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(histories, policies(), (story, under) => {
      const { verdict, approvals } = gate(story, under);
      seen.add(verdict);
      for (const { counts, code } of approvals) seen.add(counts ? "counts" : code);
      expect(story).toBeInstanceOf(Story);
    }),
    { numRuns: rounds(80, 400) },
  );
  const all = ["compliant", "pending", "unverifiable", "non-compliant", "counts", "own-work"];
  expect([...seen]).toEqual(expect.arrayContaining(all));
});
