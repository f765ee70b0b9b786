/** Holds a workbook to the tables it shows: what its zip holds must be, byte for byte, what the tables give here. */

import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";

import type { Book } from "../../domain/evidence/copies/maker.ts";
import { zipEntries, type FileBytes, type ZipEntry } from "../zip/directory.ts";
import { workbookParts, type WorkbookPart } from "./workbook.ts";

/** Returns whether a file is the workbook of these tables, however it was deflated. The file is read twice, and never held. */
export async function isWorkbookOf(book: Book, file: () => AsyncIterable<Uint8Array>): Promise<boolean> {
  const entries = await membersIn(file());
  if (entries === null) return false;
  const bytes = new Sequence(file());
  const records: Buffer[] = [];
  try {
    for await (const part of workbookParts(book)) {
      const entry = entries[records.length];
      const record = entry === undefined ? null : await recordOf(bytes, entry, part);
      if (record === null) return false;
      records.push(record);
    }
    return (await bytes.has(...directory(records, bytes.place))) && (await bytes.take(1)).length === 0;
  } finally {
    await bytes.close();
  }
}

/** Far above the directory of any workbook (bytes). */
const TAIL = 256 * 1_024;

/** Lengths of what surrounds the content of a member, without its name (bytes). */
const [HEADER, DESCRIPTOR] = [30, 16];

/** Bytes: each piece costs a change of threads. */
const INFLATED_AT_ONCE = 128 * 1_024;

/** The members in their order. Null: there is no sound directory, or something lies between what it names. */
async function membersIn(file: AsyncIterable<Uint8Array>): Promise<readonly ZipEntry[] | null> {
  const entries = await zipEntries(await endOf(file)).catch(() => null);
  let place = 0;
  for (const { offset, name, compressedSize } of entries ?? []) {
    if (offset !== place) return null;
    place += HEADER + name.length + compressedSize + DESCRIPTOR;
  }
  return entries;
}

/** The end of a file as its bytes: places before it give none. */
async function endOf(file: AsyncIterable<Uint8Array>): Promise<FileBytes> {
  const pieces: Uint8Array[] = [];
  let [size, held] = [0, 0];
  for await (const piece of file) {
    pieces.push(piece);
    size += piece.length;
    held += piece.length;
    // Joining them at each piece would leave hundreds of megabytes behind before anything is collected.
    while (held - (pieces[0]?.length ?? 0) >= TAIL) held -= pieces.shift()?.length ?? 0;
  }
  const kept = Buffer.concat(pieces);
  const at = (place: number): number => Math.max(0, place - (size - kept.length));
  return {
    size,
    read: (from, to) => Promise.resolve(kept.subarray(at(from), at(to))),
    async *pieces() {},
  };
}

/** What a member's header and its record in the directory both have: deflated, its size after it, midnight of 1 January 2000. */
const MEMBER = Buffer.from("14000c00080000002128", "hex");
const VERSION = Buffer.from("1400", "hex");

/** Returns the directory's record of a member where the next one of the file is it, and holds this text; else null. */
async function recordOf(
  file: Sequence,
  { name, path, offset, compressedSize, size }: ZipEntry,
  part: WorkbookPart,
): Promise<Buffer | null> {
  const none = Buffer.alloc(12);
  const header = [numbers(0x04034b50), MEMBER, none, short(name.length), short(0), name];
  if (path !== part.path || !(await file.has(...header))) return null;
  const inflate = createInflateRaw({ chunkSize: INFLATED_AT_ONCE });
  const piping = pipeline(file.next(compressedSize), inflate).catch(() => undefined);
  const crc = new Crc();
  const isThere = await isSame(untilBroken(inflate), crc.of(encoded(part.text))).finally(() =>
    inflate.destroy(),
  );
  await piping;
  // Something after the deflated content would be passed over.
  if (!isThere || inflate.bytesWritten !== compressedSize) return null;
  const content = numbers(crc.value, compressedSize, size);
  if (!(await file.has(numbers(0x08074b50), content))) return null;
  const rest = [content, short(name.length), Buffer.alloc(12), numbers(offset), name];
  return Buffer.concat([numbers(0x02014b50), VERSION, MEMBER, ...rest]);
}

/** The end of a zip whose members end at a place. */
function directory(records: readonly Buffer[], place: number): readonly Buffer[] {
  const size = records.reduce((sum, { length }) => sum + length, 0);
  const count = short(records.length);
  return [...records, numbers(0x06054b50, 0), count, count, numbers(size, place), short(0)];
}

/** Numbers of four bytes each, the lowest first. */
function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

/** A number of two bytes. */
function short(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

/** Ends early where something cannot be inflated: then it is no text of ours. */
async function* untilBroken(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* pieces;
  } catch {
    return;
  }
}

async function* encoded(text: WorkbookPart["text"]): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const piece of text) yield encoder.encode(piece);
}

/** The checksum of what passes. */
class Crc {
  value = 0;

  async *of(pieces: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const piece of pieces) {
      this.value = crc32(piece, this.value);
      yield piece;
    }
  }
}

/** Whether two walks give the same bytes, however these are cut. The second is always walked to its end where they are. */
async function isSame(left: AsyncIterable<Uint8Array>, right: AsyncIterable<Uint8Array>): Promise<boolean> {
  const other = new Sequence(left);
  try {
    for await (const piece of right) if (!(await other.has(piece))) return false;
    return (await other.take(1)).length === 0;
  } finally {
    await other.close();
  }
}

/** Bytes that come in pieces, taken by their number. */
class Sequence {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #ahead: Uint8Array = new Uint8Array();
  /** How many were taken. */
  place = 0;

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Whether these bytes come next. */
  async has(...parts: readonly Uint8Array[]): Promise<boolean> {
    for (const part of parts) {
      let same = 0;
      for await (const piece of this.next(part.length)) {
        if (Buffer.compare(piece, part.subarray(same, same + piece.length)) !== 0) return false;
        same += piece.length;
      }
      if (same < part.length) return false;
    }
    return true;
  }

  /** So many bytes; fewer only at the end. */
  async take(count: number): Promise<Buffer> {
    const taken: Uint8Array[] = [];
    for await (const piece of this.next(count)) taken.push(piece);
    const [first = new Uint8Array()] = taken;
    return taken.length > 1
      ? Buffer.concat(taken)
      : Buffer.from(first.buffer, first.byteOffset, first.length);
  }

  /** The same in pieces. */
  async *next(count: number): AsyncIterable<Uint8Array> {
    for (let left = count; left > 0;) {
      if (this.#ahead.length === 0) {
        const next = await this.#pieces.next();
        if (next.done === true) return;
        this.#ahead = next.value;
      }
      const piece = this.#ahead.subarray(0, left);
      this.#ahead = this.#ahead.subarray(piece.length);
      left -= piece.length;
      this.place += piece.length;
      yield piece;
    }
  }

  async close(): Promise<void> {
    await this.#pieces.return?.();
  }
}
