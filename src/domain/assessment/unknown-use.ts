/** A deployment that may only have used the secrets of its environment: nobody is accused of what it may not have done. */

import type { Subject } from "../records/subject.ts";
import type { Result } from "../values/result.ts";

/** Returns a failed result of a deployment that may have deployed nothing as one that cannot be verified. */
export function heldByUnknownUse(tested: Result, subject: Subject): Result {
  if (subject.moment !== "deployed" || subject.deployment.mayOnlyUseSecrets !== true) return tested;
  const { outcome, cause } = tested;
  if (outcome !== "fail") return tested;
  const because =
    "GitHub does not show the run any more whose job is named as its own: it may only have used the secrets of its environment";
  return {
    ...tested,
    outcome: "unverifiable",
    cause: "unknown-use",
    reasons: [because, ...tested.reasons],
    inputs: { ...tested.inputs, instead: { outcome, cause } },
  };
}
