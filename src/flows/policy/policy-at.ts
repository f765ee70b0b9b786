/** The policy that was in force at a moment of the past. */

import type { Repo } from "../context/repo.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { refOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { currentPolicy } from "./current-policy.ts";
import { landedChanges, originOf } from "../records/landed-changes.ts";
import { policyAt } from "./in-force.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** Returns the policy the default branch had at a moment, as far as its updates are recorded. */
export async function policyWhen(repo: Repo, at: Instant): Promise<PolicyInForce> {
  const ref = refOf(repo.info.defaultBranch);
  const updates = (await landedChanges(repo.tools, repo.info.id)).filter((each) => each.ref === ref);
  const then = updates.findLast((each) => each.at <= at);
  if (then === updates.at(-1) && repo.past === undefined) return currentPolicy(repo);
  const commit = then?.after ?? (await originOf(repo, ref, updates));
  return commit === NO_COMMIT ? currentPolicy(repo) : policyAt(repo, commit);
}
