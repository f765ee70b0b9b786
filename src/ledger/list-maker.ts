/** How lists are made: from the log as it grows, and made again from it alone. */

import { setImmediate, setTimeout } from "node:timers/promises";

import type { Kysely, Transaction } from "kysely";

import type { LoggedEntry } from "../domain/records/entry.ts";
import {
  LISTED_KINDS,
  LISTED_VERSION,
  listedOf,
  placeMark,
  repositoryMark,
  type Listed,
  type ListedKind,
} from "../domain/lists/listed.ts";
import { ListsNotReady } from "../domain/lists/not-ready.ts";
import { LOG_COLUMNS, readEntry, type LogRow } from "./log.ts";
import type { Tables } from "./database/schema.ts";
import { storable } from "./database/storable.ts";
import type { Store } from "./database/store.ts";

/** So many entries are listed in one transaction: what else waits for the store is done in between. */
const PAGE = 200;

/** A page waits so long (ms) for lists that are being made. */
const PATIENCE = 3_000;

/** Marks are written so many rows at a time: a statement has at most 32,766 values. */
const MOST_MARKS = 4_000;

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

  /** Waits a while for lists that are up to date. Throws {@link ListsNotReady} where that takes longer; they go on being made. */
  async upToDate(): Promise<void> {
    if ((await this.#store.read(place)).left === 0) return;
    const waited = new AbortController();
    const making = this.catchUp();
    try {
      await Promise.race([making, setTimeout(this.#patience, null, { signal: waited.signal })]);
    } finally {
      waited.abort();
    }
    const { left, size } = await this.#store.read(place);
    if (this.#making === null || left <= PAGE) return making;
    making.catch(() => undefined);
    throw new ListsNotReady(left, size);
  }

  async #make(): Promise<void> {
    for (;;) {
      const { left } = await this.#store.read(place);
      if (left === 0) return;
      await this.#store.transact(async (tx) => {
        const { version, seq } = await lockedPlace(tx, this.#store.kind);
        if (version !== LISTED_VERSION) await forget(tx);
        await listFrom(tx, version === LISTED_VERSION ? seq : 0);
      });
      // The embedded store answers at once: nothing else in this process would have a turn before the end.
      await setImmediate();
    }
  }
}

/** How many entries of the log are not listed yet, of how many. */
async function place(db: Kysely<Tables>): Promise<{ readonly left: number; readonly size: number }> {
  const row = await db
    .selectFrom("listing")
    .innerJoin("log_head", "log_head.id", "listing.id")
    .select(["listing.version", "listing.seq", "log_head.size"])
    .executeTakeFirstOrThrow();
  const { size } = row;
  return { left: row.version === LISTED_VERSION ? size - row.seq : Math.max(size, 1), size };
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
  await tx.deleteFrom("listed").execute();
  await tx.deleteFrom("listed_mark").execute();
}

async function listFrom(tx: Transaction<Tables>, seq: number): Promise<void> {
  const { size } = await tx.selectFrom("log_head").select("size").executeTakeFirstOrThrow();
  const rows = await tx
    .selectFrom("log")
    .select(LOG_COLUMNS)
    .where("seq", ">", seq)
    .where("seq", "<=", size)
    .where("kind", "in", [...LISTED_KINDS])
    .orderBy("seq")
    .limit(PAGE)
    .execute();
  const newest = new Map(rows.map((row) => [`${row.kind} ${row.subject}`, row]));
  await replace(tx, [...newest.values()]);
  const last = rows.length < PAGE ? size : (rows.at(-1)?.seq ?? size);
  await tx.updateTable("listing").set({ version: LISTED_VERSION, seq: last }).where("id", "=", 1).execute();
}

async function replace(tx: Transaction<Tables>, rows: readonly LogRow[]): Promise<void> {
  if (rows.length === 0) return;
  const entries = rows.map((row) => {
    const entry = readEntry<ListedKind>(row);
    return { entry, listed: listedOf(entry.kind, entry.body) };
  });
  for (const [kind, of] of Map.groupBy(rows, (row) => row.kind)) {
    const subjects = of.map(({ subject }) => subject);
    await tx.deleteFrom("listed").where("kind", "=", kind).where("subject", "in", subjects).execute();
    await tx.deleteFrom("listed_mark").where("kind", "=", kind).where("subject", "in", subjects).execute();
  }
  await tx
    .insertInto("listed")
    .values(
      entries.map(({ entry, listed }) => ({
        ...columnsOf(entry, listed),
        outcomes: listed.outcomes,
        words: storable(listed.words),
      })),
    )
    .execute();
  const marks = entries.flatMap(({ entry, listed }) =>
    [...listed.marks, repositoryMark(entry.repositoryId), placeMark(listed.place)].map((mark) => ({
      ...columnsOf(entry, listed),
      mark: storable(mark),
    })),
  );
  for (let from = 0; from < marks.length; from += MOST_MARKS)
    await tx
      .insertInto("listed_mark")
      .values(marks.slice(from, from + MOST_MARKS))
      .execute();
}

function columnsOf(
  { organizationId, kind, at, subject, seq, repositoryId }: LoggedEntry,
  { place: where, verdict }: Listed,
) {
  return {
    organization_id: organizationId,
    kind,
    at,
    subject,
    seq,
    repository_id: repositoryId,
    place: storable(where),
    verdict,
  };
}
