/** Which branches and environments a policy watches. */

import type { Repository } from "../change.ts";
import { matchesAny } from "./glob.ts";
import type { Policy } from "./policy.ts";

const HEADS = "refs/heads/";

/** Whether updates of this branch reach production; `branch` without `refs/heads/`. */
export function isProductionBranch(policy: Policy, repository: Repository, branch: string): boolean {
  const { branches, alsoDefaultBranch } = policy.production;
  if (branches === null || alsoDefaultBranch === true) {
    if (branch === repository.defaultBranch) return true;
  }
  return branches !== null && matchesAny(branches, branch);
}

/** Whether deployments to this environment reach production; compared without case. */
export function isProductionEnvironment(policy: Policy, environment: string): boolean {
  return matchesAny(policy.production.environments, environment, true);
}

/** The branch a full ref name names, or null for a tag or anything else. */
export function branchOf(ref: string): string | null {
  return ref.startsWith(HEADS) ? ref.slice(HEADS.length) : null;
}

/** The full ref name of a branch. */
export function refOf(branch: string): string {
  return `${HEADS}${branch}`;
}
