import * as fc from "fast-check";
import { expect, test } from "vitest";
import { leafRequirements, requirementsOf } from "../../src/domain/approval/requirements.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import { entitlementOf } from "../../src/domain/approval/entitlement.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import { approversText } from "../../src/domain/policy/approvers-text.ts";
import { endOnFailure, rounds } from "../support/effort.ts";
import { gate, resultOf, START } from "../support/facts.ts";
import { eve, histories, PEOPLE, policies } from "../support/histories.ts";
import type { Holders } from "../../src/domain/change/people.ts";

const EVERYBODY = [...PEOPLE, eve];
const LATER = START + 5e7;

/** Whom each source names, where that is known of everybody. */
function holdersOf(pull: PullRequest, policy: Policy): readonly Holders[] {
  return leafRequirements(requirementsOf(pull, policy, Infinity)).map(({ from }) => {
    const each = pull.authorities.map((authority) => ({
      actor: authority.actor,
      may: entitlementOf(from, authority),
    }));
    return {
      source: approversText(from),
      people: each.filter(({ may }) => may === "yes").map(({ actor }) => actor),
      unable: [],
      complete: each.every(({ may }) => may !== "unknown"),
    };
  });
}

/** The best that comes of everybody's approval, in either order: of one person's accounts the last one counts. */
function atBest(pull: PullRequest, policy: Policy): string {
  const able = EVERYBODY.filter(({ id }) => id !== pull.author?.id);
  const each = [able, able.toReversed()].map((actors) => {
    const reviews = actors.map((author, index) => ({
      id: 1000 + index,
      author,
      state: "approved" as const,
      submittedAt: LATER + index,
      commit: pull.head.sha,
      basis: "observed" as const,
      dismissed: null,
    }));
    return resultOf(gate({ ...pull, reviews: [...pull.reviews, ...reviews] }, policy)).outcome;
  });
  return ["pass", "unverifiable"].find((outcome) => each.some((one) => one === outcome)) ?? "fail";
}

/** Judges as many histories as are asked for; how often each cause came up. */
function judgeMany(
  under: fc.Arbitrary<Policy>,
  holds: (now: string, best: string, isAllKnown: boolean) => void,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  fc.assert(
    fc.property(histories, under, (story, policy) => {
      const pull = story.facts();
      const holders = holdersOf(pull, policy);
      const now = resultOf(gate({ ...pull, holders }, policy)).cause;
      counts.set(now, (counts.get(now) ?? 0) + 1);
      holds(
        now,
        atBest(pull, policy),
        holders.every(({ complete }) => complete),
      );
    }),
    { numRuns: rounds(600, 15_000), endOnFailure },
  );
  return counts;
}

test("where nobody is said to be able to give it, not even everybody's approval would do", () => {
  const counts = judgeMany(policies(), (now, best) => {
    if (now === "nobody-can-give") expect(best).not.toBe("pass");
  });
  expect(counts.get("nobody-can-give")).toBeGreaterThan(20);
});

// Of a person with two accounts only the last one's approval counts: what each alone could give may not come together.
test("where it waits for approval, and it is known who could give it, everybody's approval would do", () => {
  const counts = judgeMany(policies({ identities: [] }), (now, best, isAllKnown) => {
    if (now === "waiting-for-approval" && isAllKnown) expect(best).not.toBe("fail");
  });
  expect(counts.get("waiting-for-approval")).toBeGreaterThan(20);
});
