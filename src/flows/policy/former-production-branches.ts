/** Which branches were of production when, and since when one is of it no more: what happened before that is recorded all the same. */

import type { Repo } from "../context/repo.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionBranch, refOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { landedChanges, originOf } from "../records/landed-changes.ts";
import { policyAt } from "./in-force.ts";
import { type Instant } from "../../domain/time/instant.ts";

/**
 * Returns a test of whether a branch was in production at a moment. It goes by the default branch and policy of then;
 * where that policy cannot be read, the branch was.
 */
export async function productionRefsThen(
  repo: Repo,
): Promise<(branch: string, at: Instant) => Promise<boolean>> {
  const { info: repository } = repo;
  const former = await formerDefaults(repo);
  const landed = await landedChanges(repo.tools, repository.id);
  const known = new Map<string, PolicyInForce>();
  return async (branch, at) => {
    const defaultBranch = former.find(({ until }) => at <= until)?.branch ?? repository.defaultBranch;
    const main = refOf(defaultBranch);
    const updates = landed.filter(({ ref }) => ref === main);
    const then = updates.findLast((each) => each.at <= at);
    const head = then?.after ?? (await originOf(repo, main, updates));
    if (head === NO_COMMIT) return true;
    const policy = known.get(head) ?? (await policyAt(repo, head, at));
    known.set(head, policy);
    // A policy nobody can read ends no watch.
    if (policy.state !== "known") return true;
    return isProductionBranch(policyOrDefault(policy), { ...repository, defaultBranch }, branch);
  };
}

/**
 * Returns the latest moment, not before `from`, at which a branch ceased to be a production branch. Where nothing shows
 * it: now.
 */
export async function lastInProduction(repo: Repo, branch: string, from: Instant): Promise<Instant> {
  const wasProduction = await productionRefsThen(repo);
  const landed = await landedChanges(repo.tools, repo.info.id);
  const moments = [
    ...landed.map(({ at }) => at),
    ...(await formerDefaults(repo)).map(({ until }) => until + 1),
  ];
  for (const at of [...new Set(moments)].toSorted((a, b) => b - a)) {
    if (at < from) break;
    if (!(await wasProduction(branch, at)) && (await wasProduction(branch, at - 1))) return at;
  }
  return repo.now();
}

async function formerDefaults(
  repo: Repo,
): Promise<readonly { readonly branch: string; readonly until: Instant }[]> {
  const { info: repository } = repo;
  return (await repo.latest("repository", String(repository.id)))?.formerDefaults ?? [];
}
