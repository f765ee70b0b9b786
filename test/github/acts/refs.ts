/** Every update of a branch or tag goes through here: the ref itself, and what it means for pull requests. */

import { noteMerged } from "../rest/associated.ts";
import type { Account, PullRequest, Repository, Sha } from "../model.ts";
import { rulesFor } from "../rules.ts";
import { pullRequestShape, reviewShape } from "../shapes/pulls.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { requestSuite } from "./checks.ts";
import { leaveQueue } from "./queue-places.ts";
import { moveRef, type RefMove, type RefUpdate } from "./ref-moves.ts";
import { addToTimeline } from "./timeline.ts";

/** Moves, makes or deletes a ref, and everything that follows. Returns null when nothing changed. */
export function updateRef(world: World, repository: Repository, update: RefUpdate): RefMove | null {
  const move = moveRef(world, repository, update);
  if (move === null || !update.ref.startsWith("refs/heads/")) return move;
  const { before, after, forced } = move;
  const { actor } = update;
  const branch = update.ref.slice("refs/heads/".length);
  if (after !== null) requestSuite(world, repository, after, branch, actor);
  if (after === null) branchDeleted(world, repository, branch, actor);
  else if (before !== null) {
    for (const pull of world.openPulls(repository, "head", branch))
      headMoved(world, pull, { before, after, actor, forced });
    baseMoved(world, repository, branch, { before, after, actor, forced });
  }
  return move;
}

interface Move {
  readonly before: Sha;
  readonly after: Sha;
  readonly actor: Account;
  readonly forced: boolean;
}

/** A pull request's head moved: timeline, reviews that follow the patch, queue, `synchronize`. */
function headMoved(world: World, pull: PullRequest, move: Move): void {
  const repository = world.repositoryById(pull.repositoryId);
  const git = world.git(repository);
  pull.head.sha = move.after;
  pull.updatedAt = world.now();
  git.setRef(`refs/pull/${pull.number}/head`, move.after);
  const base = git.branch(pull.base.ref);
  if (base !== null && pull.head.repositoryId === repository.id && git.isAncestor(move.after, base)) {
    // Nothing is left to merge: GitHub closes the pull request.
    closePull(world, repository, pull, move.actor);
    return;
  }
  if (base !== null) pull.base.sha = base;
  if (move.forced)
    addToTimeline(world, pull, move.actor, {
      kind: "head-ref-force-pushed",
      ref: pull.head.ref,
      before: move.before,
      after: move.after,
    });
  carryReviews(world, repository, pull, move);
  leaveQueue(world, repository, pull, move.actor, "BRANCH_PROTECTIONS");
  emit(world, {
    event: "pull_request",
    action: "synchronize",
    repository,
    sender: move.actor,
    body: {
      number: pull.number,
      before: move.before,
      after: move.after,
      pull_request: pullRequestShape(world, repository, pull),
    },
  });
}

/** GitHub moves a review's `commit_id` along when the patch stayed the same; rules may dismiss it when it did not. */
function carryReviews(world: World, repository: Repository, pull: PullRequest, move: Move): void {
  const current = pull.reviews.filter((review) => review.commitId === move.before);
  const approvals = pull.reviews.filter((review) => review.state === "APPROVED");
  if (current.length === 0 && approvals.length === 0) return;
  const isMerge = world.git(repository).commitOf(move.after).parents.length > 1;
  const same = (move.forced || isMerge) && samePatch(world, repository, pull, move.before, move.after);
  if (same) for (const review of current) review.commitId = move.after;
  else if (dismissesStale(world, repository, pull))
    for (const review of approvals) {
      review.state = "DISMISSED";
      review.updatedAt = world.now();
      addToTimeline(world, pull, move.actor, {
        kind: "review-dismissed",
        reviewId: review.id,
        previousState: "APPROVED",
        message: null,
        commit: move.after,
      });
      emit(world, {
        event: "pull_request_review",
        action: "dismissed",
        repository,
        sender: move.actor,
        body: {
          review: reviewShape(world, repository, pull, review, true),
          pull_request: pullRequestShape(world, repository, pull),
        },
      });
    }
}

function dismissesStale(world: World, repository: Repository, pull: PullRequest): boolean {
  return (
    repository.protections.get(pull.base.ref)?.reviews?.dismissStale === true ||
    rulesFor(world, repository, `refs/heads/${pull.base.ref}`).some(
      ({ rule }) => rule.type === "pull_request" && rule.parameters.dismiss_stale_reviews_on_push,
    )
  );
}

