/** Reviews and checks, and what GitHub does not show of them. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "./sha.ts";
import { ActorSchema, BasisSchema } from "./people.ts";
/** Describes {@link Review}. */
export const ReviewSchema = z.object({
  id: z.int(),
  author: ActorSchema.nullable(),
  state: z
    .enum(["approved", "changes-requested", "commented", "unknown"])
    .describe("The state it was given with, also when it was dismissed later"),
  submittedAt: InstantSchema,
  commit: ShaSchema.nullable().describe(
    "The commit it was given on: as seen when its webhook came, else as GitHub shows now; null when neither is known",
  ),
  basis: BasisSchema,
  dismissed: z
    .object({
      at: InstantSchema,
      by: ActorSchema.nullable(),
    })
    .nullable(),
});

/** Describes a submitted review. */
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

/** Describes a check run or commit status on a commit; a status has no app. */
export type Check = Infer<typeof CheckSchema>;

/** Describes {@link NotShown}. */
export const NotShownSchema = z.object({ what: z.string(), since: InstantSchema });

/**
 * Describes something a webhook reported, or an answer implies, that GitHub's answers do not show yet. `since` is when
 * it was so.
 */
export type NotShown = Infer<typeof NotShownSchema>;

/** Describes {@link Truncation}. */
export const CutSchema = z.enum(["reviews", "events", "labels", "checks"]);

/** Names a list that GitHub gave only in part. Reviews, events and labels are of a pull request, checks of a commit. */
export type Truncation = Infer<typeof CutSchema>;
