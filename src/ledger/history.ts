/** Every entry about a few subjects, found by them: each question looks into the log's index of subjects. */

import type { Kysely, SelectQueryBuilder } from "kysely";

import type { EntryKind, LoggedEntry } from "../domain/records/entry.ts";
import type { Tables } from "./database/schema.ts";
import type { Readable } from "./database/store.ts";
import { LOG_COLUMNS, readEntry, type LogRow } from "./log.ts";
import { states } from "./states.ts";

/** A statement has at most so many subjects. */
const PART = 500;

/** Selects entries by what they are about: these subjects, or all that begin so. */
export type HistoryAsked<K extends EntryKind = EntryKind> = { readonly kinds: readonly K[] } & (
  | { readonly subjects: readonly string[] }
  | { readonly beginning: string }
);

/** Reads every entry of some subjects, oldest first. */
export async function historyOf<K extends EntryKind>(
  store: Readable,
  { kinds, ...which }: HistoryAsked<K>,
): Promise<readonly LoggedEntry<K>[]> {
  if (kinds.length === 0) return [];
  const rows =
    "beginning" in which
      ? await store.read((db) => historyQuery(db, { kinds, ...which }).execute())
      : await inParts(which.subjects, (subjects) =>
          store.read((db) => historyQuery(db, { kinds, subjects }).execute()),
        );
  return rows.map((row) => readEntry<K>(row)).toSorted((a, b) => a.seq - b.seq);
}

/** Reads the newest entry of each of some subjects, by subject. */
export async function newestOfEach<K extends EntryKind>(
  store: Readable,
  kind: K,
  subjects: readonly string[],
): Promise<readonly LoggedEntry<K>[]> {
  const rows = await inParts(subjects, (part) =>
    store.read((db) =>
      states(db).where("state.kind", "=", kind).where("state.subject", "in", part).execute(),
    ),
  );
  return rows.map((row) => readEntry<K>(row)).toSorted((a, b) => (a.subject < b.subject ? -1 : 1));
}

/** Selects every entry of some subjects. Sorted in SQL, an entry would be looked for along the whole log. */
export function historyQuery(
  db: Kysely<Tables>,
  about: HistoryAsked,
): SelectQueryBuilder<Tables, "log", LogRow> {
  const query = db.selectFrom("log").select(LOG_COLUMNS).where("log.kind", "in", about.kinds);
  if (!("beginning" in about)) return query.where("log.subject", "in", about.subjects);
  const { beginning } = about;
  return (
    query
      .where("log.subject", ">=", beginning)
      // Both stores compare subjects by their UTF-8 bytes, where nothing that begins so comes after this.
      .where("log.subject", "<", `${beginning}\u{10FFFF}`)
  );
}

async function inParts<Row>(
  subjects: readonly string[],
  read: (part: readonly string[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  const all = [...new Set(subjects)];
  const rows: Row[] = [];
  for (let from = 0; from < all.length; from += PART)
    rows.push(...(await read(all.slice(from, from + PART))));
  return rows;
}
