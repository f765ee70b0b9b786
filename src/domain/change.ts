/** Facts about people, commits, pull requests and updates of production branches, as gathered before anything is judged. */

import { z } from "zod";
import type { Infer } from "./schema.ts";

/** Describes {@link Sha}. */
export const ShaSchema = z.string().describe("a full git object id");

/** A full git object id, 40 (or 64) lower-case hex digits. */
export type Sha = Infer<typeof ShaSchema>;

/** Describes {@link Instant}. */
export const InstantSchema = z.int().describe("milliseconds since 1970-01-01T00:00:00Z");

/** An instant: milliseconds since 1970-01-01T00:00:00Z. GitHub's own times are whole seconds. */
export type Instant = Infer<typeof InstantSchema>;

/** The object id GitHub reports for "nothing was there" in a ref update. */
export const NO_COMMIT: Sha = "0".repeat(40);

/** Describes {@link Actor}. */
export const ActorSchema = z.object({
  id: z.int(),
  login: z.string(),
  type: z.enum(["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"]),
});

/** A person, bot or app. Compared by `id`, never by login. `type` is GitHub's own account type. */
export type Actor = Infer<typeof ActorSchema>;

/** GitHub's own committer for commits made in its web editor: it stands for nobody. */
export const WEB_FLOW_ID = 19864447;

const BasisSchema = z.enum(["observed", "read-later"]);

/** How a fact came to be known: seen when it happened (told by a webhook, or read within ten minutes), or read from GitHub afterwards (lower assurance, counted apart). */
export type Basis = Infer<typeof BasisSchema>;

/** Describes {@link Repository}. */
export const RepositorySchema = z.object({
  id: z.int(),
  owner: z.string(),
  ownerId: z.int(),
  name: z.string(),
  visibility: z.enum(["public", "private", "internal"]),
  defaultBranch: z.string(),
  topics: z.array(z.string()).exactOptional().describe("Lower case, sorted; absent: it has none"),
});

/** One repository; `id` survives renames and transfers. */
export type Repository = Infer<typeof RepositorySchema>;

/** Describes {@link Commit}. */
const CommitSchema = z.object({
  sha: ShaSchema,
  tree: ShaSchema,
  parents: z.array(ShaSchema),
  authors: z
    .array(ActorSchema.nullable())
    .describe(
      "Author and co-authors as GitHub attributes them (forgeable: they may only exclude, never vouch)",
    ),
  committer: ActorSchema.nullable().describe(
    "`null`: unknown; an actor with id WEB_FLOW_ID: made in GitHub's web interface",
  ),
  signed: z.boolean().exactOptional().describe("Whether GitHub found its signature valid; absent: not read"),
  signer: ActorSchema.exactOptional().describe(
    "Whose valid signature it bears; absent: nobody's, or not read",
  ),
});

/** One commit. `null` in `authors` or as `committer` is an account GitHub cannot name: an unknown person. */
export type Commit = Infer<typeof CommitSchema>;

const PushSchema = z.object({
  before: ShaSchema,
  after: ShaSchema,
  actor: ActorSchema.nullable(),
  at: InstantSchema,
  forced: z.boolean(),
  basis: BasisSchema,
});

/** Someone seen to move a branch; unforgeable. */
export type Push = Infer<typeof PushSchema>;

/** What a person may do in a repository, from least to most. */
export const PERMISSIONS = ["none", "read", "triage", "write", "maintain", "admin"] as const;

/** Describes {@link Permission}. */
export const PermissionSchema = z.enum(PERMISSIONS);

/** A repository permission, least first in {@link PERMISSIONS}. */
export type Permission = Infer<typeof PermissionSchema>;

