/** Sorting more lines than memory holds: sorted runs on disk, merged. */

import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";

const RUN = 5_000;

/**
 * The same lines by code unit, each once. Holds 5,000 lines and one line of each run; the runs lie below `folder`
 * and are removed when the walk ends. A line must hold no line feed.
 */
export async function* sortedLines(lines: AsyncIterable<string>, folder: string): AsyncIterable<string> {
  const place = await mkdtemp(join(folder, "sort-"));
  try {
    const runs: string[] = [];
    let held: string[] = [];
    for await (const line of lines) {
      held.push(line);
      if (held.length >= RUN) {
        runs.push(await writeRun(place, runs.length, held));
        held = [];
      }
    }
    if (runs.length === 0) return yield* unique(held.sort());
    runs.push(await writeRun(place, runs.length, held));
    held = [];
    yield* merged(runs);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

async function writeRun(place: string, number: number, lines: string[]): Promise<string> {
  const path = join(place, String(number));
  await writeFile(
    path,
    lines
      .sort()
      .map((line) => `${line}\n`)
      .join(""),
  );
  return path;
}

function* unique(lines: readonly string[]): Iterable<string> {
  let last: string | undefined;
  for (const line of lines) {
    if (line !== last) yield line;
    last = line;
  }
}

async function* merged(paths: readonly string[]): AsyncIterable<string> {
  const readers = paths.map((path) => {
    const input = createReadStream(path);
    return { input, lines: createInterface({ input, crlfDelay: Infinity })[Symbol.asyncIterator]() };
  });
  try {
    const heads: (string | undefined)[] = [];
    const advance = async (index: number): Promise<void> => {
      const next = await readers[index]?.lines.next();
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
    for (const { input } of readers) input.destroy();
  }
}
