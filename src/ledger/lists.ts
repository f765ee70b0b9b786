/** Lists of changes and deployments by what people filter by, each read in its own order. */

import { sql } from "kysely";
import type { Kysely, RawBuilder, SelectQueryBuilder } from "kysely";

import type { Judged } from "../domain/monitoring/judged.ts";
import type { LoggedEntry } from "../domain/records/entry.ts";
import {
  controlMark,
  namingMark,
  outcomesIn,
  personMark,
  placeMark,
  repositoryMark,
  type Listed,
  type ListedKind,
} from "../domain/lists/listed.ts";
import type { Instant } from "../domain/time/instant.ts";
import type { Verdict } from "../domain/values/result.ts";
import { newestOfEach } from "./history.ts";
import { ListMaker } from "./list-maker.ts";
import { LOG_COLUMNS, readEntry } from "./log.ts";
import type { Tables } from "./database/schema.ts";
import { storable } from "./database/storable.ts";
import type { Store } from "./database/store.ts";

/** So many entries, or names of some, are asked for at a time. */
const PAGE = 200;

/** So many rows with a mark are counted to see which of two is rarer, and whether that is few. */
const FEW = 1_000;

/** Selects what a list shows. All that is given must hold; `from` included, `to` excluded. */
export interface ListFilter {
  readonly organizationId: number;
  /** One of these; left out: any. */
  readonly repositoryIds?: readonly number[];
  readonly place?: string;
  readonly verdict?: Listed["verdict"];
  /** A control that failed, was waived or could not be tested. */
  readonly control?: string;
  /** The login of someone who took part. */
  readonly person?: string;
  readonly from?: Instant;
  readonly to?: Instant;
  /** Words that stand in it, in any case. */
  readonly words?: string;
}

/** Names in which order a list is read. */
export type ListOrder = "newest" | "oldest";

/** Names a place in a list, between what comes before it and after it. */
export interface ListPlace {
  readonly at: Instant;
  readonly subject: string;
}

/** Counts what is listed, by UTC month (`2026-07`) and verdict. */
export interface MonthCount {
  readonly month: string;
  readonly verdict: Verdict;
  readonly count: number;
}

/** Reads lists, each up to date with the log when it is read. Every method throws ExternalError when the database fails. */
export class Lists {
  readonly #store: Store;
  readonly #maker: ListMaker;
  readonly #few: number;

  /** `patience`: how long a list that is still being made is waited for (ms); `few`: how many rows are few. */
  constructor(
    store: Store,
    { patience, few = FEW }: { readonly patience?: number; readonly few?: number } = {},
  ) {
    this.#store = store;
    this.#maker = new ListMaker(store, patience);
    this.#few = few;
  }

  /** Reads into the lists what the log has gained, however long that takes. */
  catchUp(): Promise<void> {
    return this.#maker.catchUp();
  }

  /** Lists what a filter selects, newest first unless said otherwise, at most `limit` after a place. */
  async page<K extends ListedKind>(
    kind: K,
    filter: ListFilter,
    part: {
      readonly order?: ListOrder;
      readonly after?: ListPlace | undefined;
      readonly limit: number;
    },
  ): Promise<readonly LoggedEntry<K>[]> {
    await this.#maker.upToDate();
    const rows = await this.#store.read(async (db) => {
      const way = await wayTo(db, kind, filter, this.#few);
      return pageOf(db, this.#store.kind, kind, filter, way, part).execute();
    });
    return rows.map((row) => readEntry<K>(row));
  }

  /** Reads the newest entries of a kind that name one of some changes, deployments or places, by subject. */
  async naming<K extends ListedKind>(
    kind: K,
    organizationId: number,
    ids: readonly string[],
  ): Promise<readonly LoggedEntry<K>[]> {
    await this.#maker.upToDate();
    const subjects = new Set<string>();
    for (let from = 0; from < ids.length; from += PAGE) {
      const marks = ids.slice(from, from + PAGE).map(namingMark);
      const rows = await this.#store.read((db) =>
        db
          .selectFrom("listed_mark")
          .select("subject")
          .where("organization_id", "=", organizationId)
          .where("kind", "=", kind)
          .where("mark", "in", marks)
          .execute(),
      );
      for (const { subject } of rows) subjects.add(subject);
    }
    return newestOfEach(this.#store, kind, [...subjects]);
  }

