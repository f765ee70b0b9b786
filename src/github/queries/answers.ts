/** Shapes of GitHub's GraphQL answers, turned into the domain's facts. Nulls in lists are dropped: GitHub sends them for what it hides. */

import { z } from "zod";
import { type Check } from "../../domain/change/review.ts";
import { connection, single, NOTHING } from "../api/partial-list.ts";
import { InstantShape, ShaShape } from "./shapes.ts";
import { WEB_FLOW_ID, type Actor } from "../../domain/change/people.ts";
import { type Commit } from "../../domain/change/commit.ts";

const Id = z.int().nullish();

/** Parses GraphQL's actor. A ghost is null; so is an account without a number, for it cannot be compared. */
export const ActorAnswer = z
  .object({
    __typename: z.enum(["User", "Bot", "Mannequin", "Organization", "EnterpriseUserAccount"]),
    login: z.string(),
    databaseId: Id,
    user: z.object({ databaseId: Id }).nullish(),
  })
  .nullish()
  .transform((account): Actor | null => {
    const id = account?.databaseId ?? account?.user?.databaseId;
    if (account == null || id == null) return null;
    // REST and webhooks write a bot's login with its suffix, GraphQL without.
    const isBare = account.__typename === "Bot" && !account.login.endsWith("[bot]");
    return { id, login: isBare ? `${account.login}[bot]` : account.login, type: account.__typename };
  });

/** Parses an object id alone. */
export const Oid = z.object({ oid: ShaShape });

const GitUser = z.object({ user: z.object({ databaseId: Id, login: z.string() }).nullish() }).nullish();

function person(git: z.infer<typeof GitUser>): Actor | null {
  const id = git?.user?.databaseId;
  return id == null || git?.user == null ? null : { id, login: git.user.login, type: "User" };
}

/** Parses a commit as {@link Commit}. */
export const CommitAnswer = z
  .object({
    oid: ShaShape,
    tree: Oid,
    parents: connection(Oid),
    authors: connection(GitUser),
    committer: GitUser,
    committedViaWeb: z.boolean(),
    signature: z
      .object({ isValid: z.boolean(), signer: z.object({ databaseId: Id, login: z.string() }).nullish() })
      .nullish(),
  })
  .transform((commit): Commit => {
    const { authors, parents } = commit;
    const named = (authors.isWhole ? authors.entries : authors.seen).map(person);
    const webFlow: Actor = { id: WEB_FLOW_ID, login: "web-flow", type: "User" };
    const signer = commit.signature?.isValid === true ? person({ user: commit.signature.signer }) : null;
    return {
      sha: commit.oid,
      tree: commit.tree.oid,
      // Of more than two nothing is ever proven clean: which they all are does not matter.
      parents: (parents.isWhole ? parents.entries : parents.seen).map(({ oid }) => oid),
      // Authors beyond the first twenty, or hidden, are people we have not seen.
      authors: authors.isWhole ? named : [...named, null],
      // GitHub attributes by itself what was made in its web interface, and does not always name its committer.
      committer: person(commit.committer) ?? (commit.committedViaWeb ? webFlow : null),
      // Where it was not requested, it is not known.
      ...(commit.signature === undefined ? {} : { signed: commit.signature?.isValid ?? false }),
      ...(signer === null ? {} : { signer }),
    };
  });

const RUN = z
  .object({
    __typename: z.literal("CheckRun"),
    name: z.string(),
    conclusion: z.string().nullish(),
    startedAt: InstantShape.nullish(),
    completedAt: InstantShape.nullish(),
    checkSuite: z
      .object({
        databaseId: Id,
        app: z.object({ databaseId: Id, slug: z.string() }).nullish(),
        workflowRun: z
          .object({
            event: z.string(),
            workflow: z.object({ databaseId: Id, name: z.string(), resourcePath: z.string() }),
          })
          .nullish(),
      })
      .nullish(),
  })
  .transform((run): Check => {
    const { app, databaseId: suite, workflowRun } = run.checkSuite ?? {};
    const workflow = workflowRun?.workflow;
    return {
      name: run.name,
      app: app?.databaseId == null ? null : { id: app.databaseId, slug: app.slug },
      conclusion: run.conclusion?.toLowerCase() ?? null,
      completedAt: run.completedAt ?? null,
      ...(run.startedAt == null ? {} : { startedAt: run.startedAt }),
      ...(suite == null ? {} : { suite }),
      ...(workflow?.databaseId == null
        ? {}
        : {
            workflow: {
              id: workflow.databaseId,
              name: workflow.name,
              file: workflow.resourcePath.split("/").at(-1) ?? "",
            },
            event: workflowRun?.event ?? "",
          }),
    };
  });

const STATUS = z
  .object({
    __typename: z.literal("StatusContext"),
    context: z.string(),
    state: z.string(),
    createdAt: InstantShape,
  })
  .transform((status): Check => {
    const isOpen = status.state === "PENDING" || status.state === "EXPECTED";
    return {
      name: status.context,
      app: null,
      conclusion: isOpen ? null : status.state.toLowerCase(),
      completedAt: isOpen ? null : status.createdAt,
      startedAt: status.createdAt,
    };
  });

