/** One zip of a package: members stored, sorted by name, with fixed times and modes, so that it has exactly one spelling. */

import type { Readable } from "node:stream";
import { ZipFile } from "yazl";

/** One file to put in. */
export interface ZipMember {
  readonly path: string;
  readonly bytes: number;
  /** Opened when its turn comes. */
  readonly open: () => Promise<Readable>;
}

// The zip format holds local time without a zone: the same wall clock everywhere.
const TIME = new Date(1980, 0, 1);

/**
 * The zip's bytes. Members are stored, not deflated: what deflate makes differs between versions of zlib, and whoever
 * checks a zip makes it again from its members and compares every byte.
 */
export function zipOf(members: readonly ZipMember[]): Readable {
  const zip = new ZipFile();
  const sorted = members.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const member of sorted)
    zip.addReadStreamLazy(
      member.path,
      { mtime: TIME, mode: 0o100644, compress: false, forceDosTimestamp: true, size: member.bytes },
      (give) => {
        member.open().then(
          (stream) => give(null, stream),
          (error: unknown) => zip.emit("error", error),
        );
      },
    );
  zip.end();
  const output = zip.outputStream as Readable;
  zip.on("error", (error: Error) => output.destroy(error));
  return output;
}
