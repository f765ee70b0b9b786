/** The branches a merge queue makes for its groups: they live while a group lands, and hold nothing that is production. */

import { branchOf, isMergeQueue, isNamedByQueue } from "../../domain/policy/scope.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";

/** Returns whether GitHub's merge queue made a branch and alone moved it, so that no glob makes it production. Throws Trouble. */
export async function isMadeByQueue(tools: Tools, watched: RepositoryContext, ref: string): Promise<boolean> {
  const branch = branchOf(ref);
  if (branch === null || !isNamedByQueue(branch)) return false;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { updates } = await tools.github.readRefUpdates(octokit, watched.repository, ref, { since: null });
  return updates.length > 0 && updates.every(({ actor }) => isMergeQueue(actor));
}

/** Returns the refs without those of the merge queue. Throws Trouble. */
export async function withoutQueueBranches(
  tools: Tools,
  watched: RepositoryContext,
  refs: readonly string[],
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const ref of refs) if (!(await isMadeByQueue(tools, watched, ref))) kept.push(ref);
  return kept;
}
