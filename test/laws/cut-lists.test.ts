import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import type { Subject } from "../../src/domain/records/subject.ts";
import type { When } from "../../src/domain/policy/file/when.ts";
import { ann, bob, policy, change, judged, Story } from "../support/facts.ts";
import { histories, policies } from "../support/histories.ts";
import type { Truncation } from "../../src/domain/change/review.ts";
import { rounds } from "../support/effort.ts";

/** What a pull request is read as where its lists end before they are told in full. `at`: how much of each is left, in tenths. */
function cutOff(pull: PullRequest, at: Readonly<Record<Truncation, number>>): PullRequest {
  const left = <Entry>(list: readonly Entry[], which: Truncation): readonly Entry[] =>
    list.slice(0, Math.floor((list.length * at[which]) / 10));
  const cut = (Object.keys(at) as Truncation[]).filter((which) => at[which] < 10);
  // Of what happened the list tells when the base was changed, and who dismissed what.
  const isOfUnknownAttempt = at.events < 10;
  return {
    ...pull,
    ...(cut.length === 0 ? {} : { cut }),
    retargetedAt: isOfUnknownAttempt ? null : pull.retargetedAt,
    labels: [...left(pull.labels, "labels")],
    reviews: [...left(pull.reviews, "reviews")].map((review) =>
      isOfUnknownAttempt && review.dismissed !== null
        ? { ...review, state: "unknown", dismissed: { ...review.dismissed, by: null } }
        : review,
    ),
    checks: [...left(pull.checks, "checks")],
    title: isOfUnknownAttempt && pull.merged !== null ? "FIX-1 as edited after the merge" : pull.title,
  };
}

const tenths = fc.constantFrom(0, 3, 7, 10);
const ends = fc
  .record({ reviews: tenths, events: tenths, labels: tenths, checks: tenths })
  .filter((each) => Object.values(each).some((tenth) => tenth < 10));

/** A policy that reads every list there is. */
const asked = policies({
  checks: [{ name: "build", app: null }],
  records: [{ pattern: "FIX-\\d+", in: ["title"] }],
});

const moments: readonly ((story: Story, at: Readonly<Record<Truncation, number>> | null) => Subject)[] = [
  (story, at) => ({ moment: "gate", pull: read(story, at) }),
  (story, at) => ({ moment: "landed", change: change([read(story.merge(), at)]) }),
];

function read(story: Story, at: Readonly<Record<Truncation, number>> | null): PullRequest {
  const pull = story.facts();
  return at === null ? pull : cutOff(pull, at);
}

const RANKS = ["non-compliant", "pending", "unverifiable", "compliant"];

test("a list that is cut anywhere never makes a verdict better than unverifiable, nor anything pass that did not", () => {
  let strict = 0;
  fc.assert(
    fc.property(
      histories,
      asked,
      ends,
      fc.constantFrom(...moments),
      fc.constantFrom("success", "failure", null),
      fc.constantFrom("success", "failure"),
      (story, under, at, moment, build, own) => {
        story.check("build").gate().check("noise").check("build", build).gate(own);
        const whole = judged(moment(story, null), under);
        const part = judged(moment(story, at), under);
        if (whole.verdict !== "compliant") strict += 1;
        if (RANKS.indexOf(part.verdict) > RANKS.indexOf(whole.verdict))
          expect(part.verdict).toBe("unverifiable");
        for (const { control, outcome } of part.results)
          if (outcome === "pass" && control !== "content-as-reviewed")
            expect(whole.results.find((each) => each.control === control)?.outcome, control).toBe("pass");
      },
    ),
    { numRuns: rounds(600, 6_000) },
  );
  expect(strict).toBeGreaterThan(100);
});

test("a list that is cut lets nothing pass that asks for approval, however many are seen", () => {
  fc.assert(
    fc.property(histories, fc.constantFrom<Truncation>("reviews", "events"), (story, which) => {
      const at = { reviews: 10, events: 10, labels: 10, checks: 10, [which]: 9 };
      const pull = { ...cutOff(story.facts(), at), reviews: story.facts().reviews };
      expect(judged({ moment: "gate", pull }, policy()).verdict).not.toBe("compliant");
    }),
    { numRuns: rounds(200, 2_000) },
  );
});

test("a rule about what stands beyond the end of a list may apply", () => {
  const whens: readonly (readonly [Truncation, When])[] = [
    ["labels", { labels: ["urgent"] }],
    ["checks", { checks: ["scan"] }],
    ["events", { title: { matches: "^Add" } }],
  ];
  for (const [which, when] of whens) {
    const approval = { required: 1, from: { users: ["carol"] } };
    const under = policy({ rules: [{ name: "carol reads it", when, approval }] });
    const at = { reviews: 10, events: 10, labels: 10, checks: 10, [which]: 0 };
    const told = new Story(ann)
      .push(ann, "c1")
      .review(bob)
      .with({ labels: ["urgent"] })
      .check("scan")
      .merge();
    const outcome = (subject: PullRequest): unknown =>
      judged({ moment: "landed", change: change([subject]) }, under).results[0]?.outcome;
    expect([which, outcome(told.facts()), outcome(cutOff(told.facts(), at))]).toEqual([
      which,
      "fail",
      "unverifiable",
    ]);
  }
});
