/** Bytes and lines as a browser keeps them: in Blobs, which it may move to its own files on disk. */

import { linesOf } from "../domain/texts/lines.ts";
import { messageOf } from "../domain/evidence/verify/read.ts";
import { StoreError, type LineStore } from "../domain/texts/sort.ts";
import type { FileBytes } from "../package/zip/directory.ts";

/** Yields the bytes of a Blob; holds one piece. */
export async function* piecesOf(blob: Blob): AsyncIterable<Uint8Array> {
  // Not every browser can iterate over a stream.
  const reader = blob.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

/** Returns the bytes of a file. */
export function bytesOf(file: File): FileBytes {
  return {
    size: file.size,
    read: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer()),
    pieces: (from, to) => piecesOf(file.slice(from, to)),
  };
}

/** Lets whatever else can go on do so. A browser's timers would take milliseconds. */
export function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(null);
  });
}

const BLOB_CHARACTERS = 1_000_000;

/** Keeps lines in Blobs: memory of the page holds none of them. */
export const linesInBlobs: LineStore = {
  async keep(lines) {
    const blobs: Blob[] = [];
    let held: string[] = [];
    let characters = 0;
    for await (const line of lines) {
      held.push(line, "\n");
      characters += line.length + 1;
      if (characters < BLOB_CHARACTERS) continue;
      blobs.push(new Blob(held));
      held = [];
      characters = 0;
    }
    const whole = new Blob([...blobs, ...held]);
    return { read: () => linesOf(textOf(whole)), remove: () => Promise.resolve() };
  },
};

async function* textOf(blob: Blob): AsyncIterable<string> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const pieces = piecesOf(blob)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await pieces.next().catch((error: unknown) => {
        throw new StoreError(
          `this browser has no room for them (${messageOf(error)}), use countersign verify`,
        );
      });
      if (next.done === true) break;
      yield decoder.decode(next.value, { stream: true });
    }
  } finally {
    await pieces.return?.();
  }
  yield decoder.decode();
}
