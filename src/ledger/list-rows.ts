/** What only the rows of a day show: whose each is, what it says, and where its entry is. */

import { sql, type Kysely, type RawBuilder } from "kysely";

import { idIn } from "../domain/lists/listed.ts";
import { bitsOf, placesOf } from "./list-bits.ts";
import type { StoreKind, Tables } from "./database/schema.ts";
import type { DayQuery, ListFilter } from "./list-filter.ts";

/** Separates the rows in a text of a day. The words of a filter never have it, and those of a row lose it. */
export const ROW_END = "\u0001";

/** Describes a day of a list. */
export interface Day {
  readonly day: number;
  readonly size: number;
}

/** Describes a day with those of its rows of which all is true that is known without reading one. */
export interface FoundDay extends Day {
  readonly bits: Uint8Array;
}

/** Describes what is selected of a day. */
export interface SelectedRows {
  readonly bits: Uint8Array;
  /** The rows' entries in the log, where they are listed. */
  readonly seqs: readonly number[];
}

/** Reads what is selected of each day, by what only its rows show. Nothing is read where that is not asked for. */
export async function selectedOn(
  db: Kysely<Tables>,
  store: StoreKind,
  { kind, filter, counted }: DayQuery,
  days: readonly FoundDay[],
): Promise<ReadonlyMap<number, SelectedRows>> {
  const { organizationId, words } = filter;
  const several = severalOf(filter);
  const isKnown = counted !== null && words === undefined && several === null;
  if (isKnown || days.length === 0) return new Map(days.map(({ day, bits }) => [day, { bits, seqs: [] }]));
  const id = words === undefined ? null : idIn(words);
  let query = db
    .selectFrom("listed_day")
    .select("day")
    .$if(counted === null, (rows) => rows.select("seqs"))
    .$if(several !== null, (rows) => rows.select("repositories"))
    .$if(words !== undefined, (rows) => rows.select("words"))
    .$if(id !== null, (rows) => rows.select("ids"))
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where(
      "day",
      "in",
      days.map(({ day }) => day),
    );
  if (words !== undefined) {
    const said = has(store, "words", words.toLowerCase());
    // The days in which nothing of it stands are not read.
    query = query.where((eb) => (id === null ? said : eb.or([said, has(store, "ids", `\n${id}`)])));
  }
  const found = new Map((await query.execute()).map((row): [number, DayRows] => [row.day, row]));
  return new Map(
    days.flatMap(({ day, bits }) => {
      const row = found.get(day);
      if (row === undefined) return [];
      return [
        [day, { bits: saidIn(row, ofRepositories(row, bits, several), words), seqs: numbersIn(row.seqs) }],
      ];
    }),
  );
}

/** What only the rows of a day show, as far as it is asked for. */
interface DayRows {
  readonly seqs?: string;
  readonly repositories?: string;
  readonly words?: string;
  readonly ids?: string;
}

/** Each store by what it finds fastest. */
function has(store: StoreKind, column: "words" | "ids", text: string): RawBuilder<boolean> {
  const within = sql.ref(column);
  return store === "sqlite"
    ? sql<boolean>`${within} glob ${`*${text.replaceAll(/[*?[]/gu, "[$&]")}*`}`
    : sql<boolean>`strpos(${within}, ${text}) > 0`;
}

/** Of one repository there are marks. */
function severalOf({ repositoryIds }: ListFilter): ReadonlySet<number> | null {
  return repositoryIds === undefined || repositoryIds.length === 1 ? null : new Set(repositoryIds);
}

/** Those of some rows that are of one of several repositories; all, where not several are asked for. */
function ofRepositories(
  { repositories }: DayRows,
  bits: Uint8Array,
  several: ReadonlySet<number> | null,
): Uint8Array {
  if (several === null) return bits;
  const ids = numbersIn(repositories);
  return bitsOf(placesOf(bits).filter((place) => several.has(ids[place] ?? 0)));
}

/** Those of some rows that say something in any case, or have an id that begins with it; all, where nothing is asked for. */
function saidIn({ words = "", ids = "" }: DayRows, bits: Uint8Array, asked: string | undefined): Uint8Array {
  if (asked === undefined) return bits;
  const [places, id] = [placesOf(bits), idIn(asked)];
  const said = placesOfText(words, asked.toLowerCase(), places);
  return bitsOf(id === null ? said : [...said, ...placesOfText(ids, `\n${id}`, places)]);
}

/** Those of some places, in order, at whose rows a text stands. No row is made a text of its own: a day has many. */
function placesOfText(rows: string, text: string, places: readonly number[]): readonly number[] {
  const found: number[] = [];
  let [place, from, next] = [0, 0, rows.indexOf(text)];
  for (const wanted of places) {
    for (; place < wanted; place += 1) from = rows.indexOf(ROW_END, from) + 1;
    if (next !== -1 && next < from) next = rows.indexOf(text, from);
    if (next === -1) break;
    const end = rows.indexOf(ROW_END, from);
    if (end === -1 || next < end) found.push(wanted);
  }
  return found;
}

/** Reads a list of numbers as a column has it. */
export function numbersIn(list = "[]"): readonly number[] {
  return JSON.parse(list) as readonly number[];
}
