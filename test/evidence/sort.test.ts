import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { sortedLines } from "../../src/domain/texts/sort.ts";
import { linesOnDisk } from "../../src/package/disk.ts";

async function* given(lines: readonly string[]): AsyncIterable<string> {
  yield* lines;
}

async function all(lines: AsyncIterable<string>): Promise<readonly string[]> {
  const read: string[] = [];
  for await (const line of lines) read.push(line);
  return read;
}

test("more lines than are held at once come back sorted, each once, whatever stands in them but a line feed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "countersign-sort-"));
  try {
    const odd = ["\u2028", "\u2029", "\r", "\u0085", "", "é", "\u{1F600}"];
    const lines = Array.from(
      { length: 48_000 },
      (_, n) => `${(n * 7919) % 44_000}${odd[n % odd.length] ?? ""}x`,
    );
    const sorted = [...new Set(lines)].toSorted((a, b) => (a < b ? -1 : 1));
    const store = linesOnDisk(folder);
    expect(await all(sortedLines(given(lines), store))).toEqual(sorted);
    expect(await readdir(folder)).toEqual([]);
    const kept = await store.keep(given(lines));
    expect(await all(kept.read())).toEqual(lines);
    expect(await all(kept.read("small"))).toEqual(lines);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
