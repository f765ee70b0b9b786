/** The facts of one pull request. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "./sha.ts";
import {
  ActorSchema,
  BasisSchema,
  AuthoritySchema,
  GivenSchema,
  KeyHolderSchema,
  HoldersSchema,
} from "./people.ts";
import { RepositorySchema } from "./repository.ts";
import {
  CommitSchema,
  PushSchema,
  SameContentSchema,
  ChangedFileSchema,
  EarlierHeadSchema,
  TouchedFilesSchema,
  ElsewhereSchema,
  MergedIntoSchema,
} from "./commit.ts";
import { ReviewSchema, CheckSchema, NotShownSchema, CutSchema } from "./review.ts";

const ProposedPolicySchema = z.object({
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
      "Set where it only fixes the file: the commit of the version it is judged by; null: there was none that could be used",
    ),
});

/** Describes a policy file that a pull request changes, and its problems by line and column, both from 1. None: it is valid. */
export type ProposedPolicy = Infer<typeof ProposedPolicySchema>;

const OwnersErrorSchema = z.object({ line: z.int(), kind: z.string() });

/** Describes one problem that GitHub finds in a CODEOWNERS file, by its line from 1. `kind` is GitHub's own word. */
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

/** Describes the CODEOWNERS file of a base, or why there is none. */
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

/** Describes entry `acceptance`, subject = `repositoryId#number`: who accepts what could not be verified of which content. */
export type Acceptance = Infer<typeof AcceptanceSchema>;

/** Describes {@link UpdateKind}. */
export const UpdateKindSchema = z.enum([
  "pull-request",
  "queue",
  "push",
  "force-push",
  "branch-created",
  "branch-deleted",
  // GitHub calls it by a word that is not known here.
  "unknown",
]);

/** Names how a ref came to be updated: GitHub's own activity types in the field's terms. */
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
  asked: z.string().describe("The digest of what was required of it; empty where no policy was known"),
  basis: BasisSchema.describe("`read-later` where the landing was found late, or one of its approvals was"),
});

/** Describes a recorded update of an integration branch: what it introduced was judged when it landed there. */
export type LandedBefore = Infer<typeof LandedBeforeSchema>;

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
  broughtPolicy: ProposedPolicySchema.exactOptional().describe(
    "What is wrong with the policy file it would bring to its base; absent where it leaves the file as it is",
  ),
  owners: OwnersFileSchema.exactOptional().describe(
    "The base's CODEOWNERS; absent where no policy requires it",
  ),
  body: DescriptionSchema.exactOptional().describe(
    "Its description, as of the merge once it has merged; absent where no policy requires it",
  ),
  accepted: AcceptanceSchema.exactOptional().describe(
    "Who accepted that something could not be verified, the last time someone did",
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
      "What it held before forced pushes replaced it; only heads that someone's approval depends on. Absent: none",
    ),
  touched: z
    .array(TouchedFilesSchema)
    .exactOptional()
    .describe("What its commits touch; only those that someone's approval depends on. Absent: none"),
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
  moreMakers: z
    .literal(true)
    .exactOptional()
    .describe(
      "Finding out who made it takes more requests than are sent for one pull request. Absent: all were sent",
    ),
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

/** Holds everything known of one pull request at one moment; gathered whole before it is judged. */
export type PullRequest = Infer<typeof PullRequestSchema>;
