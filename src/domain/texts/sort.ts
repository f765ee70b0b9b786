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

/** The next line of a run, in a heap whose first is the least. */
interface Head {
  line: string;
  readonly rest: AsyncIterator<string>;
}

async function* merged(runs: readonly KeptLines[]): AsyncIterable<string> {
  const readers = runs.map((run) => run.read("small")[Symbol.asyncIterator]());
  try {
    const heap: Head[] = [];
    for (const rest of readers) {
      const first = await rest.next();
      if (first.done !== true) heap.push({ line: first.value, rest });
    }
    // A sorted list is a heap.
    heap.sort((a, b) => (a.line < b.line ? -1 : 1));
    let last: string | undefined;
    for (let least = heap[0]; least !== undefined; least = heap[0]) {
      if (least.line !== last) yield least.line;
      last = least.line;
      const next = await least.rest.next();
      if (next.done === true) {
        const end = heap.pop();
        if (end !== undefined && end !== least) heap[0] = end;
      } else least.line = next.value;
      sink(heap);
    }
  } finally {
    for (const reader of readers) await reader.return?.();
  }
}

/** Moves the first of a heap down to its place. */
function sink(heap: Head[]): void {
  for (let at = 0; ;) {
    let least = at;
    for (const below of [2 * at + 1, 2 * at + 2])
      if ((heap[below]?.line ?? "") < (heap[least]?.line ?? "") && below < heap.length) least = below;
    const [own, other] = [heap[at], heap[least]];
    if (least === at || own === undefined || other === undefined) return;
    [heap[at], heap[least]] = [other, own];
    at = least;
  }
}
