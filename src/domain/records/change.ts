/** Bodies of entries on changes, landings, branches and the gate: each with everything its verdict rests on. */

import { z } from "zod";
import { ChangeSchema } from "../change/change.ts";
import { EmergencyFactsSchema } from "./emergency-facts.ts";
import { AssessmentSchema } from "../values/result.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
import { ShaSchema } from "../change/sha.ts";
import { PullRequestSchema } from "../change/pull-request.ts";
const ReviewersSchema = z.object({
  users: z.array(z.string()),
  teams: z.array(z.string()),
});

/** Lists people by login and teams by slug. */
export type Reviewers = Infer<typeof ReviewersSchema>;

const CheckRunTextSchema = z.object({
  headSha: ShaSchema,
  status: z.enum(["in_progress", "completed"]),
  conclusion: z.enum(["success", "failure", "action_required"]).nullable(),
  title: z.string(),
  summary: z.string(),
  text: z.string(),
  /** Notes on lines of files of the commit; at most 50. Absent: none. */
  annotations: z
    .array(
      z.object({
        path: z.string(),
        line: z.int(),
        column: z.int(),
        message: z.string(),
      }),
    )
    .exactOptional(),
});

/** Describes the check run as sent: every word people read, made by the domain and kept. */
export type CheckRunText = Infer<typeof CheckRunTextSchema>;

/** Describes {@link GateRecord}. */
export const GateRecordSchema = z.object({
  /** One pull request, or all those of a merge group. */
  pulls: z.array(PullRequestSchema),
  assessment: AssessmentSchema,
  check: CheckRunTextSchema,
  /** Whom we requested a review from; absent: nobody yet. They are requested once. */
  reviewersAsked: ReviewersSchema.exactOptional(),
  /** Those of its pull requests when it was judged; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/**
 * Describes entry `gate`, subject = `repositoryId#number` or, for a merge group, `repositoryId@sha`. It holds what the
 * check showed last, and why.
 */
export type GateRecord = Infer<typeof GateRecordSchema>;

/** Describes {@link BranchRecord}. */
export const BranchRecordSchema = z.object({
  ref: z.string(),
  /** The commit the branch pointed to after the last update followed; forty zeros when it was deleted. */
  head: ShaSchema,
  /** GitHub's activity id of that update; null when only a webhook reported it, or nothing was followed yet. */
  activityId: z.int().nullable(),
  at: InstantSchema,
  /** Where following it began: the branch's head and last activity when observation began. */
  origin: z.object({
    head: ShaSchema,
    activityId: z.int().nullable(),
    at: InstantSchema,
  }),
  /** The last moment at which it was one of production, and whether its updates are followed up to there; left out: it still is one. */
  left: z.object({ at: InstantSchema, isFollowed: z.boolean() }).exactOptional(),
});

/**
 * Describes entry `branch`, subject = `repositoryId:ref`: how far a production branch's chain of updates has been
 * followed. Entry `integration-branch`: an integration branch's.
 */
export type BranchRecord = Infer<typeof BranchRecordSchema>;

/** Describes {@link ChangeRecord}. */
export const ChangeRecordSchema = z.object({
  change: ChangeSchema,
  class: z.enum(["standard", "normal", "emergency"]),
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** Those of its pull requests, as known when it was last judged; absent: none. */
  emergencies: z.array(EmergencyFactsSchema).exactOptional(),
});

/** Describes entry `change`, subject = change id: one update of a production branch, judged as of when it happened. */
export type ChangeRecord = Infer<typeof ChangeRecordSchema>;
/** Describes {@link LandingRecord}. */
export const LandingRecordSchema = z.object({
  change: ChangeSchema,
  mode: z.enum(["observe", "enforce"]),
  assessment: AssessmentSchema,
  /** The digest of what was required of it; empty where no policy was known. */
  asked: z.string(),
});

/**
 * Describes entry `landing`, subject = change id: one update of an integration branch. It is judged like one of
 * production, but in no population.
 */
export type LandingRecord = Infer<typeof LandingRecordSchema>;
