/** What a control says of a subject, and what the controls say together. */

/** The outcome of one control. `unverifiable`: we could not find out; never a pass. */
export type Outcome = "pass" | "fail" | "waived" | "not-applicable" | "unverifiable";

/** The controls, each name completing "This change was ...". */
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

/** The fixed name of a control. */
export type ControlName = (typeof CONTROL_NAMES)[number];

/** One control tested on one subject. */
export interface Result {
  readonly control: ControlName;
  readonly outcome: Outcome;
  /** A fixed code for why, e.g. `satisfied`, `too-few-approvals`, `stale`; stable for machines. */
  readonly cause: string;
  /** The sentences a person reads, most important first. */
  readonly reasons: readonly string[];
  /** The names and values that were read; nothing else influenced the outcome. */
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Results folded. `pending` exists only before a merge. */
export type Verdict =
  "compliant" | "emergency" | "exempted" | "non-compliant" | "pending" | "unverifiable" | "historic";

/** A verdict with everything it rests on. */
export interface Assessment {
  readonly verdict: Verdict;
  readonly results: readonly Result[];
  /** Every approval given, whether it counts, and why not. */
  readonly approvals: readonly JudgedApproval[];
  /** SHA-256 of the policy in force, and the commits it was read from. */
  readonly policyDigest: string;
}

/** One person's approval, and whether it counts. */
export interface JudgedApproval {
  readonly reviewId: number;
  readonly login: string;
  readonly actorId: number | null;
  readonly counts: boolean;
  /** One sentence; present also when it counts ("ann approved this content"). */
  readonly reason: string;
  /** A fixed code, e.g. `counts`, `own-work`, `requested`, `earlier-version`, `no-authority`, `bot`, `dismissed`, `superseded`, `unknown-commit`. */
  readonly code: string;
  readonly basis: "observed" | "read-later";
}
