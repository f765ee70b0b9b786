/** The directory of a zip file, whoever made it. Nothing is believed. */

/** Describes the bytes of a file, in Node or in a browser. Places beyond its end give fewer bytes. */
export interface FileBytes {
  readonly size: number;
  read(from: number, to: number): Promise<Uint8Array>;
  /** The same in pieces, for what memory should not hold. */
  pieces(from: number, to: number): AsyncIterable<Uint8Array>;
}

/** Describes a member as the directory names it. */
export interface ZipEntry {
  readonly path: string;
  /** As written in the directory, in UTF-8 or not. */
  readonly name: Uint8Array;
  readonly isEncrypted: boolean;
  readonly isStored: boolean;
  readonly compressedSize: number;
  readonly size: number;
  /** Where its local header begins. */
  readonly offset: number;
}

/** The end record, and the longest comment that may follow it. */
const END = 22;
const MOST_COMMENT = 0xffff;

// Far above the directory of any package: a larger one is refused instead of read.
const MOST_DIRECTORY = 32 * 1024 * 1024;

const SIGNATURE = {
  header: 0x04034b50,
  entry: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

/** Returns the members of a zip. Throws an Error that names what is unsound. */
export async function zipEntries(zip: FileBytes): Promise<readonly ZipEntry[]> {
  const { count, size, offset } = await endOf(zip);
  if (offset + size > zip.size) throw new Error("its directory lies beyond its end");
  if (size > MOST_DIRECTORY) throw new Error("its directory is too large to read");
  const directory = await viewOf(zip, offset, offset + size);
  const entries: ZipEntry[] = [];
  let place = 0;
  for (let n = 0; n < count; n += 1) {
    const [entry, length] = entryAt(directory, place);
    entries.push(entry);
    place += length;
  }
  return entries;
}

/** Returns a part of a file, to read numbers from. */
export async function viewOf(zip: FileBytes, from: number, to: number): Promise<DataView> {
  const bytes = await zip.read(from, to);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface End {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

async function endOf(zip: FileBytes): Promise<End> {
  const start = Math.max(0, zip.size - END - MOST_COMMENT);
  const tail = await viewOf(zip, start, zip.size);
  let place = tail.byteLength - END;
  const isEnd = (at: number): boolean =>
    tail.getUint32(at, true) === SIGNATURE.end &&
    tail.getUint16(at + 20, true) === tail.byteLength - at - END;
  while (place >= 0 && !isEnd(place)) place -= 1;
  if (place < 0) throw new Error("it has no end of a zip");
  const end = {
    count: tail.getUint16(place + 10, true),
    size: tail.getUint32(place + 12, true),
    offset: tail.getUint32(place + 16, true),
  };
  const isLarge = end.count === 0xffff || end.size === 0xffffffff || end.offset === 0xffffffff;
  return isLarge ? ((await end64(zip, start + place)) ?? end) : end;
}

/** The end record of a large zip, which lies before the usual one. */
async function end64(zip: FileBytes, end: number): Promise<End | null> {
  if (end < 20) return null;
  const locator = await viewOf(zip, end - 20, end);
  if (locator.getUint32(0, true) !== SIGNATURE.locator64) return null;
  const place = numberAt(locator, 8);
  const record = await viewOf(zip, place, place + 56);
  if (record.byteLength < 56 || record.getUint32(0, true) !== SIGNATURE.end64)
    throw new Error("its end record is not where it should be");
  return { count: numberAt(record, 32), size: numberAt(record, 40), offset: numberAt(record, 48) };
}

/** A number of 64 bits. */
function numberAt(view: DataView, place: number): number {
  const number = Number(view.getBigUint64(place, true));
  if (!Number.isSafeInteger(number)) throw new Error("it has a number that is too large");
  return number;
}

/** One entry of a directory, and how many bytes it takes. */
function entryAt(view: DataView, place: number): readonly [ZipEntry, number] {
  if (place + 46 > view.byteLength || view.getUint32(place, true) !== SIGNATURE.entry)
    throw new Error("its directory is broken");
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(place + at, true));
  const nameEnd = place + 46 + (nameLength ?? 0);
  const extraEnd = nameEnd + (extraLength ?? 0);
  const end = extraEnd + (commentLength ?? 0);
  if (end > view.byteLength) throw new Error("its directory is broken");
  const name = new Uint8Array(view.buffer, view.byteOffset + place + 46, nameEnd - place - 46);
  const [size, compressedSize, offset] = numbersOf(
    [24, 20, 42].map((at) => view.getUint32(place + at, true)),
    new DataView(view.buffer, view.byteOffset + nameEnd, extraEnd - nameEnd),
  );
  const method = view.getUint16(place + 10, true);
  const entry: ZipEntry = {
    path: pathOf(name),
    name,
    isEncrypted: (view.getUint16(place + 8, true) & 1) !== 0,
    isStored: method === 0,
    compressedSize: compressedSize ?? 0,
    size: size ?? 0,
    offset: offset ?? 0,
  };
  return [entry, end - place];
}

/** The numbers of an entry: those too large for their field are in its extra field, in the same order. */
function numbersOf(fields: readonly number[], extra: DataView): readonly number[] {
  let place = 0;
  while (place + 4 <= extra.byteLength && extra.getUint16(place, true) !== 1)
    place += 4 + extra.getUint16(place + 2, true);
  place += 4;
  return fields.map((field) => {
    if (field !== 0xffffffff) return field;
    if (place + 8 > extra.byteLength) throw new Error("its directory is broken");
    place += 8;
    return numberAt(extra, place - 8);
  });
}

/** A name that leads out of the folder it is unpacked into is refused, and the whole zip with it. */
function pathOf(name: Uint8Array): string {
  const path = new TextDecoder("utf-8", { ignoreBOM: true }).decode(name);
  if (path.includes("\\")) throw new Error(`a name with a backslash: ${path}`);
  if (/^(?:[A-Za-z]:|\/)/u.test(path)) throw new Error(`an absolute path: ${path}`);
  if (path.split("/").includes("..")) throw new Error(`a path that leaves it: ${path}`);
  return path;
}

/** Returns whether a file begins or ends as a zip does. A damaged package still does one of both. */
export async function hasTracesOfZip(file: FileBytes): Promise<boolean> {
  if (file.size < 4) return false;
  const head = await viewOf(file, 0, 4);
  if (head.getUint32(0, true) === SIGNATURE.header) return true;
  const tail = await viewOf(file, Math.max(0, file.size - END - MOST_COMMENT), file.size);
  for (let at = tail.byteLength - 4; at >= 0; at -= 1)
    if (tail.getUint32(at, true) === SIGNATURE.end) return true;
  return false;
}
