/** The merge queue: groups are built in order, checked, and merged when their required checks succeed. */

import { Refused } from "./refused.ts";
import { leaveQueue, placeInQueue, queueBot, tearDown } from "./acts/queue-places.ts";
import { moveRef } from "./acts/ref-moves.ts";
import { addToTimeline } from "./acts/timeline.ts";
import { land, mergeCommit, mergePull, refuseUnlessOpen } from "./merge.ts";
import type { MergeMethod, MergeQueue, MergeQueueEntry, PullRequest, Repository } from "./model.ts";
import { checkState, mergeability, mergeProblems, queueRule, requiredChecks, type Mover } from "./rules.ts";
import { mergeGroupShape } from "./shapes/commits.ts";
import { pullRequestShape } from "./shapes/pulls.ts";
import { emit } from "./webhooks.ts";
import type { World } from "./world.ts";

/** Adds a pull request to its base branch's queue. Throws {@link Refused} as GitHub does. */
export function enqueue(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
): MergeQueueEntry {
  refuseUnlessOpen(world, repository, pull, mover);
  const rule = queueRule(world, repository, pull.base.ref);
  if (rule === undefined) throw new Refused(422, "Merge queue is not enabled on this branch.");
  if (placeInQueue(repository, pull) !== undefined)
    throw new Refused(422, "Pull request is already in the merge queue.");
  if (mergeability(world, repository, pull).mergeable === false)
    throw new Refused(422, "Pull request is not mergeable.");
  const method = methodOf(rule.parameters.merge_method);
  const problems = mergeProblems(world, repository, pull, mover, method, true);
  if (problems.length > 0) throw new Refused(422, problems.join("\n"));
  const queue = queueOf(world, repository, pull.base.ref);
  const entry: MergeQueueEntry = world.register("MergeQueueEntry", {
    ...world.identity("MergeQueueEntry"),
    pullNumber: pull.number,
    enqueuedById: mover.actor.id,
    enqueuedAt: world.now(),
    ref: "",
    headSha: "",
    baseSha: "",
    pullHeadSha: pull.head.sha,
    method,
    built: false,
  });
  queue.entries.push(entry);
  addToTimeline(world, pull, mover.actor, { kind: "added-to-merge-queue" });
  emit(world, {
    event: "pull_request",
    action: "enqueued",
    repository,
    sender: mover.actor,
    body: { number: pull.number, pull_request: pullRequestShape(world, repository, pull) },
  });
  return entry;
}

/** Takes a pull request out of the queue at someone's wish. */
export function dequeue(world: World, repository: Repository, pull: PullRequest, mover: Mover): void {
  if (!world.may(mover.actor, "write", repository))
    throw new Refused(403, "You're not authorized to push to this branch.");
  if (placeInQueue(repository, pull) === undefined)
    throw new Refused(422, "Pull request is not in the merge queue.");
  leaveQueue(world, repository, pull, mover.actor, "MANUAL");
}

/** Turns on merging as soon as all requirements are met. */
export function enableAutoMerge(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
  method: MergeMethod,
): void {
  refuseUnlessOpen(world, repository, pull, mover);
  if (!repository.allow.autoMerge)
    throw new Refused(422, "Pull request Auto merge is not allowed for this repository");
  if (mergeProblems(world, repository, pull, mover, method).length === 0)
    throw new Refused(422, "Pull request Pull request is in clean status");
  pull.autoMerge = { byId: mover.actor.id, method, at: world.now() };
  addToTimeline(world, pull, mover.actor, { kind: "auto-merge-enabled" });
  emit(world, {
    event: "pull_request",
    action: "auto_merge_enabled",
    repository,
    sender: mover.actor,
    body: { number: pull.number, reason: "", pull_request: pullRequestShape(world, repository, pull) },
  });
}

/** Lets queues and automatic merges go on as far as they can; called after whatever changed the world. */
export function settle(world: World): void {
  for (const repository of world.repositories.values()) {
    if (repository.deleted || repository.archived) continue;
    for (const pull of repository.pulls.values())
      if (pull.state === "open" && pull.autoMerge !== null) mergeAutomatically(world, repository, pull);
    for (const queue of repository.queues.values()) while (advance(world, repository, queue));
  }
}

function mergeAutomatically(world: World, repository: Repository, pull: PullRequest): void {
  const wish = pull.autoMerge;
  if (wish === null || pull.draft) return;
  const mover = { actor: world.account(wish.byId) };
  if (mergeProblems(world, repository, pull, mover, wish.method).length > 0) return;
  if (mergeability(world, repository, pull).mergeable !== true) return;
  mergePull(world, repository, pull, mover, { method: wish.method });
}

