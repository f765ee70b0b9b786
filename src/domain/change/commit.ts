/** Commits, pushes, files and proofs of equal content. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "./sha.ts";
import { ActorSchema, BasisSchema } from "./people.ts";
/** Describes {@link Commit}. */
export const CommitSchema = z.object({
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

/** Describes one commit. `null` in `authors` or as `committer` is an account GitHub cannot name: an unknown person. */
export type Commit = Infer<typeof CommitSchema>;

/** Describes {@link Push}. */
export const PushSchema = z.object({
  before: ShaSchema,
  after: ShaSchema,
  actor: ActorSchema.nullable(),
  at: InstantSchema,
  forced: z.boolean(),
  basis: BasisSchema,
});

/** Describes a push as observed: who moved a branch; unforgeable. */
export type Push = Infer<typeof PushSchema>;

/** Describes {@link SameContent}. */
export const SameContentSchema = z.object({
  from: ShaSchema,
  to: ShaSchema,
  proof: z
    .enum(["tree", "patch", "different", "unknown"])
    .describe(
      "`tree`: identical trees. `patch`: identical patch against the base. `different`: proven to differ. `unknown`: GitHub would not tell.",
    ),
});

/** Describes a proof that two commits hold the same contribution against the base, or that none was found. */
export type SameContent = Infer<typeof SameContentSchema>;

/** Describes {@link ChangedFile}. */
export const ChangedFileSchema = z.object({
  path: z.string(),
  oldPath: z.string().nullable(),
  status: z.enum(["added", "removed", "modified", "renamed", "copied", "changed", "unchanged"]),
});

/** Describes a file a pull request touches; `oldPath` is set when it was renamed or copied. */
export type ChangedFile = Infer<typeof ChangedFileSchema>;

/** Describes {@link EarlierHead}. */
export const EarlierHeadSchema = z.object({
  head: ShaSchema,
  commits: z.array(CommitSchema).nullable().describe("Null: GitHub no longer knows them"),
});

/** Holds the commits a pull request had at an earlier head, without those of its base. */
export type EarlierHead = Infer<typeof EarlierHeadSchema>;

/** Describes {@link TouchedFiles}. */
export const TouchedFilesSchema = z.object({
  commit: ShaSchema,
  files: z.array(ChangedFileSchema).nullable().describe("Null: GitHub would not list them all"),
  standing: z
    .array(z.string())
    .describe("Those of their paths, old and new, at which the head of the pull request holds something"),
});

/** Lists the files one commit touches; of a merge, what it changes against its first parent. */
export type TouchedFiles = Infer<typeof TouchedFilesSchema>;

/** Describes {@link Elsewhere}. */
export const ElsewhereSchema = z.object({
  actor: ActorSchema,
  commits: z.array(ShaSchema),
  among: z.array(ShaSchema).describe("The commits that were looked at"),
});

/** Lists commits, or patches, of a pull request that someone was seen to push on another branch first. */
export type Elsewhere = Infer<typeof ElsewhereSchema>;

/** Describes {@link MergedInto}. */
export const MergedIntoSchema = z.object({
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

/** Describes a pull request merged into the branch of this one, or into the branch of one that was. */
export type MergedInto = Infer<typeof MergedIntoSchema>;
