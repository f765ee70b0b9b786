import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ann,
  bob,
  carol,
  dan,
  inForce,
  MINUTE,
  policy,
  repository,
  START,
  Story,
  APP_ID,
} from "../support/facts.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import { assess } from "../../src/domain/assessment/assess.ts";
import {
  allows,
  EMERGENCY_EVENTS,
  EMERGENCY_ROLES,
  EMERGENCY_TRANSITIONS,
  emergencyRolesOf,
  type EmergencyEvent,
  type EmergencyRole,
} from "../../src/domain/emergency/emergency.ts";
import {
  EMERGENCY_STATES,
  type EmergencyRecord,
  type EmergencyState,
} from "../../src/domain/records/emergency.ts";
import { authorised, opened, pushed, used, withdrawn } from "../../src/domain/emergency/life.ts";
import {
  decided,
  mayReview,
  REVIEW_EVENTS,
  reviewOwed,
} from "../../src/domain/emergency/retroactive-review.ts";
import type { Policy } from "../../src/domain/policy/file/policy.ts";
import { isIndependent, eligibilityOf } from "../../src/domain/emergency/eligibility.ts";
import { transition } from "../../src/domain/values/transitions.ts";
import type { Actor, Authority } from "../../src/domain/change/people.ts";
import { rounds } from "../support/effort.ts";

const states = fc.constantFrom(null, ...EMERGENCY_STATES);
const events = fc.constantFrom(...EMERGENCY_EVENTS);
const roleSets = fc.uniqueArray(fc.constantFrom(...EMERGENCY_ROLES));
const people: readonly Actor[] = [ann, bob, carol, dan];
const POLICY = policy();
const OCCASION = {
  repository,
  pull: 1,
  deployment: null,
  policy: { ...POLICY, emergency: { ...POLICY.emergency, waives: ["independently-approved"] as const } },
  policyDigest: "0".repeat(64),
};

function authorityOf(actor: Actor, permission: Authority["permission"], teams: readonly string[]): Authority {
  return { actor, permission, teams, organizations: [], unread: [], at: START, basis: "observed" };
}

function given(by: Actor, head: string, at: number, until: number): EmergencyRecord["authorised"] & object {
  const authority = authorityOf(by, "write", []);
  return { by, at, via: "comment", until, head, authority, confirmBy: null };
}

function leadsTo(
  from: EmergencyState | null,
  event: EmergencyEvent,
  roles: readonly EmergencyRole[],
): EmergencyState | null {
  return transition(EMERGENCY_TRANSITIONS, from, event, roles).to;
}

describe("the table of an emergency", () => {
  test("lets these roles do these acts, and nobody anything else", () => {
    const lines = [null, ...EMERGENCY_STATES].flatMap((from) =>
      EMERGENCY_EVENTS.flatMap((act) => {
        const by = EMERGENCY_ROLES.filter((role) => leadsTo(from, act, [role]) !== null);
        return by.length === 0 ? [] : [`${from} + ${act} -> ${leadsTo(from, act, by)}: ${by.join(", ")}`];
      }),
    );
    expect(lines).toEqual([
      "null + flag -> awaiting-reason: writer, fact",
      "null + declare -> waiting: writer",
      "awaiting-reason + declare -> waiting: writer",
      "awaiting-reason + withdraw -> withdrawn: declarer, authoriser, giver, fact",
      "awaiting-reason + expire -> expired: fact",
      "waiting + authorise -> authorised: authoriser, lone",
      "waiting + withdraw -> withdrawn: declarer, authoriser, giver",
      "waiting + expire -> expired: fact",
      "authorised + confirm -> authorised: authoriser",
      "authorised + withdraw -> withdrawn: declarer, authoriser, giver",
      "authorised + push -> waiting: fact",
      "authorised + expire -> expired: fact",
      "authorised + use -> used: fact",
      "used + confirm -> used: authoriser",
      "used + use -> used: fact",
      "withdrawn + use -> used: fact",
      "expired + use -> used: fact",
    ]);
  });

  test("lets whoever has several roles do what one of them may, and no more", () => {
    fc.assert(
      fc.property(states, events, roleSets, (from, act, roles) => {
        const alone = roles.map((role) => leadsTo(from, act, [role])).filter((to) => to !== null);
        expect(leadsTo(from, act, roles)).toBe(alone[0] ?? null);
      }),
      { numRuns: rounds(800, 2_000) },
    );
  });

  test("knows one state for each act from a state, whoever acts", () => {
    for (const from of [null, ...EMERGENCY_STATES])
      for (const act of EMERGENCY_EVENTS)
        expect(
          new Set(EMERGENCY_ROLES.map((role) => leadsTo(from, act, [role])).filter((to) => to !== null)).size,
        ).toBeLessThan(2);
  });

  test("lets nobody do anything to what was withdrawn or has expired, nor anything but confirm what was used", () => {
    for (const act of EMERGENCY_EVENTS)
      for (const role of EMERGENCY_ROLES) {
        // A merge from before its end may be learnt of after it; nothing else leads on.
        if (act === "use") continue;
        expect(leadsTo("withdrawn", act, [role])).toBeNull();
        expect(leadsTo("expired", act, [role])).toBeNull();
        if (act !== "confirm") expect(leadsTo("used", act, [role])).toBeNull();
      }
  });
});

const stories: fc.Arbitrary<PullRequest> = fc
  .tuple(fc.constantFrom(...people), fc.array(fc.constantFrom(...people), { minLength: 1, maxLength: 4 }))
  .map(([author, pushers]) =>
    pushers.reduce((story, by, index) => story.push(by, `c${index}`), new Story(author)).facts(),
  );

