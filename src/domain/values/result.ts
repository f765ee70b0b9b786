/** Results of controls on a subject, and what they come to together. */

import { z } from "zod";
import type { Infer } from "./schema.ts";

const OutcomeSchema = z.enum(["pass", "fail", "waived", "not-applicable", "unverifiable"]);

/** Names the outcome of one control. `unverifiable`: we could not find out; never a pass. */
export type Outcome = Infer<typeof OutcomeSchema>;

/** Lists the controls, each name completing "This change was ...". */
export const CONTROL_NAMES = [
  "independently-approved",
  "approved-by-owners",
  "checks-passed",
  "record-linked",
  "change-documented",
  "outside-freeze",
  "merged-by-pull-request",
  "gate-respected",
  "content-as-reviewed",
  "emergency-authorised",
  "emergency-reviewed-in-time",
  "deployment-traceable",
  "deployment-approved",
] as const;

/** Describes {@link ControlName}. */
export const ControlNameSchema = z.enum(CONTROL_NAMES);

/** Names a control; fixed. */
export type ControlName = Infer<typeof ControlNameSchema>;

const ResultSchema = z.object({
  control: ControlNameSchema,
  outcome: OutcomeSchema,
  /** A fixed code for why, e.g. `satisfied`, `too-few-approvals`, `stale`; stable for machines. */
  cause: z.string(),
  /** The sentences a person reads, most important first. */
  reasons: z.array(z.string()),
  /** The names and values that were read; nothing else influenced the outcome. */
  inputs: z.record(z.string(), z.unknown()),
});

/** Describes one control tested on one subject. */
export type Result = Infer<typeof ResultSchema>;

/** The causes of a result that fails only until what it waits for comes: nobody has to act differently. */
const WAITING_CAUSES = [
  "waiting-for-approval",
  "waiting-for-check",
  "waiting-for-freeze",
  "waiting-for-github",
] as const;

/** Names the cause of a result that waits. */
export type WaitingCause = (typeof WAITING_CAUSES)[number];

/** Returns the state of a result: its outcome, or `waiting` for a failure that time or an approval ends. */
export function resultState({ outcome, cause }: Pick<Result, "outcome" | "cause">): Outcome | "waiting" {
  const isWaiting = outcome === "fail" && WAITING_CAUSES.some((each) => each === cause);
  return isWaiting ? "waiting" : outcome;
}

const VerdictSchema = z.enum([
  "compliant",
  "emergency",
  "exempted",
  "non-compliant",
  "pending",
  "unverifiable",
  "historic",
]);

/** Names what the results come to together. `pending` exists only before a merge. */
export type Verdict = Infer<typeof VerdictSchema>;

const JudgedApprovalSchema = z.object({
  reviewId: z.int(),
  login: z.string(),
  actorId: z.int().nullable(),
  counts: z.boolean(),
  /** One sentence; present also when it counts ("ann approved this content"). */
  reason: z.string(),
  /** A fixed code, e.g. `counts`, `own-work`, `requested`, `earlier-version`, `no-authority`, `bot`, `dismissed`, `superseded`, `unknown-commit`. */
  code: z.string(),
  basis: z.enum(["observed", "read-later"]),
  /** The requirements it served, where it counts; absent: none, or not noted. */
  served: z
    .array(
      z.object({
        /** The requirement in words, and the rule it comes from; null: the policy requires it of every change. */
        requirement: z.string(),
        rule: z.string().nullable(),
        /** The teams, organisations or permission that entitled its giver, or `by name`. */
        by: z.array(z.string()),
        /** Whether that was seen when it was given; if not, only that it was so later. */
        whenGiven: z.enum(["observed", "read-later"]),
      }),
    )
    .exactOptional(),
});

/** Describes one person's approval, and whether it counts. */
export type JudgedApproval = Infer<typeof JudgedApprovalSchema>;

/** Describes {@link Assessment}. */
export const AssessmentSchema = z.object({
  verdict: VerdictSchema,
  results: z.array(ResultSchema),
  /** Every approval given, whether it counts, and why not. */
  approvals: z.array(JudgedApprovalSchema),
  /** SHA-256 of the policy in force, and the commits it was read from. */
  policyDigest: z.string(),
});

/** Holds a verdict with everything it rests on. */
export type Assessment = Infer<typeof AssessmentSchema>;
/** Returns a result; reasons read as sentences without a full stop. */
export function result(
  control: ControlName,
  outcome: Outcome,
  cause: string,
  reasons: readonly string[],
  inputs: Result["inputs"],
): Result {
  return { control, outcome, cause, reasons, inputs };
}

/** Returns the worst of several outcomes: fail, then unverifiable, then pass; not-applicable when there are none. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  for (const outcome of ["fail", "unverifiable", "waived", "pass"] as const) {
    if (outcomes.includes(outcome)) return outcome;
  }
  return "not-applicable";
}
