/** Lists of changes and deployments by what people filter by: each filter narrows a day's rows, before any row is read. */

import type { Kysely } from "kysely";

import type { Judged } from "../domain/monitoring/judged.ts";
import type { LoggedEntry } from "../domain/records/entry.ts";
import {
  controlMark,
  judgedOf,
  namingMark,
  personMark,
  placeMark,
  repositoryMark,
  UNTESTED_MARK,
  verdictMark,
  type ListedKind,
} from "../domain/lists/listed.ts";
import { DAY } from "../domain/time/durations.ts";
import { monthOf } from "../domain/time/month.ts";
import type { Verdict } from "../domain/values/result.ts";
import { newestOfEach } from "./history.ts";
import { both, countOf, placesOf } from "./list-bits.ts";
import { matchingDays } from "./list-days.ts";
import type { DayQuery, ListFilter, ListPart, ListPlace } from "./list-filter.ts";
import { ListMaker } from "./list-maker.ts";
import { LOG_COLUMNS, readEntry } from "./log.ts";
import type { Tables } from "./database/schema.ts";
import type { Store } from "./database/store.ts";

/** So many entries, or names of some, are asked for at a time. */
const PAGE = 200;

/** Counts what is listed, by UTC month (`2026-07`) and verdict. */
export interface MonthCount {
  readonly month: string;
  readonly verdict: Verdict;
  readonly count: number;
}

interface MarkCount {
  readonly month: string;
  readonly mark: string;
  readonly count: number;
}

/** Reads lists, each up to date with the log when it is read. Every method throws ExternalError when the database fails. */
export class Lists {
  readonly #store: Store;
  readonly #maker: ListMaker;
  readonly #days: number | undefined;

  /** `patience`: how long a list that is still being made is waited for (ms); `days`: how many are read at once at first. */
  constructor(store: Store, { patience, days }: { readonly patience?: number; readonly days?: number } = {}) {
    this.#store = store;
    this.#maker = new ListMaker(store, patience);
    this.#days = days;
  }

  /** Reads into the lists what the log has gained, however long that takes. */
  catchUp(): Promise<void> {
    return this.#maker.catchUp();
  }

  /** Lists what a filter selects, newest first unless said otherwise, at most `limit` after a place. */
  page<K extends ListedKind>(
    kind: K,
    filter: ListFilter,
    part: ListPart,
  ): Promise<readonly LoggedEntry<K>[]> {
    return this.#page(kind, filter, part, marksOf(filter));
  }

