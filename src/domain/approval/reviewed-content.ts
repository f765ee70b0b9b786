/** Compares the content each review was given for with what the pull request contains now. */

import type { PullRequest } from "../change/pull-request.ts";
import { NO_COMMIT } from "../change/sha.ts";
import { pushesUpToMerge } from "./contribution/pushes.ts";
import type { Instant } from "../time/instant.ts";
import type { Sha } from "../change/sha.ts";
import type { Push, SameContent } from "../change/commit.ts";
import type { Review } from "../change/review.ts";

/** Returns whether a review is for the present content. A content that was replaced and came back ended it in between. */
export function contentOf(review: Review, pull: PullRequest): "same" | "earlier" | "unknown" {
  if (review.commit === null) return "unknown";
  const from = review.commit;
  const proofs = versionsAfter(review, pull).map((to) =>
    to === from ? "tree" : proofOf(pull.sameContent, from, to),
  );
  if (proofs.includes("different")) return "earlier";
  return proofs.includes("unknown") || !isWholeWay(from, review, pull) ? "unknown" : "same";
}

/**
 * Returns every version the pull request had after a review was given, the present head first.
 *
 * Commits between count as versions of their own: whether each was ever a head is known only if no webhook was lost.
 */
export function versionsAfter(review: Review, pull: PullRequest): readonly Sha[] {
  const heads = pushesAfter(review, pull)
    .flatMap((push) => [push.after, push.before])
    .filter((sha) => sha !== NO_COMMIT);
  const between = review.commit === null ? [] : (commitsSince(review.commit, pull) ?? []);
  const versions = new Set([pull.head.sha, ...heads, ...between]);
  if (review.commit !== null && review.commit !== pull.head.sha) versions.delete(review.commit);
  return [...versions];
}

/** The pushes after a review and up to the merge, oldest first. */
function pushesAfter(review: Review, pull: PullRequest): readonly Push[] {
  const { commit, submittedAt } = review;
  const pushes = pushesUpToMerge(pull);
  // Times are whole seconds: within the review's own second, the place in the chain of heads shows what came
  // after it, and where the same commit came twice in that second, the review is taken to be for the first
  // time.
  const earlier = pushes.findLastIndex((push) => push.after === commit && push.at < submittedAt);
  const given =
    earlier >= 0 ? earlier : pushes.findIndex((push) => push.after === commit && push.at === submittedAt);
  return pushes.filter((push, index) => (given >= 0 ? index > given : push.at > submittedAt));
}

/** Whether every version between a review and the head was seen: each push begins where the one before it ended. */
function isWholeWay(from: Sha, review: Review, pull: PullRequest): boolean {
  const way = commitsSince(from, pull) ?? [];
  const follows = (before: Sha, after: Sha): boolean =>
    before === after ||
    // Commits added on top are all compared, each as a version of its own.
    (way.includes(after) && (before === from || way.indexOf(after) < way.indexOf(before)));
  let at = from;
  for (const push of pushesAfter(review, pull)) {
    if (push.after === NO_COMMIT) continue;
    if (push.before !== NO_COMMIT && !follows(at, push.before)) return false;
    if (push.before === NO_COMMIT && push.after !== at) return false;
    at = push.after;
  }
  return follows(at, pull.head.sha);
}

/** The first-parent commits from the head down to, and without, a commit; null if it is not on that way. */
function commitsSince(sha: Sha, pull: PullRequest): readonly Sha[] | null {
  const parents = new Map(pull.commits.map((commit) => [commit.sha, commit.parents]));
  const way: Sha[] = [];
  for (
    let at: Sha | undefined = pull.head.sha;
    at !== undefined && !way.includes(at);
    at = parents.get(at)?.[0]
  ) {
    if (at === sha) return way;
    if (!parents.has(at)) return null;
    way.push(at);
  }
  return null;
}

function proofOf(proofs: readonly SameContent[], from: Sha, to: Sha): SameContent["proof"] {
  return proofs.find((proof) => proof.from === from && proof.to === to)?.proof ?? "unknown";
}

/** Lists the newest review of each person that decides anything, among those given up to `at`. */
export function newestDecisive(reviews: readonly Review[], at: Instant): readonly Review[] {
  const decisive = reviews
    .filter((review) => review.state !== "commented" && review.submittedAt <= at)
    .toSorted((a, b) => a.submittedAt - b.submittedAt || a.id - b.id);
  return decisive.filter(
    (review, index) => !decisive.slice(index + 1).some((later) => samePerson(later, review)),
  );
}

/** Returns whether two reviews are by one person. */
export function samePerson(a: Review, b: Review): boolean {
  return a.author !== null && b.author !== null ? a.author.id === b.author.id : a === b;
}

/** Returns whether a review was dismissed by `at`. */
export function isDismissed(review: Review, at: Instant): boolean {
  return review.dismissed !== null && review.dismissed.at <= at;
}
