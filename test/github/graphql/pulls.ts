import { dismissReview, takeForceOut } from "../acts/reviews.ts";
import type { PullRequest, Repository, Review, Team } from "../model.ts";
import { Refused } from "../refused.ts";
import { teamMembers } from "../rest/accounts.ts";
import { actingAccount } from "../rest/route.ts";
import { mergeability, queueRule } from "../rules.ts";
import { htmlUrl, iso, isoOrNull } from "../shapes/form.ts";
import { authorAssociation } from "../shapes/accounts.ts";
import { pullContent } from "../shapes/pulls.ts";
import { rollupNode } from "./checks.ts";
import { CONNECTION, connection, EDGE } from "./connection.ts";
import {
  listArg,
  need,
  numberArg,
  objectArg,
  problem,
  textArg,
  type Args,
  type Context,
  type Resolvers,
} from "./context.ts";
import { nodeById } from "./node-by-id.ts";
import {
  actorById,
  commitNode,
  madeNodeId,
  pullNode,
  refNode,
  type CommentNode,
  type LabelNode,
  type PullCommitNode,
  type PullNode,
  type ReviewNode,
} from "./nodes.ts";
import { queueOf } from "./queues.ts";
import { timeline } from "./timeline.ts";

function pullPath(context: Context, repository: Repository, pull: PullRequest): string {
  return `/${context.world.fullName(repository)}/pull/${pull.number}`;
}

/** A pull request's state as GraphQL spells it. */
export function pullState(pull: PullRequest): "OPEN" | "CLOSED" | "MERGED" {
  return pull.merged !== null ? "MERGED" : pull.state === "open" ? "OPEN" : "CLOSED";
}

function headRepository(context: Context, pull: PullRequest): Repository | null {
  const held =
    pull.head.repositoryId === null ? undefined : context.world.repositories.get(pull.head.repositoryId);
  return held === undefined || held.deleted ? null : held;
}

function reviewNodes(
  repository: Repository,
  pull: PullRequest,
  reviews: readonly Review[],
  args: Args,
): unknown {
  return connection(
    args,
    reviews,
    (one) => one.id,
    (review) => ({ __typename: "PullRequestReview" as const, repository, pull, review }),
  );
}

function isReview(node: unknown): node is ReviewNode {
  return typeof node === "object" && node !== null && "review" in node && "pull" in node;
}

function newestByAuthor(reviews: readonly Review[]): Review[] {
  return [...new Map(reviews.map((one) => [one.authorId, one])).values()];
}

function files(
  { repository, pull }: PullNode,
  context: Context,
): ReturnType<ReturnType<Context["world"]["git"]>["differences"]> {
  const { mergeBase, head } = pullContent(context.world, repository, pull);
  return context.world.git(repository).differences(mergeBase, head);
}

const CHANGE_TYPES = {
  added: "ADDED",
  removed: "DELETED",
  modified: "MODIFIED",
  renamed: "RENAMED",
  copied: "COPIED",
  changed: "CHANGED",
} as const;

