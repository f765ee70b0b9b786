/** The policy a repository has now, the one a branch had before an update, and since when it counts. */

import type { Repo } from "../context/repo.ts";
import { type RefUpdate } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { branchOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { Overview } from "../../github/listings/overview.ts";
import { recordLaxerMatches } from "./moved-repositories.ts";
import { policyAt } from "./in-force.ts";
import { recordScope } from "../repositories/repositories.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";

/** Returns the policy of the repository's default branch, as last read or `seen`. It is forgotten when a push may have changed it. */
export async function currentPolicy(repo: Repo, seen: Overview["policies"] = null): Promise<PolicyInForce> {
  const { id } = repo.info;
  return repo.github.lookups.remember(
    `policy:${id}`,
    [`policy:${id}`, `policy-of:${repo.info.ownerId}`],
    async () => {
      const now = repo.now();
      const policy = await policyAt(repo, repo.info.defaultBranch, now, seen);
      await recordScope(repo, policy);
      await recordLaxerMatches(repo, policy);
      return policy;
    },
  );
}

/**
 * Returns the policy an update is judged by, the one its branch had before. Of a new branch it is the default branch's, not one
 * it may introduce.
 */
export function policyBefore(repo: Repo, { ref, before, after, at }: RefUpdate): Promise<PolicyInForce> {
  if (before !== NO_COMMIT) return policyAt(repo, before, at);
  return branchOf(ref) === repo.info.defaultBranch ? policyAt(repo, after, at) : currentPolicy(repo);
}

/** Returns when changes begin to be judged. What happened before `since` in the policy, or before the installation, is historic. */
export function sinceOf(repo: Pick<Repo, "since" | "scopedFrom">, policy: PolicyInForce): number {
  const { since } = policyOrDefault(policy);
  const begun = since === null ? repo.since : Date.parse(`${since}T00:00:00Z`);
  return Math.max(begun, repo.scopedFrom ?? begun);
}
