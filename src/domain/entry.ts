/** The kinds of entry the evidence log holds, and the actions a decision asks for. */

import type { Instant } from "./change.ts";

/** The kinds of entry. Each entry is the whole newest state of its subject; older entries stay in the log. */
export const ENTRY_KINDS = [
  "repository",
  "observation",
  "policy",
  "code-owners",
  "gate",
  "branch",
  "change",
  "integration-branch",
  "landing",
  "deployment",
  "deployment-gate",
  "tags",
  "deviation",
  "remediation",
  "coverage-gap",
  "completeness",
  "command",
  "acceptance",
  "protection",
  "control-state",
  "exposure",
  "baseline",
  "monthly-review",
  "emergency",
  "retroactive-review",
  "webhook",
  "source-gone",
] as const;

/** What an entry is about. */
export type EntryKind = (typeof ENTRY_KINDS)[number];

/** One line of the evidence log, before it is numbered and linked. `body` must be JSON and is stored canonically (RFC 8785). */
export interface Entry {
  readonly kind: EntryKind;
  /** Identity of the subject within its kind; a later entry of the same kind and subject replaces the state, never the log line. */
  readonly subject: string;
  /** The repository it belongs to, or 0 for the organisation. */
  readonly repositoryId: number;
  readonly organizationId: number;
  /** When it happened (GitHub's time), by which periods are cut; not when it was recorded. */
  readonly at: Instant;
  readonly body: unknown;
}

/** An entry as the log holds it. `hash` = SHA-256 over `previousHash` and the canonical form of everything else. */
export interface LoggedEntry extends Entry {
  readonly seq: number;
  readonly recordedAt: Instant;
  readonly previousHash: string;
  readonly hash: string;
}

/** One thing to do on GitHub, or a message to send elsewhere, stored before it is sent. Two actions with the same `key` concern the same object: only the newest waiting one is carried out. */
export interface Action {
  readonly key: string;
  readonly kind: ActionKind;
  readonly repositoryId: number;
  readonly organizationId: number;
  readonly installationId: number;
  readonly payload: unknown;
}

/** What can be asked of GitHub; `notification` is a message to a receiver elsewhere. */
export type ActionKind =
  | "check-run"
  | "open-issue"
  | "update-issue"
  | "answer-gate"
  | "request-reviewers"
  | "comment"
  | "reaction"
  | "notification";

/** What a decision comes to: entries to record and actions to take, together or not at all. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly actions: readonly Action[];
}
