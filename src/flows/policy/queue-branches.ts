/** The branches a merge queue makes for its groups: they live while a group lands, and hold nothing that is production. */

import type { Repo } from "../context/repo.ts";
import { branchOf, isMergeQueue, isNamedByQueue } from "../../domain/policy/scope.ts";

/** Returns whether GitHub's merge queue made a branch and alone moved it, so that no glob makes it production. Throws {@link ExternalError}. */
export async function isMadeByQueue(repo: Repo, ref: string): Promise<boolean> {
  const branch = branchOf(ref);
  if (branch === null || !isNamedByQueue(branch)) return false;
  const { updates } = await repo.github.refUpdates(ref, { since: null });
  return updates.length > 0 && updates.every(({ actor }) => isMergeQueue(actor));
}

/** Returns the refs without those of the merge queue. Throws {@link ExternalError}. */
export async function withoutQueueBranches(repo: Repo, refs: readonly string[]): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const ref of refs) if (!(await isMadeByQueue(repo, ref))) kept.push(ref);
  return kept;
}