/** Describes {@link Authority}. */
export const AuthoritySchema = z.object({
  actor: ActorSchema,
  permission: z.enum([...PermissionSchema.options, "unknown"]),
  teams: z.array(z.string()),
  organizations: z.array(z.string()),
  unread: z
    .array(z.string())
    .describe(
      'Teams and organisations asked for that GitHub would not list: membership unknown, never "not a member". Lower case.',
    ),
  asked: z
    .array(z.string())
    .exactOptional()
    .describe("Teams and organisations whose members were looked through, lower case; absent: none"),
  doubted: z
    .array(z.string())
    .exactOptional()
    .describe(
      "Logins of the policy, lower case, of which it cannot be told that they mean this account: one of them changed hands since. Absent: none.",
    ),
  at: InstantSchema,
  basis: BasisSchema,
});

/** The authority someone held when it was read. Team slugs are `org/slug`, lower case. */
export type Authority = Infer<typeof AuthoritySchema>;

/** Stands for the repository of a pull request among the names of teams and organisations, of which none can be so. */
export const HERE = "@here";

const RightToldSchema = z.object({
  of: z
    .string()
    .describe(
      "A team (`org/slug`) or an organisation, lower case; `@here`: the repository, `@here by` a team: what it was given there",
    ),
  gained: z.boolean().describe("False: lost"),
  atLeast: PermissionSchema.exactOptional().describe(
    "What was given in the repository, at least; absent: not told",
  ),
  at: InstantSchema,
  later: z.enum(["yes", "no", "unknown"]).describe("Whether it came after the approval"),
});

/** A right somebody gained or lost around an approval of theirs, as a webhook told it. */
export type RightTold = Infer<typeof RightToldSchema>;

const GivenSchema = z.object({
  review: z.int(),
  readings: z
    .array(AuthoritySchema)
    .describe(
      "What its giver might do, as first read after it was given; more than one where the first left something open",
    ),
  told: z.array(RightToldSchema).describe("Oldest first"),
});

/** What was seen of somebody's rights around the moment an approval was given. */
export type Given = Infer<typeof GivenSchema>;

/** Describes {@link Review}. */
export const ReviewSchema = z.object({
  id: z.int(),
  author: ActorSchema.nullable(),
  state: z
    .enum(["approved", "changes-requested", "commented", "unknown"])
    .describe("The state it was given with, also when it was dismissed later"),
  submittedAt: InstantSchema,
  commit: ShaSchema.nullable().describe(
    "The commit it was given on: as seen when its webhook came, else as GitHub says now; null when neither can tell",
  ),
  basis: BasisSchema,
  dismissed: z
    .object({
      at: InstantSchema,
      by: ActorSchema.nullable(),
    })
    .nullable(),
});

/** A submitted review. */
export type Review = Infer<typeof ReviewSchema>;

/** Describes {@link Check}. */
export const CheckSchema = z.object({
  name: z.string(),
  app: z
    .object({
      id: z.int(),
      slug: z.string(),
    })
    .nullable(),
  conclusion: z.string().nullable(),
  completedAt: InstantSchema.nullable(),
  startedAt: InstantSchema.exactOptional().describe("Absent: not told"),
  suite: z
    .int()
    .exactOptional()
    .describe("The check suite it belongs to: one run of a workflow, or all runs of an app. Absent: none"),
  workflow: z
    .object({ id: z.int(), name: z.string(), file: z.string() })
    .exactOptional()
    .describe("The workflow whose job it is; absent: none, or not told"),
  event: z.string().exactOptional().describe("What began the workflow; absent as `workflow` is"),
});

/** A check run or commit status on a commit; a status has no app. */
export type Check = Infer<typeof CheckSchema>;

const SameContentSchema = z.object({
  from: ShaSchema,
  to: ShaSchema,
  proof: z
    .enum(["tree", "patch", "different", "unknown"])
    .describe(
      "`tree`: identical trees. `patch`: identical patch against the base. `different`: proven to differ. `unknown`: GitHub would not tell.",
    ),
});

/** A proof that two commits hold the same contribution against the base, or that none was found. */
export type SameContent = Infer<typeof SameContentSchema>;

