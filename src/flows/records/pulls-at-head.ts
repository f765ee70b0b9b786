/** Which open pull requests have a commit as their head. */

import type { Sha } from "../../domain/change/sha.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";

/** Returns the numbers of the open pull requests whose head is a commit: those GitHub tells, and of our own record those whose head is in a fork. Throws Trouble. */
export async function openPullsAt(
  tools: Tools,
  watched: RepositoryContext,
  sha: Sha,
): Promise<readonly number[]> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { open, other } = await tools.github.pullsWithHead(octokit, watched.repository, sha);
  return [...open, ...(await untoldPullsAt(tools, watched, sha, [...open, ...other]))];
}

/** Returns the numbers of the open pull requests with a head that GitHub's index of commits does not tell: it tells none of forks. Throws Trouble. */
export async function untoldPullsAt(
  tools: Tools,
  watched: RepositoryContext,
  sha: Sha,
  told: readonly number[],
): Promise<readonly number[]> {
  const said = await tools.ledger.queue.ofKey(checkKey(watched.repository.id, sha));
  const recorded = new Set(said.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []));
  if ([...recorded].every((number) => told.includes(number))) return [];
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const open = await tools.github.listOpenPulls(octokit, watched.repository);
  return open
    .filter(({ headSha, number }) => headSha === sha && !told.includes(number))
    .map(({ number }) => number);
}
