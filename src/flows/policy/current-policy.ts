/** The policy a repository has now, the one a branch had before an update, and since when it counts. */

import { type RefUpdate } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { branchOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { Overview } from "../../github/listings/overview.ts";
import { recordLaxerMatches } from "./moved-repositories.ts";
import { policyAt } from "./in-force.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { recordScope } from "../repositories/repositories.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";

/** The policy of the repository's default branch, as last read or `seen`; forgotten when a push may have changed it. */
export async function currentPolicy(
  tools: Tools,
  watched: RepositoryContext,
  seen: Overview["policies"] = null,
): Promise<PolicyInForce> {
  const { id } = watched.repository;
  return tools.github.lookups.remember(
    `policy:${id}`,
    [`policy:${id}`, `policy-of:${watched.repository.ownerId}`],
    async () => {
      const now = tools.clock.now();
      const policy = await policyAt(tools, watched, watched.repository.defaultBranch, now, seen);
      await recordScope(tools, watched, policy);
      await recordLaxerMatches(tools, watched, policy);
      return policy;
    },
  );
}

/** A branch is judged by the policy it had before; a new one by the default branch's, not by one it may bring itself. */
export function policyBefore(
  tools: Tools,
  watched: RepositoryContext,
  { ref, before, after, at }: RefUpdate,
): Promise<PolicyInForce> {
  if (before !== NO_COMMIT) return policyAt(tools, watched, before, at);
  return branchOf(ref) === watched.repository.defaultBranch
    ? policyAt(tools, watched, after, at)
    : currentPolicy(tools, watched);
}

/** What happened before `since` in the policy, or before we were installed, is historic. */
export function sinceOf(watched: RepositoryContext, policy: PolicyInForce): number {
  const { since } = policyOrDefault(policy);
  const begun = since === null ? watched.since : Date.parse(`${since}T00:00:00Z`);
  return Math.max(begun, watched.scopedFrom ?? begun);
}
