/** Reading the evidence log in pages, and checking that nothing in it was changed. */

import { sql } from "kysely";
import type { Kysely, Selectable } from "kysely";

import { FIRST_LINK, linkHash } from "../domain/records/chain.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { EntryKind, LoggedEntry } from "../domain/records/entry.ts";
import { raised } from "../domain/records/stored.ts";
import type { LogTable, Tables } from "./database/schema.ts";
import type { Readable } from "./database/store.ts";

const PAGE = 1_000;

/**
 * Describes whose entries are read. One log holds every organisation: an answer about one of them is read of it alone, and
 * whoever reads them all names that.
 */
export type Whose =
  | {
      readonly organizationId: number;
      readonly repositoryId?: number;
      readonly everyOrganization?: never;
    }
  | {
      readonly repositoryId: number;
      readonly organizationId?: never;
      readonly everyOrganization?: never;
    }
  | { readonly everyOrganization: true; readonly organizationId?: never; readonly repositoryId?: never };

/** Selects entries of the log; times are half-open and cut by `at`. */
export type LogFilter<K extends EntryKind = EntryKind> = Whose & {
  readonly from?: Instant;
  readonly to?: Instant;
  readonly kinds?: readonly K[];
  /** Only entries after this one. */
  readonly afterSeq?: number;
  /** Only entries up to this one, included. */
  readonly untilSeq?: number;
};

/** Describes a row of the log as the database holds it. */
export type LogRow = Selectable<LogTable>;

/** Lists the columns of an entry, named so that they can be joined with its state. */
export const LOG_COLUMNS = [
  "log.seq",
  "log.kind",
  "log.subject",
  "log.repository_id",
  "log.organization_id",
  "log.at",
  "log.recorded_at",
  "log.previous_hash",
  "log.hash",
  "log.version",
  "log.body",
] as const;

/** Holds the result of a check of the whole log. */
export type LogCheck =
  | { readonly ok: true; readonly size: number; readonly hash: string }
  | { readonly ok: false; readonly seq: number; readonly problem: string };

/** Returns a row of a kind as an entry. INVARIANT: only `record` writes rows, and it takes no kind with the body of another. */
export function readEntry<K extends EntryKind>(row: LogRow): LoggedEntry<K> {
  const entry = {
    seq: row.seq,
    kind: row.kind as K,
    subject: row.subject,
    repositoryId: row.repository_id,
    organizationId: row.organization_id,
    at: row.at,
    recordedAt: row.recorded_at,
    previousHash: row.previous_hash,
    hash: row.hash,
    ...raised({ seq: row.seq, kind: row.kind as K, version: row.version }, JSON.parse(row.body)),
  };
  return entry;
}

/** Reads the entries with these numbers, in any order. */
export function entriesAt(db: Kysely<Tables>, seqs: readonly number[]): Promise<readonly LogRow[]> {
  return db.selectFrom("log").select(LOG_COLUMNS).where("log.seq", "in", seqs).execute();
}

/** Reads all entries that the filter selects, oldest first. */
export async function* readLog<K extends EntryKind>(
  store: Readable,
  filter: LogFilter<K>,
): AsyncIterable<LoggedEntry<K>> {
  for await (const row of rows(store, filter)) yield readEntry<K>(row);
}

/** Computes every link again, then compares the head and the states with the log. Names the first entry that does not fit. */
export async function checkLog(store: Readable): Promise<LogCheck> {
  // Read first: whatever is appended meanwhile comes after it.
  const head = await store.read((db) =>
    db.selectFrom("log_head").select(["size", "hash"]).where("id", "=", 1).executeTakeFirst(),
  );
  if (head === undefined) return { ok: false, seq: 0, problem: "the head of the log is missing" };
  let hash = FIRST_LINK;
  let size = 0;
  for await (const row of rows(store, { everyOrganization: true })) {
    size += 1;
    const problem = brokenLink(row, size, hash);
    if (problem !== null) return { ok: false, seq: size, problem };
    hash = row.hash;
    if (size === head.size && hash !== head.hash)
      return { ok: false, seq: size, problem: "the head of the log names another hash than its last entry" };
  }
  if (size < head.size)
    return {
      ok: false,
      seq: size + 1,
      problem: `the log ends before entry ${head.size}, which its head names`,
    };
  return (await wrongState(store)) ?? { ok: true, size, hash };
}

async function* rows(store: Readable, filter: LogFilter): AsyncIterable<LogRow> {
  const { from, to, kinds, organizationId, repositoryId, afterSeq = 0, untilSeq } = filter;
  let after = afterSeq;
  for (;;) {
    const last = after;
    const page = await store.read((db) => {
      let query = db.selectFrom("log").select(LOG_COLUMNS).where("log.seq", ">", last);
      if (untilSeq !== undefined) query = query.where("log.seq", "<=", untilSeq);
      if (from !== undefined) query = query.where("log.at", ">=", from);
      if (to !== undefined) query = query.where("log.at", "<", to);
      if (kinds !== undefined) query = query.where("log.kind", "in", kinds);
      if (organizationId !== undefined) query = query.where("log.organization_id", "=", organizationId);
      if (repositoryId !== undefined) query = query.where("log.repository_id", "=", repositoryId);
      return query.orderBy("log.seq").limit(sql.lit(PAGE)).execute();
    });
    yield* page;
    after = page.at(-1)?.seq ?? after;
    if (page.length < PAGE) return;
  }
}

function brokenLink(row: LogRow, seq: number, previousHash: string): string | null {
  if (row.seq !== seq) return `entry ${seq} is missing: after entry ${seq - 1} comes ${row.seq}`;
  if (row.previous_hash !== previousHash)
    return `entry ${seq} is not linked to the entry before it: one of the two was changed, moved or put in`;
  const unlinked = {
    seq: row.seq,
    kind: row.kind,
    subject: row.subject,
    repositoryId: row.repository_id,
    organizationId: row.organization_id,
    at: row.at,
    recordedAt: row.recorded_at,
    version: row.version,
    body: null,
  };
  if (linkHash(previousHash, unlinked, row.body) !== row.hash)
    return `entry ${seq} was changed after it was recorded`;
  return null;
}

async function wrongState(store: Readable): Promise<LogCheck | null> {
  const wrong = await store.read((db) =>
    sql<{ seq: number; kind: string; subject: string }>`
      select s.seq, s.kind, s.subject from state s left join log l on l.seq = s.seq
      where l.seq is null or l.kind <> s.kind or l.subject <> s.subject or l.at <> s.at
        or l.repository_id <> s.repository_id or l.organization_id <> s.organization_id
        or exists (select 1 from log n where n.kind = s.kind and n.subject = s.subject and n.seq > s.seq)
      union all
      select l.seq, l.kind, l.subject from log l
      where not exists (select 1 from state s where s.kind = l.kind and s.subject = l.subject)
      limit 1`.execute(db),
  );
  const first = wrong.rows[0];
  if (first === undefined) return null;
  return {
    ok: false,
    seq: first.seq,
    problem: `the newest state of ${first.kind} ${first.subject} is not what the log records`,
  };
}