  /** Counts what a filter selects by month and verdict. */
  async months(kind: ListedKind, filter: ListFilter): Promise<readonly MonthCount[]> {
    await this.#maker.upToDate();
    const rows = await this.#store.read(async (db) => {
      const month =
        this.#store.kind === "sqlite"
          ? sql<string>`strftime('%Y-%m', listed.at / 1000, 'unixepoch')`
          : sql<string>`to_char(to_timestamp(listed.at / 1000) at time zone 'UTC', 'YYYY-MM')`;
      return selected(db, this.#store.kind, kind, filter, await wayTo(db, kind, filter, this.#few))
        .select((eb) => [month.as("month"), "listed.verdict", eb.fn.countAll<number | string>().as("count")])
        .groupBy(["month", "listed.verdict"])
        .orderBy("month")
        .orderBy("listed.verdict")
        .execute();
    });
    return rows.map(({ verdict, month, count }) => ({
      month,
      verdict: verdict as Verdict,
      count: Number(count),
    }));
  }

  /** Returns what counts what was judged in an organisation, without reading more entries than it hands on. */
  judged(organizationId: number): Judged {
    return {
      counts: async (kind, span, found) => {
        await this.#maker.upToDate();
        const filter = { organizationId, from: span.from, to: span.to };
        const rows = await this.#store.read((db) =>
          selected(db, this.#store.kind, kind, filter, ALL)
            .select((eb) => [
              "listed.verdict",
              "listed.outcomes",
              eb.fn.countAll<number | string>().as("count"),
            ])
            .groupBy(["listed.verdict", "listed.outcomes"])
            .execute(),
        );
        if (found !== undefined) await this.#unverifiable(kind, filter, found);
        return rows.map(({ verdict, outcomes, count }) => ({
          verdict: verdict as Verdict,
          results: outcomesIn(outcomes),
          count: Number(count),
        }));
      },
    };
  }

  async #unverifiable<K extends ListedKind>(
    kind: K,
    filter: ListFilter,
    found: (entry: LoggedEntry<K>) => void,
  ): Promise<void> {
    for (let after: ListPlace | undefined; ;) {
      const rows = await this.#store.read((db) =>
        pageOf(db, this.#store.kind, kind, filter, ALL, { order: "oldest", after, limit: PAGE })
          .where("listed.outcomes", "like", "%unverifiable%")
          .execute(),
      );
      const entries = rows.map((row) => readEntry<K>(row));
      for (const entry of entries) found(entry);
      after = entries.at(-1);
      if (entries.length < PAGE) return;
    }
  }
}

function pageOf(
  db: Kysely<Tables>,
  store: Store["kind"],
  kind: ListedKind,
  filter: ListFilter,
  way: Way,
  { order = "newest", after, limit }: Parameters<Lists["page"]>[2],
) {
  const [beyond, direction] = order === "newest" ? (["<", "desc"] as const) : ([">", "asc"] as const);
  let query = selected(db, store, kind, filter, way)
    .innerJoin("log", "log.seq", "listed.seq")
    .select(LOG_COLUMNS);
  if (after !== undefined)
    query = query.where((eb) =>
      eb(eb.refTuple("listed.at", "listed.subject"), beyond, eb.tuple(after.at, after.subject)),
    );
  return query.orderBy("listed.at", direction).orderBy("listed.subject", direction).limit(limit);
}

/** Selects what a filter selects, found the way given. */
function selected(
  db: Kysely<Tables>,
  store: Store["kind"],
  kind: ListedKind,
  filter: ListFilter,
  { list, asked }: Way,
): SelectQueryBuilder<Tables, "listed", object> {
  const { organizationId, repositoryIds, place: where, verdict, from, to, words } = filter;
  let query = rowsWith(db, list)
    .where("listed.organization_id", "=", organizationId)
    .where("listed.kind", "=", kind);
  if (repositoryIds !== undefined)
    query = query.where((eb) =>
      // No list of values is empty in SQL.
      repositoryIds.length === 0 ? eb.lit(false) : eb("listed.repository_id", "in", repositoryIds),
    );
  if (where !== undefined) query = query.where("listed.place", "=", where);
  if (verdict !== undefined) query = query.where("listed.verdict", "=", verdict);
  if (from !== undefined) query = query.where("listed.at", ">=", from);
  if (to !== undefined) query = query.where("listed.at", "<", to);
  if (words !== undefined) query = query.where(saying(words, list, store));
  // Asked row by row, in the order of the list: joined, PostgreSQL would begin with whatever it holds to be rare.
  for (const mark of asked)
    query = query.where(
      sql<boolean>`(select 1 from listed_mark other where other.organization_id = listed.organization_id
        and other.kind = listed.kind and other.mark = ${mark} and other.at = listed.at
        and other.subject = listed.subject) = 1`,
    );
  return query;
}

