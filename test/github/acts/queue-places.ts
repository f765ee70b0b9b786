/** Leaving a merge queue, and what that does to the groups behind. */

import type { Account, MergeQueue, MergeQueueEntry, PullRequest, Repository } from "../model.ts";
import { mergeGroupShape } from "../shapes/commits.ts";
import { pullRequestShape } from "../shapes/pulls.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { moveRef } from "./ref-moves.ts";
import { addToTimeline } from "./timeline.ts";

/** Login of the account that acts for merge queues. */
export const QUEUE_BOT = "github-merge-queue[bot]";

/** Why a pull request left the queue, in GitHub's words. */
export type LeavingReason =
  | "MANUAL"
  | "MERGE"
  | "MERGE_CONFLICT"
  | "CI_FAILURE"
  | "BRANCH_PROTECTIONS"
  | "QUEUE_CLEARED";

/** The account that acts for merge queues. */
export function queueBot(world: World): Account {
  const bot = world.accountByLogin(QUEUE_BOT);
  if (bot === undefined) throw new Error(`${QUEUE_BOT} is missing`);
  return bot;
}

/** A pull request's place in its base branch's queue. */
export function placeInQueue(
  repository: Repository,
  pull: PullRequest,
): { readonly queue: MergeQueue; readonly index: number } | undefined {
  const queue = repository.queues.get(pull.base.ref);
  const index = queue?.entries.findIndex((entry) => entry.pullNumber === pull.number) ?? -1;
  if (queue !== undefined && index >= 0) return { queue, index };
  // After a retarget the entry is in the queue of the branch before.
  for (const other of repository.queues.values()) {
    const at = other.entries.findIndex((entry) => entry.pullNumber === pull.number);
    if (at >= 0) return { queue: other, index: at };
  }
  return undefined;
}

/** Takes a pull request out of its queue, if it is in one; groups behind it are torn down to be built again. */
export function leaveQueue(
  world: World,
  repository: Repository,
  pull: PullRequest,
  actor: Account,
  reason: LeavingReason,
): void {
  const place = placeInQueue(repository, pull);
  if (place === undefined) return;
  const { queue, index } = place;
  const behind = queue.entries.slice(index + 1);
  const [entry] = queue.entries.splice(index, 1);
  const merged = reason === "MERGE";
  if (entry !== undefined) tearDown(world, repository, queue, entry, merged ? "merged" : "dequeued");
  if (!merged) for (const other of behind) tearDown(world, repository, queue, other, "invalidated");
  addToTimeline(world, pull, actor, { kind: "removed-from-merge-queue" });
  emit(world, {
    event: "pull_request",
    action: "dequeued",
    repository,
    sender: actor,
    body: { number: pull.number, reason, pull_request: pullRequestShape(world, repository, pull) },
  });
}

/** Removes a group's branch and says why. */
export function tearDown(
  world: World,
  repository: Repository,
  queue: MergeQueue,
  entry: MergeQueueEntry,
  reason: "merged" | "invalidated" | "dequeued",
): void {
  if (!entry.built) return;
  entry.built = false;
  emit(world, {
    event: "merge_group",
    action: "destroyed",
    repository,
    sender: queueBot(world),
    body: { reason, merge_group: mergeGroupShape(world, repository, queue.branch, entry) },
  });
  moveRef(world, repository, { ref: entry.ref, after: null, actor: queueBot(world) });
}
