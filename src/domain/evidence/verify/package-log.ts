/** The log inside a package as what an export reads: its tables and words can be made again from it, and compared. */

import { utf8ToBytes } from "@noble/hashes/utils.js";

import type { EntryKind, LoggedEntry } from "../../records/entry.ts";
import type { ObservedTime } from "../../monitoring/observed-time.ts";
import { entryOf, type LogLine } from "../../records/stored.ts";
import { sortedLines, type KeptLines, type LineStore } from "../../texts/sort.ts";
import {
  pairLine,
  type EvidenceFilter,
  type EvidenceSource,
  type LogReader,
  type Period,
} from "../tables/population.ts";

/** Holds the files of a package that hold log entries. */
export const LOG_FILES = ["log/entries.jsonl", "log/cited.jsonl"] as const;

/**
 * Describes what a source is made of. `lines`: the lines of a file of the package, each in its one spelling; `read`: some of its bytes;
 * `store`: where is kept and sorted in what place each lies.
 */
export interface Parts {
  readonly organizationId: number;
  readonly period: Period;
  readonly generatedAt: number;
  readonly lines: (path: LogFile) => AsyncIterable<string>;
  readonly read: (path: LogFile, from: number, to: number) => Promise<Uint8Array>;
  readonly store: LineStore;
  /** Lets whatever else can go on do so for a while. */
  readonly turn: () => Promise<unknown>;
}

type LogFile = (typeof LOG_FILES)[number];

/** Opens the log of a package whose lines were checked. Memory does not grow with the log. */
export async function openLog(parts: Parts): Promise<PackageLog> {
  const shelves = new Map<string, Shelf>();
  const sorted = sortedLines(placesIn(parts), parts.store)[Symbol.asyncIterator]();
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
  return new PackageLog(parts, { shelves, blocks: new Blocks(), entries: new Entries(parts) });
}

/** The place of every entry behind its kind. */
async function* placesIn({ lines }: Parts): AsyncIterable<string> {
  for (const [file, path] of LOG_FILES.entries()) {
    let from = 0;
    for await (const line of lines(path)) {
      const to = from + utf8ToBytes(line).length;
      const { kind, subject, seq, at } = envelopeOf(line);
      yield pairLine(kind, placeLine({ subject, seq, at, file, from, to }));
      from = to + 1;
    }
  }
}

/** Comes after the body, whose own texts have their quotes escaped. */
const AFTER_BODY = `,"hash":"`;

/** Returns what stands in a line around its body, which is long and need not be parsed for it. The line must have its one spelling. */
export function envelopeOf(line: string): Omit<LogLine, "body"> {
  const rest = JSON.parse(`{${line.slice(line.lastIndexOf(AFTER_BODY) + 1)}`) as LogLine;
  return { ...rest, at: Number(line.slice(`{"at":`.length, line.indexOf(","))) };
}

function headOf(line: string): string {
  return line.slice(0, line.indexOf("\t"));
}

/** Where an entry lies, and what decides whether it is wanted. `from` and `to`: the bytes of its line. */
interface Place {
  readonly subject: string;
  readonly seq: number;
  readonly at: number;
  readonly file: number;
  readonly from: number;
  readonly to: number;
}

/** A place as a line, by subject and number. */
function placeLine({ subject, seq, at, file, from, to }: Place): string {
  return pairLine(subject, padded(seq), padded(at), String(file), String(from), String(to));
}

function placeOf(line: string): Place {
  const [subject = "", ...numbers] = line.split("\t");
  const [seq = 0, at = 0, file = 0, from = 0, to = 0] = numbers.map(Number);
  return { subject, seq, at, file, from, to };
}

function padded(number: number): string {
  return String(number).padStart(16, "0");
}

/** Places in the store, a block of lines after the other. */
type Shelf = readonly KeptLines[];

/** Lines of a block. */
const BLOCK = 1_000;

