/** Reviews as they were given: what was observed when the webhook came, and what GitHub shows today, put together. */

import type { z } from "zod";
import type { Review } from "../../domain/change/review.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { UnshownReviews } from "../freshness/freshness.ts";
import type { ReviewAnswer, TimelineAnswer } from "../queries/answers.ts";
import type { Push } from "../../domain/change/commit.ts";

type AnsweredReview = z.infer<typeof ReviewAnswer>;
type Event = NonNullable<z.infer<typeof TimelineAnswer>>;
type ForcePush = Extract<Event, { __typename: "HeadRefForcePushedEvent" }>;
type Given = Extract<Observation, { kind: "review-given" }>;
type Dismissal = Extract<Observation, { kind: "review-dismissed" }>;

const STATES: Readonly<Record<string, Review["state"]>> = {
  APPROVED: "approved",
  CHANGES_REQUESTED: "changes-requested",
  COMMENTED: "commented",
};

/**
 * Returns the submitted reviews, with those that a webhook reported and that count unshown; pending ones are left out.
 * `pushes` are those of the pull request's branch.
 */
export function observedReviews(
  {
    answered,
    unshown,
  }: { readonly answered: readonly AnsweredReview[]; readonly unshown: UnshownReviews["counted"] },
  timeline: readonly Event[],
  observations: readonly Observation[],
  pushes: readonly Push[],
): readonly Review[] {
  const given = new Map(
    observations
      .filter((each): each is Given => each.kind === "review-given")
      .map((each) => [each.review.id, each.review]),
  );
  const forcePushes = timeline.filter(
    (event): event is ForcePush => event.__typename === "HeadRefForcePushedEvent",
  );
  const shown = answered.flatMap((review): Review[] => {
    const { id, submittedAt } = review;
    if (id === null || submittedAt == null || review.state === "PENDING") return [];
    const seen = given.get(id);
    const commit = seen?.commit ?? commitOf(review, submittedAt, forcePushes, pushes);
    return [
      {
        id,
        author: review.author ?? seen?.author ?? null,
        state: stateOf(review, id, seen, timeline),
        submittedAt,
        commit,
        basis: seen?.commit == null ? "read-later" : "observed",
        dismissed: dismissedOf(review, id, timeline, observations),
      },
    ];
  });
  return [...shown, ...unshown.map((review): Review => ({ ...review, basis: "observed", dismissed: null }))];
}

/**
 * Returns the commit a review was given on, by what GitHub shows today, or null when that may have been moved: GitHub
 * re-points an approval to the new head when the branch is forced to an equal patch or merges its base.
 */
function commitOf(
  review: AnsweredReview,
  submittedAt: number,
  forcePushes: readonly ForcePush[],
  pushes: readonly Push[],
): string | null {
  const { commit } = review;
  if (commit === null) return null;
  const wasThere = pushes.some((push) => push.after === commit.sha && push.at < submittedAt);
  if (commit.isMerge && !wasThere) return null;
  const moved = forcePushes.some(
    // Times are whole seconds: a push in the same second may have come after.
    (push) =>
      push.createdAt >= submittedAt && (push.afterCommit == null || push.afterCommit.oid === commit.sha),
  );
  return moved ? null : commit.sha;
}

/** Dismissing overwrites a review's state; what it was is in the timeline, or was observed. */
function stateOf(
  review: AnsweredReview,
  id: number,
  seen: Given["review"] | undefined,
  timeline: readonly Event[],
): Review["state"] {
  const state = STATES[review.state];
  if (state !== undefined) return state;
  if (seen !== undefined && seen.state !== "unknown") return seen.state;
  for (const event of timeline) {
    if (event.__typename === "ReviewDismissedEvent" && event.review === id) {
      return STATES[event.previousReviewState] ?? "unknown";
    }
  }
  return "unknown";
}

function dismissedOf(
  review: AnsweredReview,
  id: number,
  timeline: readonly Event[],
  observations: readonly Observation[],
): Review["dismissed"] {
  // A dismissal is never taken back: a report of it outweighs a list that does not show it yet.
  const seen = observations.find(
    (each): each is Dismissal => each.kind === "review-dismissed" && each.reviewId === id,
  );
  if (review.state !== "DISMISSED" && seen === undefined) return null;
  for (const event of timeline) {
    if (event.__typename === "ReviewDismissedEvent" && event.review === id) {
      return { at: event.createdAt, by: event.actor ?? seen?.by ?? null };
    }
  }
  return seen === undefined ? { at: review.updatedAt, by: null } : { at: seen.at, by: seen.by };
}
