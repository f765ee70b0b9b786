import type { PullRequest, Repository } from "../model.ts";
import { htmlUrl, iso } from "../shapes/form.ts";
import { CONNECTION, connection, EDGE } from "./connection.ts";
import type { Args, Context, Resolvers } from "./context.ts";
import { actorNode, commitNode, pullNode, type QueueEntryNode, type QueueNode } from "./nodes.ts";

/** A pull request's place in a merge queue; null while it is in none. */
export function queueOf(repository: Repository, pull: PullRequest): QueueEntryNode | null {
  for (const queue of repository.queues.values()) {
    const entry = queue.entries.find((one) => one.pullNumber === pull.number);
    if (entry !== undefined) return { __typename: "MergeQueueEntry", repository, queue, entry };
  }
  return null;
}

/** Merge queues. */
export const queueResolvers: Resolvers = {
  MergeQueue: {
    id: ({ queue }: QueueNode) => queue.nodeId,
    repository: ({ repository }: QueueNode) => ({ __typename: "Repository", repository }),
    url: ({ repository, queue }: QueueNode, _: Args, context: Context) =>
      htmlUrl(context.world, `/${context.world.fullName(repository)}/queue/${queue.branch}`),
    entries: ({ repository, queue }: QueueNode, args: Args) =>
      connection(
        args,
        queue.entries,
        (one) => one.id,
        (entry) => ({ __typename: "MergeQueueEntry" as const, repository, queue, entry }),
      ),
  },
  MergeQueueEntry: {
    id: ({ entry }: QueueEntryNode) => entry.nodeId,
    position: ({ queue, entry }: QueueEntryNode) => queue.entries.indexOf(entry) + 1,
    enqueuedAt: ({ entry }: QueueEntryNode) => iso(entry.enqueuedAt),
    enqueuer: ({ entry }: QueueEntryNode, _: Args, context: Context) =>
      actorNode(context.world.account(entry.enqueuedById)),
    baseCommit: ({ repository, entry }: QueueEntryNode, _: Args, context: Context) =>
      commitNode(context.world, repository, entry.baseSha),
    headCommit: ({ repository, entry }: QueueEntryNode, _: Args, context: Context) =>
      commitNode(context.world, repository, entry.headSha),
    mergeQueue: ({ repository, queue }: QueueEntryNode) => ({ __typename: "MergeQueue", repository, queue }),
    pullRequest({ repository, entry }: QueueEntryNode) {
      const pull = repository.pulls.get(entry.pullNumber);
      return pull === undefined ? null : pullNode(repository, pull);
    },
    state: () => "AWAITING_CHECKS",
  },
  MergeQueueEntryConnection: CONNECTION,
  MergeQueueEntryEdge: EDGE,
};
