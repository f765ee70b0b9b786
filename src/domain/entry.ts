/** The kinds of entry the evidence log holds, and the actions a decision asks for. */

import type { Acceptance, Instant } from "./change.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "./emergency/exception.ts";
import type {
  BaselineRecord,
  ControlStateRecord,
  ExposureRecord,
  ReadingRecord,
} from "./protection/record.ts";
import type { Protection } from "./protection/snapshot.ts";
import type {
  BranchRecord,
  ChangeRecord,
  CommandRecord,
  CompletenessRecord,
  CoverageGapRecord,
  DeploymentGateRecord,
  DeploymentRecord,
  DeviationRecord,
  GateRecord,
  LandingRecord,
  MonthlyReviewRecord,
  Observation,
  OwnersRecord,
  PolicyRecord,
  RemediationRecord,
  RepositoryRecord,
  TagsRecord,
  WebhookRecord,
} from "./record.ts";
import type { SourceGoneRecord } from "./source-gone.ts";
import type { Task } from "./task.ts";

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

/** Names the body of each kind of entry. */
export interface Bodies {
  readonly repository: RepositoryRecord;
  readonly observation: Observation;
  readonly policy: PolicyRecord;
  readonly "code-owners": OwnersRecord;
  readonly gate: GateRecord;
  readonly branch: BranchRecord;
  readonly change: ChangeRecord;
  readonly "integration-branch": BranchRecord;
  readonly landing: LandingRecord;
  readonly deployment: DeploymentRecord;
  readonly "deployment-gate": DeploymentGateRecord;
  readonly tags: TagsRecord;
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord;
  readonly "coverage-gap": CoverageGapRecord;
  readonly completeness: CompletenessRecord;
  readonly command: CommandRecord;
  readonly acceptance: Acceptance;
  readonly protection: Protection | ReadingRecord;
  readonly "control-state": ControlStateRecord;
  readonly exposure: ExposureRecord;
  readonly baseline: BaselineRecord;
  readonly "monthly-review": MonthlyReviewRecord;
  readonly emergency: EmergencyRecord;
  readonly "retroactive-review": RetroactiveReviewRecord;
  readonly webhook: WebhookRecord;
  readonly "source-gone": SourceGoneRecord;
}

/** Where an entry belongs, whatever its kind. */
interface Place {
  /** Identity of the subject within its kind; a later entry of the same kind and subject replaces the state, never the log line. */
  readonly subject: string;
  /** The repository it belongs to, or 0 for the organisation. */
  readonly repositoryId: number;
  readonly organizationId: number;
  /** When it happened (GitHub's time), by which periods are cut; not when it was recorded. */
  readonly at: Instant;
}

/** What numbers an entry and links it. */
interface Link {
  readonly seq: number;
  readonly recordedAt: Instant;
  readonly previousHash: string;
  readonly hash: string;
}

/** One line of the evidence log, before it is numbered and linked. `body` is stored as canonical JSON (RFC 8785). */
export type Entry<K extends EntryKind = EntryKind> = {
  readonly [Kind in K]: Place & { readonly kind: Kind; readonly body: Bodies[Kind] };
}[K];

/** An entry as the log holds it. `hash` = SHA-256 over `previousHash` and the canonical form of everything else. */
export type LoggedEntry<K extends EntryKind = EntryKind> = {
  readonly [Kind in K]: Place & Link & { readonly kind: Kind; readonly body: Bodies[Kind] };
}[K];

/** Tells whether an entry is of a kind. */
export function isOfKind<K extends EntryKind>(
  entry: LoggedEntry,
  kind: K,
): entry is LoggedEntry & LoggedEntry<K> {
  return entry.kind === kind;
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

/** What a decision comes to: entries to record, actions to take and follow-up work, together or not at all. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly actions: readonly Action[];
  readonly tasks: readonly Task[];
}
