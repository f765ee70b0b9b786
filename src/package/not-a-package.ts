/** Looks at a path before it is verified: whether it can be an evidence package at all. */

import { readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

import { isLikePackage, NEITHER, whyNoFolder, whyNoZip } from "../domain/evidence/verify/not-a-package.ts";
import { withBytes } from "./disk.ts";
import { hasTracesOfZip, zipEntries } from "./zip/directory.ts";

/** Returns what is at a path and what to give instead. Null: it may be a package, changed or not. */
export async function notAPackage(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null);
  if (there === null) return `There is no package at ${path}: give a folder or a zip.`;
  const reason = there.isDirectory() ? await otherFolder(path) : await otherFile(path);
  return reason === null ? null : `${path} is not an evidence package: ${reason}`;
}

async function otherFolder(path: string): Promise<string | null> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (entries === null || isLikePackage(entries.map(({ name }) => name))) return null;
  for (const entry of entries)
    if (entry.isDirectory() && (await isPackage(join(path, entry.name))))
      return whyNoFolder(join(path, entry.name));
  return whyNoFolder(null);
}

async function otherFile(path: string): Promise<string | null> {
  const reason = await withBytes(path, async (bytes) => {
    const entries = await zipEntries(bytes).catch(() => null);
    if (entries !== null) return whyNoZip(entries);
    return (await hasTracesOfZip(bytes)) ? null : NEITHER;
  }).catch(() => NEITHER);
  return reason === NEITHER && (await isPackage(dirname(path)))
    ? `it is one file of one, give ${dirname(path)}`
    : reason;
}

async function isPackage(folder: string): Promise<boolean> {
  return isLikePackage(await readdir(folder).catch(() => []));
}
