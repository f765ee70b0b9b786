/** Merges of changes that do not touch: the common case, for which git itself need not be started. */

import { ChangedTree, changedFiles, type TreeStore } from "./changed-tree.ts";
import type { Sha } from "./model.ts";

/**
 * The merge of two trees with a common base, if both only add and change files and never the same one.
 * Null where git must decide: deletions may be renames, and a name may be a file here and a folder there.
 */
export function mergeApart(store: TreeStore, base: Sha, ours: Sha, theirs: Sha): Sha | null {
  const changed = new Set<string>();
  for (const { path, after } of changedFiles(store, base, ours)) {
    if (after === undefined) return null;
    changed.add(path);
  }
  const merged = new ChangedTree(store, ours);
  for (const { path, after } of changedFiles(store, base, theirs)) {
    if (after === undefined || changed.has(path) || merged.isFolder(path)) return null;
    for (const folder of foldersOf(path)) if (merged.file(folder) !== undefined) return null;
    merged.put(path, after);
  }
  return merged.write();
}

/** The folders a path lies in, innermost first. */
export function foldersOf(path: string): readonly string[] {
  const folders: string[] = [];
  for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1))
    folders.push(path.slice(0, at));
  return folders;
}