async function shelved(lines: AsyncIterable<string>, store: LineStore): Promise<Shelf> {
  const shelf: KeptLines[] = [];
  let held: string[] = [];
  for await (const line of lines)
    if (held.push(line) === BLOCK) {
      shelf.push(await store.keep(held));
      held = [];
    }
  if (held.length > 0) shelf.push(await store.keep(held));
  return shelf;
}

/** So many blocks are held, of all shelves. */
const MOST_BLOCKS = 12;

/** The blocks read last. */
class Blocks {
  readonly #held = new Map<KeptLines, Promise<readonly Place[]>>();

  read(block: KeptLines): Promise<readonly Place[]> {
    const read = this.#held.get(block) ?? placesOf(block);
    this.#held.delete(block);
    this.#held.set(block, read);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST_BLOCKS && oldest !== undefined) this.#held.delete(oldest);
    return read;
  }
}

async function placesOf(block: KeptLines): Promise<readonly Place[]> {
  const places: Place[] = [];
  for await (const line of block.read()) places.push(placeOf(line));
  return places;
}

/** After so many places a walk looks where the others are, and waits where it is so many ahead. */
const [STEP, MOST_AHEAD] = [16, 32];

/** So much of the log is held parsed (bytes). */
const MOST_HELD = 500_000;

/** The entries read last: tables that walk side by side parse each once, and one that falls behind parses it again. */
class Entries {
  readonly #read: Parts["read"];
  readonly #held = new Map<string, { readonly bytes: number; readonly entry: Promise<LoggedEntry> }>();
  readonly #decoder = new TextDecoder();
  #bytes = 0;

  constructor({ read }: Parts) {
    this.#read = read;
  }

