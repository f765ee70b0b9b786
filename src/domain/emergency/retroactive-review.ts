/** The retroactive review: owed after an emergency was used, by someone with no part in it, by a certain moment. */

import { dueAfter } from "../time/calendar.ts";
import type { Actor } from "../change/people.ts";
import type { Entry } from "../records/entry.ts";
import type { Policy } from "../policy/file/policy.ts";
import { destination, type TransitionTable } from "../values/transitions.ts";
import {
  declarersOf,
  type EmergencyRecord,
  type RetroactiveReviewRecord,
  type ReviewState,
} from "../records/emergency.ts";
import { emergencySubject } from "./life.ts";
import type { Eligibility } from "./eligibility.ts";
import { DAY } from "../time/durations.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";

/** Returns the review that the first use of an emergency makes due. */
export function reviewOwed(
  emergency: EmergencyRecord,
  use: { readonly at: Instant; readonly subject: string; readonly shipped: Sha },
  { policy, policyDigest }: { readonly policy: Policy; readonly policyDigest: string },
): RetroactiveReviewRecord {
  const { reviewWithin } = policy.emergency;
  return {
    emergency: emergency.id,
    repository: emergency.repository,
    pull: emergency.pull,
    subjects: [use.subject],
    shipped: use.shipped,
    status: "due",
    openedAt: use.at,
    dueAt: dueAfter(use.at, reviewWithin, policy.calendar),
    within: reviewWithin,
    policyDigest,
    decision: null,
    revertBy: null,
    remindedAt: [],
    escalatedAt: [],
  };
}

/** Returns whether a review is overdue at a moment. */
export function isOverdue(review: RetroactiveReviewRecord, at: Instant): boolean {
  return review.status === "due" && at > review.dueAt;
}

/** Returns whether a review was decided after it was due. */
export function isLate(review: RetroactiveReviewRecord): boolean {
  return review.decision !== null && review.decision.at > review.dueAt;
}

/** Lists what can be decided. */
export const REVIEW_EVENTS = ["approve", "follow-up", "reject"] as const;

/** Describes one decision. */
export type RetroactiveReviewEvent = (typeof REVIEW_EVENTS)[number];

/** Lists every transition of a review. */
export const REVIEW_TRANSITIONS: TransitionTable<ReviewState, RetroactiveReviewEvent, "reviewer"> = {
  approve: [{ from: ["due"], to: "approved", needs: ["reviewer"] }],
  "follow-up": [{ from: ["due"], to: "follow-up", needs: ["reviewer"] }],
  reject: [{ from: ["due"], to: "rejected", needs: ["reviewer"] }],
};

/** Returns the review as decided, or null where it was decided before. A rejection owes a revert within the same term. */
export function decided(
  review: RetroactiveReviewRecord,
  event: RetroactiveReviewEvent,
  decision: NonNullable<RetroactiveReviewRecord["decision"]>,
  calendar: Policy["calendar"],
): RetroactiveReviewRecord | null {
  const status = destination(REVIEW_TRANSITIONS, review.status, event);
  if (status === null) return null;
  const revertBy = status === "rejected" ? dueAfter(decision.at, review.within, calendar) : null;
  return { ...review, status, decision, revertBy };
}

/** Returns whether someone may review: entitled, and neither contributor, declarer nor authoriser. */
export function mayReview({ entitled, contributed, declared, authorised }: Eligibility): boolean {
  return entitled === "yes" && contributed === "no" && !declared && !authorised;
}

/** Returns who had a part in an emergency beside the contributors. */
export function partiesOf(emergency: EmergencyRecord): readonly Actor[] {
  const { authorised, confirmed } = emergency;
  return [
    ...declarersOf(emergency),
    ...(authorised === null ? [] : [authorised.by]),
    // Who confirmed what another authorised alone has authorised it as well.
    ...(confirmed?.by == null ? [] : [confirmed.by]),
  ];
}

/** Returns the entry of a review as it is now. */
export function reviewEntry(body: RetroactiveReviewRecord): Entry {
  const { repository, pull, emergency: id } = body;
  return {
    kind: "retroactive-review",
    subject: emergencySubject({ repository, pull, id }),
    repositoryId: repository.id,
    organizationId: repository.ownerId,
    at: body.openedAt,
    body,
  };
}

/** So many times a review is escalated, once a day. */
const MOST_ESCALATIONS = 7;

/** Returns when reviewers are reminded: a quarter of the time before it is due. */
function remindAt({ openedAt, dueAt }: RetroactiveReviewRecord): Instant {
  return dueAt - Math.floor((dueAt - openedAt) / 4);
}

/** Returns the next moment to remind of an open review, or to escalate it; null: none. */
export function nextWord(review: RetroactiveReviewRecord): Instant | null {
  if (review.status !== "due") return null;
  if (review.remindedAt.length === 0 && review.escalatedAt.length === 0) return remindAt(review);
  // Due up to the second named, inclusive.
  const next = review.dueAt + 1_000 + review.escalatedAt.length * DAY;
  return review.escalatedAt.length < MOST_ESCALATIONS ? next : null;
}
