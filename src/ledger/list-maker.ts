/** How lists are made: from the log as it grows, and made again from it alone. */

import { setImmediate, setTimeout } from "node:timers/promises";

import { sql, type Kysely, type Transaction } from "kysely";

import type { LoggedEntry } from "../domain/records/entry.ts";
import {
  FACETS,
  facetOf,
  judgedMark,
  LISTED_KINDS,
  LISTED_VERSION,
  listedOf,
  placeMark,
  repositoryMark,
  UNTESTED_MARK,
  verdictMark,
  type Listed,
  type ListedKind,
} from "../domain/lists/listed.ts";
import { ListsNotReady } from "../domain/lists/not-ready.ts";
import { DAY } from "../domain/time/durations.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import { LOG_COLUMNS, readEntry, type LogRow } from "./log.ts";
import type { Tables } from "./database/schema.ts";
import { storable } from "./database/storable.ts";
import type { Readable, Store } from "./database/store.ts";
import { bitsOf } from "./list-bits.ts";
import { dayNumber } from "./list-days.ts";
import { ROW_END } from "./list-rows.ts";

/** So many entries are listed in one transaction: what else waits for the store is done in between. */
const PAGE = 200;

/** A page waits so long (ms) for lists that are being made. */
const PATIENCE = 3_000;

/** So many days are made at most in one transaction, whatever is listed of them. */
const DAYS = 10;

/** Rows are written so many at a time: a statement has at most 32,766 values. */
const MOST_ROWS = 3_000;

/** Makes lists. Every method throws ExternalError when the database fails. */
export class ListMaker {
  readonly #store: Store;
  readonly #patience: number;
  /** What is catching up at the moment; null: nothing does. */
  #making: Promise<void> | null = null;

  /** `patience`: how long lists that are still being made are waited for (ms). */
  constructor(store: Store, patience = PATIENCE) {
    this.#store = store;
    this.#patience = patience;
  }

  /** Reads into the lists what the log has gained, however long that takes. */
  async catchUp(): Promise<void> {
    // Whoever asks meanwhile waits for the same.
    this.#making ??= this.#make().finally(() => (this.#making = null));
    return this.#making;
  }

