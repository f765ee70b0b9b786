/** The body of the log's entries about remediations. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { RepositorySchema } from "../change/repository.ts";
import { PersonSchema, MovedSchema, NoteSchema } from "./deviation.ts";

const RootCauseSchema = z.enum(["process", "resource", "awareness", "tooling", "ownership"]);

/** Describes why something could happen at all. */
export type RootCause = Infer<typeof RootCauseSchema>;

const RemediationReviewSchema = z.object({
  /** The day (YYYY-MM-DD) it was due by. */
  due: z.string(),
  cadence: z.enum(["weekly", "monthly"]),
  at: InstantSchema.nullable(),
  by: PersonSchema.nullable(),
  note: z.string(),
});

/** Describes one review of a remediation that was due. `at` null: it was missed. */
export type RemediationReview = Infer<typeof RemediationReviewSchema>;

const RemediationStatusSchema = z.enum(["planned", "active", "blocked", "done", "effective"]);

/** Names the states a remediation goes through. */
export type RemediationStatus = Infer<typeof RemediationStatusSchema>;

/** Describes {@link RemediationRecord}. */
export const RemediationRecordSchema = z.object({
  deviation: z.string(),
  repository: RepositorySchema,
  /** The deviation's own words on what it found. */
  finding: z.string(),
  rootCause: z
    .object({
      category: RootCauseSchema,
      text: z.string(),
    })
    .nullable(),
  /** The answers to "why?", one below the other. */
  whys: z.array(NoteSchema),
  action: z.string().nullable(),
  /** What keeps it from happening again; `suggested`: follows from the category, nobody has written another. */
  measure: z
    .object({
      text: z.string(),
      suggested: z.boolean(),
    })
    .nullable(),
  owner: PersonSchema.nullable(),
  /** Everyone who ever owned it: none of them may find it effective. */
  owners: z.array(PersonSchema),
  /** The target date, YYYY-MM-DD. */
  due: z.string().nullable(),
  /** Every target date there was, oldest first. */
  targets: z.array(
    z.object({
      due: z.string(),
      by: PersonSchema.nullable(),
      at: InstantSchema,
    }),
  ),
  method: z.string().nullable(),
  evidence: z.array(NoteSchema),
  /** Where else the same was looked for, and what was found. */
  elsewhere: NoteSchema.nullable(),
  /** Which customers and contracts it concerns, in the organisation's words. */
  customers: NoteSchema.nullable(),
  /** What the auditor expects, oldest first. */
  expectations: z.array(NoteSchema),
  raci: z.object({
    accountable: z.array(PersonSchema),
    consulted: z.array(PersonSchema),
    informed: z.array(PersonSchema),
  }),
  /** Each 1 to 5; null: nobody has set it. */
  priority: z
    .object({
      impact: z.int(),
      effort: z.int(),
      risk: z.int(),
    })
    .nullable(),
  status: RemediationStatusSchema,
  /** What held it up, oldest first; `until` null: it still does. */
  blockers: z.array(z.object({ ...NoteSchema.shape, until: InstantSchema.nullable() })),
  reviews: z.array(RemediationReviewSchema),
  /** When it began; reviews are counted from here. Null while planned. */
  startedAt: InstantSchema.nullable(),
  done: NoteSchema.nullable(),
  effective: NoteSchema.nullable(),
  /** Who approved the response as it stands, and who had written it; null: nobody has. */
  response: z.object({ ...NoteSchema.shape, writers: z.array(PersonSchema) }).nullable(),
  moved: MovedSchema,
});

/** Raises a remediation of version 1: nobody had approved its response. */
export function keepUnapproved(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { ...body, response: null };
}

/** Describes entry `remediation`, subject = deviation id: the response to a deviation. Every step is an entry of its own. */
export type RemediationRecord = Infer<typeof RemediationRecordSchema>;
