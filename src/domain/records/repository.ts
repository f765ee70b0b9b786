/** The bodies of the log's entries about repositories, their code owners, webhooks and commands. */

import { z } from "zod";
import { PolicyNamesSchema } from "../policy/file/names.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ActorSchema } from "../change/people.ts";
import { RepositorySchema } from "../change/repository.ts";
/** Describes {@link RepositoryRecord}. */
export const RepositoryRecordSchema = z.object({
  repository: RepositorySchema,
  installationId: z.int(),
  installedFrom: InstantSchema,
  removedAt: InstantSchema.nullable(),
  inScope: z.boolean(),
  /** Why it is out of scope and who owns that decision; empty: it is in scope. */
  reason: z.string(),
  /** When it came back into scope, if it ever was out of it. */
  scopedFrom: InstantSchema.exactOptional(),
  /** Full ref names of the production branches as last read, e.g. `refs/heads/main`. */
  productionRefs: z.array(z.string()),
  archived: z.boolean(),
  /** The branches that were the default one before, and until when as far as anyone saw, oldest first; left out: none. */
  formerDefaults: z.array(z.object({ branch: z.string(), until: InstantSchema })).exactOptional(),
  /** Its name and topics when it was first met, where they were others; left out: as now. */
  metAs: z.object({ name: z.string(), topics: z.array(z.string()) }).exactOptional(),
  /** Who created it, where a webhook reported it; left out: that is not known. */
  madeBy: ActorSchema.exactOptional(),
  /** Since when it has this owner, where it came from another one; left out: it was created here, as far as known. */
  movedInAt: InstantSchema.exactOptional(),
  /** Since when its changes were filled in from GitHub's lists, though nobody observed them yet; left out: never. */
  backfilledFrom: InstantSchema.exactOptional(),
});

/** Describes entry `repository`, subject = repository id: a repository the App is installed on, and whether it is in scope. */
export type RepositoryRecord = Infer<typeof RepositoryRecordSchema>;

/** Describes {@link OwnersRecord}. */
export const OwnersRecordSchema = z.object({
  path: z.string(),
  accounts: PolicyNamesSchema.shape.accounts,
  teams: PolicyNamesSchema.shape.teams.unwrap(),
});

/**
 * Describes entry `code-owners`, subject = `repositoryId:digest of the file`. It holds the accounts that the owners
 * required so far meant when they were first required.
 */
export type OwnersRecord = Infer<typeof OwnersRecordSchema>;

/** Describes {@link CommandRecord}. */
export const CommandRecordSchema = z.object({
  commentId: z.int(),
  /** Of the pull request or issue it was given on. */
  number: z.int(),
  /** The deviation whose issue it was given on, or null. */
  deviation: z.string().nullable(),
  by: ActorSchema,
  /** GitHub's time of the comment. */
  at: InstantSchema,
  /** The first line, as written. */
  text: z.string(),
  /** The command, or null where none was understood. */
  name: z.string().nullable(),
  outcome: z.enum(["done", "refused", "not-understood"]),
  reply: z.string(),
});

/** Describes entry `command`, subject = `repositoryId/commentId`: a command given in a comment, and how it was answered. */
export type CommandRecord = Infer<typeof CommandRecordSchema>;

/** Describes {@link WebhookRecord}. */
export const WebhookRecordSchema = z.object({
  url: z.string(),
});