  at<K extends EntryKind>({ file, from, to }: Place): Promise<LoggedEntry<K>> {
    const name = `${file} ${from}`;
    const held = this.#held.get(name) ?? { bytes: to - from, entry: this.#parsed(file, from, to) };
    if (!this.#held.delete(name)) this.#bytes += held.bytes;
    this.#held.set(name, held);
    for (const [oldest, { bytes }] of this.#held) {
      if (this.#bytes <= MOST_HELD || oldest === name) break;
      this.#held.delete(oldest);
      this.#bytes -= bytes;
    }
    return held.entry as Promise<LoggedEntry<K>>;
  }

  async #parsed(file: number, from: number, to: number): Promise<LoggedEntry> {
    const bytes = await this.#read(LOG_FILES[file] ?? LOG_FILES[0], from, to);
    return entryOf(JSON.parse(this.#decoder.decode(bytes)) as LogLine);
  }
}

interface Kept {
  /** The places of each kind by subject and number. */
  readonly shelves: ReadonlyMap<string, Shelf>;
  readonly blocks: Blocks;
  readonly entries: Entries;
}

/** Holds the entries of a package, read as a ledger is. */
export class PackageLog {
  readonly #parts: Parts;
  readonly #kept: Kept;
  readonly #size: number;
  /** The newest of a kind by their time, sorted once. */
  readonly #byTime = new Map<EntryKind, Promise<Shelf>>();
  /** How far each walk is, by what it walks. */
  readonly #walks = new Map<string, Set<{ passed: number }>>();
  readonly #asOf = new Map<number, PackageLog>();

  /** `size`: how many entries the log had; those after them are left out. */
  constructor(parts: Parts, kept: Kept, size = Infinity) {
    this.#parts = parts;
    this.#kept = kept;
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
      history: (kind) => this.#history(kind),
    };
  }

  async #history<K extends EntryKind>(kind: K): Promise<readonly LoggedEntry<K>[]> {
    const found: LoggedEntry<K>[] = [];
    for (const block of this.#kept.shelves.get(kind) ?? [])
      for (const place of await this.#kept.blocks.read(block))
        if (place.seq <= this.#size) found.push(await this.#kept.entries.at<K>(place));
    return found.toSorted((a, b) => a.seq - b.seq);
  }

  /** The same log when it held so many entries; kept, as it sorts what it reads. */
  #then(size: number): PackageLog {
    const known = this.#asOf.get(size) ?? new PackageLog(this.#parts, this.#kept, size);
    this.#asOf.set(size, known);
    return known;
  }

  /** The newest entry of each subject of a kind, as a ledger gives them. */
  async *states<K extends EntryKind>(
    kind: K,
    { from = -Infinity, to = Infinity, order }: EvidenceFilter,
  ): AsyncIterable<LoggedEntry<K>> {
    const name = `${kind} ${order}`;
    const walks = this.#walks.get(name) ?? new Set();
    this.#walks.set(name, walks);
    const own = { passed: 0 };
    walks.add(own);
    try {
      for await (const places of order === "subject" ? this.#newest(kind) : this.#newestByTime(kind))
        for (const place of places) {
          own.passed += 1;
          if (own.passed % STEP === 0) await this.#inStep(own, walks);
          if (place.at >= from && place.at < to) yield await this.#kept.entries.at<K>(place);
        }
    } finally {
      walks.delete(own);
    }
  }

  /** Lets a walk that is far ahead of others wait for them, though never for one that stands still: each entry is parsed once for all. */
  async #inStep(
    own: { readonly passed: number },
    walks: ReadonlySet<{ readonly passed: number }>,
  ): Promise<void> {
    const last = (): number => Math.min(...[...walks].map(({ passed }) => passed));
    let behind = last();
    for (let still = 0; still < 4 && own.passed - behind > MOST_AHEAD; still += 1) {
      await this.#parts.turn();
      if (last() > behind) [still, behind] = [0, last()];
    }
  }

  /** The places of the newest entry of each subject, a block at a time. */
  async *#newest(kind: EntryKind): AsyncIterable<readonly Place[]> {
    let newest: Place | null = null;
    for await (const places of this.#blocks(kind)) {
      const found: Place[] = [];
      for (const place of places) {
        if (place.seq > this.#size) continue;
        if (newest !== null && newest.subject !== place.subject) found.push(newest);
        newest = place;
      }
      yield found;
    }
    if (newest !== null) yield [newest];
  }

  async *#newestByTime(kind: EntryKind): AsyncIterable<readonly Place[]> {
    const making = this.#byTime.get(kind) ?? this.#shelvedByTime(kind);
    this.#byTime.set(kind, making);
    for (const block of await making) yield await this.#kept.blocks.read(block);
  }

  #shelvedByTime(kind: EntryKind): Promise<Shelf> {
    const newest = this.#newest(kind);
    const lines = async function* (): AsyncIterable<string> {
      for await (const places of newest)
        for (const place of places) yield pairLine(padded(place.at), placeLine(place));
    };
    const sorted = sortedLines(lines(), this.#parts.store);
    const places = async function* (): AsyncIterable<string> {
      for await (const line of sorted) yield line.slice(line.indexOf("\t") + 1);
    };
    return shelved(places(), this.#parts.store);
  }

  async *#blocks(kind: string): AsyncIterable<readonly Place[]> {
    for (const block of this.#kept.shelves.get(kind) ?? []) yield await this.#kept.blocks.read(block);
  }

  async *#log<K extends EntryKind>(filter: {
    readonly from: number;
    readonly to: number;
    readonly kinds?: readonly K[];
  }): AsyncIterable<LoggedEntry<K>> {
    const { from, to, kinds = [...this.#kept.shelves.keys()] } = filter;
    const blocksOf = (kind: string): AsyncIterable<readonly Place[]> => this.#blocks(kind);
    const size = this.#size;
    const bySeq = async function* (): AsyncIterable<string> {
      for (const kind of kinds)
        for await (const places of blocksOf(kind))
          for (const place of places)
            if (place.seq <= size && place.at >= from && place.at < to)
              yield pairLine(padded(place.seq), placeLine(place));
    };
    for await (const line of sortedLines(bySeq(), this.#parts.store))
      yield await this.#kept.entries.at<K>(placeOf(line.slice(line.indexOf("\t") + 1)));
  }
}