  /**
   * Waits a while for lists that are up to date, and returns up to which entry they are. Throws {@link ListsNotReady} where
   * that takes longer; they go on being made.
   */
  async upToDate(): Promise<number> {
    const now = await this.#store.read(place);
    if (now.left === 0) return now.seq;
    const waited = new AbortController();
    const making = this.catchUp();
    try {
      await Promise.race([making, setTimeout(this.#patience, null, { signal: waited.signal })]);
    } finally {
      waited.abort();
    }
    const { left, size } = await this.#store.read(place);
    if (this.#making === null || left <= PAGE) {
      await making;
      return this.made();
    }
    making.catch(() => undefined);
    throw new ListsNotReady(left, size);
  }

  /** Returns up to which entry of the log the lists are made, at a moment or now. */
  async made(moment: Readable = this.#store): Promise<number> {
    return (await moment.read(place)).seq;
  }

  async #make(): Promise<void> {
    for (;;) {
      const { left } = await this.#store.read(place);
      if (left === 0) return;
      await this.#store.transact(async (tx) => {
        const { version, seq } = await lockedPlace(tx, this.#store.kind);
        refuseNewer(version);
        if (version !== LISTED_VERSION) await forget(tx);
        await listFrom(tx, version === LISTED_VERSION ? seq : 0);
      });
      // The embedded store answers at once: nothing else in this process would have a turn before the end.
      await setImmediate();
    }
  }
}

/** How many entries of the log are not listed yet, of how many. */
async function place(
  db: Kysely<Tables>,
): Promise<{ readonly seq: number; readonly left: number; readonly size: number }> {
  const row = await db
    .selectFrom("listing")
    .innerJoin("log_head", "log_head.id", "listing.id")
    .select(["listing.version", "listing.seq", "log_head.size"])
    .executeTakeFirstOrThrow();
  const { size, seq } = row;
  refuseNewer(row.version);
  return { seq, left: row.version === LISTED_VERSION ? size - seq : Math.max(size, 1), size };
}

/** While replicas are updated one by one, each would make anew what the other made. */
function refuseNewer(version: number): void {
  if (version > LISTED_VERSION)
    throw new ExternalError(
      "database-version",
      "The lists of the pages were made by a newer version of Countersign, and this one cannot read them. Start that version.",
    );
}

/** One at a time: what another process lists meanwhile is seen. */
async function lockedPlace(
  tx: Transaction<Tables>,
  store: Store["kind"],
): Promise<{ readonly version: number; readonly seq: number }> {
  const query = tx.selectFrom("listing").select(["version", "seq"]).where("id", "=", 1);
  return (store === "postgres" ? query.forUpdate() : query).executeTakeFirstOrThrow();
}

async function forget(tx: Transaction<Tables>): Promise<void> {
  for (const table of ["listed", "listed_day", "listed_bits", "listed_mark"] as const)
    await tx.deleteFrom(table).execute();
}

async function listFrom(tx: Transaction<Tables>, seq: number): Promise<void> {
  const { size } = await tx.selectFrom("log_head").select("size").executeTakeFirstOrThrow();
  const rows = await tx
    .selectFrom("log")
    .select(LOG_COLUMNS)
    .where("seq", ">", seq)
    .where("seq", "<=", size)
    // As an expression: by the index of kinds, every entry of theirs would be read and sorted each time.
    .where(sql<string>`kind || ''`, "in", [...LISTED_KINDS])
    .orderBy("seq")
    .limit(PAGE)
    .execute();
  const taken = ofFewDays(rows);
  const newest = new Map(taken.map((row) => [`${row.kind} ${row.subject}`, row]));
  await replace(tx, [...newest.values()]);
  const isAll = rows.length < PAGE && taken.length === rows.length;
  const last = isAll ? size : (taken.at(-1)?.seq ?? size);
  await tx.updateTable("listing").set({ version: LISTED_VERSION, seq: last }).where("id", "=", 1).execute();
}

/** The first rows, as far as they are of few days: each of these is made again. */
function ofFewDays(rows: readonly LogRow[]): readonly LogRow[] {
  const days = new Set<string>();
  const end = rows.findIndex((row) => days.add(dayName(row)).size > DAYS);
  return end === -1 ? rows : rows.slice(0, end);
}

/** A day of one organisation's list. */
type ListDay = Pick<LogRow, "organization_id" | "kind" | "at">;

function dayName({ organization_id: organizationId, kind, at }: ListDay): string {
  return JSON.stringify([organizationId, kind, dayNumber(at)]);
}

async function replace(tx: Transaction<Tables>, rows: readonly LogRow[]): Promise<void> {
  if (rows.length === 0) return;
  const days = new Map<string, ListDay>(rows.map((row) => [dayName(row), row]));
  for (const [kind, of] of Map.groupBy(rows, (row) => row.kind)) {
    const subjects = of.map(({ subject }) => subject);
    const earlier = await tx
      .deleteFrom("listed")
      .where("kind", "=", kind)
      .where("subject", "in", subjects)
      .returning(["organization_id", "kind", "at"])
      .execute();
    for (const each of earlier) days.set(dayName(each), each);
    await tx.deleteFrom("listed_mark").where("kind", "=", kind).where("subject", "in", subjects).execute();
  }
  const listed = rows.map((row) => {
    const entry = readEntry<ListedKind>(row);
    return { entry, ...listedOf(entry.kind, entry.body) };
  });
  await tx
    .insertInto("listed")
    .values(
      listed.map((each) => ({
        ...keyOf(each.entry),
        at: each.entry.at,
        seq: each.entry.seq,
        repository_id: each.entry.repositoryId,
        marks: JSON.stringify(rowMarks(each.entry, each)),
        words: asRow(each.words),
        ids: asRow(each.ids),
      })),
    )
    .execute();
  const names = listed.flatMap(({ entry, marks }) =>
    marks.filter((mark) => facetOf(mark) === "names").map((mark) => ({ ...keyOf(entry), mark })),
  );
  await inParts(names, (part) => tx.insertInto("listed_mark").values(part).execute());
  for (const day of days.values()) await makeDay(tx, day);
}

function keyOf({ organizationId, kind, subject }: LoggedEntry) {
  return { organization_id: organizationId, kind, subject };
}

/** Each mark that lists are read by. */
function rowMarks({ repositoryId }: LoggedEntry, listed: Listed): readonly string[] {
  const { place: where, verdict, outcomes, marks } = listed;
  const own = [
    ...marks.filter((mark) => facetOf(mark) !== "names"),
    ...(outcomes.includes("unverifiable") ? [UNTESTED_MARK] : []),
    repositoryMark(repositoryId),
    placeMark(where),
    verdictMark(verdict),
    judgedMark(listed),
  ];
  // As they are held: two that differ before may be one then.
  return [...new Set(own.map(storable))];
}

function asRow(text: string): string {
  return `\n${text.replaceAll(ROW_END, "\n")}`;
}

/** Makes a day from its rows. Most marks stay as they are when a row is added: only the others are written. */
async function makeDay(tx: Transaction<Tables>, { organization_id: organizationId, kind, at }: ListDay) {
  const day = dayNumber(at);
  const key = { organization_id: organizationId, kind, day };
  const found = await tx
    .selectFrom("listed")
    .select(["subject", "at", "seq", "repository_id", "marks", "words", "ids"])
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where("at", ">=", day * DAY)
    .where("at", "<", (day + 1) * DAY)
    .execute();
  const rows = found.toSorted((a, b) => a.at - b.at || (a.subject < b.subject ? -1 : 1));
  const places = new Map<string, number[]>();
  for (const [index, { marks }] of rows.entries())
    for (const mark of JSON.parse(marks) as readonly string[]) {
      const own = places.get(mark);
      if (own === undefined) places.set(mark, [index]);
      else own.push(index);
    }
  await replaceBits(tx, key, new Map([...places].map(([mark, of]) => [mark, bitsOf(of)])));
  const ofDay = tx.deleteFrom("listed_day").where("organization_id", "=", organizationId);
  await ofDay.where("kind", "=", kind).where("day", "=", day).execute();
  if (rows.length === 0) return;
  await tx
    .insertInto("listed_day")
    .values({
      ...key,
      size: rows.length,
      seqs: JSON.stringify(rows.map(({ seq }) => seq)),
      times: JSON.stringify(rows.map((row) => row.at)),
      repositories: JSON.stringify(rows.map((row) => row.repository_id)),
      ids: rows.map(({ ids }) => ids).join(ROW_END),
      words: rows.map(({ words }) => words).join(ROW_END),
    })
    .execute();
}

async function replaceBits(
  tx: Transaction<Tables>,
  key: { readonly organization_id: number; readonly kind: string; readonly day: number },
  marks: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  const { organization_id: organizationId, kind, day } = key;
  const before = await tx
    .selectFrom("listed_bits")
    .select(["mark", "bits"])
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where("facet", "in", [...FACETS])
    .where("day", "=", day)
    .execute();
  const same = new Set(before.flatMap(({ mark, bits }) => (isSame(bits, marks.get(mark)) ? [mark] : [])));
  const gone = before.filter(({ mark }) => !same.has(mark));
  await inParts(gone, async (part) => {
    const old = tx.deleteFrom("listed_bits").where("organization_id", "=", organizationId);
    const facets = [...new Set(part.map(({ mark }) => facetOf(mark)))];
    await old
      .where("kind", "=", kind)
      .where("facet", "in", facets)
      .where(
        "mark",
        "in",
        part.map(({ mark }) => mark),
      )
      .where("day", "=", day)
      .execute();
  });
  const more = [...marks].filter(([mark]) => !same.has(mark));
  await inParts(more, (part) =>
    tx
      .insertInto("listed_bits")
      .values(part.map(([mark, bits]) => ({ ...key, facet: facetOf(mark), mark, bits })))
      .execute(),
  );
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  return b !== undefined && a.length === b.length && a.every((byte, index) => byte === b[index]);
}

async function inParts<T>(
  rows: readonly T[],
  write: (part: readonly T[]) => Promise<unknown>,
): Promise<void> {
  for (let from = 0; from < rows.length; from += MOST_ROWS) await write(rows.slice(from, from + MOST_ROWS));
}
