/** One zip of a package: members stored, sorted by name, with fixed times and modes, so that it has exactly one spelling. */

import type { Readable } from "node:stream";
import { ZipFile } from "yazl";

/** Describes one file to put in. */
export interface ZipMember {
  readonly path: string;
  readonly bytes: number;
  /** Opened when its turn comes. */
  readonly open: () => Promise<Readable>;
}

/**
 * Returns the zip's bytes. Members are stored, not deflated: what deflate makes differs between versions of zlib, and whoever
 * checks a zip makes it again from its members and compares every byte.
 */
export function zipOf(members: readonly ZipMember[]): Readable {
  const zip = new ZipFile();
  // The format holds local time without a zone: the same wall clock everywhere.
  const mtime = new Date(2000, 0, 1);
  let current: Readable | null = null;
  const sorted = members.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const member of sorted)
    zip.addReadStreamLazy(
      member.path,
      { mtime, mode: 0o100644, compress: false, forceDosTimestamp: true, size: member.bytes },
      (give) => {
        const hand = async (): Promise<void> => {
          try {
            current = await member.open();
            // Nobody else listens for it, and the process would end.
            current.on("error", (error) => zip.emit("error", error));
          } catch (error) {
            zip.emit("error", error);
            return;
          }
          give(null, current);
        };
        void hand();
      },
    );
  zip.end();
  const output = zip.outputStream as Readable;
  zip.on("error", (error: Error) => output.destroy(error));
  // Whoever stops reading early must close the member.
  output.on("close", () => current?.destroy());
  return output;
}
