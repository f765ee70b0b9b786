/** Sorting more lines than memory holds: sorted runs on disk, merged. */

import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { linesOf } from "../domain/texts/lines.ts";

const RUN = 20_000;

// Lines may be long: so many characters at most are held.
const RUN_CHARACTERS = 2_000_000;

/** So much of each run is read at once (bytes): there may be hundreds. */
const PIECE = 8 * 1_024;

/**
 * Yields the same lines by code unit, each once. Holds 20,000 lines, fewer of long ones, and a piece of each run; the runs lie below `folder`
 * and are removed when the walk ends. A line must hold no line feed.
 */
export async function* sortedLines(lines: AsyncIterable<string>, folder: string): AsyncIterable<string> {
  const place = await mkdtemp(join(folder, "sort-"));
  try {
    const runs: string[] = [];
    let held: string[] = [];
    let characters = 0;
    for await (const line of lines) {
      held.push(line);
      characters += line.length;
      if (held.length >= RUN || characters >= RUN_CHARACTERS) {
        runs.push(await writeRun(place, runs.length, held));
        held = [];
        characters = 0;
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

/** Keeps lines in a file below `folder`; answers a way to read them again. A line must hold no line feed. */
export async function keptLines(
  lines: AsyncIterable<string>,
  folder: string,
): Promise<() => AsyncIterable<string>> {
  const path = join(await mkdtemp(join(folder, "kept-")), "lines");
  const ended = (async function* () {
    for await (const line of lines) yield `${line}\n`;
  })();
  await pipeline(Readable.from(ended), createWriteStream(path));
  return () => linesOf(createReadStream(path, "utf8") as AsyncIterable<string>);
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
    const input = createReadStream(path, { encoding: "utf8", highWaterMark: PIECE });
    return { input, lines: linesOf(input as AsyncIterable<string>)[Symbol.asyncIterator]() };
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
