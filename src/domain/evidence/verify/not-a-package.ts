/** Recognises what cannot be an evidence package at all, so that a slip is not reported as a forgery. */

import { COMPLETENESS_FILE, KEY_FILE, MANIFEST_FILE, SEAL_FILE, SUMS_FILE } from "./read.ts";

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

/** Returns whether the names directly in a folder or zip are those of a package, changed or not. */
export function isLikePackage(names: readonly string[]): boolean {
  return names.filter((name) => MARKS.includes(name)).length >= 2;
}

/** Returns why a folder that is not like a package is none. `inside`: a folder in it that is like one. */
export function whyNoFolder(inside: string | null): string {
  return inside === null ? NONE_OF_ITS_FILES : `the one in it is, give ${inside}`;
}

const NONE_OF_ITS_FILES = "it holds none of the files of one. Give the folder or zip that the export wrote.";

/** Holds why a file is no package that is no zip either. */
export const NEITHER = "it is neither a folder nor a zip.";

/** Returns why a zip holds no package, from its members. Null: it may hold one, changed or not. */
export function whyNoZip(
  members: readonly { readonly path: string; readonly isStored: boolean; readonly size: number }[],
): string | null {
  const files = members.filter(({ path }) => !path.endsWith("/"));
  if (files.some(({ path }) => path.endsWith(`/${SEAL_FILE}`)))
    return `another program zipped the package's folder. ${UNPACK}`;
  if (!isLikePackage(files.map(({ path }) => path))) return NONE_OF_ITS_FILES;
  const isCompressed = files.every(({ isStored, size }) => !isStored || size === 0);
  return isCompressed ? `another program zipped its files. ${UNPACK}` : null;
}

const UNPACK = "Unpack it and verify the folder.";
