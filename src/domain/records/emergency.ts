/** An emergency as it is kept: who declared it and why, who authorised it, until when, and what became of it. */

import { z } from "zod";
import { TermSchema } from "../time/calendar.ts";
import { RepositorySchema } from "../change/repository.ts";
import { ControlNameSchema } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema, type Instant } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { AuthoritySchema, ActorSchema, type Actor } from "../change/people.ts";

/** Lists the states of an emergency. `expired` and `used` are final, `withdrawn` too. */
export const EMERGENCY_STATES = [
  "awaiting-reason",
  "waiting",
  "authorised",
  "used",
  "withdrawn",
  "expired",
] as const;

const EmergencyStateSchema = z.enum(EMERGENCY_STATES);

/** Names one state of an emergency. */
export type EmergencyState = Infer<typeof EmergencyStateSchema>;

/** Through what someone acted. `terminal`: an operator typed it in another's name; GitHub did not see that person. */
const ViaSchema = z.enum(["comment", "label", "button", "review", "terminal"]);

const AttributionSchema = z.object({
  by: ActorSchema.nullable(),
  at: InstantSchema,
  via: ViaSchema,
});

/** Describes who did something, when (GitHub's time), and through what. `by` is null where GitHub does not show who. */
export type Attribution = Infer<typeof AttributionSchema>;

/** One step in the life of an emergency; `by` is null for what time or a push did. */
const StepSchema = z.object({
  at: InstantSchema,
  act: z.string(),
  by: ActorSchema.nullable(),
  from: EmergencyStateSchema.nullable(),
  to: EmergencyStateSchema,
});

const AuthorisationSchema = z.object({
  ...AttributionSchema.shape,
  by: ActorSchema,
  /** It is valid up to this moment, inclusive. */
  until: InstantSchema,
  /** The head it was given for; null without a pull request. */
  head: ShaSchema.nullable(),
  /** What was read of the authoriser's rights then. */
  authority: AuthoritySchema,
  /** Given by one who declared or made the change, where the policy allows it: by when another person must confirm; else null. */
  confirmBy: InstantSchema.nullable(),
});

/** Describes what an authorisation rests on. */
export type Authorisation = Infer<typeof AuthorisationSchema>;

/** Describes {@link EmergencyRecord}. */
export const EmergencyRecordSchema = z.object({
  /** `EMG-` and twelve hex digits: the same however often what opened it is delivered. */
  id: z.string(),
  repository: RepositorySchema,
  /** Null: it is for a deployment without a pull request. */
  pull: z.int().nullable(),
  deployment: z
    .object({
      environment: z.string(),
      sha: ShaSchema,
    })
    .nullable(),
  status: EmergencyStateSchema,
  reason: z.string().nullable(),
  /** What opened it: a label, the button, a comment, the terminal. */
  opened: AttributionSchema,
  /** Who gave the reason, and when; null while it waits for one. */
  declared: AttributionSchema.nullable(),
  /** The head for which its authorisers were notified last; null without a pull request. */
  asked: ShaSchema.nullable(),
  authorised: AuthorisationSchema.nullable(),
  /** Who confirmed what was authorised alone. */
  confirmed: AttributionSchema.nullable(),
  /** When and why it ended unused: withdrawn or expired. */
  ended: z
    .object({
      at: InstantSchema,
      by: ActorSchema.nullable(),
      because: z.string(),
    })
    .nullable(),
  used: z
    .object({
      at: InstantSchema,
      subjects: z.array(z.string()),
    })
    .nullable(),
  /** The controls it lets pass, by the policy when it was authorised, else when it was opened. */
  waives: z.array(ControlNameSchema),
  /** The policy it was authorised under, else opened under. */
  policyDigest: z.string(),
  steps: z.array(StepSchema),
});

/** Describes entry `emergency`, subject = `repositoryId/pull/NUMBER/ID` or `repositoryId/deployment/ID`. */
export type EmergencyRecord = Infer<typeof EmergencyRecordSchema>;

const ReviewStateSchema = z.enum(["due", "approved", "follow-up", "rejected"]);

/** Names the states of a retroactive review. Overdue is computed, never stored. */
export type ReviewState = Infer<typeof ReviewStateSchema>;

/** Describes {@link RetroactiveReviewRecord}. */
export const RetroactiveReviewRecordSchema = z.object({
  /** The emergency's id. */
  emergency: z.string(),
  repository: RepositorySchema,
  pull: z.int().nullable(),
  /** The changes or deployments (ids) it is owed for. */
  subjects: z.array(z.string()),
  /** The commit whose content is reviewed: what shipped. */
  shipped: ShaSchema,
  status: ReviewStateSchema,
  openedAt: InstantSchema,
  /** Inclusive. */
  dueAt: InstantSchema,
  /** What `dueAt` was computed from. */
  within: TermSchema,
  /** The policy it is judged by: that of the change it is first owed for. */
  policyDigest: z.string(),
  decision: z
    .object({
      by: ActorSchema,
      at: InstantSchema,
      via: ViaSchema,
      note: z.string(),
    })
    .nullable(),
  /** Rejected: by when what was shipped must be reverted. */
  revertBy: InstantSchema.nullable(),
  /** When someone was reminded before it was due, and when it was escalated after. */
  remindedAt: z.array(InstantSchema),
  escalatedAt: z.array(InstantSchema),
});

/** Describes entry `retroactive-review`, subject = that of its emergency. */
export type RetroactiveReviewRecord = Infer<typeof RetroactiveReviewRecordSchema>;

/** Lists everyone who opened or declared it. */
export function declarersOf(record: EmergencyRecord): readonly Actor[] {
  return [record.opened.by, record.declared?.by ?? null].filter((actor) => actor !== null);
}

/** Returns whether it can still be authorised or used. */
export function isOpen(record: EmergencyRecord): boolean {
  return ["awaiting-reason", "waiting", "authorised"].includes(record.status);
}

/** Returns whether an emergency is open at a moment: what was authorised ends with its time. */
export function isOpenAt(record: EmergencyRecord, at: Instant): boolean {
  return isOpen(record) && (record.authorised === null || at <= record.authorised.until);
}
