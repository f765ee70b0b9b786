/** Whether a commit of a pull request left nothing in what it changes against its base: then nobody need answer for it. */

import type { PullRequest } from "../../change/pull-request.ts";
import type { Sha } from "../../change/sha.ts";
import type { ChangedFile, TouchedFiles } from "../../change/commit.ts";

/** What must be known to tell. */
export type Droppable = Pick<PullRequest, "commits" | "earlier" | "files" | "touched">;

/** One unit of work, and whether it counts for nothing anyway. */
interface Unit {
  readonly sha: Sha;
  readonly addsNothing: boolean;
}

/**
 * Tells whether every path a commit touches, old and new, is out of the difference to the base again. A path counts as still in
 * it where it may stand there under another name: after a move by any other commit, or by the base.
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

/** Tells from a commit's own files that something of it is left, or may be. */
export function hasStayed(
  { files, touched = [] }: Droppable,
  { files: own, standing }: TouchedFiles,
): boolean {
  if (own === null || files?.complete !== true) return true;
  const left = new Set(files.list.flatMap(namesOf));
  const made = new Set(
    touched
      .flatMap((each) => each.files ?? [])
      .flatMap(({ status, path }) => (MADE.has(status) ? [path] : [])),
  );
  // What the pull request did not make, and is neither at the head nor changed, the base has taken away or moved.
  return own.flatMap(namesOf).some((path) => left.has(path) || !(standing.includes(path) || made.has(path)));
}

/** What is known of the files a commit touches; of a merge, what it changes against its first parent. */
export function touchedBy({ touched = [] }: Pick<Droppable, "touched">, sha: Sha): TouchedFiles | undefined {
  return touched.find(({ commit }) => commit === sha);
}

function namesOf({ path, oldPath }: ChangedFile): readonly string[] {
  return oldPath === null ? [path] : [oldPath, path];
}
