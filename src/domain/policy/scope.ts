/** Which branches and environments a policy watches. */

import type { Repository } from "../change.ts";
import { matchesAny } from "./glob.ts";
import type { Policy } from "./policy.ts";

const HEADS = "refs/heads/";
const TAGS = "refs/tags/";

/** Whether updates of this branch reach production; `branch` without `refs/heads/`. */
export function isProductionBranch(policy: Policy, repository: Repository, branch: string): boolean {
  if (policy.outOfScope !== undefined) return false;
  const { branches, alsoDefaultBranch } = policy.production;
  if (branches === null || alsoDefaultBranch === true) {
    if (branch === repository.defaultBranch) return true;
  }
  return branches !== null && matchesAny(branches, branch, "asks");
}

/** Whether what lands on this branch carries its approvals into production; `branch` without `refs/heads/`. What reaches production is never only integration. */
export function isIntegrationBranch(policy: Policy, repository: Repository, branch: string): boolean {
  if (policy.outOfScope !== undefined || isProductionBranch(policy, repository, branch)) return false;
  return matchesAny(policy.production.integration, branch, "lets");
}

/** Whether deployments to this environment reach production; compared without case. */
export function isProductionEnvironment(policy: Policy, environment: string): boolean {
  return (
    policy.outOfScope === undefined && matchesAny(policy.production.environments, environment, "asks", true)
  );
}

/** Whether making or moving this tag is a deployment to production; `tag` without `refs/tags/`. */
export function isProductionTag(policy: Policy, tag: string): boolean {
  return policy.outOfScope === undefined && matchesAny(policy.production.tags, tag, "asks");
}

/** The glob of `production.tags` that makes this tag's moves deployments, or null; `tag` without `refs/tags/`. */
export function productionTagGlob(policy: Policy, tag: string): string | null {
  return policy.production.tags.find((glob) => matchesAny([glob], tag, "asks")) ?? null;
}

/** Whether runs of this workflow are deployments; `path` e.g. `.github/workflows/migrate.yml`. */
export function isProductionWorkflow(policy: Policy, path: string): boolean {
  return matchesAny(policy.production.workflows, path.replace(/^\.github\/workflows\//u, ""), "asks");
}

const PRODUCTION_LIKE = /(?:^|[^a-z])(?:prod|prd|production|live)(?:[^a-z]|$)/iu;

/** Whether an environment's name reads like production though the policy does not name it. */
export function readsLikeProduction(policy: Policy, environment: string): boolean {
  return PRODUCTION_LIKE.test(environment) && !isProductionEnvironment(policy, environment);
}

/** The tag a full ref name names, or null for a branch or anything else. */
export function tagOf(ref: string): string | null {
  return ref.startsWith(TAGS) ? ref.slice(TAGS.length) : null;
}

/** The branch a full ref name names, or null for a tag or anything else. */
export function branchOf(ref: string): string | null {
  return ref.startsWith(HEADS) ? ref.slice(HEADS.length) : null;
}

/** The full ref name of a branch. */
export function refOf(branch: string): string {
  return `${HEADS}${branch}`;
}
