/** Verifies the package at a path, and lends the disk that the checks sort on. */

import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setImmediate } from "node:timers/promises";

import type { Hasher } from "../domain/evidence/verify/file-checks.ts";
import type { Files } from "../domain/evidence/verify/read.ts";
import { unopened, verifyPackage, type Verification } from "../domain/evidence/verify/verify.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import { COPIES } from "./copies.ts";
import { MAKER } from "./maker.ts";
import { linesOnDisk } from "./disk.ts";
import { openFiles } from "./read-package.ts";

/**
 * Checks the package at a path: a folder, or the zip of one. Every defect is named with its file; what cannot be read at all
 * is a defect of the path itself. With `publicKeyPem`, also that this key signed it. Never throws for what lies there; throws
 * {@link ExternalError} `not-writable` where nothing can be sorted on disk.
 */
export async function verifyPath(
  path: string,
  options: { readonly publicKeyPem?: string; readonly onRead?: OnRead } = {},
): Promise<Verification> {
  const { onRead = () => undefined, ...given } = options;
  const how = { ...given, maker: { ...MAKER, copies: COPIES } };
  const opened = await openFiles(path);
  if ("problem" in opened) return unopened(basename(path), opened.problem);
  try {
    return await onDisk((place) =>
      verifyPackage(
        { store: linesOnDisk(place), sha256: native, turn: setImmediate, ...watched(opened.files, onRead) },
        how,
      ),
    );
  } finally {
    await opened.close();
  }
}

function native(): Hasher {
  const hash = createHash("sha256");
  return {
    update: (piece) => void hash.update(piece),
    digest: () => hash.digest("hex"),
  };
}

/** Gets the name of a file that is read, and how many of its bytes were read so far. */
type OnRead = (file: string, bytes: number) => void;

function watched({ members, open, bytes: read }: Files, onRead: OnRead): Files {
  return {
    members,
    bytes: read,
    async *open(path) {
      let bytes = 0;
      for await (const piece of open(path)) {
        bytes += piece.length;
        onRead(path, bytes);
        yield piece;
      }
    },
  };
}

/** Lends a place on disk, a folder of its own that is removed afterwards. */
async function onDisk(work: (place: string) => Promise<Verification>): Promise<Verification> {
  const place = await mkdtemp(join(tmpdir(), "countersign-verify-")).catch((error: unknown) => {
    const advice = `Cannot sort in ${tmpdir()}: set TMPDIR to a folder that can be written to.`;
    throw new ExternalError("not-writable", advice, { cause: error });
  });
  try {
    return await work(place);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}
