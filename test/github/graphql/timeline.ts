import type { TimelineEvent } from "../model.ts";
import { iso } from "../shapes/form.ts";
import { pullContent } from "../shapes/pulls.ts";
import { CONNECTION, EDGE } from "./connection.ts";
import type { Args, Context, Resolvers } from "./context.ts";
import { actorById, commitNode, pullNode, refNode, type EventNode, type PullNode } from "./nodes.ts";

function pascal(kind: string): string {
  return kind
    .split("-")
    .map((word) => `${word[0]?.toUpperCase() ?? ""}${word.slice(1)}`)
    .join("");
}

/** One entry of a timeline: its kind as queries name it, what its cursor is made of, and the object. */
export interface Item {
  readonly type: string;
  readonly key: string;
  readonly node: unknown;
}

/** Everything on a pull request's page, in GitHub's order: commits, then what happened by time. */
export function timeline({ repository, pull }: PullNode, context: Context): Item[] {
  const commits = pullContent(context.world, repository, pull).commits.map((sha) => ({
    type: "PULL_REQUEST_COMMIT",
    key: sha,
    node: { __typename: "PullRequestCommit", repository, pull, sha },
  }));
  const comments = [...repository.comments.values()].filter(
    (one) => one.number === pull.number && !one.deleted,
  );
  const timed = [
    ...pull.timeline.map((event) => ({
      at: event.at,
      type: `${event.kind.toUpperCase().replaceAll("-", "_")}_EVENT`,
      key: event.nodeId,
      node: { __typename: `${pascal(event.kind)}Event`, repository, pull, event },
    })),
    ...pull.reviews.map((review) => ({
      at: review.submittedAt,
      type: "PULL_REQUEST_REVIEW",
      key: review.nodeId,
      node: { __typename: "PullRequestReview", repository, pull, review },
    })),
    ...comments.map((comment) => ({
      at: comment.createdAt,
      type: "ISSUE_COMMENT",
      key: comment.nodeId,
      node: { __typename: "IssueComment", repository, comment },
    })),
  ];
  return [...commits, ...timed.sort((a, b) => a.at - b.at)];
}

const EVENT = {
  id: ({ event }: EventNode) => event.nodeId,
  createdAt: ({ event }: EventNode) => iso(event.at),
  actor: ({ event }: EventNode, _: Args, context: Context) => actorById(context.world, event.actorId),
};
const PULL_EVENT = {
  ...EVENT,
  pullRequest: ({ repository, pull }: EventNode) => pullNode(repository, pull),
};

/** One property of a timeline event, whatever its kind. */
function of(event: TimelineEvent, name: string): unknown {
  return Reflect.get(event, name);
}

function textOf(event: TimelineEvent, name: string): string | null {
  const value = of(event, name);
  return typeof value === "string" ? value : null;
}

const FORCE_PUSH = {
  ...PULL_EVENT,
  beforeCommit: ({ repository, event }: EventNode, _: Args, context: Context) =>
    commitNode(context.world, repository, textOf(event, "before")),
  afterCommit: ({ repository, event }: EventNode, _: Args, context: Context) =>
    commitNode(context.world, repository, textOf(event, "after")),
  ref: ({ repository, event }: EventNode, _: Args, context: Context) =>
    refNode(context.world, repository, `refs/heads/${textOf(event, "ref") ?? ""}`),
};

const LABELED = {
  ...EVENT,
  label({ repository, event }: EventNode) {
    const label = repository.labels.get(textOf(event, "label") ?? "");
    return label === undefined ? null : { __typename: "Label", repository, label };
  },
};

const ASSIGNED = {
  ...EVENT,
  assignee: ({ event }: EventNode, _: Args, context: Context) =>
    actorById(context.world, Number(of(event, "accountId"))),
};

/** What happened to pull requests, one type for each kind of event. */
export const timelineResolvers: Resolvers = {
  PullRequestTimelineItemsConnection: {
    ...CONNECTION,
    filteredCount: (source: { readonly filteredCount: number }) => source.filteredCount,
    updatedAt: (source: { readonly updatedAt: string }) => source.updatedAt,
  },
  PullRequestTimelineItemsEdge: EDGE,
  HeadRefForcePushedEvent: FORCE_PUSH,
  BaseRefForcePushedEvent: FORCE_PUSH,
  AutomaticBaseChangeSucceededEvent: {
    ...PULL_EVENT,
    oldBase: ({ event }: EventNode) => textOf(event, "from"),
    newBase: ({ event }: EventNode) => textOf(event, "to"),
  },
  BaseRefChangedEvent: {
    ...PULL_EVENT,
    databaseId: ({ event }: EventNode) => event.id,
    previousRefName: ({ event }: EventNode) => textOf(event, "from"),
    currentRefName: ({ event }: EventNode) => textOf(event, "to"),
  },
  ReviewDismissedEvent: {
    ...PULL_EVENT,
    databaseId: ({ event }: EventNode) => event.id,
    dismissalMessage: ({ event }: EventNode) => textOf(event, "message"),
    previousReviewState: ({ event }: EventNode) => textOf(event, "previousState"),
    review({ repository, pull, event }: EventNode) {
      const review = pull.reviews.find((one) => one.id === of(event, "reviewId"));
      return review === undefined ? null : { __typename: "PullRequestReview", repository, pull, review };
    },
    pullRequestCommit({ repository, pull, event }: EventNode, _: Args, context: Context) {
      const sha = textOf(event, "commit");
      const brought = sha !== null && pullContent(context.world, repository, pull).set.has(sha);
      return brought ? { __typename: "PullRequestCommit", repository, pull, sha } : null;
    },
  },
  MergedEvent: {
    ...PULL_EVENT,
    commit: ({ repository, event }: EventNode, _: Args, context: Context) =>
      commitNode(context.world, repository, textOf(event, "commit")),
    mergeRefName: ({ event }: EventNode) => textOf(event, "ref"),
  },
  ClosedEvent: EVENT,
  ReopenedEvent: EVENT,
  ReadyForReviewEvent: PULL_EVENT,
  ConvertToDraftEvent: PULL_EVENT,
  AssignedEvent: ASSIGNED,
  UnassignedEvent: ASSIGNED,
  LabeledEvent: LABELED,
  UnlabeledEvent: LABELED,
  RenamedTitleEvent: {
    ...EVENT,
    previousTitle: ({ event }: EventNode) => textOf(event, "from"),
    currentTitle: ({ event }: EventNode) => textOf(event, "to"),
  },
  ReviewRequestedEvent: PULL_EVENT,
  ReviewRequestRemovedEvent: PULL_EVENT,
  HeadRefDeletedEvent: { ...PULL_EVENT, headRefName: ({ pull }: EventNode) => pull.head.ref },
  HeadRefRestoredEvent: PULL_EVENT,
  AutoMergeEnabledEvent: PULL_EVENT,
  AutoMergeDisabledEvent: PULL_EVENT,
  AddedToMergeQueueEvent: PULL_EVENT,
  RemovedFromMergeQueueEvent: PULL_EVENT,
};
