/** Entries as they were read: answers, kept until another writer may have written others of their kind, and single entries, by their hashes. */

import { LRUCache } from "lru-cache";

import type { EntryKind, LoggedEntry } from "../domain/records/entry.ts";
import { useOf, type CacheUse } from "../domain/values/cache-use.ts";
import { HOUR } from "../domain/time/durations.ts";
import { readEntry, type LogRow } from "./log.ts";

/** Of each so much is kept, in characters of bodies as they are stored; as objects they take some five times as much. */
const MOST = 2_000_000;
/** What an answer takes beside its bodies (characters): that nothing is there is an answer too. */
const EACH = 200;
/** Drops what was not used for so long (ms). */
const IDLE = HOUR;

/** Holds an answer of the store. `size`: the characters of the bodies; `isWhole`: there is no further page. */
export interface NewestAnswer<K extends EntryKind> {
  readonly entries: readonly LoggedEntry<K>[];
  readonly size: number;
  readonly isWhole: boolean;
}

interface Kept {
  readonly as: string;
  readonly answer: NewestAnswer<EntryKind>;
}

/** Keeps answers about the newest entries of a kind, by the question. The one not used for longest is dropped first. */
export class Newest {
  readonly #othersWrote: () => number | null;
  readonly #written = new Map<EntryKind, number>();
  readonly #kept = new LRUCache<string, Kept>({
    maxSize: MOST,
    sizeCalculation: ({ answer }) => EACH + answer.size,
    ttl: IDLE,
    updateAgeOnGet: true,
  });

  /** `othersWrote`: a number that differs after another writer has written; null: that cannot be known, and nothing is kept. */
  constructor(othersWrote: () => number | null) {
    this.#othersWrote = othersWrote;
  }

  /** Returns the answer to a question about one kind: the one that is kept, or else what `read` returns. */
  async answer<K extends EntryKind>(
    kind: K,
    question: string,
    read: () => Promise<NewestAnswer<K>>,
  ): Promise<NewestAnswer<K>> {
    const name = `${kind} ${question}`;
    const as = this.#as(kind);
    const kept = this.#kept.get(name);
    // The kind is part of the name.
    if (kept !== undefined && kept.as === as) return kept.answer as NewestAnswer<K>;
    const answer = await read();
    // What was written while it was read may be in it or not.
    if (answer.isWhole && as !== null && as === this.#as(kind)) this.#kept.set(name, { as, answer });
    return answer;
  }

  /** Returns how much is kept. */
  use(): CacheUse {
    return useOf(this.#kept);
  }

  /** Records that entries of these kinds were written, or may have been. */
  wrote(kinds: Iterable<EntryKind>): void {
    for (const kind of kinds) this.#written.set(kind, (this.#written.get(kind) ?? 0) + 1);
  }

  #as(kind: EntryKind): string | null {
    const others = this.#othersWrote();
    return others === null ? null : `${others} ${this.#written.get(kind) ?? 0}`;
  }
}

/** Of these kinds a page reads every newest entry, and few are new since the last page. */
const READ_WHOLE: readonly EntryKind[] = [
  "completeness",
  "control-state",
  "coverage-gap",
  "deviation",
  "exposure",
  "monthly-review",
  "repository",
];

/**
 * Keeps entries by their hashes. Each hash is made over all of its entry and the log before it, so that what is kept is right
 * whoever else writes, also where a backup is put back meanwhile. The entry of a kind not used for longest is dropped first: a kind
 * of which there is too much drops none of another.
 */
export class ReadEntries {
  readonly #kept = new Map(READ_WHOLE.map((kind) => [kind, entriesOfKind()]));

  /** Returns whether entries of this kind are kept. */
  keeps(kind: EntryKind): boolean {
    return this.#kept.has(kind);
  }

  /** Returns the entries of a kind at these places of the log, in the same order; `read` reads those that are not kept. */
  async at<K extends EntryKind>(
    kind: K,
    places: readonly Pick<LogRow, "seq" | "hash">[],
    read: (seqs: readonly number[]) => Promise<readonly LogRow[]>,
  ): Promise<Omit<NewestAnswer<K>, "isWhole">> {
    const kept = this.#kept.get(kind);
    const found = new Map(places.map(({ seq, hash }) => [seq, kept?.get(hash)]));
    const missing = places.flatMap(({ seq }) => (found.get(seq) === undefined ? [seq] : []));
    for (const row of missing.length === 0 ? [] : await read(missing)) {
      const one = { entry: readEntry(row), size: row.body.length };
      kept?.set(row.hash, one);
      found.set(row.seq, one);
    }
    const entries = places.map(({ seq }) => {
      const one = found.get(seq);
      if (one === undefined) throw new Error(`entry ${seq} is in no log any more`);
      // The places are of one kind.
      return one.entry as LoggedEntry<K>;
    });
    return { entries, size: [...found.values()].reduce((sum, one) => sum + (one?.size ?? 0), 0) };
  }

  /** Returns how much is kept of all kinds together. */
  use(): CacheUse {
    const all = [...this.#kept.values()].map(useOf);
    const sum = (of: keyof CacheUse): number => all.reduce((total, each) => total + each[of], 0);
    return { entries: sum("entries"), bytes: sum("bytes"), bound: sum("bound") };
  }
}

function entriesOfKind() {
  return new LRUCache<string, { readonly entry: LoggedEntry; readonly size: number }>({
    maxSize: MOST,
    sizeCalculation: ({ size }) => EACH + size,
    ttl: IDLE,
    updateAgeOnGet: true,
  });
}