function samePatch(world: World, repository: Repository, pull: PullRequest, one: Sha, other: Sha): boolean {
  const git = world.git(repository);
  const base = git.branch(pull.base.ref);
  if (base === null) return false;
  const oneBase = git.mergeBase(base, one);
  const otherBase = git.mergeBase(base, other);
  if (oneBase === null || otherBase === null) return false;
  if (oneBase === otherBase && git.commitOf(one).tree === git.commitOf(other).tree) return true;
  return git.patchId(oneBase, one) === git.patchId(otherBase, other);
}

/** A base branch moved: pull requests it now contains are merged; the others are told of a force push. */
function baseMoved(world: World, repository: Repository, branch: string, move: Move): void {
  const git = world.git(repository);
  for (const pull of world.openPulls(repository, "base", branch)) {
    if (move.forced)
      addToTimeline(world, pull, move.actor, {
        kind: "base-ref-force-pushed",
        ref: branch,
        before: move.before,
        after: move.after,
      });
    if (git.isAncestor(pull.head.sha, move.before) || !git.isAncestor(pull.head.sha, move.after)) continue;
    const landed = git
      .firstParents(move.after)
      .filter((sha) => git.isAncestor(pull.head.sha, sha))
      .at(-1);
    markMerged(world, repository, pull, move.actor, landed ?? move.after, "indirect");
  }
}

/** Marks a pull request merged and says so. */
export function markMerged(
  world: World,
  repository: Repository,
  pull: PullRequest,
  actor: Account,
  commit: Sha,
  method: NonNullable<PullRequest["merged"]>["method"],
): void {
  pull.state = "closed";
  pull.merged = { at: world.now(), byId: actor.id, commit, method };
  noteMerged(world, repository, pull);
  pull.autoMerge = null;
  addToTimeline(world, pull, actor, { kind: "merged", commit, ref: pull.base.ref });
  closePull(world, repository, pull, actor);
}

/** Closes a pull request (merged or not) and says so. */
export function closePull(world: World, repository: Repository, pull: PullRequest, actor: Account): void {
  pull.state = "closed";
  pull.closedAt = world.now();
  pull.updatedAt = world.now();
  pull.autoMerge = null;
  if (pull.merged === null) leaveQueue(world, repository, pull, actor, "MANUAL");
  addToTimeline(world, pull, actor, { kind: "closed" });
  emit(world, {
    event: "pull_request",
    action: "closed",
    repository,
    sender: actor,
    body: { number: pull.number, pull_request: pullRequestShape(world, repository, pull) },
  });
}

/** A branch is gone: its pull requests close; those based on it move to where it was merged, or close. */
function branchDeleted(world: World, repository: Repository, branch: string, actor: Account): void {
  for (const pull of world.openPulls(repository, "head", branch)) {
    addToTimeline(world, pull, actor, { kind: "head-ref-deleted" });
    closePull(world, world.repositoryById(pull.repositoryId), pull, actor);
  }
  const merged = [...repository.pulls.values()].findLast(
    (pull) => pull.merged !== null && pull.head.ref === branch && pull.head.repositoryId === repository.id,
  );
  for (const pull of world.openPulls(repository, "base", branch))
    if (merged !== undefined)
      retarget(world, repository, pull, merged.base.ref, actor, "automatic-base-change-succeeded");
    else closePull(world, repository, pull, actor);
}

/** Points a pull request at another base branch and says so; GitHub has another word for what it did by itself. */
export function retarget(
  world: World,
  repository: Repository,
  pull: PullRequest,
  to: string,
  actor: Account,
  kind: "base-ref-changed" | "automatic-base-change-succeeded" = "base-ref-changed",
): void {
  const from = { ref: pull.base.ref, sha: pull.base.sha };
  pull.base.ref = to;
  pull.base.sha = world.git(repository).branch(to) ?? pull.base.sha;
  pull.updatedAt = world.now();
  addToTimeline(world, pull, actor, { kind, from: from.ref, to });
  leaveQueue(world, repository, pull, actor, "BRANCH_PROTECTIONS");
  emit(world, {
    event: "pull_request",
    action: "edited",
    repository,
    sender: actor,
    body: {
      number: pull.number,
      changes: { base: { ref: { from: from.ref }, sha: { from: from.sha } } },
      pull_request: pullRequestShape(world, repository, pull),
    },
  });
}
