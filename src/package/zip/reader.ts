/** Reads a package out of its zip, in Node as in a browser. A package has one zip: any other is named by its first other byte. */

import type { Defect } from "../../domain/evidence/verify/checks.ts";
import { MOST_MEMBERS, type Files } from "../../domain/evidence/verify/read.ts";
import { viewOf, zipEntries, type FileBytes, type ZipEntry } from "./directory.ts";

/**
 * Returns the files of a package's zip. Only members that are stored are read: nothing can blow up. Throws an Error that names
 * what is unsound where there is no directory to read.
 */
export async function zipReader(name: string, zip: FileBytes): Promise<Files> {
  const entries = await zipEntries(zip);
  if (entries.length > MOST_MEMBERS) throw new Error(`it holds more than ${MOST_MEMBERS} files`);
  // Members that overlap could make a small file take forever to read.
  if (entries.reduce((sum, { compressedSize }) => sum + compressedSize, 0) > zip.size)
    throw new Error("it has members that overlap");
  const known = new Map<string, ZipEntry>();
  const starts = new Map<string, Promise<number>>();
  const contentAt = async (path: string): Promise<{ readonly start: number; readonly size: number }> => {
    const entry = known.get(path);
    if (entry === undefined) throw new Error("no such member");
    const start = starts.get(path) ?? contentOf(zip, entry);
    starts.set(path, start);
    return { start: await start, size: entry.size };
  };
  return {
    async members() {
      const defects: Defect<"stranger" | "unreadable">[] = [];
      for (const entry of entries) {
        const problem = problemOf(entry, known);
        if (problem === null) known.set(entry.path, entry);
        else defects.push({ file: entry.path, ...problem });
      }
      const other = defects.length > 0 ? null : await otherThanMade(zip, [...known.values()]);
      if (other !== null) defects.push({ file: name, code: "unreadable", problem: other });
      return { members: [...known.keys()].map((path) => ({ path, kind: "file" as const })), defects };
    },
    async *open(path) {
      const { start, size } = await contentAt(path);
      yield* zip.pieces(start, start + size);
    },
    async bytes(path, from, to) {
      const { start, size } = await contentAt(path);
      return zip.read(start + Math.min(from, size), start + Math.min(to, size));
    },
  };
}

function problemOf(
  { path, isEncrypted, isStored, compressedSize, size }: ZipEntry,
  known: ReadonlyMap<string, ZipEntry>,
): Omit<Defect<"stranger" | "unreadable">, "file"> | null {
  if (known.has(path)) return { code: "stranger", problem: "is in the zip twice" };
  if (isEncrypted) return { code: "unreadable", problem: "is encrypted" };
  if (!isStored || compressedSize !== size)
    return { code: "unreadable", problem: "is compressed: members of a package's zip are stored" };
  if (path.endsWith("/")) return { code: "stranger", problem: "should not be here" };
  return null;
}

/** Where the content of a member begins, by its own header. */
async function contentOf(zip: FileBytes, { offset, size }: ZipEntry): Promise<number> {
  const header = await viewOf(zip, offset, offset + 30);
  if (header.byteLength < 30 || header.getUint32(0, true) !== 0x04034b50)
    throw new Error("its header in the zip is broken");
  const from = offset + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  if (from + size > zip.size) throw new Error("it lies beyond the end of the zip");
  return from;
}

/** Makes the zip again from what it holds and compares every byte: a header, a gap or a tail that differs is named by its place. */
async function otherThanMade(zip: FileBytes, entries: readonly ZipEntry[]): Promise<string | null> {
  let place = 0;
  const differs = async (bytes: Uint8Array): Promise<boolean> => {
    const there = await zip.read(place, place + bytes.length);
    const isSame = there.length === bytes.length && bytes.every((byte, index) => byte === there[index]);
    if (isSame) place += bytes.length;
    return !isSame;
  };
  const other = (): string => `differs from the one zip its files make, at or after byte ${place}`;
  const records: Uint8Array[] = [];
  for (const { name, path, size } of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    const offset = place;
    if (path === "" || (await differs(localHeader(name)))) return other();
    if (place + size > zip.size) return other();
    const crc = await crcOf(zip.pieces(place, place + size));
    place += size;
    const member = { name, crc, size, offset };
    if (await differs(descriptor(member))) return other();
    records.push(directoryRecord(member));
  }
  const directory = place;
  for (const record of records) if (await differs(record)) return other();
  if (await differs(endRecords(entries.length, place - directory, directory))) return other();
  return zip.size === place ? null : `holds ${zip.size - place} bytes after its end`;
}

