/** The policy that was in force at a moment of the past. */

import { NO_COMMIT, type Instant } from "../domain/change.ts";
import { refOf } from "../domain/policy/scope.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import { currentPolicy } from "./current-policy.ts";
import { landedChanges, originOf } from "./landed.ts";
import { policyAt } from "./policy.ts";
import type { Tools, Watched } from "./ports.ts";

/** The policy the default branch had at a moment, as far as its updates are recorded. */
export async function policyWhen(tools: Tools, watched: Watched, at: Instant): Promise<PolicyInForce> {
  const ref = refOf(watched.repository.defaultBranch);
  const updates = (await landedChanges(tools, watched.repository.id)).filter((each) => each.ref === ref);
  const then = updates.findLast((each) => each.at <= at);
  if (then === updates.at(-1) && tools.past === undefined) return currentPolicy(tools, watched);
  const commit = then?.after ?? (await originOf(tools, watched, ref, updates));
  return commit === NO_COMMIT ? currentPolicy(tools, watched) : policyAt(tools, watched, commit);
}
