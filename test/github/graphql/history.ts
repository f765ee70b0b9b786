import type { GitRepository } from "../git.ts";
import type { Sha } from "../model.ts";
import { connection, cursorOf, type Connection } from "./connection.ts";
import { numberArg, textArg, type Args } from "./context.ts";

/** Longest way from each commit down to a root; immutable, so kept as long as the repository. */
const depths = new WeakMap<GitRepository, Map<Sha, number>>();

function depthOf(git: GitRepository, sha: Sha): number {
  const known = depths.get(git) ?? new Map<Sha, number>();
  depths.set(git, known);
  const stack = [sha];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { parents } = git.commitOf(top);
    const unknown = known.has(top) ? [] : parents.filter((parent) => !known.has(parent));
    stack.push(...unknown);
    if (unknown.length > 0) continue;
    known.set(top, 1 + Math.max(0, ...parents.map((parent) => known.get(parent) ?? 0)));
    stack.pop();
  }
  return known.get(sha) ?? 1;
}

/** The commits reachable from one, children always before parents, found only as far as they are asked for. */
export function* newestFirst(git: GitRepository, head: Sha): Generator<Sha> {
  const byDepth = new Map<number, Set<Sha>>();
  const put = (sha: Sha): void => {
    const depth = depthOf(git, sha);
    byDepth.set(depth, (byDepth.get(depth) ?? new Set()).add(sha));
  };
  put(head);
  for (let depth = depthOf(git, head); depth > 0; depth--) {
    for (const sha of byDepth.get(depth) ?? []) {
      yield sha;
      for (const parent of git.commitOf(sha).parents) put(parent);
    }
    byDepth.delete(depth);
  }
}

/** A page of a commit's history. Without filters only what the page needs is walked, and the whole is counted only when asked. */
export function historyPage<N>(
  git: GitRepository,
  head: Sha,
  args: Args,
  isWanted: ((sha: Sha) => boolean) | null,
  node: (sha: Sha) => N,
): Connection<N> {
  const key = (sha: Sha): Sha => sha;
  const first = numberArg(args, "first");
  if (isWanted !== null || first === undefined || textArg(args, "before") !== undefined) {
    const all = [...newestFirst(git, head)];
    return connection(args, isWanted === null ? all : all.filter(isWanted), key, node);
  }
  const after = textArg(args, "after");
  const walked: Sha[] = [];
  let left = after === undefined ? first : Number.POSITIVE_INFINITY;
  for (const sha of newestFirst(git, head)) {
    walked.push(sha);
    // One more than the page tells whether another follows.
    if (left <= 0) break;
    left -= 1;
    if (cursorOf(sha) === after) left = first;
  }
  const page = connection(args, walked, key, node);
  return {
    ...page,
    get totalCount(): number {
      return [...newestFirst(git, head)].length;
    },
  };
}
