/** The kinds of entry the evidence log holds, with their bodies, and the actions of a decision. */

import type { Instant } from "../time/instant.ts";
import type { Repository } from "../change/repository.ts";

import type { z } from "zod";
import { AcceptanceSchema } from "../change/pull-request.ts";
import { EmergencyRecordSchema, RetroactiveReviewRecordSchema } from "./emergency.ts";
import {
  BaselineRecordSchema,
  ControlStateRecordSchema,
  ExposureRecordSchema,
  ProtectionRecordSchema,
  raiseReadings,
} from "../protection/record.ts";
import { BranchRecordSchema, ChangeRecordSchema, GateRecordSchema, LandingRecordSchema } from "./change.ts";
import type { Infer } from "../values/schema.ts";
import { SourceGoneRecordSchema } from "./source-gone.ts";
import type { Task } from "./task.ts";
import { PolicyRecordSchema } from "../policy/record.ts";
import { ObservationSchema } from "../change/observation.ts";
import { DeviationRecordSchema } from "./deviation.ts";
import { keepUnapproved, RemediationRecordSchema } from "./remediation.ts";
import {
  CompletenessRecordSchema,
  CoverageGapRecordSchema,
  HeadCheckRecordSchema,
  LogHeadRecordSchema,
  MonthlyReviewRecordSchema,
  PackageDownloadRecordSchema,
  PeriodCloseRecordSchema,
  keepUnnotedReading,
  keepWhatWasSigned,
} from "./monitoring.ts";
import { DeploymentGateRecordSchema, DeploymentRecordSchema, TagsRecordSchema } from "./deployment.ts";
import {
  CommandRecordSchema,
  OwnersRecordSchema,
  RepositoryRecordSchema,
  WebhookRecordSchema,
} from "./repository.ts";

/** Describes how the body of a kind of entry is stored: by which schema, and in which version of it. */
export interface Stored<Schema extends z.ZodType> {
  readonly version: number;
  readonly schema: Schema;
  /** What raises a body by one version, that of version 1 first. */
  readonly upgrades: readonly Upgrade[];
}

/** Raises a body to the next version. */
type Upgrade = (body: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

/** The version of a body is how often it was changed so that older ones no longer fit its schema. */
function stored<Schema extends z.ZodType>(schema: Schema, ...upgrades: readonly Upgrade[]): Stored<Schema> {
  return { version: upgrades.length + 1, schema, upgrades };
}

/** Lists the kinds of entry, each with its body. An entry is the whole newest state of its subject; older ones stay in the log. */
export const BODIES = {
  repository: stored(RepositoryRecordSchema),
  observation: stored(ObservationSchema),
  policy: stored(PolicyRecordSchema),
  "code-owners": stored(OwnersRecordSchema),
  gate: stored(GateRecordSchema),
  branch: stored(BranchRecordSchema),
  change: stored(ChangeRecordSchema),
  "integration-branch": stored(BranchRecordSchema),
  landing: stored(LandingRecordSchema),
  deployment: stored(DeploymentRecordSchema),
  "deployment-gate": stored(DeploymentGateRecordSchema),
  tags: stored(TagsRecordSchema),
  deviation: stored(DeviationRecordSchema),
  remediation: stored(RemediationRecordSchema, keepUnapproved),
  "coverage-gap": stored(CoverageGapRecordSchema),
  completeness: stored(CompletenessRecordSchema, keepUnnotedReading),
  command: stored(CommandRecordSchema),
  acceptance: stored(AcceptanceSchema),
  protection: stored(ProtectionRecordSchema, raiseReadings),
  "control-state": stored(ControlStateRecordSchema),
  exposure: stored(ExposureRecordSchema),
  baseline: stored(BaselineRecordSchema),
  "monthly-review": stored(MonthlyReviewRecordSchema, keepWhatWasSigned),
  emergency: stored(EmergencyRecordSchema),
  "retroactive-review": stored(RetroactiveReviewRecordSchema),
  webhook: stored(WebhookRecordSchema),
  "source-gone": stored(SourceGoneRecordSchema),
  "period-close": stored(PeriodCloseRecordSchema),
  "log-head": stored(LogHeadRecordSchema),
  "head-check": stored(HeadCheckRecordSchema),
  "package-download": stored(PackageDownloadRecordSchema),
};

/** Names what an entry is about. */
export type EntryKind = keyof typeof BODIES;

/** Lists the kinds of entry. */
export const ENTRY_KINDS = Object.keys(BODIES) as readonly EntryKind[];

/** Names the body of each kind of entry. */
export type Bodies = { readonly [Kind in EntryKind]: Infer<(typeof BODIES)[Kind]["schema"]> };

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
  /** Set where `body` was recorded in an older version: what the hash covers. */
  readonly recorded?: Recorded;
}

/** Holds a body as it was recorded, in the version it had then. */
export interface Recorded {
  readonly version: number;
  readonly body: unknown;
}

/** Describes one line of the evidence log, before it is numbered and linked. `body` is stored as canonical JSON (RFC 8785). */
export type Entry<K extends EntryKind = EntryKind> = {
  readonly [Kind in K]: Place & { readonly kind: Kind; readonly body: Bodies[Kind] };
}[K];

/**
 * Describes an entry as it is read from the log, its body raised to today's version. `hash` = SHA-256 over
 * `previousHash` and the canonical form of its line.
 */
export type LoggedEntry<K extends EntryKind = EntryKind> = {
  readonly [Kind in K]: Place & Link & { readonly kind: Kind; readonly body: Bodies[Kind] };
}[K];

/** Returns whether an entry is of a kind. */
export function isOfKind<K extends EntryKind>(
  entry: LoggedEntry,
  kind: K,
): entry is LoggedEntry & LoggedEntry<K> {
  return entry.kind === kind;
}

/**
 * Describes one thing to do on GitHub, or a message to send elsewhere, stored before it is sent. Two actions with the
 * same `key` concern the same object: only the newest waiting one is carried out.
 */
export interface Action {
  readonly key: string;
  readonly kind: ActionKind;
  readonly repositoryId: number;
  readonly organizationId: number;
  readonly installationId: number;
  readonly payload: unknown;
}

/** Names what can be required of GitHub; `notification` is a message to a receiver elsewhere. */
export type ActionKind =
  | "check-run"
  | "open-issue"
  | "update-issue"
  | "answer-gate"
  | "request-reviewers"
  | "comment"
  | "reaction"
  | "post-head"
  | "notification";

/** Holds entries to record, actions to take and follow-up work: all of them are stored, or none. */
export interface Decision {
  readonly entries: readonly Entry[];
  readonly actions: readonly Action[];
  readonly tasks: readonly Task[];
}
/** Names where an action goes. */
export interface Addressee {
  readonly repository: Repository;
  readonly installationId: number;
  readonly appId: number;
}
