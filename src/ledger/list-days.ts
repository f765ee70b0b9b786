/** The days of a list on which something is selected: what is known of a whole day is read first, and no row for itself. */

import { sql, type Kysely, type RawBuilder } from "kysely";

import { facetOf, idIn, type ListedKind } from "../domain/lists/listed.ts";
import { DAY } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import { bitsBetween, bitsOf, both, countOf } from "./list-bits.ts";
import type { StoreKind, Tables } from "./database/schema.ts";
import type { ListFilter, ListOrder, ListPlace } from "./list-filter.ts";

/** Separates the rows in a text of a day. The words of a filter never have it, and those of a row lose it. */
export const ROW_END = "\u0001";

/** So many days are read at once: few where the first rows are soon found, more the longer nothing is. What is counted has no first rows. */
const DAYS = { first: 4, most: 64 };

/** Selects rows of days. */
export interface DayQuery {
  readonly kind: ListedKind;
  /** Of these: the organisation, several repositories, the time and the words. */
  readonly filter: ListFilter;
  /** The rest, as marks that all must be true. */
  readonly marks: readonly string[];
  /** The marks by which rows are counted; null: they are not, but listed. */
  readonly counted: "verdict" | "control" | "judged" | null;
  readonly order: ListOrder;
  readonly after: ListPlace | undefined;
  /** How many days are read at once at first. */
  readonly daysAtFirst: number | undefined;
}

/** Describes what is selected of one day. */
export interface MatchingDay {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly bits: Uint8Array;
  /** The rows' entries in the log, where they are listed. */
  readonly seqs: readonly number[];
  /** Of which rows each mark is true by which they are counted. */
  readonly marked: ReadonlyMap<string, Uint8Array>;
}

/** Reads the days on which something is selected, in order. */
export async function* matchingDays(
  db: Kysely<Tables>,
  store: StoreKind,
  query: DayQuery,
): AsyncGenerator<MatchingDay> {
  if (query.filter.repositoryIds?.length === 0) return;
  const days = await daysOf(db, query);
  let many = query.daysAtFirst ?? (query.counted === null ? DAYS.first : DAYS.most);
  for (let from = 0; from < days.length;) {
    const part = days.slice(from, from + many);
    yield* matching(db, store, query, part);
    from += many;
    many = Math.min(many * 2, DAYS.most);
  }
}

interface Day {
  readonly day: number;
  readonly size: number;
}

function daysOf(db: Kysely<Tables>, { kind, filter, order, after }: DayQuery): Promise<readonly Day[]> {
  const { organizationId, from, to } = filter;
  let days = db
    .selectFrom("listed_day")
    .select(["day", "size"])
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind);
  const firsts = [from, order === "oldest" ? after?.at : undefined].filter((at) => at !== undefined);
  const lasts = [to, order === "newest" ? after?.at : undefined].filter((at) => at !== undefined);
  for (const at of firsts) days = days.where("day", ">=", dayNumber(at));
  for (const at of lasts) days = days.where("day", "<=", dayNumber(at));
  return days.orderBy("day", order === "newest" ? "desc" : "asc").execute();
}

/** Returns the day of a moment, counted from 1970-01-01. */
export function dayNumber(at: Instant): number {
  return Math.floor(at / DAY);
}

async function* matching(
  db: Kysely<Tables>,
  store: StoreKind,
  query: DayQuery,
  days: readonly Day[],
): AsyncGenerator<MatchingDay> {
  const marked = await markedOn(db, query, days);
  const found = new Map<number, Uint8Array>();
  for (const { day, size } of days) {
    const own = marked.get(day);
    let bits = bitsBetween(0, size);
    for (const mark of query.marks) bits = both(bits, own?.get(mark) ?? NONE);
    if (countOf(bits) > 0) bits = both(bits, await withinTime(db, query, { day, size }));
    if (countOf(bits) > 0) found.set(day, bits);
  }
  const rows = await rowsOn(
    db,
    store,
    query,
    days.filter(({ day }) => found.has(day)),
  );
  for (const [day, marks] of found) {
    const row = rows.get(day);
    const bits = row === undefined ? NONE : both(marks, selectedIn(row, query.filter));
    if (row === undefined || countOf(bits) === 0) continue;
    const counted = [...(marked.get(day) ?? [])].filter(([mark]) => facetOf(mark) === query.counted);
    yield { day, bits, seqs: numbersIn(row.seqs), marked: new Map(counted) };
  }
}

const NONE = new Uint8Array();

