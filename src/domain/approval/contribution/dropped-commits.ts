/** Dropped commits: where nothing of a commit is left in the difference to the base, it needs no approval. */

import type { PullRequest } from "../../change/pull-request.ts";
import type { Sha } from "../../change/sha.ts";
import type { ChangedFile, TouchedFiles } from "../../change/commit.ts";

/** Describes what must be known to decide whether a commit was dropped. */
export type Droppable = Pick<PullRequest, "commits" | "earlier" | "files" | "touched">;

/** One unit of work, and whether it counts for nothing anyway. */
interface Unit {
  readonly sha: Sha;
  readonly addsNothing: boolean;
}

/**
 * Returns whether every path a commit touches, old and new, is out of the difference to the base again. A path counts
 * as still in it where it may be there under another name: after a move by any other commit, or by the base.
 */
export function isDropped(pull: Droppable, sha: Sha, units: readonly Unit[]): boolean {
  const own = touchedBy(pull, sha);
  if (own?.files == null || pull.files?.complete !== true) return false;
  if (own.files.length === 0) return true;
  if (hasStayed(pull, own)) return false;
  const all = units
    .filter((each) => !each.addsNothing && each.sha !== sha)
    .map((each) => touchedBy(pull, each.sha)?.files);
  if (all.some((files) => files == null)) return false;
  const moves = all.flatMap((files) => files ?? []).filter(({ oldPath }) => oldPath !== null);
  const left = new Set(pull.files.list.flatMap(namesOf));
  for (let size = -1; size !== left.size;) {
    size = left.size;
    for (const { path, oldPath } of moves) if (left.has(path) && oldPath !== null) left.add(oldPath);
  }
  return own.files.flatMap(namesOf).every((path) => !left.has(path));
}

const MADE: ReadonlySet<ChangedFile["status"]> = new Set(["added", "renamed", "copied"]);

/** Returns whether something of a commit is left, or may be, from its own files. */
export function hasStayed(
  { files, touched = [] }: Droppable,
  { files: own, standing: present }: TouchedFiles,
): boolean {
  if (own === null || files?.complete !== true) return true;
  const left = new Set(files.list.flatMap(namesOf));
  const made = new Set(
    touched
      .flatMap((each) => each.files ?? [])
      .flatMap(({ status, path }) => (MADE.has(status) ? [path] : [])),
  );
  // What the pull request did not make, and is neither at the head nor changed, the base has taken away or moved.
  return own.flatMap(namesOf).some((path) => left.has(path) || !(present.includes(path) || made.has(path)));
}

/** Returns what is known of the files a commit touches; of a merge, what it changes against its first parent. */
export function touchedBy({ touched = [] }: Pick<Droppable, "touched">, sha: Sha): TouchedFiles | undefined {
  return touched.find(({ commit }) => commit === sha);
}

function namesOf({ path, oldPath }: ChangedFile): readonly string[] {
  return oldPath === null ? [path] : [oldPath, path];
}
