/** The log inside a package as what an export reads: its tables and words can be made again from it, and compared. */

import type { EntryKind, LoggedEntry } from "../../records/entry.ts";
import type { ObservedTime } from "../../monitoring/observed-time.ts";
import { checkBody, raised, type LogLine } from "../../records/stored.ts";
import { sortedLines, type KeptLines, type LineStore } from "../../texts/sort.ts";
import {
  afterTabs,
  byTime,
  type EvidenceFilter,
  type EvidenceSource,
  type LogReader,
  type Period,
} from "../tables/population.ts";

/** Holds the files of a package that hold log entries. */
export const LOG_FILES = ["log/entries.jsonl", "log/cited.jsonl"] as const;

/** Describes what a source is made of. `lines`: the lines of a file of the package; `store`: where they are sorted. */
export interface Parts {
  readonly organizationId: number;
  readonly period: Period;
  readonly generatedAt: number;
  readonly lines: (path: (typeof LOG_FILES)[number]) => AsyncIterable<string>;
  readonly store: LineStore;
}

/** Opens the log of a package. Throws where an entry is not as this version records it. Memory does not grow with the log. */
export async function openLog(parts: Parts): Promise<PackageLog> {
  const counts = new Map<string, number>();
  for (const path of LOG_FILES)
    for await (const line of parts.lines(path)) {
      const { kind, subject, recorded, body } = entryOf(line);
      if (recorded === undefined) checkBody(kind, subject, body);
      if (/[\t\n]/u.test(subject)) throw new Error(`the ${kind} ${JSON.stringify(subject)} has no name`);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
  return new PackageLog(parts, counts);
}

/** Holds the entries of a package, read as a ledger is. */
export class PackageLog {
  readonly #parts: Parts;
  readonly #counts: ReadonlyMap<string, number>;
  readonly #size: number;
  readonly #shelf = new Map<string, Promise<KeptLines>>();
  readonly #asOf = new Map<number, PackageLog>();

  /** `size`: how many entries the log had; those after them are left out. */
  constructor(parts: Parts, counts: ReadonlyMap<string, number>, size = Infinity) {
    this.#parts = parts;
    this.#counts = counts;
    this.#size = size;
  }

  /** What an export of this log reads, given what was observed. */
  source(observedTime: ObservedTime): EvidenceSource {
    const { organizationId, period, generatedAt, store } = this.#parts;
    return {
      organizationId,
      period,
      generatedAt,
      observedTime,
      sorted: (lines) => sortedLines(lines, store),
      ...this.#reader(),
      asOf: (size) => this.#then(size).#reader(),
    };
  }

  #reader(): LogReader {
    return {
      states: (kind, filter) => this.states(kind, filter),
      log: (filter) => this.#log(filter),
    };
  }

  /** The same log when it held so many entries; kept, as it sorts what it reads. */
  #then(size: number): PackageLog {
    const known = this.#asOf.get(size) ?? new PackageLog(this.#parts, this.#counts, size);
    this.#asOf.set(size, known);
    return known;
  }

  /** The newest entry of each subject of a kind, as a ledger gives them. */
  async *states<K extends EntryKind>(
    kind: K,
    { from = -Infinity, to = Infinity, order }: EvidenceFilter,
  ): AsyncIterable<LoggedEntry<K>> {
    if (!this.#counts.has(kind)) return;
    const isIn = ({ at }: { readonly at: number }): boolean => at >= from && at < to;
    for await (const line of (await this.#shelved(kind, order)).read()) {
      const entry = entryOf<K>(line);
      if (isIn(entry)) yield entry;
    }
  }

  /** The line of each subject's newest entry, sorted once and kept: many tables ask for the same ones. */
  #shelved(kind: EntryKind, order: EvidenceFilter["order"]): Promise<KeptLines> {
    const name = `${order} ${kind}`;
    const known = this.#shelf.get(name);
    if (known !== undefined) return known;
    const making = this.#parts.store.keep(order === "subject" ? this.#newest(kind) : this.#byTime(kind));
    this.#shelf.set(name, making);
    return making;
  }

  async *#byTime(kind: EntryKind): AsyncIterable<string> {
    const newest = (await this.#shelved(kind, "subject")).read();
    const entries = (async function* () {
      for await (const line of newest) yield JSON.parse(line) as LoggedEntry;
    })();
    // What is read back are the lines themselves: nothing of them is raised here.
    for await (const entry of byTime(entries, (lines) => sortedLines(lines, this.#parts.store)))
      yield JSON.stringify(entry);
  }

  async *#newest(kind: EntryKind): AsyncIterable<string> {
    let subject: string | null = null;
    let newest = "";
    for await (const line of sortedLines(this.#linesOf(kind), this.#parts.store)) {
      const own = line.slice(0, line.indexOf("\t"));
      if (subject !== null && own !== subject) yield newest;
      subject = own;
      newest = afterTabs(line);
    }
    if (subject !== null) yield newest;
  }

  async *#linesOf(kind: EntryKind): AsyncIterable<string> {
    for await (const line of this.#all()) {
      // Much is read and little of it is of one kind: what cannot be is not parsed.
      if (!line.includes(`"kind":"${kind}"`)) continue;
      const entry = JSON.parse(line) as LogLine;
      if (entry.kind === kind && entry.seq <= this.#size)
        yield `${entry.subject}\t${String(entry.seq).padStart(16, "0")}\t${line}`;
    }
  }

  async *#log<K extends EntryKind>({
    from,
    to,
    kinds,
  }: {
    readonly from: number;
    readonly to: number;
    readonly kinds?: readonly K[];
  }): AsyncIterable<LoggedEntry<K>> {
    for await (const line of this.#all()) {
      if (kinds !== undefined && !kinds.some((kind) => line.includes(`"kind":"${kind}"`))) continue;
      const entry = entryOf<K>(line);
      const isWanted = kinds === undefined || kinds.includes(entry.kind);
      if (entry.seq > this.#size) continue;
      if (isWanted && entry.at >= from && entry.at < to) yield entry;
    }
  }

  async *#all(): AsyncIterable<string> {
    for (const path of LOG_FILES) yield* this.#parts.lines(path);
  }
}

function entryOf<K extends EntryKind>(line: string): LoggedEntry<K> {
  const { version = 1, body, kind, ...rest } = JSON.parse(line) as LogLine;
  const entry: LoggedEntry<K> = {
    ...rest,
    kind: kind as K,
    ...raised({ seq: rest.seq, kind: kind as K, version }, body),
  };
  return entry;
}