/** Of which rows of each day the marks are true that are asked for, or counted by. */
async function markedOn(
  db: Kysely<Tables>,
  { kind, filter, marks, counted }: DayQuery,
  days: readonly Day[],
): Promise<ReadonlyMap<number, ReadonlyMap<string, Uint8Array>>> {
  if (marks.length === 0 && counted === null) return new Map();
  const numbers = days.map(({ day }) => day);
  const rows = db
    .selectFrom("listed_bits")
    .select(["day", "mark", "bits"])
    .where("organization_id", "=", filter.organizationId)
    .where("kind", "=", kind)
    .where("day", ">=", Math.min(...numbers))
    .where("day", "<=", Math.max(...numbers));
  const found = [];
  if (marks.length > 0)
    found.push(
      ...(await rows
        .where("facet", "in", marks.map(facetOf))
        .where("mark", "in", [...marks])
        .execute()),
    );
  if (counted !== null) found.push(...(await rows.where("facet", "=", counted).execute()));
  const byDay = new Map<number, Map<string, Uint8Array>>();
  for (const { day, mark, bits } of found) {
    const own = byDay.get(day) ?? new Map<string, Uint8Array>();
    byDay.set(day, own.set(mark, bits));
  }
  return byDay;
}

/** The rows of a day that are within the time asked for, and after the place that a page goes on from. */
async function withinTime(
  db: Kysely<Tables>,
  { kind, filter, order, after }: DayQuery,
  { day, size }: Day,
): Promise<Uint8Array> {
  const { organizationId, from = -Infinity, to = Infinity } = filter;
  const isCut = [from, to].some((at) => at > day * DAY && at < (day + 1) * DAY);
  const goesOn = after !== undefined && dayNumber(after.at) === day;
  if (!isCut && !goesOn) return bitsBetween(0, to <= day * DAY ? 0 : size);
  const row = await db
    .selectFrom("listed_day")
    .select("times")
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where("day", "=", day)
    .executeTakeFirst();
  const times: readonly Instant[] = numbersIn(row?.times);
  const before = (at: Instant): number => times.filter((each) => each < at).length;
  const bits = bitsBetween(before(from), before(to));
  if (!goesOn) return bits;
  const same = await db
    .selectFrom("listed")
    .select("subject")
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where("at", "=", after.at)
    .execute();
  const place = before(after.at);
  const passed = same.filter(({ subject }) =>
    order === "newest" ? subject < after.subject : subject <= after.subject,
  ).length;
  return both(bits, order === "newest" ? bitsBetween(0, place + passed) : bitsBetween(place + passed, size));
}

/** What only the rows of a day show; absent: it is not needed. */
interface DayRows {
  readonly size: number;
  readonly seqs?: string;
  readonly repositories?: string;
  readonly words?: string;
  readonly ids?: string;
}

/** The days on which the words stand at all, with what else only their rows show. */
async function rowsOn(
  db: Kysely<Tables>,
  store: StoreKind,
  { kind, filter, counted }: DayQuery,
  days: readonly Day[],
): Promise<ReadonlyMap<number, DayRows>> {
  const { organizationId, words } = filter;
  const isKnown = counted !== null && words === undefined && severalOf(filter) === null;
  if (isKnown || days.length === 0) return new Map(days.map((each) => [each.day, each]));
  const id = words === undefined ? null : idIn(words);
  let rows = db
    .selectFrom("listed_day")
    .select(["day", "size"])
    .$if(counted === null, (query) => query.select("seqs"))
    .$if(severalOf(filter) !== null, (query) => query.select("repositories"))
    .$if(words !== undefined, (query) => query.select("words"))
    .$if(id !== null, (query) => query.select("ids"))
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where(
      "day",
      "in",
      days.map(({ day }) => day),
    );
  if (words !== undefined) {
    const said = has(store, "words", words.toLowerCase());
    rows = rows.where((eb) => (id === null ? said : eb.or([said, has(store, "ids", `\n${id}`)])));
  }
  return new Map((await rows.execute()).map((row) => [row.day, row]));
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

/** The rows of one of several repositories, in which the words stand. */
function selectedIn({ size, repositories, words, ids }: DayRows, filter: ListFilter): Uint8Array {
  let bits = bitsBetween(0, size);
  const several = severalOf(filter);
  if (several !== null)
    bits = both(
      bits,
      bitsWhere(numbersIn(repositories), (id) => several.has(id)),
    );
  if (filter.words === undefined) return bits;
  const id = idIn(filter.words);
  const text = filter.words.toLowerCase();
  const ofIds = id === null ? [] : (ids ?? "").split(ROW_END);
  const isSaid = (row: string, place: number): boolean =>
    row.includes(text) || (id !== null && ofIds[place]?.includes(`\n${id}`) === true);
  return both(bits, bitsWhere((words ?? "").split(ROW_END), isSaid));
}

function bitsWhere<T>(rows: readonly T[], holds: (row: T, place: number) => boolean): Uint8Array {
  return bitsOf([...rows.keys()].filter((place) => holds(rows[place] as T, place)));
}

function numbersIn(list = "[]"): readonly number[] {
  return JSON.parse(list) as readonly number[];
}
