/** The branches and environments a policy covers. */

import type { Repository } from "../change/repository.ts";
import { nameSkeleton } from "../texts/confusable-names.ts";
import { matchesAny } from "../patterns/glob.ts";
import type { Policy } from "./file/policy.ts";
import type { Actor } from "../change/people.ts";

const HEADS = "refs/heads/";

/** Returns whether updates of this branch reach production; `branch` without `refs/heads/`. */
export function isProductionBranch(policy: Policy, repository: Repository, branch: string): boolean {
  if (policy.outOfScope !== undefined) return false;
  const { branches, alsoDefaultBranch } = policy.production;
  if (branches === null || alsoDefaultBranch === true) {
    if (branch === repository.defaultBranch) return true;
  }
  return branches !== null && matchesAny(branches, branch, "asks");
}

/** Returns whether a branch has a name that GitHub's merge queue gives; `branch` without `refs/heads/`. */
export function isNamedByQueue(branch: string): boolean {
  return branch.startsWith("gh-readonly-queue/");
}

/** Returns whether an actor is GitHub's merge queue. Nobody else can have a login with brackets in it. */
export function isMergeQueue(actor: Actor | null): boolean {
  return actor?.type === "Bot" && actor.login === "github-merge-queue[bot]";
}

/**
 * Returns whether production inherits the approvals of what lands on this branch; `branch` without `refs/heads/`. What
 * reaches production is never only integration.
 */
export function isIntegrationBranch(policy: Policy, repository: Repository, branch: string): boolean {
  if (policy.outOfScope !== undefined || isProductionBranch(policy, repository, branch)) return false;
  return matchesAny(policy.production.integration, branch, "lets");
}

/**
 * Returns whether deployments to this environment may reach production; compared without case. One that is only for its
 * secrets is among them: a deployment that no job made may reach it.
 */
export function isProductionEnvironment(policy: Policy, environment: string): boolean {
  return (
    policy.outOfScope === undefined &&
    (isSecretsOnly(policy, environment) ||
      matchesAny(policy.production.environments, environment, "asks", true))
  );
}

/** Returns whether jobs use this environment only for its secrets, by the policy; compared without case. */
export function isSecretsOnly(policy: Policy, environment: string): boolean {
  return policy.production.secretsOnly?.includes(environment.toLowerCase()) === true;
}

/** Returns the name by which a deployment reaches production, of the names it has; null: none. A job only uses secrets where all say so. */
export function productionName(policy: Policy, names: readonly string[]): string | null {
  const production = names.filter((name) => isProductionEnvironment(policy, name));
  return production.find((name) => !isSecretsOnly(policy, name)) ?? production[0] ?? null;
}

/** Returns the glob of `production.tags` that makes this tag's moves deployments, or null; `tag` without `refs/tags/`. */
export function productionTagGlob(policy: Policy, tag: string): string | null {
  return policy.production.tags.find((glob) => matchesAny([glob], tag, "asks")) ?? null;
}

/** Returns whether runs of this workflow are deployments; `path` e.g. `.github/workflows/migrate.yml`. */
export function isProductionWorkflow(policy: Policy, path: string): boolean {
  return matchesAny(policy.production.workflows, path.replace(/^\.github\/workflows\//u, ""), "asks");
}

const PRODUCTION_WORDS: readonly string[] = ["prod", "prd", "production", "live"];

/** Words that mark a name as not production, or as planning without deploying. */
const OTHER_WORDS: readonly string[] = [
  "non",
  "not",
  "no",
  "pre",
  "plan",
  "plans",
  "planning",
  "preview",
  "dry",
];

/** Returns whether an environment's name reads like production though the policy does not name it, as that or otherwise. */
export function readsLikeProduction(policy: Policy, environment: string): boolean {
  if (policy.outOfScope !== undefined || isProductionEnvironment(policy, environment)) return false;
  if (matchesAny(policy.production.not ?? [], environment, "lets", true)) return false;
  const read = nameSkeleton(environment);
  // Whoever writes a name of the policy with other signs wants it to be taken for that name.
  if (isProductionEnvironment(policy, read)) return true;
  const words = read.split(/[^a-z]+/u);
  return (
    words.some((word) => PRODUCTION_WORDS.includes(word)) && !words.some((word) => OTHER_WORDS.includes(word))
  );
}

/** Returns the branch a full ref name names, or null for a tag or anything else. */
export function branchOf(ref: string): string | null {
  return ref.startsWith(HEADS) ? ref.slice(HEADS.length) : null;
}

/** Returns the full ref name of a branch. */
export function refOf(branch: string): string {
  return `${HEADS}${branch}`;
}
