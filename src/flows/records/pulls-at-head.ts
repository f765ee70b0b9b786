/** Which open pull requests have a commit as their head. */

import type { Repo } from "../context/repo.ts";
import type { Sha } from "../../domain/change/sha.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";

/** Returns the numbers of the open pull requests whose head is a commit: those GitHub lists, and of our own record those whose head is in a fork. Throws {@link ExternalError}. */
export async function openPullsAt(repo: Repo, sha: Sha): Promise<readonly number[]> {
  const { open, other } = await repo.github.pullsWithHead(sha);
  return [...open, ...(await unlistedPullsAt(repo, sha, [...open, ...other]))];
}

/** Returns the numbers of the open pull requests with a head that GitHub's index of commits does not list: it lists none of forks. Throws {@link ExternalError}. */
export async function unlistedPullsAt(
  repo: Repo,
  sha: Sha,
  listed: readonly number[],
): Promise<readonly number[]> {
  const stored = await repo.ledger.queue.ofKey(checkKey(repo.info.id, sha));
  const recorded = new Set(stored.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []));
  if ([...recorded].every((number) => listed.includes(number))) return [];
  const open = await repo.github.listOpenPulls();
  return open
    .filter(({ headSha, number }) => headSha === sha && !listed.includes(number))
    .map(({ number }) => number);
}