/** Pull requests, their reviews, labels and comments. */
export const pullResolvers: Resolvers = {
  PullRequest: {
    id: ({ pull }: PullNode) => pull.nodeId,
    databaseId: ({ pull }: PullNode) => pull.id,
    fullDatabaseId: ({ pull }: PullNode) => String(pull.id),
    number: ({ pull }: PullNode) => pull.number,
    title: ({ pull }: PullNode) => pull.title,
    body: ({ pull }: PullNode) => pull.body ?? "",
    bodyText: ({ pull }: PullNode) => pull.body ?? "",
    lastEditedAt: ({ pull }: PullNode) => isoOrNull(pull.bodyEdits.at(-1) ?? null),
    // GitHub counts what was written first as an edit too, once there is another.
    userContentEdits: ({ pull }: PullNode, args: Args) => {
      const all = pull.bodyEdits.length === 0 ? [] : [pull.createdAt, ...pull.bodyEdits];
      return connection(
        args,
        all.toReversed(),
        (at) => String(at),
        (at) => ({ __typename: "UserContentEdit" as const, id: `UCE_${pull.nodeId}_${at}`, at }),
      );
    },
    url: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      htmlUrl(context.world, pullPath(context, repository, pull)),
    permalink: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      htmlUrl(context.world, pullPath(context, repository, pull)),
    resourcePath: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      pullPath(context, repository, pull),
    repository: ({ repository }: PullNode) => ({ __typename: "Repository", repository }),
    author: ({ pull }: PullNode, _: Args, context: Context) => actorById(context.world, pull.authorId),
    authorAssociation: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      authorAssociation(context.world, repository, pull.authorId),
    createdAt: ({ pull }: PullNode) => iso(pull.createdAt),
    updatedAt: ({ pull }: PullNode) => iso(pull.updatedAt),
    closedAt: ({ pull }: PullNode) => isoOrNull(pull.closedAt),
    closed: ({ pull }: PullNode) => pull.state === "closed",
    state: ({ pull }: PullNode) => pullState(pull),
    isDraft: ({ pull }: PullNode) => pull.draft,
    isCrossRepository: ({ pull }: PullNode) => pull.head.repositoryId !== pull.base.repositoryId,
    locked: ({ pull }: PullNode) => pull.locked,
    merged: ({ pull }: PullNode) => pull.merged !== null,
    mergedAt: ({ pull }: PullNode) => isoOrNull(pull.merged?.at ?? null),
    mergedBy: ({ pull }: PullNode, _: Args, context: Context) =>
      actorById(context.world, pull.merged?.byId ?? null),
    mergeCommit: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      commitNode(context.world, repository, pull.merged?.commit ?? null),
    mergeable({ repository, pull }: PullNode, _: Args, context: Context) {
      const { mergeable } = mergeability(context.world, repository, pull);
      return mergeable === null ? "UNKNOWN" : mergeable ? "MERGEABLE" : "CONFLICTING";
    },
    autoMergeRequest: ({ repository, pull }: PullNode) =>
      pull.autoMerge === null ? null : { repository, pull },
    baseRefName: ({ pull }: PullNode) => pull.base.ref,
    // As in REST, the base as it was when the head last moved, not where the branch is now.
    baseRefOid: ({ pull }: PullNode) => pull.base.sha,
    baseRef: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      refNode(context.world, repository, `refs/heads/${pull.base.ref}`),
    baseRepository: ({ repository }: PullNode) => ({ __typename: "Repository", repository }),
    headRefName: ({ pull }: PullNode) => pull.head.ref,
    headRefOid: ({ pull }: PullNode) => pull.head.sha,
    headRef: ({ pull }: PullNode, _: Args, context: Context) =>
      refNode(context.world, headRepository(context, pull), `refs/heads/${pull.head.ref}`),
    headRepository({ pull }: PullNode, _: Args, context: Context) {
      const held = headRepository(context, pull);
      return held === null ? null : { __typename: "Repository", repository: held };
    },
    additions: (source: PullNode, _: Args, context: Context) =>
      files(source, context).reduce((sum, file) => sum + file.additions, 0),
    deletions: (source: PullNode, _: Args, context: Context) =>
      files(source, context).reduce((sum, file) => sum + file.deletions, 0),
    changedFiles: (source: PullNode, _: Args, context: Context) => files(source, context).length,
    files: (source: PullNode, args: Args, context: Context) =>
      connection(
        args,
        files(source, context),
        (file) => file.path,
        (file) => file,
      ),
    labels: ({ repository, pull }: PullNode, args: Args) =>
      connection(
        args,
        [...pull.labels].flatMap((name) => repository.labels.get(name) ?? []),
        (label) => label.id,
        (label) => ({ __typename: "Label" as const, repository, label }),
      ),
    comments: ({ repository, pull }: PullNode, args: Args) =>
      connection(
        args,
        [...repository.comments.values()].filter((one) => one.number === pull.number && !one.deleted),
        (one) => one.id,
        (comment) => ({ __typename: "IssueComment" as const, repository, comment }),
      ),
    commits: ({ repository, pull }: PullNode, args: Args, context: Context) =>
      connection(
        args,
        pullContent(context.world, repository, pull).commits,
        (sha) => sha,
        (sha) => ({ __typename: "PullRequestCommit" as const, repository, pull, sha }),
      ),
    reviews({ repository, pull }: PullNode, args: Args, context: Context) {
      const [states, author] = [listArg(args, "states"), textArg(args, "author")];
      const by = author === undefined ? undefined : context.world.accountByLogin(author);
      const found = pull.reviews
        .filter((one) => states === undefined || states.includes(one.state))
        .filter((one) => author === undefined || one.authorId === by?.id);
      return reviewNodes(repository, pull, found, args);
    },
    latestReviews: ({ repository, pull }: PullNode, args: Args) =>
      reviewNodes(repository, pull, newestByAuthor(pull.reviews), args),
    latestOpinionatedReviews({ repository, pull }: PullNode, args: Args, context: Context) {
      const found = newestByAuthor(pull.reviews.filter((one) => one.state !== "COMMENTED")).filter(
        (one) =>
          args["writersOnly"] !== true ||
          context.world.may(context.world.account(one.authorId), "write", repository),
      );
      return reviewNodes(repository, pull, found, args);
    },
    timelineItems(source: PullNode, args: Args, context: Context) {
      const types = listArg(args, "itemTypes");
      const all = timeline(source, context);
      const found = all.filter((item) => types === undefined || types.includes(item.type));
      const page = connection(
        args,
        found.slice(numberArg(args, "skip") ?? 0),
        (item) => item.key,
        (item) => item.node,
      );
      return {
        ...page,
        totalCount: all.length,
        filteredCount: found.length,
        updatedAt: iso(source.pull.updatedAt),
      };
    },
    statusCheckRollup: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      rollupNode(context, repository, pull.head.sha),
    isInMergeQueue: ({ repository, pull }: PullNode) => queueOf(repository, pull) !== null,
    isMergeQueueEnabled: ({ repository, pull }: PullNode, _: Args, context: Context) =>
      queueRule(context.world, repository, pull.base.ref) !== undefined,
    mergeQueueEntry({ repository, pull }: PullNode, _: Args, context: Context) {
      need(context, "merge_queues:read");
      return queueOf(repository, pull);
    },
  },
  PullRequestConnection: CONNECTION,
  PullRequestEdge: EDGE,
  UserContentEdit: {
    id: ({ id }: { readonly id: string }) => id,
    editedAt: ({ at }: { readonly at: number }) => iso(at),
  },
  UserContentEditConnection: CONNECTION,
  UserContentEditEdge: EDGE,
  AutoMergeRequest: {
    enabledAt: ({ pull }: PullNode) => isoOrNull(pull.autoMerge?.at ?? null),
    enabledBy: ({ pull }: PullNode, _: Args, context: Context) =>
      actorById(context.world, pull.autoMerge?.byId ?? null),
    mergeMethod: ({ pull }: PullNode) => pull.autoMerge?.method.toUpperCase() ?? "MERGE",
    pullRequest: ({ repository, pull }: PullNode) => pullNode(repository, pull),
  },
  PullRequestCommit: {
    id: ({ repository, pull, sha }: PullCommitNode) =>
      madeNodeId("PURC", repository, `${pull.number}:${sha}`),
    commit: ({ repository, sha }: PullCommitNode, _: Args, context: Context) =>
      commitNode(context.world, repository, sha),
    pullRequest: ({ repository, pull }: PullCommitNode) => pullNode(repository, pull),
  },
  PullRequestCommitConnection: CONNECTION,
  PullRequestCommitEdge: EDGE,
  PullRequestChangedFile: {
    path: (file: { readonly path: string }) => file.path,
    additions: (file: { readonly additions: number }) => file.additions,
    deletions: (file: { readonly deletions: number }) => file.deletions,
    changeType: (file: { readonly status: keyof typeof CHANGE_TYPES }) => CHANGE_TYPES[file.status],
  },
  PullRequestChangedFileConnection: CONNECTION,
  PullRequestChangedFileEdge: EDGE,
  PullRequestReview: {
    id: ({ review }: ReviewNode) => review.nodeId,
    databaseId: ({ review }: ReviewNode) => review.id,
    fullDatabaseId: ({ review }: ReviewNode) => String(review.id),
    author: ({ review }: ReviewNode, _: Args, context: Context) => actorById(context.world, review.authorId),
    authorAssociation: ({ repository, review }: ReviewNode, _: Args, context: Context) =>
      authorAssociation(context.world, repository, review.authorId),
    authorCanPushToRepository: ({ repository, review }: ReviewNode, _: Args, context: Context) =>
      context.world.may(context.world.account(review.authorId), "write", repository),
    body: ({ review }: ReviewNode) => review.body,
    state: ({ review }: ReviewNode) => review.state,
    createdAt: ({ review }: ReviewNode) => iso(review.submittedAt),
    submittedAt: ({ review }: ReviewNode) => iso(review.submittedAt),
    updatedAt: ({ review }: ReviewNode) => iso(review.updatedAt),
    lastEditedAt: ({ review }: ReviewNode) =>
      review.updatedAt === review.submittedAt || review.state === "DISMISSED" ? null : iso(review.updatedAt),
    commit: ({ repository, review }: ReviewNode, _: Args, context: Context) =>
      commitNode(context.world, repository, review.commitId),
    onBehalfOf({ pull, review }: ReviewNode, args: Args, context: Context) {
      // The teams that were asked for a review, and have one by this member.
      const teams = [...pull.requestedTeams].flatMap((id): readonly Team[] => {
        const team = context.world.teams.get(id);
        return team !== undefined && teamMembers(context, team).has(review.authorId) ? [team] : [];
      });
      return connection(
        args,
        teams,
        (team) => team.id,
        (team) => ({ __typename: "Team" as const, team }),
      );
    },
    pullRequest: ({ repository, pull }: ReviewNode) => pullNode(repository, pull),
    repository: ({ repository }: ReviewNode) => ({ __typename: "Repository", repository }),
    url: ({ repository, pull, review }: ReviewNode, _: Args, context: Context) =>
      htmlUrl(context.world, `${pullPath(context, repository, pull)}#pullrequestreview-${review.id}`),
  },
  Mutation: {
    dismissPullRequestReview(_: unknown, args: Args, context: Context) {
      const { caller, primary: world } = context;
      const input = objectArg(args, "input");
      const id = textArg(input, "pullRequestReviewId") ?? "";
      const found = nodeById({ ...context, world }, id);
      if (!isReview(found))
        throw problem("NOT_FOUND", `Could not resolve to a node with the global id of '${id}'`);
      const { repository, pull, review } = found;
      need(context, "pull_requests:write");
      const by = actingAccount(world, caller);
      const message = textArg(input, "message") ?? null;
      try {
        if (caller.kind === "user") dismissReview(world, repository, pull, by, review, message);
        else takeForceOut(world, repository, pull, by, review, message);
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        throw problem(error.status === 403 ? "FORBIDDEN" : "UNPROCESSABLE", error.message);
      }
      return { clientMutationId: input["clientMutationId"] ?? null, review: found };
    },
  },
  DismissPullRequestReviewPayload: {
    clientMutationId: (source: { readonly clientMutationId: unknown }) => source.clientMutationId,
    pullRequestReview: (source: { readonly review: ReviewNode }) => source.review,
  },
  PullRequestReviewConnection: CONNECTION,
  PullRequestReviewEdge: EDGE,
  Label: {
    id: ({ label }: LabelNode) => label.nodeId,
    name: ({ label }: LabelNode) => label.name,
    color: ({ label }: LabelNode) => label.color,
    description: ({ label }: LabelNode) => label.description,
  },
  LabelConnection: CONNECTION,
  LabelEdge: EDGE,
  IssueComment: {
    id: ({ comment }: CommentNode) => comment.nodeId,
    databaseId: ({ comment }: CommentNode) => comment.id,
    fullDatabaseId: ({ comment }: CommentNode) => String(comment.id),
    author: ({ comment }: CommentNode, _: Args, context: Context) =>
      actorById(context.world, comment.authorId),
    authorAssociation: ({ repository, comment }: CommentNode, _: Args, context: Context) =>
      authorAssociation(context.world, repository, comment.authorId),
    body: ({ comment }: CommentNode) => comment.body,
    createdAt: ({ comment }: CommentNode) => iso(comment.createdAt),
    updatedAt: ({ comment }: CommentNode) => iso(comment.updatedAt),
    lastEditedAt: ({ comment }: CommentNode) =>
      comment.updatedAt === comment.createdAt ? null : iso(comment.updatedAt),
  },
  IssueCommentConnection: CONNECTION,
  IssueCommentEdge: EDGE,
};
