/** Sorting more lines than memory holds: sorted runs in a store, merged. */

/** Describes where lines are kept outside memory. A line holds no line feed. */
export interface LineStore {
  keep(lines: AsyncIterable<string> | Iterable<string>): Promise<KeptLines>;
}

/** Describes lines in a store, which can be read as often as wanted. */
export interface KeptLines {
  /** In the order in which they were given. `pieces`: how much is held while they are read; many lists are read at once in small ones. */
  read(pieces?: "small"): AsyncIterable<string>;
  remove(): Promise<void>;
}

/** Signals that a store has no room for lines, or lost some: nothing is wrong with the lines. */
export class StoreError extends Error {}

const RUN = 20_000;

// Lines may be long: so many characters at most are held.
const RUN_CHARACTERS = 2_000_000;

/**
 * Yields the same lines by code unit, each once. Holds 20,000 lines, fewer of long ones, and a piece of each run; the runs are
 * removed from the store when the walk ends. A line must hold no line feed.
 */
export async function* sortedLines(lines: AsyncIterable<string>, store: LineStore): AsyncIterable<string> {
  const runs: KeptLines[] = [];
  try {
    let held: string[] = [];
    let characters = 0;
    for await (const line of lines) {
      held.push(line);
      characters += line.length;
      if (held.length >= RUN || characters >= RUN_CHARACTERS) {
        runs.push(await store.keep(held.sort()));
        held = [];
        characters = 0;
      }
    }
    if (runs.length === 0) return yield* unique(held.sort());
    runs.push(await store.keep(held.sort()));
    held = [];
    yield* merged(runs);
  } finally {
    for (const run of runs) await run.remove();
  }
}

function* unique(lines: readonly string[]): Iterable<string> {
  let last: string | undefined;
  for (const line of lines) {
    if (line !== last) yield line;
    last = line;
  }
}

async function* merged(runs: readonly KeptLines[]): AsyncIterable<string> {
  const readers = runs.map((run) => run.read("small")[Symbol.asyncIterator]());
  try {
    const heads: (string | undefined)[] = [];
    const advance = async (index: number): Promise<void> => {
      const next = await readers[index]?.next();
      heads[index] = next === undefined || next.done === true ? undefined : next.value;
    };
    await Promise.all(readers.map((_, index) => advance(index)));
    let last: string | undefined;
    for (;;) {
      let least = -1;
      for (const [index, head] of heads.entries()) {
        const best = heads[least];
        if (head !== undefined && (best === undefined || head < best)) least = index;
      }
      const line = heads[least];
      if (line === undefined) return;
      if (line !== last) yield line;
      last = line;
      await advance(least);
    }
  } finally {
    for (const reader of readers) await reader.return?.();
  }
}
