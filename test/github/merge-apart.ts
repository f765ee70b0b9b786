/** Merges of changes that do not touch: the common case, for which git itself need not be started. */

import type { TreeFile } from "./git-types.ts";

/**
 * The merge of two sets of files with a common base, if both only add and change files and never the same one.
 * Null where git must decide: deletions may be renames, and a name may be a file here and a folder there.
 */
export function mergeApart(
  base: ReadonlyMap<string, TreeFile>,
  ours: ReadonlyMap<string, TreeFile>,
  theirs: ReadonlyMap<string, TreeFile>,
): ReadonlyMap<string, TreeFile> | null {
  for (const path of base.keys()) if (!ours.has(path) || !theirs.has(path)) return null;
  const merged = new Map(ours);
  const folders = foldersOf(ours);
  for (const [path, file] of theirs) {
    const before = base.get(path);
    if (isSame(file, before)) continue;
    if (!isSame(ours.get(path), before) || folders.has(path)) return null;
    for (const folder of foldersOf([[path, file]])) if (ours.has(folder)) return null;
    merged.set(path, file);
  }
  return merged;
}

function isSame(one: TreeFile | undefined, other: TreeFile | undefined): boolean {
  return one?.sha === other?.sha && one?.mode === other?.mode;
}

function foldersOf(files: Iterable<readonly [string, TreeFile]>): Set<string> {
  const folders = new Set<string>();
  for (const [path] of files)
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
      folders.add(path.slice(0, at));
  return folders;
}
