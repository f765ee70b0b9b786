/** The body of the log's entries about deviations. */

import { z } from "zod";
import { ControlNameSchema } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { RepositorySchema } from "../change/repository.ts";
/** Describes {@link Person}. */
export const PersonSchema = z.object({
  id: z.int().nullable(),
  login: z.string(),
});

/** Describes someone who did or owns something. Compared by `id`, and by login only where a terminal named someone (`id` null). */
export type Person = Infer<typeof PersonSchema>;

/** Describes {@link DeviationTransition}. */
export const MovedSchema = z.object({
  command: z.string(),
  /** Null: the App itself. */
  by: PersonSchema.nullable(),
  role: z.enum(["owner", "causer", "other", "auditor", "app"]),
  via: z.enum(["app", "comment", "terminal", "page"]),
  at: InstantSchema,
  text: z.string(),
});

/** Describes the transition to a state: which command, whose, in which part, by which way, and its words. */
export type DeviationTransition = Infer<typeof MovedSchema>;

const ListedSubjectSchema = z.object({
  /** The change id or deployment id. */
  subject: z.string(),
  pull: z.int().nullable(),
  /** One line. */
  title: z.string(),
  /** What happened, in a sentence or two. */
  what: z.string(),
  at: InstantSchema,
  controls: z.array(ControlNameSchema),
  actors: z.array(PersonSchema),
});

/** Describes one change or deployment that a deviation lists. */
export type ListedSubject = Infer<typeof ListedSubjectSchema>;

const DeviationStatusSchema = z.enum([
  "open",
  "in-remediation",
  "done",
  "effective",
  "closed",
  "not-an-exception",
]);

/** Names the states a deviation goes through. */
export type DeviationStatus = Infer<typeof DeviationStatusSchema>;

const SeveritySchema = z.enum(["observation", "low", "medium", "high", "critical"]);

/** Names how much a deviation weighs; `observation`: noted, and no exception. */
export type Severity = Infer<typeof SeveritySchema>;

/** Describes {@link DeviationNote}. */
export const NoteSchema = z.object({
  text: z.string(),
  by: PersonSchema.nullable(),
  at: InstantSchema,
});

/** Describes words or evidence added to a remediation, by whom and when. */
export type DeviationNote = Infer<typeof NoteSchema>;

/** Describes {@link DeviationRecord}. */
export const DeviationRecordSchema = z.object({
  id: z.string(),
  /** What its id is made from: the one change or deployment, or the cause that several share. */
  key: z.string(),
  /** `control`: it is about a control as such, such as a weakened setting or what an auditor reports. */
  subjectKind: z.enum(["change", "deployment", "control"]),
  repository: RepositorySchema,
  /** The change ids or deployment ids it lists; none for a control as such. */
  subjects: z.array(z.string()),
  listed: z.array(ListedSubjectSchema),
  /** The pull request, where it lists exactly one change that has one. */
  pull: z.int().nullable(),
  controls: z.array(ControlNameSchema),
  cause: z.string(),
  /** Where several have one cause: what completes "while ...", such as `the App was not running`. */
  sharedCause: z.string().nullable(),
  type: z.enum(["design", "operating"]),
  typeReason: z.string(),
  /** Who typed it; null: by rule. */
  typedBy: PersonSchema.nullable(),
  severity: SeveritySchema,
  status: DeviationStatusSchema,
  source: z.enum(["app", "auditor"]),
  title: z.string(),
  description: z.string(),
  happenedAt: InstantSchema,
  detectedAt: InstantSchema,
  /** From when until when production was exposed to it; `to` null: it still is. */
  exposure: z.object({
    from: InstantSchema,
    to: InstantSchema.nullable(),
  }),
  /** Who caused it. */
  actors: z.array(PersonSchema),
  /** Who entered it, where the App did not find it. */
  enteredBy: PersonSchema.nullable(),
  /** Where an auditor's report has it, such as a page. */
  reference: z.string().nullable(),
  /** Its issue on GitHub: requested, waiting for a day with room, or none, and why. `day`: the UTC day it was requested. */
  issue: z.object({
    state: z.enum(["none", "waiting", "asked"]),
    because: z.string(),
    /** `owner/name` where it goes. */
    repository: z.string().nullable(),
    day: z.string().nullable(),
  }),
  /**
   * Why the gate was bypassed, in the words of people who may write there, oldest first; it excuses nothing. Absent:
   * nobody explained.
   */
  explained: z.array(NoteSchema).exactOptional(),
  moved: MovedSchema,
});

/** Describes entry `deviation`, subject = deviation id: one cause for which changes, deployments or a control are non-compliant. */
export type DeviationRecord = Infer<typeof DeviationRecordSchema>;