/** The checks of a commit. */
const RollupAnswer = z
  .object({ contexts: connection(z.discriminatedUnion("__typename", [RUN, STATUS])) })
  .nullish()
  .transform((rollup) => rollup?.contexts ?? NOTHING);

/** An id GitHub gives twice, because the old field is too small for it. */
const ReviewId = z
  .object({ databaseId: Id, fullDatabaseId: z.union([z.string(), z.number(), z.bigint()]).nullish() })
  .transform(({ databaseId, fullDatabaseId }) =>
    fullDatabaseId == null ? (databaseId ?? null) : Number(fullDatabaseId),
  );

/** Parses one review as GitHub shows it today. `isMerge`: the commit it names merges another line in. */
export const ReviewAnswer = z.intersection(
  ReviewId.transform((id) => ({ id })),
  z.object({
    state: z.string(),
    submittedAt: InstantShape.nullish(),
    updatedAt: InstantShape,
    authorCanPushToRepository: z.boolean(),
    author: ActorAnswer,
    commit: z
      .object({ oid: ShaShape, parents: z.object({ totalCount: z.int() }) })
      .nullish()
      .transform((commit) =>
        commit == null ? null : { sha: commit.oid, isMerge: commit.parents.totalCount > 1 },
      ),
  }),
);

/** Parses a person assigned; null for bots and for whom GitHub hides. */
const UserAnswer = z
  .object({ databaseId: Id, login: z.string().optional() })
  .nullish()
  .transform((user): Actor | null =>
    user?.databaseId == null || user.login === undefined
      ? null
      : { id: user.databaseId, login: user.login, type: "User" },
  );

/** Parses one thing that happened to a pull request; null for kinds we did not request. */
export const TimelineAnswer = z
  .union([
    z.object({
      __typename: z.literal("HeadRefForcePushedEvent"),
      createdAt: InstantShape,
      actor: ActorAnswer,
      beforeCommit: Oid.nullish(),
      afterCommit: Oid.nullish(),
    }),
    z.object({
      __typename: z.literal("ReviewDismissedEvent"),
      createdAt: InstantShape,
      previousReviewState: z.string(),
      actor: ActorAnswer,
      review: ReviewId.nullish(),
    }),
    z.object({
      // The second is GitHub's own doing, where the branch that was the base was merged and deleted.
      __typename: z.enum(["BaseRefChangedEvent", "AutomaticBaseChangeSucceededEvent"]),
      createdAt: InstantShape,
      previousRefName: z.string().nullish(),
      currentRefName: z.string().nullish(),
    }),
    z.object({
      __typename: z.literal("RenamedTitleEvent"),
      createdAt: InstantShape,
      previousTitle: z.string(),
    }),
    z.object({ __typename: z.literal("MergedEvent"), createdAt: InstantShape }),
    z.object({ __typename: z.literal("AssignedEvent"), assignee: UserAnswer }),
    z.object({ __typename: z.string() }).transform(() => null),
  ])
  .nullish();

/** Parses a policy file's blob, another object in its place, or null where there is none. */
export const FileAnswer = z
  .union([
    z.object({
      __typename: z.literal("Blob"),
      oid: ShaShape,
      text: z.string().nullish(),
      isBinary: z.boolean().nullish(),
      isTruncated: z.boolean(),
    }),
    z.object({ __typename: z.enum(["Tree", "Commit", "Tag"]) }),
  ])
  .nullish();

/** Parses a repository with its policy file at the commit requested. */
export const PolicyAnswer = z.object({
  nameWithOwner: z.string(),
  policyCommit: Oid.nullish(),
  file: FileAnswer,
});

/** Parses the organisation's `.github` repository with its policy file; null where it was not found. */
export const OrganizationAnswer = z
  .object({
    nameWithOwner: z.string(),
    defaultBranchRef: z.object({ target: Oid.nullish() }).nullish(),
    file: FileAnswer,
  })
  .nullish();

/** A pull request that holds a commit. */
const HeldAnswer = z.object({
  number: z.int(),
  state: z.string(),
  headRefOid: ShaShape,
  baseRefName: z.string(),
});

/** Parses a label. */
export const LabelAnswer = z.object({ name: z.string() });

