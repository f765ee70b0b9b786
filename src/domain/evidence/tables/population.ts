/** Where the populations come from: the newest states of the evidence log within a period, in a fixed order, one by one. */

import type { Instant } from "../../time/instant.ts";
import type { Bodies, EntryKind, LoggedEntry } from "../../records/entry.ts";
import type { ObservedTime } from "../../monitoring/observed-time.ts";

/** Describes an observation period: UTC, `from` included, `to` excluded. */
export interface Period {
  readonly name: string;
  readonly from: Instant;
  readonly to: Instant;
  /** The periods that a package of this one rolls up, by time, none of them overlapping; absent: it is of one. */
  readonly parts?: readonly Period[];
}

/** Describes which states to read. `from` and `to` cut by `at`, half-open; `subject` sorts by code unit. */
export interface EvidenceFilter {
  readonly organizationId: number;
  readonly from?: Instant;
  readonly to?: Instant;
  readonly order: "subject" | "at";
}

/** Reads a log: its newest states, and its entries. */
export interface LogReader {
  /** The newest entry of each subject of a kind. */
  states<K extends EntryKind>(kind: K, filter: EvidenceFilter): AsyncIterable<LoggedEntry<K>>;
  /** Every entry whose `at` lies in the span, by number. */
  log<K extends EntryKind = EntryKind>(filter: {
    readonly organizationId: number;
    readonly from: Instant;
    readonly to: Instant;
    readonly kinds?: readonly K[];
  }): AsyncIterable<LoggedEntry<K>>;
  /** Every entry of a kind of which there are few, by number. */
  history<K extends EntryKind>(kind: K, organizationId: number): Promise<readonly LoggedEntry<K>[]>;
}

/** Describes what an export reads: the log, and a way to sort more lines than memory holds. */
export interface EvidenceSource extends LogReader {
  readonly organizationId: number;
  readonly period: Period;
  /** When the package was made, by its manifest: what is due then is not yet missing. */
  readonly generatedAt: Instant;
  /** What was observed by then. */
  readonly observedTime: ObservedTime;
  /** The same log as it was when it held so many entries. */
  asOf(size: number): LogReader;
  /** The same lines by code unit, each once; on disk. A line holds no line feed. */
  sorted(lines: AsyncIterable<string>): AsyncIterable<string>;
}

/** Describes what of it is read one after the other, with nothing sorted and nothing read as of before. */
export type ReadSource = Omit<EvidenceSource, "asOf" | "sorted">;

/** Returns what each period that a package rolls up would be made from by itself; none: it is of one. */
export function partsOf(source: EvidenceSource): readonly EvidenceSource[] {
  return (source.period.parts ?? []).map((period) => ({ ...source, period }));
}

/** Describes an entry with its body beside it. */
export interface Stated<K extends EntryKind> {
  readonly entry: LoggedEntry<K>;
  readonly body: Bodies[K];
}

/** Yields the states of a kind within the period (or, with `ever`, of all time), sorted by subject. Throws when the log's order breaks. */
export async function* statesOf<K extends EntryKind>(
  source: ReadSource,
  kind: K,
  span: "period" | "ever" = "period",
): AsyncIterable<Stated<K>> {
  const { organizationId, period } = source;
  const bounds = span === "ever" ? {} : { from: period.from, to: period.to };
  let last: string | null = null;
  for await (const entry of source.states(kind, { organizationId, ...bounds, order: "subject" })) {
    // INVARIANT: merge joins and the promise "rows sorted by id" both rest on this order.
    if (last !== null && !(last < entry.subject))
      throw new Error(`the log gave ${kind} ${entry.subject} after ${last}: not sorted by subject`);
    last = entry.subject;
    yield { entry, body: entry.body };
  }
}

/** Yields states sorted by subject, each with the state of another kind of the same subject, or null. */
export async function* withState<K extends EntryKind, L extends EntryKind>(
  source: EvidenceSource,
  stated: AsyncIterable<Stated<K>>,
  kind: L,
): AsyncIterable<{ readonly stated: Stated<K>; readonly other: Stated<L> | null }> {
  const others = statesOf(source, kind, "ever")[Symbol.asyncIterator]();
  try {
    let ahead = await others.next();
    for await (const each of stated) {
      const { subject } = each.entry;
      while (ahead.done !== true && ahead.value.entry.subject < subject) ahead = await others.next();
      const isFound = ahead.done !== true && ahead.value.entry.subject === subject;
      yield { stated: each, other: isFound ? ahead.value : null };
    }
  } finally {
    await others.return?.();
  }
}

/** Sorts entries by time and then subject, on disk. */
export async function* byTime<K extends EntryKind>(
  entries: AsyncIterable<LoggedEntry<K>>,
  sorted: EvidenceSource["sorted"],
): AsyncIterable<LoggedEntry<K>> {
  const lines = (async function* () {
    for await (const entry of entries)
      yield pairLine(String(entry.at).padStart(16, "0"), entry.subject, JSON.stringify(entry));
  })();
  for await (const line of sorted(lines)) yield JSON.parse(afterTabs(line)) as LoggedEntry<K>;
}

/** Returns what follows the second tab of a line. */
function afterTabs(line: string): string {
  return line.slice(line.indexOf("\t", line.indexOf("\t") + 1) + 1);
}

/** Returns whether an instant lies in a period. */
export function isInPeriod(period: Period, at: Instant): boolean {
  return at >= period.from && at < period.to;
}

/** Returns a pair of key and value as one line that sorts by key, then value. Neither may hold a tab or line feed. */
export function pairLine(key: string, ...values: readonly string[]): string {
  return [key, ...values].join("\t");
}

/**
 * Walks sorted pairs alongside keys asked for in ascending order; answers the values of each key.
 * Holds one line at a time; `close` stops the walk.
 */
export function joinSorted(pairs: AsyncIterable<string>): {
  readonly valuesOf: (key: string) => Promise<readonly (readonly string[])[]>;
  readonly close: () => Promise<void>;
} {
  const walk = pairs[Symbol.asyncIterator]();
  let ahead: readonly string[] | null | undefined;
  const peek = async (): Promise<readonly string[] | null> => {
    if (ahead === undefined) {
      const next = await walk.next();
      ahead = next.done === true ? null : next.value.split("\t");
    }
    return ahead;
  };
  return {
    async valuesOf(key) {
      const values: (readonly string[])[] = [];
      for (let pair = await peek(); pair !== null; pair = await peek()) {
        const [name = "", ...rest] = pair;
        if (name > key) break;
        if (name === key) values.push(rest);
        ahead = undefined;
      }
      return values;
    },
    async close() {
      await walk.return?.();
    },
  };
}
