/** The ledger's tables, the same in both stores: instants are integer epoch milliseconds, JSON is text, bodies are bytes. */

import type { Generated } from "kysely";

/** Describes the evidence log, append-only and hash-linked by `seq`, which has no gaps. */
export interface LogTable {
  readonly seq: number;
  readonly kind: string;
  readonly subject: string;
  readonly repository_id: number;
  readonly organization_id: number;
  readonly at: number;
  readonly recorded_at: number;
  readonly previous_hash: string;
  readonly hash: string;
  /** The version of its body. */
  readonly version: number;
  /** Canonical JSON. */
  readonly body: string;
}

/** One row, id 1: how long the log is and its last hash. Its row lock is what lets one writer at a time append. */
interface LogHeadTable {
  readonly id: number;
  readonly size: number;
  readonly hash: string;
}

/** The newest entry of each subject. */
interface StateTable {
  readonly kind: string;
  readonly subject: string;
  readonly seq: number;
  readonly repository_id: number;
  readonly organization_id: number;
  readonly at: number;
}

/** Describes a webhook as received, or a task of our own timetable. */
export interface DeliveryTable {
  readonly arrival: Generated<number>;
  readonly id: string;
  readonly lane: string;
  readonly event: string;
  readonly action: string | null;
  readonly received_at: number;
  readonly due_at: number;
  readonly status: string;
  readonly attempts: number;
  /** What it was handled as, or why it was ignored. */
  readonly note: string | null;
  readonly error: string | null;
  readonly done_at: number | null;
  /** The raw bytes, gzip. */
  readonly body: Uint8Array;
}

/** Describes one thing to do on GitHub. */
export interface ActionTable {
  readonly id: Generated<number>;
  readonly key: string;
  readonly kind: string;
  readonly lane: string;
  readonly repository_id: number;
  readonly organization_id: number;
  readonly installation_id: number;
  /** Canonical JSON. */
  readonly payload: string;
  readonly stored_at: number;
  readonly due_at: number;
  readonly status: string;
  readonly attempts: number;
  /** JSON. */
  readonly outcome: string | null;
  readonly error: string | null;
  readonly done_at: number | null;
}

/** One row for each lane that ever had work; `due_at` null: nothing waits. */
interface LaneTable {
  readonly lane: string;
  readonly due_at: number | null;
  readonly lease_until: number;
  readonly owner: string | null;
}

/** One row, id 1: when an App last worked on this database. */
interface HeartbeatTable {
  readonly id: number;
  readonly at: number;
}

/** What is stored only to see whether anything can be: at most one row is left. */
interface TrialTable {
  readonly id: Generated<number>;
  readonly body: Uint8Array;
}

/** What a replica may use of an asker's limits at GitHub, and when its lease ends. */
interface ShareTable {
  readonly asker: string;
  readonly replica: string;
  readonly until: number;
  /** JSON. */
  readonly share: string;
}

/** A change or deployment as lists find it; derived from the log. `marks`: a JSON list; `words`, `ids`: a line each. */
interface ListedTable {
  readonly kind: string;
  readonly subject: string;
  readonly organization_id: number;
  readonly at: number;
  readonly seq: number;
  readonly repository_id: number;
  readonly marks: string;
  readonly words: string;
  readonly ids: string;
}

/** What is listed of one day (UTC), in the order of the list. `seqs`, `times` and `repositories` are JSON lists. */
interface ListedDayTable {
  readonly organization_id: number;
  readonly kind: string;
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly size: number;
  readonly seqs: string;
  readonly times: string;
  readonly repositories: string;
  readonly ids: string;
  readonly words: string;
}

/** Of which of a day's rows a mark is true, a bit for each. */
interface ListedBitsTable {
  readonly organization_id: number;
  readonly kind: string;
  /** The first word of the mark. */
  readonly facet: string;
  readonly mark: string;
  readonly day: number;
  readonly bits: Uint8Array;
}

/** What a change or deployment names, a row for each. */
interface ListedMarkTable {
  readonly organization_id: number;
  readonly kind: string;
  readonly mark: string;
  readonly subject: string;
}

/** One row, id 1: up to which entry the lists were made, and by which version. */
interface ListingTable {
  readonly id: number;
  readonly version: number;
  readonly seq: number;
}

/** Who is signed in to the pages. */
interface SessionTable {
  readonly id: string;
  readonly person: string;
  readonly encrypted: string;
  readonly seen_at: number;
  readonly ends_at: number;
}

/** The forms people sent from the pages. `tried_at`: when it was last being done; `answer` null: what came of it is not known yet. */
interface FormTable {
  readonly id: string;
  readonly begun_at: number;
  readonly tried_at: number;
  readonly answer: string | null;
}

/** The migrations that were applied, with the digest of the text that ran. */
interface MigrationTable {
  readonly name: string;
  readonly digest: string;
  readonly applied_at: number;
}

/** Lists all tables. */
export interface Tables {
  readonly log: LogTable;
  readonly log_head: LogHeadTable;
  readonly state: StateTable;
  readonly delivery: DeliveryTable;
  readonly action: ActionTable;
  readonly lane: LaneTable;
  readonly heartbeat: HeartbeatTable;
  readonly trial: TrialTable;
  readonly share: ShareTable;
  readonly listed: ListedTable;
  readonly listed_day: ListedDayTable;
  readonly listed_bits: ListedBitsTable;
  readonly listed_mark: ListedMarkTable;
  readonly listing: ListingTable;
  readonly session: SessionTable;
  readonly form: FormTable;
  readonly migration: MigrationTable;
}

/** Names the two stores. */
export type StoreKind = "sqlite" | "postgres";
