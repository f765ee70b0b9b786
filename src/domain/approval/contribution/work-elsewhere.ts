/**
 * Work that came to a pull request from elsewhere: who was seen to push it there, as the same commit or as the same
 * patch of a file.
 */

import type { Commit, MergedInto, Push } from "../../change/commit.ts";
import { editsOf } from "../../change/patch.ts";
import { knownCommits, reach, type Followed, type PushedPull } from "./pushes.ts";
import type { Instant } from "../../time/instant.ts";
import type { Sha } from "../../change/sha.ts";
import type { Actor } from "../../change/people.ts";

/** Describes what someone did to one file. */
export interface FileWork {
  readonly path: string;
  readonly oldPath: string | null;
  /** What identifies it in any place: the content it left, and the lines it took out and put in. */
  readonly marks: readonly string[];
}

/** Describes what was done to a file, from GitHub's list of changed files. */
export function workOn(file: {
  readonly path: string;
  readonly oldPath: string | null;
  readonly status: string;
  readonly blob: Sha | null;
  readonly patch: string | null;
}): FileWork {
  const { path, oldPath, status, blob, patch } = file;
  const lines = patch === null ? [] : editsOf(patch).map(({ removed, added }) => [removed, added]);
  return {
    path,
    oldPath,
    marks: [
      ...(blob === null || status === "removed" ? [] : [`content ${blob}`]),
      ...(lines.length === 0 ? [] : [`lines ${JSON.stringify(lines)}`]),
    ],
  };
}

/** Describes one commit or push of someone: what it did to each file, and whether it names nobody but them. */
export interface Work {
  readonly files: readonly FileWork[];
  readonly isInOwnName: boolean;
}

/**
 * Lists the paths, old and new, of work here that someone also did elsewhere. Of work in their own name all must be
 * here again, since two people may change one file alike; in another's name a part is enough. It may exclude someone,
 * never clear them.
 */
export function sameWork(ours: readonly FileWork[], theirs: Work): readonly string[] {
  const isSame = (own: FileWork, other: FileWork): boolean =>
    pathsOfWork(own).some((name) => pathsOfWork(other).includes(name)) &&
    own.marks.some((mark) => other.marks.includes(mark));
  const again = theirs.files.filter((other) => ours.some((own) => isSame(own, other)));
  if (theirs.isInOwnName && again.length < theirs.files.length) return [];
  return ours.filter((own) => again.some((other) => isSame(own, other))).flatMap(pathsOfWork);
}

/** Lists the paths, old and new, that someone's work is on. */
export function pathsOfWork({ path, oldPath }: Pick<FileWork, "path" | "oldPath">): readonly string[] {
  return oldPath === null ? [path] : [oldPath, path];
}

/** Lists the known commits that a push introduced to its branch. */
export function introducedCommits(
  { before, after }: Pick<Push, "before" | "after">,
  commits: ReadonlyMap<Sha, Commit>,
): readonly Sha[] {
  const there = reach(before, commits);
  return [...reach(after, commits)].filter((sha) => !there.has(sha));
}

/** Returns whether a push elsewhere came first: whoever pushes later what was seen before made nothing of it. */
export function wasPushedFirst({ at }: Pick<Push, "at">, arrivedAt: Instant): boolean {
  return at <= arrivedAt;
}

/** Returns when each commit came to a pull request; one whose pusher nobody saw: when it was opened. */
export function arrivedAt({ createdAt }: Pick<PushedPull, "createdAt">, { commits, heads }: Followed) {
  return (sha: Sha): Instant => {
    const by = (commits.get(sha) ?? heads.get(sha))?.by ?? [];
    return by.length === 0 ? createdAt : Math.min(...by.map(({ at }) => at));
  };
}

/** Describes who made what was merged into a branch, as far as seen. */
export interface MergedWork {
  readonly pushers: readonly Actor[];
  /** Someone unseen may have made some of it. */
  readonly unseen: boolean;
}

/**
 * Returns for each commit who was seen to push it to a branch that was merged into this one. What was merged commit by
 * commit keeps the makers of each; what was squashed or rebased on the way is everyone's who pushed there.
 */
export function mergedWork(
  pull: PushedPull & { readonly mergedInto?: readonly MergedInto[] },
  followed: Followed,
): ReadonlyMap<Sha, MergedWork> {
  const commits = new Map(knownCommits(pull).map((commit) => [commit.sha, commit]));
  const cameAt = arrivedAt(pull, followed);
  const found = new Map<Sha, MergedWork>();
  const held = new Map<number, readonly Sha[]>();
  const add = (shas: readonly Sha[], pushes: readonly Pick<Push, "actor">[]): void => {
    const pushers = pushes.flatMap(({ actor }) => (actor === null ? [] : [actor]));
    const unseen = pushes.length === 0 || pushers.length < pushes.length;
    for (const sha of shas) {
      const known = found.get(sha);
      found.set(sha, {
        pushers: [...(known?.pushers ?? []), ...pushers],
        unseen: unseen || known?.unseen === true,
      });
    }
  };
  for (const merged of pull.mergedInto ?? []) {
    const own = commitsHoldingMerge(pull, merged, commits) ?? held.get(merged.into ?? 0) ?? [];
    held.set(merged.pull, own);
    if (!commits.has(merged.head) || merged.pushes.length === 0) add(own, merged.pushes);
    else
      for (const push of merged.pushes)
        add(
          introducedCommits(push, commits).filter((sha) => wasPushedFirst(push, cameAt(sha))),
          [push],
        );
  }
  return found;
}

/** Lists the commits by which a merged pull request lies in another one; null: it does not. */
export function commitsHoldingMerge(
  { pushes }: Pick<PushedPull, "pushes">,
  { mergeCommit }: Pick<MergedInto, "mergeCommit">,
  commits: ReadonlyMap<Sha, Commit>,
): readonly Sha[] | null {
  const push = pushes.find(({ after }) => after === mergeCommit);
  if (push !== undefined) return [...new Set([mergeCommit, ...introducedCommits(push, commits)])];
  return commits.has(mergeCommit) ? [mergeCommit] : null;
}
