/** The policy that was in force at a moment of the past. */

import { NO_COMMIT } from "../../domain/change/sha.ts";
import { refOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { currentPolicy } from "./current-policy.ts";
import { landedChanges, originOf } from "../records/landed-changes.ts";
import { policyAt } from "./in-force.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** The policy the default branch had at a moment, as far as its updates are recorded. */
export async function policyWhen(
  tools: Tools,
  watched: RepositoryContext,
  at: Instant,
): Promise<PolicyInForce> {
  const ref = refOf(watched.repository.defaultBranch);
  const updates = (await landedChanges(tools, watched.repository.id)).filter((each) => each.ref === ref);
  const then = updates.findLast((each) => each.at <= at);
  if (then === updates.at(-1) && tools.past === undefined) return currentPolicy(tools, watched);
  const commit = then?.after ?? (await originOf(tools, watched, ref, updates));
  return commit === NO_COMMIT ? currentPolicy(tools, watched) : policyAt(tools, watched, commit);
}
