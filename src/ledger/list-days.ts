/** The days of a list on which something is selected: what is known of a whole day is read first, and no row for itself. */

import type { Kysely } from "kysely";

import { facetOf } from "../domain/lists/listed.ts";
import { DAY } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";
import { bitsBetween, both, countOf, either } from "./list-bits.ts";
import type { StoreKind, Tables } from "./database/schema.ts";
import type { DayQuery } from "./list-filter.ts";
import { numbersIn, selectedOn, type Day, type FoundDay, type SelectedRows } from "./list-rows.ts";

/** So many days are read at once: few where the first rows are soon found, more the longer nothing is. */
const DAYS = { first: 4, most: 64 };

/** Whoever asks for more rows than this asks for those of many days. */
const ROWS_OF_FEW_DAYS = 200;

/** Describes what is selected of one day. */
export interface MatchingDay extends SelectedRows {
  /** Days since 1970-01-01. */
  readonly day: number;
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
  let many = query.daysAtFirst ?? (query.limit > ROWS_OF_FEW_DAYS ? DAYS.most : DAYS.first);
  for (let from = 0; from < days.length;) {
    const part = days.slice(from, from + many);
    yield* matching(db, store, query, part);
    from += many;
    many = Math.min(many * 2, DAYS.most);
  }
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
  const found: FoundDay[] = [];
  for (const { day, size } of days) {
    const own = marked.get(day);
    let bits = bitsBetween(0, size);
    for (const marks of query.marks)
      bits = both(bits, marks.map((mark) => own?.get(mark) ?? NONE).reduce(either, NONE));
    if (countOf(bits) > 0) bits = both(bits, await withinTime(db, query, { day, size }));
    if (countOf(bits) > 0) found.push({ day, size, bits });
  }
  const selected = await selectedOn(db, store, query, found);
  for (const { day } of found) {
    const { bits = NONE, seqs = [] } = selected.get(day) ?? {};
    if (countOf(bits) === 0) continue;
    const counted = [...(marked.get(day) ?? [])].filter(([mark]) => facetOf(mark) === query.counted);
    yield { day, bits, seqs, marked: new Map(counted) };
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
  const asked = marks.flat();
  if (asked.length > 0)
    found.push(
      ...(await rows
        .where("facet", "in", [...new Set(asked.map(facetOf))])
        .where("mark", "in", asked)
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
