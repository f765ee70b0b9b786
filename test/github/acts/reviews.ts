/** Reviews: given, edited, dismissed. */

import type { Account, PullRequest, Repository, Review, ReviewState } from "../model.ts";
import { Refused } from "../refused.ts";
import { reviewShape, pullRequestShape } from "../shapes/pulls.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { needRole } from "./pulls.ts";
import { addToTimeline } from "./timeline.ts";

/** Gives a review on the pull request's head (or the commit named). Authors can neither approve nor refuse their own. */
export function review(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  given: {
    readonly state: Exclude<ReviewState, "DISMISSED">;
    readonly body?: string | undefined;
    readonly commit?: string | undefined;
  },
): Review {
  needRole(world, repository, by, "read");
  if (pull.authorId === by.id && given.state !== "COMMENTED")
    throw new Refused(422, "Unprocessable Entity", [
      `Review Can not ${given.state === "APPROVED" ? "approve" : "request changes on"} your own pull request`,
    ]);
  if (given.state === "COMMENTED" && (given.body ?? "") === "")
    throw new Refused(422, "Unprocessable Entity", ["Body can't be blank"]);
  const commit = given.commit ?? pull.head.sha;
  if (world.git(repository).commit(commit) === undefined)
    throw new Refused(422, "Unprocessable Entity", ["Commit is not part of the pull request"]);
  const now = world.now();
  const made: Review = world.register("Review", {
    ...world.identity("Review"),
    pullNumber: pull.number,
    authorId: by.id,
    state: given.state,
    submittedAs: given.state,
    body: given.body ?? "",
    commitId: commit,
    givenOn: commit,
    submittedAt: now,
    updatedAt: now,
  });
  pull.reviews.push(made);
  pull.requestedReviewers.delete(by.id);
  pull.updatedAt = now;
  tellReview(world, repository, pull, made, by, "submitted");
  return made;
}

/** Changes a review's words; its state and commit stay. */
export function editReview(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  which: Review,
  body: string,
): void {
  if (which.authorId !== by.id) needRole(world, repository, by, "write");
  const changes = { body: { from: which.body } };
  which.body = body;
  which.updatedAt = world.now();
  tellReview(world, repository, pull, which, by, "edited", { changes });
}

/** Takes the force out of a review: possible for those who may write. */
export function dismissReview(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  which: Review,
  message: string | null,
): void {
  needRole(world, repository, by, "write");
  takeForceOut(world, repository, pull, by, which, message);
}

/** Takes the force out of a review, for somebody of whom it is known that they may. */
export function takeForceOut(
  world: World,
  repository: Repository,
  pull: PullRequest,
  by: Account,
  which: Review,
  message: string | null,
): void {
  if (which.state !== "APPROVED" && which.state !== "CHANGES_REQUESTED")
    throw new Refused(422, "Can not dismiss a commented pull request review");
  const previousState = which.state;
  which.state = "DISMISSED";
  which.updatedAt = world.now();
  pull.updatedAt = world.now();
  addToTimeline(world, pull, by, {
    kind: "review-dismissed",
    reviewId: which.id,
    previousState,
    message,
    commit: null,
  });
  tellReview(world, repository, pull, which, by, "dismissed");
}

function tellReview(
  world: World,
  repository: Repository,
  pull: PullRequest,
  which: Review,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  emit(world, {
    event: "pull_request_review",
    action,
    repository,
    sender,
    body: {
      ...extra,
      review: reviewShape(world, repository, pull, which, true),
      pull_request: pullRequestShape(world, repository, pull),
    },
  });
}