const PullAnswer = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string(),
  lastEditedAt: InstantShape.nullish(),
  userContentEdits: connection(z.object({ editedAt: InstantShape })).nullish(),
  url: z.string(),
  createdAt: InstantShape,
  updatedAt: InstantShape,
  state: z.enum(["OPEN", "CLOSED", "MERGED"]),
  isDraft: z.boolean(),
  isCrossRepository: z.boolean(),
  author: ActorAnswer,
  baseRefName: z.string(),
  baseRefOid: ShaShape,
  baseRef: z
    .object({
      target: Oid.extend({ file: z.object({ object: FileAnswer }).nullish() }).nullish(),
    })
    .nullish(),
  headRefName: z.string(),
  headRefOid: ShaShape,
  mergedAt: InstantShape.nullish(),
  mergedBy: ActorAnswer,
  mergeCommit: Oid.nullish(),
  additions: z.int(),
  deletions: z.int(),
  changedFiles: z.int(),
  labels: connection(LabelAnswer),
  reviews: connection(ReviewAnswer),
  commits: connection(z.object({ commit: CommitAnswer })),
  timelineItems: connection(TimelineAnswer),
  /** Where it began: the policy file that its first commit found. */
  first: single(
    z.object({
      commit: z.object({ parents: single(z.object({ file: z.object({ object: FileAnswer }).nullish() })) }),
    }),
  ),
  head: single(
    z.object({
      commit: z.object({
        oid: ShaShape,
        tree: Oid,
        file: z.object({ object: FileAnswer }).nullish(),
        associatedPullRequests: connection(HeldAnswer),
        statusCheckRollup: RollupAnswer,
      }),
    }),
  ),
});

/** Parses the answer to the query for one pull request. */
export const PullRequestAnswer = z.object({
  repository: z.object({ nameWithOwner: z.string(), pullRequest: PullAnswer.nullish() }),
  organization: OrganizationAnswer,
});

/** Parses the answer to the query for both policy files. */
export const PoliciesAnswer = z.object({ repository: PolicyAnswer, organization: OrganizationAnswer });

/** Parses the answer to the query for a commit's checks. */
export const ChecksAnswer = z.object({
  repository: z.object({ object: z.object({ statusCheckRollup: RollupAnswer }).nullish() }),
});

/** Parses a pull request that a commit is tied to, as far as it shows whether and where it landed. */
export const LandedAnswer = z.object({
  number: z.int(),
  merged: z.boolean(),
  baseRefName: z.string(),
  state: z.string(),
  headRefOid: ShaShape,
  mergeCommit: Oid.nullish(),
});

/** Parses the answer to the query for what an update introduced. */
export const ChangeAnswer = z.object({
  repository: z.object({
    workflows: Oid.nullish(),
    workflowsBefore: Oid.nullish(),
    submodules: Oid.nullish(),
    attributes: z.object({ text: z.string().nullish() }).nullish(),
    object: z
      .object({
        tree: Oid,
        messageHeadline: z.string().optional(),
        committedViaWeb: z.boolean().optional(),
        statusCheckRollup: RollupAnswer,
        history: connection(z.object({ oid: ShaShape, associatedPullRequests: connection(LandedAnswer) })),
      })
      .nullish(),
  }),
});

const TreeAnswer = z.object({ tree: Oid, parents: connection(Oid) }).nullish();

/** Parses the answer to the query for trees: each commit's (`commit0`, ...); null where GitHub does not know it. */
export const TreesAnswer = z.object({ repository: z.record(z.string(), TreeAnswer) });

const ContentsAt = z.record(z.string(), z.object({ oid: z.string(), mode: z.int() }).nullish());

/** Parses the answer to the query for contents: what each commit holds at each path (`file0`, ...). Null where nothing is there. */
export const ContentsAnswer = z.object({
  repository: z.object({
    a: ContentsAt.nullish(),
    b: ContentsAt.nullish(),
    c: ContentsAt.nullish(),
    d: ContentsAt.nullish(),
  }),
});

/** Parses the answer to the query for what exists at paths: null where nothing does. */
export const PathsAnswer = z.object({
  repository: z.object({
    object: z.record(z.string(), z.object({ oid: z.string() }).nullish()).nullish(),
  }),
});

/** Parses an open pull request in a list. */
export const OpenPullAnswer = z
  .object({ number: z.int(), headRefOid: ShaShape, baseRefName: z.string() })
  .transform(({ number, headRefOid: headSha, baseRefName: baseRef }) => ({ number, headSha, baseRef }));

/** Parses the answer to the query for open pull requests. */
export const OpenPullsAnswer = z.object({
  repository: z.object({ pullRequests: connection(OpenPullAnswer) }),
});

/** Parses the answer to the query for pull requests that hold a commit. */
export const PullsWithAnswer = z.object({
  repository: z.object({
    object: z
      .object({
        associatedPullRequests: connection(HeldAnswer),
      })
      .nullish(),
  }),
});

/** Parses the answer to the query for branches. */
export const BranchesAnswer = z.object({
  repository: z.object({
    refs: connection(z.object({ name: z.string(), target: Oid.nullish() })).nullish(),
  }),
});

/** Parses the answer to the query for a merge group. */
export const MergeGroupAnswer = z.object({
  repository: z.object({
    mergeQueue: z
      .object({
        entries: connection(
          z.object({
            position: z.int(),
            baseCommit: Oid.nullish(),
            headCommit: Oid.nullish(),
            pullRequest: z.object({ number: z.int() }).nullish(),
          }),
        ),
      })
      .nullish(),
    object: z.object({ statusCheckRollup: RollupAnswer }).nullish(),
  }),
});