const ChangedFileSchema = z.object({
  path: z.string(),
  oldPath: z.string().nullable(),
  status: z.enum(["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]),
});

/** A file a pull request touches; `oldPath` is set when it was renamed or copied. */
export type ChangedFile = Infer<typeof ChangedFileSchema>;

const EarlierHeadSchema = z.object({
  head: ShaSchema,
  commits: z.array(CommitSchema).nullable().describe("Null: GitHub no longer knows them"),
});

/** The commits a pull request had at an earlier head, without those of its base. */
export type EarlierHead = Infer<typeof EarlierHeadSchema>;

const TouchedFilesSchema = z.object({
  commit: ShaSchema,
  files: z.array(ChangedFileSchema).nullable().describe("Null: GitHub would not list them all"),
  standing: z
    .array(z.string())
    .describe("Those of their paths, old and new, at which the head of the pull request holds something"),
});

/** The files one commit touches; of a merge, what it changes against its first parent. */
export type TouchedFiles = Infer<typeof TouchedFilesSchema>;

const KeyHolderSchema = z.object({
  actor: ActorSchema,
  from: InstantSchema,
  until: InstantSchema.nullable().describe("Null: it still is"),
});

/** Somebody of whom a deploy key with write access is or was there: what anybody pushes with it looks like their push. */
export type KeyHolder = Infer<typeof KeyHolderSchema>;

const ElsewhereSchema = z.object({
  actor: ActorSchema,
  commits: z.array(ShaSchema),
  among: z.array(ShaSchema).describe("The commits that were looked at"),
});

/** The commits, or patches, of a pull request that someone was seen to push on another branch before they came to it. */
export type Elsewhere = Infer<typeof ElsewhereSchema>;

const MergedIntoSchema = z.object({
  pull: z.int(),
  into: z
    .int()
    .nullable()
    .describe("The pull request into whose branch it was merged; null: into this one's"),
  head: ShaSchema,
  mergeCommit: ShaSchema,
  pushes: z
    .array(PushSchema.pick({ before: true, after: true, actor: true, at: true }))
    .describe("Everyone seen to push to its branch; none: nobody was seen"),
});

/** A pull request merged into the branch of this one, or into the branch of one that was. */
export type MergedInto = Infer<typeof MergedIntoSchema>;

const BroughtPolicySchema = z.object({
  path: z.string(),
  problems: z.array(
    z.object({
      line: z.int(),
      column: z.int(),
      message: z.string(),
    }),
  ),
  notes: z
    .array(z.string())
    .exactOptional()
    .describe("What is no problem, and whoever reviews it should know; absent: nothing"),
  judgedBy: ShaSchema.nullable()
    .exactOptional()
    .describe(
      "Set where it does nothing but mend the file: the commit of the version it is judged by; null: there was none that could be used",
    ),
});

/** A policy file that a pull request changes, and its problems by line and column, both from 1; none: it is fine. */
export type BroughtPolicy = Infer<typeof BroughtPolicySchema>;

const OwnersErrorSchema = z.object({ line: z.int(), kind: z.string() });

/** One thing that GitHub finds wrong with a CODEOWNERS file, by its line from 1. `kind` is GitHub's own word. */
export type OwnersError = Infer<typeof OwnersErrorSchema>;

const OwnersFileSchema = z.discriminatedUnion("state", [
  z.object({
    state: z.literal("found"),
    path: z.string(),
    commit: ShaSchema,
    text: z.string(),
    errors: z
      .array(OwnersErrorSchema)
      .exactOptional()
      .describe("What GitHub itself finds wrong with it; absent: it was not asked, or does not say"),
  }),
  z.object({
    state: z.literal("absent"),
  }),
  z.object({
    state: z.literal("unreadable"),
    because: z.string(),
  }),
]);

/** The CODEOWNERS file of a base, or why there is none. */
export type OwnersFile = Infer<typeof OwnersFileSchema>;

const DescriptionSchema = z.object({
  text: z.string().nullable(),
  basis: BasisSchema,
});

/** Describes {@link Acceptance}. */
export const AcceptanceSchema = z.object({
  by: ActorSchema,
  reason: z.string(),
  at: InstantSchema,
  head: ShaSchema.describe("The head it was given for: another content is another question"),
  controls: z.array(z.string()).describe("The controls that were unverifiable then"),
  commentId: z.int(),
});

/** Entry `acceptance`, subject = `repositoryId#number`: who answers for what could not be verified of which content. */
export type Acceptance = Infer<typeof AcceptanceSchema>;

const NotShownSchema = z.object({ what: z.string(), since: InstantSchema });

/** Something a webhook told, or an answer implies, that GitHub's answers do not show yet; `since` is when it was so. */
export type NotShown = Infer<typeof NotShownSchema>;

const CutSchema = z.enum(["reviews", "events", "labels", "checks"]);

/** A list that GitHub gave only in part: the reviews of a pull request, what happened to it, its labels; the checks of a commit. */
export type Cut = Infer<typeof CutSchema>;

const UpdateKindSchema = z.enum([
  "pull-request",
  "queue",
  "push",
  "force-push",
  "branch-created",
  "branch-deleted",
  // GitHub calls it by a word that is not known here.
  "unknown",
]);

/** How a ref came to be updated, GitHub's own activity types in the field's terms. */
export type UpdateKind = Infer<typeof UpdateKindSchema>;

const LandedBeforeSchema = z.object({
  changeId: z.string(),
  ref: z.string(),
  before: ShaSchema,
  after: ShaSchema,
  at: InstantSchema,
  kind: UpdateKindSchema,
  verdict: z.string(),
  waived: z.array(z.string()).describe("The controls that were waived"),
  pulls: z.array(z.int()),
  approvers: z.array(ActorSchema),
  asked: z.string().describe("The digest of what was asked of it; empty where no policy was known"),
  basis: BasisSchema.describe("`read-later` where the landing was found late, or one of its approvals was"),
});

/** A recorded update of an integration branch: what it brought was judged when it landed there. */
export type LandedBefore = Infer<typeof LandedBeforeSchema>;

const HoldersSchema = z.object({
  source: z.string().describe("The source in words, as the check run words it"),
  people: z.array(ActorSchema).describe("Those who can review here"),
  unable: z
    .array(z.object({ name: z.string(), because: z.enum(["no-account", "no-team", "no-access"]) }))
    .describe("Those who cannot: no such account or team, or no access to the repository"),
  complete: z.boolean().describe("False: there are, or may be, more than these"),
});

/** The people whom one source of approvals names, as far as GitHub shows them. */
export type Holders = Infer<typeof HoldersSchema>;

/** Describes {@link PullRequest}. */
export const PullRequestSchema = z.object({
  repository: RepositorySchema,
  number: z.int(),
  title: z.string().describe("Its title, as of the merge once it has merged"),
  url: z.string(),
  author: ActorSchema.nullable(),
  requestedBy: z
    .array(ActorSchema)
    .exactOptional()
    .describe(
      "Of one that a bot opened: everyone ever assigned to it, who is taken to have asked the bot for it",
    ),
  createdAt: InstantSchema,
  state: z.enum(["open", "closed", "merged"]),
  draft: z.boolean(),
  base: z.object({
    ref: z.string(),
    sha: ShaSchema,
  }),
  head: z.object({
    ref: z.string(),
    sha: ShaSchema,
    tree: ShaSchema.nullable(),
    fork: z.boolean().exactOptional().describe("Whether it is in another repository; absent: not read"),
  }),
  retargetedAt: InstantSchema.nullable().describe(
    "When the base was last changed to another branch, if ever",
  ),
  labels: z.array(z.string()),
  size: z
    .object({
      additions: z.int(),
      deletions: z.int(),
      files: z.int(),
    })
    .exactOptional()
    .describe("Lines and files it changes; absent: not read"),
  files: z
    .object({
      list: z.array(ChangedFileSchema),
      complete: z.boolean(),
    })
    .exactOptional()
    .describe(
      "The changed files; absent where neither a policy nor who made them asks for them. `complete` is false when GitHub would not list them all.",
    ),
  broughtPolicy: BroughtPolicySchema.exactOptional().describe(
    "What is wrong with the policy file it would bring to its base; absent where it leaves the file as it is",
  ),
  owners: OwnersFileSchema.exactOptional().describe(
    "The base's CODEOWNERS; absent where no policy asks for it",
  ),
  body: DescriptionSchema.exactOptional().describe(
    "Its description, as of the merge once it has merged; absent where no policy asks for it",
  ),
  accepted: AcceptanceSchema.exactOptional().describe(
    "Who accepted that something could not be verified, the last time somebody did",
  ),
  landedBefore: z
    .array(LandedBeforeSchema)
    .exactOptional()
    .describe("The recorded landings of its commits on integration branches; absent: none"),
  awaited: z
    .array(NotShownSchema)
    .exactOptional()
    .describe("What GitHub does not show yet and no judgement can do without; absent: nothing"),
  cut: z
    .array(CutSchema)
    .exactOptional()
    .describe("Its lists that were read only in part: there is more in them than is here. Absent: none"),
  unread: z
    .object({ because: z.string(), since: InstantSchema })
    .exactOptional()
    .describe(
      "Why GitHub could not answer what it holds, and since when; then no more is known of it than its number, and by its lists who opened it and what its head is. Absent: it was read",
    ),
  unshown: z
    .array(z.string())
    .exactOptional()
    .describe(
      "Approvals that webhooks told and GitHub did not show in ten minutes: they do not count. Absent: none.",
    ),
  commits: z.array(CommitSchema),
  commitsComplete: z.boolean().describe("False when GitHub would not list all commits"),
  earlier: z
    .array(EarlierHeadSchema)
    .exactOptional()
    .describe(
      "What it held before forced pushes replaced it; only heads that somebody's approval depends on. Absent: none",
    ),
  touched: z
    .array(TouchedFilesSchema)
    .exactOptional()
    .describe("What its commits touch; only those that somebody's approval depends on. Absent: none"),
  keyHolders: z
    .array(KeyHolderSchema)
    .exactOptional()
    .describe("Whose pushes may be another's, by a deploy key. Absent: nobody's, as far as known"),
  elsewhere: z
    .array(ElsewhereSchema)
    .exactOptional()
    .describe(
      "What approvers were seen to push elsewhere first, each asked once. Absent: nobody was asked about",
    ),
  mergedInto: z
    .array(MergedIntoSchema)
    .exactOptional()
    .describe("The pull requests merged into its branch. Absent: not asked"),
  pushes: z.array(PushSchema),
  reviews: z.array(ReviewSchema),
  checks: z.array(CheckSchema),
  authorities: z.array(AuthoritySchema),
  given: z
    .array(GivenSchema)
    .exactOptional()
    .describe("What was seen of the rights of those who approved when they did. Absent: nothing"),
  holders: z
    .array(HoldersSchema)
    .exactOptional()
    .describe(
      "Of an open one: whom each source names of which approvals were missing when it was read; absent: none were",
    ),
  sameContent: z
    .array(SameContentSchema)
    .describe("For each reviewed commit that is not the head, and for each merge of the base into the head"),
  merged: z
    .object({
      at: InstantSchema,
      by: ActorSchema.nullable(),
      commit: ShaSchema.nullable(),
    })
    .nullable(),
});

/** Everything known of one pull request at one moment; gathered whole before it is judged. */
export type PullRequest = Infer<typeof PullRequestSchema>;

const RefUpdateSchema = z.object({
  activityId: z.int().nullable().describe("GitHub's activity id; null when only the webhook told"),
  ref: z.string(),
  before: ShaSchema,
  after: ShaSchema,
  kind: UpdateKindSchema,
  told: z.string().exactOptional().describe("GitHub's own word for the kind, where it is not known here"),
  actor: ActorSchema.nullable(),
  at: InstantSchema,
  basis: BasisSchema,
});

/** One update of a branch as GitHub's activity list (or the push webhook) tells it. */
export type RefUpdate = Infer<typeof RefUpdateSchema>;

const ExternalContentSchema = z.object({
  path: z.string(),
  kind: z.enum(["submodule", "large-file", "unpinned"]),
  to: z.string(),
});

/** Something a changed file points at: the commit of a submodule, the digest of a large file, an action or workflow by a name that may move. */
export type ExternalContent = Infer<typeof ExternalContentSchema>;

const ApprovedElsewhereSchema = z.object({
  commit: ShaSchema.describe("The pushed commit that holds it"),
  isWhole: z.boolean().describe("Whether it is all that was pushed"),
  changeId: z.string(),
  ref: z.string().describe("The branch it was approved for"),
  pulls: z.array(z.int()),
  approvers: z.array(
    z.object({
      id: z.int().nullable(),
      login: z.string(),
    }),
  ),
});

/** A change of another branch that people approved, and whose patch a push brought once more. */
export type ApprovedElsewhere = Infer<typeof ApprovedElsewhereSchema>;

const ShippedContentSchema = z.object({
  pull: z.int(),
  coverage: z
    .enum(["identity", "replay", "residual", "unverifiable"])
    .describe("`identity`: same tree. `replay`: same patch on a moved base. `residual`: `files` differ."),
  files: z.array(z.string()),
});

/** Whether the shipped content of one pull request is its reviewed content. */
export type ShippedContent = Infer<typeof ShippedContentSchema>;

/** Describes {@link Change}. */
export const ChangeSchema = z.object({
  id: z
    .string()
    .describe(
      "Hash of repository id, ref, before, after and occurrence: the same by webhook, sweep or backfill",
    ),
  repository: RepositorySchema,
  update: RefUpdateSchema,
  occurrence: z
    .int()
    .describe("1 for the first update of this ref from `before` to `after`, 2 for the next, .."),
  tree: ShaSchema.nullable().describe("The tree of `after`, when GitHub told"),
  commitCount: z
    .int()
    .nullable()
    .describe("How many commits it brought to the branch; null when GitHub would not say"),
  pullRequests: z
    .array(PullRequestSchema)
    .describe("The merged pull requests it landed; a queue group may land several"),
  awaited: z
    .array(NotShownSchema)
    .exactOptional()
    .describe("What GitHub does not show of what it landed; absent: nothing"),
  cut: z.array(CutSchema).exactOptional().describe("Its own lists that were read only in part; absent: none"),
  shipped: z
    .array(ShippedContentSchema)
    .describe("Whether what landed equals what was reviewed, pull request by pull request"),
  alreadyLanded: z
    .boolean()
    .nullable()
    .describe(
      "For a branch created: whether its commit was on a production branch already; null when unknown or not asked",
    ),
  external: z
    .object({
      list: z.array(ExternalContentSchema),
      complete: z.boolean(),
    })
    .exactOptional()
    .describe(
      "What it newly points at without holding it; absent: nothing in its repository can, or it lies in a past that was filled in. `complete` false: not all of it could be looked through.",
    ),
  approvedElsewhere: z
    .array(ApprovedElsewhereSchema)
    .exactOptional()
    .describe(
      "For a push: the approved changes of other branches whose patch it brought once more; absent: none was found",
    ),
  checks: z.array(CheckSchema).describe("Checks on `after` itself (merge queue groups, direct pushes)"),
  late: z
    .boolean()
    .describe(
      "True when it was found long after it happened (by a sweep, a backfill, a delivery sent again), not when it did",
    ),
});

/** Everything known of one update of a production branch; gathered whole before it is judged. */
export type Change = Infer<typeof ChangeSchema>;