const standings = fc.record({
  actor: fc.constantFrom(...people),
  declarer: fc.constantFrom(...people),
  authoriser: fc.option(fc.constantFrom(...people)),
  permission: fc.constantFrom<Authority["permission"]>("read", "write", "admin", "unknown"),
  pull: stories,
  identities: fc.constantFrom<Policy["identities"]>([], [{ person: "ann", logins: ["ANN", "bob"] }]),
});

describe("who acts in an emergency", () => {
  test("an authoriser, or a reviewer, is never declarer, contributor or each other, under any account of theirs", () => {
    fc.assert(
      fc.property(standings, ({ actor, declarer, authoriser, permission, pull, identities }) => {
        const eligibility = eligibilityOf({
          actor,
          authority: authorityOf(actor, permission, []),
          among: { permission: "write" },
          pull,
          declarers: [declarer],
          authoriser,
          policy: { identities },
        });
        const isSame = (other: Actor): boolean =>
          other.id === actor.id ||
          (identities.length > 0 && [11, 12].includes(other.id) && [11, 12].includes(actor.id));
        const hasPart =
          isSame(declarer) ||
          (pull.author !== null && isSame(pull.author)) ||
          pull.pushes.some((push) => push.actor !== null && isSame(push.actor));
        const roles: readonly EmergencyRole[] = emergencyRolesOf(eligibility, false);
        if (hasPart) {
          expect(isIndependent(eligibility)).toBe(false);
          expect(roles).not.toContain("authoriser");
          expect(mayReview(eligibility)).toBe(false);
        }
        if (authoriser !== null && isSame(authoriser)) expect(mayReview(eligibility)).toBe(false);
        if (permission === "read" || permission === "unknown") {
          expect(roles).not.toContain("writer");
          expect(roles.includes("authoriser") || mayReview(eligibility)).toBe(false);
        }
      }),
      { numRuns: rounds(400, 1_000) },
    );
  });
});

describe("without an emergency in force", () => {
  const pull = new Story(ann).push(ann, "c1").facts();
  const attribution = { by: ann, at: START, via: "comment" } as const;
  const declared = opened(OCCASION, "x", attribution, "down", pull.head.sha);
  const from = START + 2 * MINUTE;
  const until = START + 100 * MINUTE;

  const moves = fc.array(fc.constantFrom("authorise", "push", "withdraw", "other-head"), { maxLength: 4 });

  test("nothing is waived, at any moment and whatever happened to it", () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 0, max: 200 }), (all, minutes) => {
        let record = declared;
        for (const move of all) {
          if (move === "authorise" && allows(record, "authorise", ["authoriser"]))
            record = authorised(record, given(bob, pull.head.sha, from, until), OCCASION);
          if (move === "other-head" && allows(record, "authorise", ["authoriser"]))
            record = authorised(record, given(bob, "f".repeat(40), from, until), OCCASION);
          if (move === "push" && allows(record, "push", ["fact"]))
            record = pushed(record, from, ann, pull.head.sha);
          if (move === "withdraw" && allows(record, "withdraw", ["declarer"]))
            record = withdrawn(record, { by: ann, at: from, via: "comment" }, "x");
        }
        const at = START + minutes * MINUTE;
        const emergencies = [{ record, review: null, asOf: at }];
        const judged = assess(
          { moment: "gate", pull, emergencies },
          { policy: inForce(OCCASION.policy), appId: APP_ID, at, since: 0 },
        );
        const isInForce =
          record.status === "authorised" &&
          record.authorised?.head === pull.head.sha &&
          at >= from &&
          at <= until;
        expect(judged.results.some(({ outcome }) => outcome === "waived")).toBe(isInForce);
        expect(judged.verdict).toBe(isInForce ? "emergency" : "pending");
      }),
      { numRuns: rounds(200, 500) },
    );
  });

  test("an approval that was there before it makes it unused", () => {
    const fine = new Story(ann).push(ann, "c1").review(carol).facts();
    const record = authorised(
      { ...declared, asked: fine.head.sha },
      given(bob, fine.head.sha, from, until),
      OCCASION,
    );
    const judged = assess(
      { moment: "gate", pull: fine, emergencies: [{ record, review: null, asOf: from }] },
      { policy: inForce(OCCASION.policy), appId: APP_ID, at: from, since: 0 },
    );
    expect(judged.verdict).toBe("compliant");
    expect(judged.results.map(({ control }) => control)).not.toContain("emergency-authorised");
  });
});

const DECIDED = { approve: "approved", "follow-up": "follow-up", reject: "rejected" } as const;

describe("a retroactive review", () => {
  const record = used(
    authorised(
      opened(OCCASION, "x", { by: ann, at: START, via: "comment" }, "down", null),
      given(bob, "a".repeat(40), START, START),
      OCCASION,
    ),
    START,
    "change",
  );
  const owed = reviewOwed(record, { at: START, subject: "change", shipped: "b".repeat(40) }, OCCASION);

  test("is decided once, and only to one of its named states", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...REVIEW_EVENTS), { minLength: 1, maxLength: 4 }), (all) => {
        let review = owed;
        let count = 0;
        for (const event of all) {
          const after = decided(
            review,
            event,
            { by: carol, at: START, via: "comment", note: "" },
            POLICY.calendar,
          );
          if (after === null) continue;
          count += 1;
          review = after;
        }
        expect(count).toBe(1);
        expect(review.status).toBe(DECIDED[all[0] ?? "approve"]);
        expect(review.revertBy === null).toBe(all[0] !== "reject");
      }),
    );
  });

  test("is owed from the first use, whatever is used later", () => {
    const again = used(record, START + MINUTE, "another");
    expect(again.used).toEqual({ at: START, subjects: ["change", "another"] });
    expect(used(again, START + MINUTE, "another")).toBe(again);
  });
});
