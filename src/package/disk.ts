/** Files on disk: lines kept in them, for what sorts more than memory holds, and their bytes at any place. */

import { createReadStream, createWriteStream, readSync } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { linesOf } from "../domain/texts/lines.ts";
import { StoreError, type LineStore } from "../domain/texts/sort.ts";
import type { FileBytes } from "./zip/directory.ts";

/** So much of a file is read at once (bytes) where hundreds are read side by side. */
const SMALL_PIECE = 8 * 1_024;

/** Holds how much (bytes) is read at once of what is read from end to end. Each piece costs a change of threads. */
export const LARGE_PIECE = 256 * 1_024;

/** Returns a store of lines below a folder, which must be there and is left there. */
export function linesOnDisk(folder: string): LineStore {
  return {
    async keep(lines) {
      const place = await mkdtemp(join(folder, "lines-"));
      const path = join(place, "lines");
      await pipeline(Readable.from(ended(lines)), createWriteStream(path)).catch((error: unknown) => {
        const { code, message } = error as NodeJS.ErrnoException;
        throw code === "ENOSPC" || code === "EDQUOT" ? new StoreError(message, { cause: error }) : error;
      });
      return {
        async *read(pieces) {
          const input = createReadStream(path, {
            encoding: "utf8",
            ...(pieces === "small" ? { highWaterMark: SMALL_PIECE } : {}),
          });
          try {
            yield* linesOf(input as AsyncIterable<string>);
          } finally {
            input.destroy();
          }
        },
        remove: () => rm(place, { recursive: true, force: true }),
      };
    },
  };
}

/** Yields the text of a file in pieces. */
export async function* textOf(path: string): AsyncIterable<string> {
  const input: AsyncIterable<string> = createReadStream(path, { encoding: "utf8" });
  yield* input;
}

/** Opens a file for its bytes; `close` frees it. Rejects where the file cannot be read. */
export async function openBytes(path: string): Promise<FileBytes & { readonly close: () => Promise<void> }> {
  const file = await open(path);
  const { size } = await file.stat();
  return {
    size,
    // Tens of thousands of small pieces are read: what another thread reads takes several times as long.
    async read(from, to) {
      const bytes = new Uint8Array(Math.max(0, Math.min(to, size) - from));
      return bytes.subarray(0, readSync(file.fd, bytes, 0, bytes.length, from));
    },
    // With an end before its start Node would read on.
    pieces: (from, to) =>
      from < to
        ? createReadStream(path, { start: from, end: to - 1, highWaterMark: LARGE_PIECE })
        : Readable.from([]),
    close: () => file.close(),
  };
}

/** Lends the bytes of a file for as long as the work takes. Rejects where the file cannot be read. */
export async function withBytes<T>(path: string, work: (bytes: FileBytes) => Promise<T>): Promise<T> {
  const bytes = await openBytes(path);
  try {
    return await work(bytes);
  } finally {
    await bytes.close();
  }
}

/** Each line with its line feed, many at a time. */
async function* ended(lines: AsyncIterable<string> | Iterable<string>): AsyncIterable<string> {
  let text = "";
  for await (const line of lines) {
    text += `${line}\n`;
    if (text.length < 65_536) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}
