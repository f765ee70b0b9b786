/** Emergencies for deployments that no pull request stands for: what they waive, and which deployment they are for. */

import type { Sha } from "../change/sha.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { ControlName } from "../values/result.ts";
import type { EmergencyRecord } from "../records/emergency.ts";

/** What a deployment is asked instead of approvals: whoever may waive those for a change may waive these for a deployment. */
const STANDS_FOR: readonly ControlName[] = ["deployment-approved", "deployment-traceable"];

/** Returns what an emergency waives: for a deployment also its approval and traceability, where the policy waives approvals. */
export function waivedBy(policy: Pick<Policy, "emergency">, isDeployment: boolean): readonly ControlName[] {
  const { waives } = policy.emergency;
  if (!isDeployment || !waives.includes("independently-approved")) return waives;
  return [...new Set([...waives, ...STANDS_FOR])];
}

/** Returns whether an emergency is for this commit in this environment. Environments are compared without case. */
export function isForDeployment(
  { deployment }: Pick<EmergencyRecord, "deployment">,
  { environment, sha }: { readonly environment: string; readonly sha: Sha },
): boolean {
  return deployment?.sha === sha && deployment.environment.toLowerCase() === environment.toLowerCase();
}
