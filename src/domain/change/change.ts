/** Facts about people, commits, pull requests and updates of production branches, as gathered before anything is judged. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "./sha.ts";
import { ActorSchema, BasisSchema } from "./people.ts";
import { RepositorySchema } from "./repository.ts";
import { CheckSchema, NotShownSchema, CutSchema } from "./review.ts";
import { UpdateKindSchema, PullRequestSchema } from "./pull-request.ts";

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

/** Describes one update of a branch as GitHub's activity list (or the push webhook) reports it. */
export type RefUpdate = Infer<typeof RefUpdateSchema>;

const ExternalContentSchema = z.object({
  path: z.string(),
  kind: z.enum(["submodule", "large-file", "unpinned"]),
  to: z.string(),
});

/**
 * Describes something a changed file points at. That is the commit of a submodule, the digest of a large file, or an
 * action or workflow by a name that may move.
 */
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

/** Describes a change of another branch that people approved, and whose patch a push introduced once more. */
export type ApprovedElsewhere = Infer<typeof ApprovedElsewhereSchema>;

const PushedFileSchema = z.object({
  path: z.string(),
  oldPath: z.string().nullable(),
  status: z.string(),
  additions: z.int(),
  deletions: z.int(),
  patch: z
    .string()
    .nullable()
    .describe("Its changed lines; null: GitHub shows none, or no standard change allows this path"),
  modes: z
    .object({ before: z.int().nullable(), after: z.int().nullable() })
    .nullable()
    .describe("Git's mode before and after, null where nothing is there; null: not read"),
});

/** Describes one file of a pushed commit. */
export type PushedFile = Infer<typeof PushedFileSchema>;

const PushedCommitSchema = z.object({
  sha: ShaSchema,
  parents: z.array(ShaSchema),
  files: z.array(PushedFileSchema).nullable().describe("Null: GitHub does not list them all"),
});

/** Describes one commit of a push, with what it changes against its first parent. */
export type PushedCommit = Infer<typeof PushedCommitSchema>;

const PushedContentSchema = z.object({
  commits: z.array(PushedCommitSchema).describe("Newest first, each the first parent of the one before it"),
  complete: z.boolean().describe("Whether they lead back to where the branch was"),
  holdsKey: z
    .union([z.boolean(), z.literal("unnamed")])
    .nullable()
    .describe(
      "Whether who pushed had added a deploy key, by which anyone may push so; unnamed: who added one is not known; null: not shown",
    ),
});

/** Describes what a direct push introduced, commit by commit. */
export type PushedContent = Infer<typeof PushedContentSchema>;

const ShippedContentSchema = z.object({
  pull: z.int(),
  coverage: z
    .enum(["identity", "replay", "residual", "unverifiable"])
    .describe("`identity`: same tree. `replay`: same patch on a moved base. `residual`: `files` differ."),
  files: z.array(z.string()),
});

/** Describes whether the shipped content of one pull request is its reviewed content. */
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
  tree: ShaSchema.nullable().describe("The tree of `after`, where GitHub showed it"),
  commitCount: z
    .int()
    .nullable()
    .describe("How many commits it introduced to the branch; null when GitHub would not say"),
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
      "For a push: the approved changes of other branches whose patch it introduced once more; absent: none was found",
    ),
  pushed: PushedContentSchema.exactOptional().describe(
    "For a push by an app that may push standard changes: what it introduced; absent: not asked",
  ),
  checks: z.array(CheckSchema).describe("Checks on `after` itself (merge queue groups, direct pushes)"),
  late: z
    .boolean()
    .describe(
      "True when it was found long after it happened (by a sweep, a backfill, a delivery sent again), not when it did",
    ),
});

/** Holds everything known of one update of a production branch; gathered whole before it is judged. */
export type Change = Infer<typeof ChangeSchema>;
