/** The log inside a package as what an export reads: its tables and words can be made again from it, and compared. */

import type { EntryKind, LoggedEntry } from "../../records/entry.ts";
import type { ObservedTime } from "../../monitoring/observed-time.ts";
import { checkBody, lineOf, raised, type LogLine } from "../../records/stored.ts";
import { sortedLines, type KeptLines, type LineStore } from "../../texts/sort.ts";
import {
  pairLine,
  type EvidenceFilter,
  type EvidenceSource,
  type LogReader,
  type Period,
} from "../tables/population.ts";
import { messageOf } from "./read.ts";

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

/** Signals that an entry of a package's log is none that this version records. */
export class LogProblem extends Error {}

/** Opens the log of a package. Throws {@link LogProblem}. Memory does not grow with the log. */
export async function openLog(parts: Parts): Promise<PackageLog> {
  const shelves = new Map<string, Shelf>();
  const blocks = new Blocks();
  const sorted = sortedLines(checkedLines(parts), parts.store)[Symbol.asyncIterator]();
  try {
    for (let next = await sorted.next(); next.done !== true;) {
      const kind = headOf(next.value);
      const own = async function* (): AsyncIterable<string> {
        for (; next.done !== true && headOf(next.value) === kind; next = await sorted.next())
          yield next.value.slice(kind.length + 1);
      };
      shelves.set(kind, await shelved(own(), parts.store));
    }
  } finally {
    await sorted.return?.();
  }
  return new PackageLog(parts, { shelves, blocks });
}

/** Every entry's line behind its kind, its subject and its number. */
async function* checkedLines(parts: Parts): AsyncIterable<string> {
  for (const path of LOG_FILES)
    for await (const line of parts.lines(path)) {
      const { kind, subject, seq } = checkedEntry(line);
      yield pairLine(kind, subject, String(seq).padStart(16, "0"), line);
    }
}

/** Nothing but the line decides what is thrown here: it is the line that is wrong. */
function checkedEntry(line: string): LoggedEntry {
  try {
    const entry = entryOf(line);
    const { kind, subject, recorded, body } = entry;
    if (recorded === undefined) checkBody(kind, subject, body);
    // A tab ends the subject of a line: what sorts before it would lead "a\u0001" before "a".
    if (!/^[\v-\u{10ffff}]*$/u.test(subject))
      throw new Error(`the ${kind} ${JSON.stringify(subject)} has no name`);
    return entry;
  } catch (error) {
    throw new LogProblem(messageOf(error), { cause: error });
  }
}

function headOf(line: string): string {
  return line.slice(0, line.indexOf("\t"));
}

/** Lines in the store, so many at a time. */
type Shelf = readonly KeptLines[];

/** So much of a shelf is read and parsed at once (characters). */
const BLOCK_CHARACTERS = 400_000;

/** So many blocks are held, of all shelves. */
const MOST_BLOCKS = 12;

/** Keeps lines of a name, a number and an entry's text, a block at a time. */
async function shelved(lines: AsyncIterable<string>, store: LineStore): Promise<Shelf> {
  const shelf: KeptLines[] = [];
  let held: string[] = [];
  let characters = 0;
  const keep = async (): Promise<void> => {
    const kept = await store.keep(held);
    shelf.push(kept);
    [held, characters] = [[], 0];
  };
  for await (const line of lines) {
    held.push(line);
    characters += line.length;
    if (characters >= BLOCK_CHARACTERS) await keep();
  }
  if (held.length > 0) await keep();
  return shelf;
}

/** A line of a shelf, parsed when it is wanted and once. */
class ShelvedLine {
  readonly name: string;
  readonly seq: number;
  #text: string;
  #entry: LoggedEntry | null = null;

  constructor(line: string) {
    this.name = headOf(line);
    const rest = line.slice(this.name.length + 1);
    this.seq = Number(headOf(rest));
    this.#text = rest.slice(rest.indexOf("\t") + 1);
  }

  entry<K extends EntryKind>(): LoggedEntry<K> {
    this.#entry ??= entryOf(this.#text);
    this.#text = "";
    return this.#entry as LoggedEntry<K>;
  }
}