/** Words as they stand. */
function saying(words: string, list: string | null, store: Store["kind"]): RawBuilder<boolean> {
  const text =
    list === null
      ? sql`listed.words`
      : sql`(select whole.words from listed whole where whole.organization_id = listed.organization_id
          and whole.kind = listed.kind and whole.at = listed.at and whole.subject = listed.subject)`;
  // Each store by what it finds faster (bench/pages.ts).
  return store === "sqlite"
    ? sql<boolean>`${text} like ${likeText(words)} escape '!'`
    : sql<boolean>`strpos(${text}, ${storable(words.toLowerCase())}) > 0`;
}

/** Nothing in the words is a wildcard. */
function likeText(words: string): string {
  return `%${words.toLowerCase().replaceAll(/[!%_]/gu, "!$&")}%`;
}

/** The rows of a list, or of those with a mark, which have a list of their own. */
function rowsWith(db: Kysely<Tables>, mark: string | null): SelectQueryBuilder<Tables, "listed", object> {
  if (mark === null) return db.selectFrom("listed");
  const marked: unknown = db.selectFrom("listed_mark as listed").where("listed.mark", "=", mark);
  return marked as SelectQueryBuilder<Tables, "listed", object>;
}

/** The marks of what stands in the columns of each row too. */
function columnMarks({ repositoryIds = [], place: where }: ListFilter): readonly string[] {
  const [id, ...more] = repositoryIds;
  return [
    ...(id === undefined || more.length > 0 ? [] : [repositoryMark(id)]),
    ...(where === undefined ? [] : [placeMark(where)]),
  ];
}

/** How a filter is read: the list of which mark, null for the list of all, and the marks that are asked for row by row. */
interface Way {
  readonly list: string | null;
  readonly asked: readonly string[];
}

const ALL: Way = { list: null, asked: [] };

/** Finds the mark of the fewest rows. Where many have it, words are looked for first: they stand in the list of all. */
async function wayTo(db: Kysely<Tables>, kind: ListedKind, filter: ListFilter, few: number): Promise<Way> {
  const { control, person, words } = filter;
  const inColumns = columnMarks(filter);
  const others = [
    ...(control === undefined ? [] : [controlMark(control)]),
    ...(person === undefined ? [] : [personMark(person)]),
  ];
  const marks = [...others, ...inColumns];
  if (marks.length === 0) return ALL;
  if (marks.length === 1 && words === undefined) return { list: marks[0] ?? null, asked: [] };
  let fewest = { mark: "", count: Infinity };
  for (const mark of marks) {
    const count = await countOf(db, kind, filter, mark, few);
    if (count < fewest.count) fewest = { mark, count };
  }
  if (words !== undefined && fewest.count >= few) return { list: null, asked: others };
  return { list: fewest.mark, asked: others.filter((mark) => mark !== fewest.mark) };
}

async function countOf(
  db: Kysely<Tables>,
  kind: ListedKind,
  { organizationId, verdict }: ListFilter,
  mark: string,
  most: number,
): Promise<number> {
  let some = db
    .selectFrom("listed_mark")
    .select("subject")
    .where("organization_id", "=", organizationId)
    .where("kind", "=", kind)
    .where("mark", "=", mark);
  if (verdict !== undefined) some = some.where("verdict", "=", verdict);
  const { count } = await db
    .selectFrom(some.limit(most).as("some"))
    .select((eb) => eb.fn.countAll<number | string>().as("count"))
    .executeTakeFirstOrThrow();
  return Number(count);
}