/** What the headers of a member are made of. */
interface Written {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly offset: number;
}

/** Numbers with the bytes that each of them takes, the lowest first. */
type Field = readonly [value: number, bytes: 2 | 4 | 8];

const LARGE = 0xffffffff;

/** Names are in UTF-8, and sizes follow the content. */
const FLAGS: Field = [(1 << 11) | (1 << 3), 2];
const STORED: Field = [0, 2];
/** Midnight of 1 January 2000. */
const TIME: readonly Field[] = [
  [0, 2],
  [(20 << 9) | (1 << 5) | 1, 2],
];
/** Unix, version 6.3 of the format. */
const MADE_BY: Field = [(3 << 8) | 63, 2];
/** A plain file that its owner may write. */
const MODE: Field = [(0o100644 << 16) >>> 0, 4];

function localHeader(name: Uint8Array): Uint8Array {
  const fields: Field[] = [[0x04034b50, 4], [20, 2], FLAGS, STORED, ...TIME, [0, 4], [0, 4], [0, 4]];
  return joined(packed([...fields, [name.length, 2], [0, 2]]), name);
}

function descriptor({ crc, size, offset }: Written): Uint8Array {
  const bytes = isLarge(size, offset) ? 8 : 4;
  return packed([
    [0x08074b50, 4],
    [crc, 4],
    [size, bytes],
    [size, bytes],
  ]);
}

function directoryRecord({ name, crc, size, offset }: Written): Uint8Array {
  const large = isLarge(size, offset);
  const extra = large
    ? packed([
        [1, 2],
        [24, 2],
        [size, 8],
        [size, 8],
        [offset, 8],
      ])
    : new Uint8Array();
  const fields: Field[] = [[0x02014b50, 4], MADE_BY, [large ? 45 : 20, 2], FLAGS, STORED, ...TIME, [crc, 4]];
  const shown = large ? LARGE : size;
  const rest: Field[] = [
    [shown, 4],
    [shown, 4],
    [name.length, 2],
    [extra.length, 2],
    [0, 2],
    [0, 2],
    [0, 2],
  ];
  return joined(packed([...fields, ...rest, MODE, [large ? LARGE : offset, 4]]), name, extra);
}

function endRecords(count: number, size: number, offset: number): Uint8Array {
  const end = packed([
    [0x06054b50, 4],
    [0, 2],
    [0, 2],
    [count, 2],
    [count, 2],
    [Math.min(size, LARGE), 4],
    [Math.min(offset, LARGE), 4],
    [0, 2],
  ]);
  if (offset < LARGE) return end;
  const end64: Field[] = [[0x06064b50, 4], [44, 8], MADE_BY, [45, 2], [0, 4], [0, 4], [count, 8], [count, 8]];
  const locator: Field[] = [
    [0x07064b50, 4],
    [0, 4],
    [offset + size, 8],
    [1, 4],
  ];
  return joined(packed([...end64, [size, 8], [offset, 8], ...locator]), end);
}

function isLarge(size: number, offset: number): boolean {
  return size >= LARGE || offset >= LARGE;
}

function packed(fields: readonly Field[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, bytes]) => sum + bytes, 0)));
  let place = 0;
  for (const [value, bytes] of fields) {
    if (bytes === 8) view.setBigUint64(place, BigInt(value), true);
    else if (bytes === 4) view.setUint32(place, value, true);
    else view.setUint16(place, value, true);
    place += bytes;
  }
  return new Uint8Array(view.buffer);
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of parts) {
    whole.set(part, place);
    place += part.length;
  }
  return whole;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value;
});

async function crcOf(content: AsyncIterable<Uint8Array>): Promise<number> {
  let crc = LARGE;
  for await (const piece of content)
    for (const byte of piece) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return (crc ^ LARGE) >>> 0;
}