/** The blocks read last: tables that walk side by side parse each once, and one that falls behind parses it again. */
class Blocks {
  readonly #held = new Map<KeptLines, Promise<readonly ShelvedLine[]>>();

  async *linesOf(shelf: Shelf): AsyncIterable<readonly ShelvedLine[]> {
    for (const block of shelf) yield await this.#read(block);
  }

  #read(block: KeptLines): Promise<readonly ShelvedLine[]> {
    const read = this.#held.get(block) ?? readBlock(block);
    this.#held.delete(block);
    this.#held.set(block, read);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST_BLOCKS && oldest !== undefined) this.#held.delete(oldest);
    return read;
  }
}

async function readBlock(block: KeptLines): Promise<readonly ShelvedLine[]> {
  const lines: ShelvedLine[] = [];
  for await (const line of block.read()) lines.push(new ShelvedLine(line));
  return lines;
}

/** Holds the entries of a package, read as a ledger is. */
export class PackageLog {
  readonly #parts: Parts;
  /** The lines of each kind by subject and number. */
  readonly #shelves: ReadonlyMap<string, Shelf>;
  readonly #blocks: Blocks;
  readonly #size: number;
  /** The newest entries of a kind by their time, sorted once. */
  readonly #byTime = new Map<EntryKind, Promise<Shelf>>();
  readonly #asOf = new Map<number, PackageLog>();

  /** `size`: how many entries the log had; those after them are left out. */
  constructor(
    parts: Parts,
    { shelves, blocks }: { readonly shelves: ReadonlyMap<string, Shelf>; readonly blocks: Blocks },
    size = Infinity,
  ) {
    this.#parts = parts;
    this.#shelves = shelves;
    this.#blocks = blocks;
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
    const kept = { shelves: this.#shelves, blocks: this.#blocks };
    const known = this.#asOf.get(size) ?? new PackageLog(this.#parts, kept, size);
    this.#asOf.set(size, known);
    return known;
  }

  /** The newest entry of each subject of a kind, as a ledger gives them. */
  async *states<K extends EntryKind>(
    kind: K,
    { from = -Infinity, to = Infinity, order }: EvidenceFilter,
  ): AsyncIterable<LoggedEntry<K>> {
    for await (const entry of order === "subject" ? this.#newest(kind) : this.#sortedByTime(kind))
      if (entry.at >= from && entry.at < to) yield entry;
  }

  async *#newest<K extends EntryKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
    let newest: ShelvedLine | null = null;
    for await (const lines of this.#blocks.linesOf(this.#shelves.get(kind) ?? []))
      for (const line of lines) {
        if (line.seq > this.#size) continue;
        if (newest !== null && newest.name !== line.name) yield newest.entry();
        newest = line;
      }
    if (newest !== null) yield newest.entry();
  }

  async *#sortedByTime<K extends EntryKind>(kind: K): AsyncIterable<LoggedEntry<K>> {
    const making = this.#byTime.get(kind) ?? this.#shelvedByTime(kind);
    this.#byTime.set(kind, making);
    for await (const lines of this.#blocks.linesOf(await making))
      for (const line of lines) yield line.entry();
  }

  #shelvedByTime(kind: EntryKind): Promise<Shelf> {
    const newest = this.#newest(kind);
    const lines = async function* (): AsyncIterable<string> {
      for await (const entry of newest)
        yield pairLine(String(entry.at).padStart(16, "0"), entry.subject, JSON.stringify(lineOf(entry)));
    };
    return shelved(sortedLines(lines(), this.#parts.store), this.#parts.store);
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
    for (const path of LOG_FILES)
      for await (const line of this.#parts.lines(path)) {
        // Much is read and little of it is of one kind: what cannot be is not parsed.
        if (kinds !== undefined && !kinds.some((kind) => line.includes(`"kind":"${kind}"`))) continue;
        const entry = entryOf<K>(line);
        const isWanted = kinds === undefined || kinds.includes(entry.kind);
        if (entry.seq > this.#size) continue;
        if (isWanted && entry.at >= from && entry.at < to) yield entry;
      }
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