  /** Reads the newest entries of a kind that name one of some changes, deployments or places, by subject. */
  async naming<K extends ListedKind>(
    kind: K,
    organizationId: number,
    ids: readonly string[],
  ): Promise<readonly LoggedEntry<K>[]> {
    const subjects = await this.#consistently(async (db) => {
      const found = new Set<string>();
      for (let from = 0; from < ids.length; from += PAGE) {
        const marks = ids.slice(from, from + PAGE).map(namingMark);
        const rows = await db
          .selectFrom("listed_mark")
          .select("subject")
          .where("organization_id", "=", organizationId)
          .where("kind", "=", kind)
          .where("mark", "in", marks)
          .execute();
        for (const { subject } of rows) found.add(subject);
      }
      return found;
    });
    return newestOfEach(this.#store, kind, [...subjects]);
  }

  /** Counts what a filter selects by month and verdict. */
  async months(kind: ListedKind, filter: ListFilter): Promise<readonly MonthCount[]> {
    const counts = await this.#counts(this.#query(kind, filter, marksOf(filter), "verdict"));
    return counts
      .map(({ month, mark, count }) => ({ month, verdict: mark.slice("verdict ".length) as Verdict, count }))
      .toSorted((a, b) => (a.month < b.month || (a.month === b.month && a.verdict < b.verdict) ? -1 : 1));
  }

  /** Counts what a filter selects by the control that failed, was waived or could not be tested, each control once. */
  async controls(kind: ListedKind, filter: ListFilter): Promise<ReadonlyMap<string, number>> {
    const counts = await this.#counts(this.#query(kind, filter, marksOf(filter), "control"));
    const byControl = Map.groupBy(counts, ({ mark }) => mark.slice("control ".length));
    return new Map(
      [...byControl].map(([control, of]) => [control, of.reduce((sum, each) => sum + each.count, 0)]),
    );
  }

  /** Returns what counts what was judged in an organisation, without reading more entries than it hands on. */
  judged(organizationId: number): Judged {
    return {
      counts: async (kind, span, found) => {
        const filter = { organizationId, from: span.from, to: span.to };
        const counts = await this.#counts(this.#query(kind, filter, [], "judged"));
        if (found !== undefined) await this.#untested(kind, filter, found);
        return counts.map(({ month, mark, count }) => ({ month, ...judgedOf(mark), count }));
      },
    };
  }

  /** Counts by month and by the marks that are counted. */
  #counts(query: DayQuery): Promise<readonly MarkCount[]> {
    return this.#consistently(async (db) => {
      const counts = new Map<string, MarkCount>();
      for await (const { day, bits, marked } of matchingDays(db, this.#store.kind, query)) {
        const month = monthOf(day * DAY);
        for (const [mark, of] of marked) {
          const count = countOf(both(bits, of));
          const name = `${month} ${mark}`;
          if (count > 0) counts.set(name, { month, mark, count: (counts.get(name)?.count ?? 0) + count });
        }
      }
      return [...counts.values()];
    });
  }

  async #untested<K extends ListedKind>(
    kind: K,
    filter: ListFilter,
    found: (entry: LoggedEntry<K>) => void,
  ): Promise<void> {
    for (let after: ListPlace | undefined; ;) {
      const part = { order: "oldest", after, limit: PAGE } as const;
      const entries = await this.#page(kind, filter, part, [[UNTESTED_MARK]]);
      for (const entry of entries) found(entry);
      after = entries.at(-1);
      if (entries.length < PAGE) return;
    }
  }

  async #page<K extends ListedKind>(
    kind: K,
    filter: ListFilter,
    { order = "newest", after, limit }: ListPart,
    marks: DayQuery["marks"],
  ): Promise<readonly LoggedEntry<K>[]> {
    const query = { ...this.#query(kind, filter, marks, null), order, after, limit };
    return this.#consistently(async (db) => {
      const seqs: number[] = [];
      for await (const { bits, seqs: ofDay } of matchingDays(db, this.#store.kind, query)) {
        const places = placesOf(bits);
        for (const place of order === "newest" ? places.toReversed() : places) seqs.push(ofDay[place] ?? 0);
        if (seqs.length >= limit) break;
      }
      return entriesAt<K>(db, seqs.slice(0, limit));
    });
  }

  #query(
    kind: ListedKind,
    filter: ListFilter,
    marks: DayQuery["marks"],
    counted: DayQuery["counted"],
  ): DayQuery {
    return {
      kind,
      filter,
      marks,
      counted,
      order: "oldest",
      after: undefined,
      limit: Infinity,
      daysAtFirst: this.#days,
    };
  }

  /** Reads at one moment: where the lists were made further meanwhile, once more, as they then are. */
  async #consistently<T>(read: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    const before = await this.#maker.upToDate();
    const found = await this.#store.read(read);
    if ((await this.#maker.made()) === before) return found;
    return this.#store.snapshot(async (moment) => {
      // By another version they are begun anew.
      await this.#maker.made(moment);
      return moment.read(read);
    });
  }
}

/** What must be true of each row, besides its time and its words. Of several repositories each row shows which is its own. */
function marksOf({
  repositoryIds = [],
  place,
  verdicts,
  control,
  person,
}: ListFilter): readonly (readonly string[])[] {
  const [repositoryId, ...others] = repositoryIds;
  return [
    ...(repositoryId === undefined || others.length > 0 ? [] : [[repositoryMark(repositoryId)]]),
    ...(place === undefined ? [] : [[placeMark(place)]]),
    ...(verdicts === undefined ? [] : [verdicts.map(verdictMark)]),
    ...(control === undefined ? [] : [[controlMark(control)]]),
    ...(person === undefined ? [] : [[personMark(person)]]),
  ];
}

async function entriesAt<K extends ListedKind>(
  db: Kysely<Tables>,
  seqs: readonly number[],
): Promise<readonly LoggedEntry<K>[]> {
  const found = new Map<number, LoggedEntry<K>>();
  for (let from = 0; from < seqs.length; from += PAGE) {
    const part = seqs.slice(from, from + PAGE);
    for (const row of await db.selectFrom("log").select(LOG_COLUMNS).where("seq", "in", part).execute())
      found.set(row.seq, readEntry<K>(row));
  }
  return seqs.flatMap((seq) => found.get(seq) ?? []);
}