/** One step of a queue: build a missing group, merge those that may, or throw the first out. Returns whether anything was done. */
function advance(world: World, repository: Repository, queue: MergeQueue): boolean {
  const unbuilt = queue.entries.findIndex((entry) => !entry.built);
  if (unbuilt >= 0) return build(world, repository, queue, unbuilt);
  const first = queue.entries[0];
  if (first === undefined) return false;
  const pull = repository.pulls.get(first.pullNumber);
  if (pull === undefined) return false;
  if (first.baseSha !== world.git(repository).branch(queue.branch)) {
    for (const entry of queue.entries) tearDown(world, repository, queue, entry, "invalidated");
    return true;
  }
  const group = mergeable(world, repository, queue);
  if (group.length > 0) {
    const bot = queueBot(world);
    const landings = group.flatMap((entry) => {
      const landing = repository.pulls.get(entry.pullNumber);
      return landing === undefined ? [] : [{ pull: landing, commit: entry.headSha }];
    });
    // One push for all of them; their branches are still there while it lands.
    land(world, repository, landings, bot, "queue", "merge_queue_merge");
    for (const landing of landings) leaveQueue(world, repository, landing.pull, bot, "MERGE");
    return true;
  }
  if (checksOf(world, repository, queue, first) !== "failure") return false;
  leaveQueue(world, repository, pull, queueBot(world), "CI_FAILURE");
  return true;
}

/** The entries that are merged next, together: those at the head whose checks succeeded, once they are as many as the rule wants or have waited long enough. */
function mergeable(world: World, repository: Repository, queue: MergeQueue): readonly MergeQueueEntry[] {
  const rule = queueRule(world, repository, queue.branch)?.parameters;
  const most = queue.entries.slice(0, rule?.max_entries_to_merge ?? 1);
  const states = most.map((entry) => checksOf(world, repository, queue, entry));
  const count =
    rule?.grouping_strategy === "HEADGREEN"
      ? states.lastIndexOf("success") + 1
      : [...states, "pending"].findIndex((state) => state !== "success");
  const waited = world.now() - (queue.entries[0]?.enqueuedAt ?? 0);
  const isPatient = waited < (rule?.min_entries_to_merge_wait_minutes ?? 0) * 60_000;
  return count < (rule?.min_entries_to_merge ?? 1) && isPatient ? [] : most.slice(0, count);
}

function checksOf(
  world: World,
  repository: Repository,
  queue: MergeQueue,
  entry: MergeQueueEntry,
): "success" | "failure" | "pending" {
  const states = requiredChecks(world, repository, queue.branch).map((check) =>
    checkState(world, repository, entry.headSha, check),
  );
  if (states.includes("failure")) return "failure";
  return states.every((state) => state === "success") ? "success" : "pending";
}

function build(world: World, repository: Repository, queue: MergeQueue, index: number): boolean {
  const entry = queue.entries[index];
  const pull = entry && repository.pulls.get(entry.pullNumber);
  const base = queue.entries[index - 1]?.headSha ?? world.git(repository).branch(queue.branch);
  if (entry === undefined || pull === undefined || base === null) return false;
  const bot = queueBot(world);
  const by = world.account(entry.enqueuedById);
  const commit = mergeCommit(world, repository, pull, base, by, { method: entry.method });
  if (commit === null) {
    leaveQueue(world, repository, pull, bot, "MERGE_CONFLICT");
    return true;
  }
  entry.baseSha = base;
  entry.headSha = commit;
  entry.ref = `refs/heads/gh-readonly-queue/${queue.branch}/pr-${pull.number}-${base}`;
  entry.built = true;
  moveRef(world, repository, { ref: entry.ref, after: commit, actor: bot });
  emit(world, {
    event: "merge_group",
    action: "checks_requested",
    repository,
    sender: bot,
    body: { merge_group: mergeGroupShape(world, repository, queue.branch, entry) },
  });
  return true;
}

function queueOf(world: World, repository: Repository, branch: string): MergeQueue {
  const known = repository.queues.get(branch);
  if (known !== undefined) return known;
  const made: MergeQueue = world.register("MergeQueue", {
    ...world.identity("MergeQueue"),
    branch,
    entries: [],
  });
  repository.queues.set(branch, made);
  return made;
}

function methodOf(word: "MERGE" | "SQUASH" | "REBASE"): MergeMethod {
  return { MERGE: "merge", SQUASH: "squash", REBASE: "rebase" }[word] as MergeMethod;
}
