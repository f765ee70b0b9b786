/** An emergency exception as it is kept: who declared it and why, who authorised it, until when, and what became of it. */

import type { Term } from "../calendar.ts";
import type { Actor, Authority, Instant, Repository, Sha } from "../change.ts";
import type { ControlName } from "../result.ts";

/** The states of an emergency exception. `expired` and `used` are final, `withdrawn` too. */
export const EMERGENCY_STATES = [
  "awaiting-reason",
  "waiting",
  "authorised",
  "used",
  "withdrawn",
  "expired",
] as const;

/** One state of an emergency exception. */
export type EmergencyState = (typeof EMERGENCY_STATES)[number];

/** Through what somebody acted. `terminal`: an operator typed it in another's name; GitHub did not see that person. */
export type Via = "comment" | "label" | "button" | "review" | "terminal";

/** Who did something, when (GitHub's time), and through what. `by` is null where GitHub does not say who. */
export interface Deed {
  readonly by: Actor | null;
  readonly at: Instant;
  readonly via: Via;
}

/** One step in the life of an emergency; `by` is null for what time or a push did. */
export interface Step {
  readonly at: Instant;
  readonly act: string;
  readonly by: Actor | null;
  readonly from: EmergencyState | null;
  readonly to: EmergencyState;
}

/** What an authorisation rests on. */
export interface Authorisation extends Deed {
  readonly by: Actor;
  /** It holds up to this moment, inclusive. */
  readonly until: Instant;
  /** The head it was given for; null without a pull request. */
  readonly head: Sha | null;
  /** What was read of the authoriser's rights then. */
  readonly authority: Authority;
  /** Given by one who declared or made the change, where the policy allows it: by when another person must confirm; else null. */
  readonly confirmBy: Instant | null;
}

/** Entry `emergency`, subject = `repositoryId/pull/NUMBER/ID` or `repositoryId/deployment/ID`. */
export interface EmergencyRecord {
  /** `EMG-` and twelve hex digits: the same however often what opened it is delivered. */
  readonly id: string;
  readonly repository: Repository;
  /** Null: it is for a deployment that no pull request stands for. */
  readonly pull: number | null;
  readonly deployment: { readonly environment: string; readonly sha: Sha } | null;
  readonly status: EmergencyState;
  readonly reason: string | null;
  /** What opened it: a label, the button, a comment, the terminal. */
  readonly opened: Deed;
  /** Who gave the reason, and when; null while it waits for one. */
  readonly declared: Deed | null;
  /** The head for which its authorisers were asked last; null without a pull request. */
  readonly asked: Sha | null;
  readonly authorised: Authorisation | null;
  /** Who confirmed what was authorised alone. */
  readonly confirmed: Deed | null;
  /** When and why it ended unused: withdrawn or expired. */
  readonly ended: { readonly at: Instant; readonly by: Actor | null; readonly because: string } | null;
  readonly used: { readonly at: Instant; readonly subjects: readonly string[] } | null;
  /** The controls it lets pass, by the policy when it was authorised, else when it was opened. */
  readonly waives: readonly ControlName[];
  /** The policy it was authorised under, else opened under. */
  readonly policyDigest: string;
  readonly steps: readonly Step[];
}

/** The states of a retroactive review. Overdue is computed, never stored. */
export type ReviewState = "due" | "approved" | "follow-up" | "rejected";

/** Entry `retroactive-review`, subject = that of its emergency. */
export interface RetroactiveReviewRecord {
  /** The emergency's id. */
  readonly emergency: string;
  readonly repository: Repository;
  readonly pull: number | null;
  /** The changes or deployments (ids) it is owed for. */
  readonly subjects: readonly string[];
  /** The commit whose content is reviewed: what shipped. */
  readonly shipped: Sha;
  readonly status: ReviewState;
  readonly openedAt: Instant;
  /** Inclusive. */
  readonly dueAt: Instant;
  /** What `dueAt` was reckoned from. */
  readonly within: Term;
  /** The policy it is judged by: that of the change it is first owed for. */
  readonly policyDigest: string;
  readonly decision: {
    readonly by: Actor;
    readonly at: Instant;
    readonly via: Via;
    readonly note: string;
  } | null;
  /** Rejected: by when what was shipped must be reverted. */
  readonly revertBy: Instant | null;
  /** When somebody was reminded before it was due, and when it was escalated after. */
  readonly remindedAt: readonly Instant[];
  readonly escalatedAt: readonly Instant[];
}

/** Everybody who opened or declared it. */
export function declarersOf(record: EmergencyRecord): readonly Actor[] {
  return [record.opened.by, record.declared?.by ?? null].filter((actor) => actor !== null);
}

/** Whether it can still be authorised or used. */
export function isOpen(record: EmergencyRecord): boolean {
  return ["awaiting-reason", "waiting", "authorised"].includes(record.status);
}
