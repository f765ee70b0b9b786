/** Recognises what cannot be an evidence package at all, so that a mistyped path is not reported as a forgery. */

import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { openPromise, type Entry } from "yauzl";

import {
  COMPLETENESS_FILE,
  KEY_FILE,
  MANIFEST_FILE,
  SEAL_FILE,
  SUMS_FILE,
} from "../domain/evidence/verify/read.ts";

/** Files of every package. INVARIANT: whoever takes some of them away still leaves two, so that a changed package is one. */
const MARKS = [
  SEAL_FILE,
  SUMS_FILE,
  MANIFEST_FILE,
  KEY_FILE,
  COMPLETENESS_FILE,
  "START-HERE.html",
  "changes.csv",
];

/** Returns what is at a path and what to give instead. Null: it may be a package, changed or not. */
export async function notAPackage(path: string): Promise<string | null> {
  const there = await stat(path).catch(() => null);
  if (there === null) return `There is no package at ${path}: give a folder or a zip.`;
  const reason = there.isDirectory() ? await otherFolder(path) : await otherFile(path);
  return reason === null ? null : `${path} is not an evidence package: ${reason}`;
}

async function otherFolder(path: string): Promise<string | null> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (entries === null || hasMarks(entries.map(({ name }) => name))) return null;
  for (const entry of entries)
    if (entry.isDirectory() && (await isPackage(join(path, entry.name))))
      return `the one in it is, give ${join(path, entry.name)}`;
  return NONE_OF_ITS_FILES;
}

const NONE_OF_ITS_FILES = "it holds none of the files of one. Give the folder or zip that the export wrote.";

async function otherFile(path: string): Promise<string | null> {
  const zip = await openPromise(path, { lazyEntries: true }).catch(() => null);
  if (zip === null) {
    if (await hasTracesOfZip(path)) return null;
    if (await isPackage(dirname(path))) return `it is one file of one, give ${dirname(path)}`;
    return "it is neither a folder nor a zip.";
  }
  const entries: Entry[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      entries.push(entry);
      if (entries.length > MOST_ENTRIES) return null;
    }
  } catch {
    return null;
  } finally {
    zip.close();
  }
  const files = entries.filter(({ fileName }) => !fileName.endsWith("/"));
  const folder = files.find(({ fileName }) => fileName.endsWith(`/${SEAL_FILE}`));
  if (folder !== undefined) return `another program zipped the package's folder. ${UNPACK}`;
  if (!hasMarks(files.map(({ fileName }) => fileName))) return NONE_OF_ITS_FILES;
  const isCompressed = files.every(({ compressionMethod, uncompressedSize }) => {
    return compressionMethod !== 0 || uncompressedSize === 0;
  });
  return isCompressed ? `another program zipped its files. ${UNPACK}` : null;
}

const UNPACK = "Unpack it and verify the folder.";

/** More names than any package has. */
const MOST_ENTRIES = 20_000;

/** The end of a zip is in its last so many bytes. */
const TAIL = 66_000;

/** Returns whether a file begins or ends as a zip does. A damaged package still does one of both. */
async function hasTracesOfZip(path: string): Promise<boolean> {
  const file = await open(path).catch(() => null);
  if (file === null) return false;
  try {
    const { size } = await file.stat();
    const [head, tail] = [Buffer.alloc(4), Buffer.alloc(Math.min(size, TAIL))];
    await file.read(head, 0, head.length, 0);
    await file.read(tail, 0, tail.length, size - tail.length);
    return head.toString("latin1") === "PK\u0003\u0004" || tail.includes("PK\u0005\u0006", 0, "latin1");
  } finally {
    await file.close();
  }
}

async function isPackage(folder: string): Promise<boolean> {
  return hasMarks(await readdir(folder).catch(() => []));
}

function hasMarks(names: readonly string[]): boolean {
  return names.filter((name) => MARKS.includes(basename(name)) && !name.includes("/")).length >= 2;
}
