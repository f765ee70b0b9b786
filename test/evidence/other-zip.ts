/** What another program than the one that made a workbook would make of its members. */

import { crc32, deflateRawSync } from "node:zlib";

import { Zip, type ZipInputFile } from "fflate";

/** Returns a zip of members, in the order given, deflated by zlib. `more`: bytes after the deflated ones of each. */
export function zipped(members: Iterable<readonly [string, Uint8Array]>, more = Buffer.alloc(0)): Buffer {
  const pieces: Uint8Array[] = [];
  const zip = new Zip((_, piece) => void pieces.push(piece));
  for (const [filename, bytes] of members) {
    const deflated = Buffer.concat([deflateRawSync(bytes, { level: 9 }), more]);
    const file: ZipInputFile = {
      filename,
      compression: 8,
      flag: 2,
      mtime: new Date(2000, 0, 1),
      size: bytes.length,
      crc: crc32(bytes),
    };
    zip.add(file);
    file.ondata?.(null, deflated, true);
  }
  zip.end();
  return Buffer.concat(pieces);
}
