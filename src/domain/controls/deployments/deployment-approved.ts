/** This deployment was made of approved changes. */

import type { Deployment } from "../../deployment/deployment.ts";
import type { DeploymentRecord } from "../../records/deployment.ts";
import type { Verdict } from "../../values/result.ts";
import { short } from "../../texts/wording.ts";
import { defineControl, fails, notApplicable, passes, unverifiable, type Ruling } from "../control.ts";
import { ruleRulings } from "./environment-rules.ts";
import { worst } from "../../values/result.ts";

const GOOD: ReadonlySet<string> = new Set(["compliant", "emergency", "exempted", "historic"]);

/** Holds causes that only repeat what a change or an earlier deployment lacked. No deviation of its own follows from them. */
export const REPEATED_CAUSES: ReadonlySet<string> = new Set(["carries-refused", "refused-before"]);

/** Requires that everything a deployment introduced to the environment landed by a change that was let through. */
export const deploymentApproved = defineControl({
  name: "deployment-approved",
  objective: "Everything that is deployed to production was approved.",
  test: "Each commit since the environment's previous successful deployment belongs to a change whose own verdict lets it through; a rollback returns to a commit that was deployed there before and was let through then. Where the environment asks reviewers or our gate, the job did not go on without them, and whoever began it is not the one who approved it.",
  criteria: ["SOC 2 CC8.1", "SOX ITGC change management"],
  kind: "detective",
  remediation:
    "Review the changes named, or roll back to the deployment before; let the environment prevent self-review and administrators' bypass.",
  judges: ["deployed"],
  rule({ deployment }, { policy }) {
    const content = contentRuling(deployment);
    // What bypassed the rules comes before what was introduced.
    const all = [...ruleRulings(deployment, policy), content];
    const outcome = worst(all.map((each) => each.outcome));
    const { cause } = all.find((each) => each.outcome === outcome) ?? content;
    const notable = all.filter((each) => each.outcome !== "pass" && each.outcome !== "not-applicable");
    const reasons = (notable.length === 0 ? [content] : notable).flatMap((each) => each.reasons);
    const {
      kind,
      origin,
      carried: deployed,
      unaccounted,
      succeededBefore,
      verdictBefore,
      run,
      rules,
      gate,
    } = deployment;
    const inputs = {
      kind,
      origin: origin.kind,
      carried: deployed,
      unaccounted,
      succeededBefore,
      verdictBefore,
      run,
      rules,
      gate,
    };
    return { outcome, cause, reasons, inputs };
  },
});

/**
 * Returns the verdict on what a deployment introduced, whatever bypassed the environment's rules then. A job that its own starter
 * approved may carry only approved changes, and deploying those again is not refused for it.
 */
export function contentVerdict({ deployment, assessment }: DeploymentRecord): Verdict {
  const others = assessment.results.some(
    ({ control, outcome }) => control !== "deployment-approved" && outcome === "fail",
  );
  if (assessment.verdict !== "non-compliant" || others) return assessment.verdict;
  const { outcome } = contentRuling(deployment);
  if (outcome === "fail") return "non-compliant";
  return outcome === "unverifiable" ? "unverifiable" : "compliant";
}

function contentRuling(deployment: Deployment): Ruling {
  switch (deployment.kind) {
    case "first":
      return notApplicable("baseline", "the first deployment seen here is the baseline of the environment");
    case "redeploy":
    case "rollback":
      return goingBack(deployment);
    case "unknown":
      return unverifiable("what it deployed to the environment cannot be verified");
    default:
      return goingForward(deployment);
  }
}

function goingBack(deployment: Deployment): Ruling {
  const { succeededBefore, verdictBefore } = deployment;
  if (!succeededBefore) return goingBackToAnother(deployment);
  if (verdictBefore === "non-compliant")
    return fails(
      "refused-before",
      "this commit had been deployed here before, and was non-compliant then too",
    );
  if (verdictBefore !== null && !GOOD.has(verdictBefore))
    return unverifiable("this commit had been deployed here before, and could not be verified then either");
  return passes("this commit had been deployed here before");
}

/**
 * Back to a commit that never ran here by itself. Two approved merges deployed side by side end in any order, and someone may go
 * back to one that another deployment contained: nothing unapproved is reached so. An old run that is run again is neither.
 */
function goingBackToAnother(deployment: Deployment): Ruling {
  const { ancestor, previous, createdAt, run, creator } = deployment;
  const began = previous !== null && createdAt <= previous.at;
  const never = fails("never-deployed", "it goes back to a commit that was never deployed here");
  if (ancestor === undefined || previous === null) return never;
  if (!began && run !== null && run.attempt > 1 && run.createdAt <= previous.at) return never;
  if (!began && run === null && creator?.type === "Bot")
    return unverifiable(
      "it goes back to a commit that was never deployed here, and GitHub did not return which run did: it may be an old run, started again",
    );
  const forward = goingForward(deployment);
  const how = began
    ? "it began before the newer deployment had ended, and ended after it"
    : "it goes back to a merge that another deployment included";
  const reasons = forward.reasons.map((reason) => `${how}; since ${short(ancestor.sha)}, ${reason}`);
  return { ...forward, reasons };
}

function goingForward(deployment: Deployment): Ruling {
  const { carried: deployed, beforeMerge } = deployment;
  const early = beforeMerge?.approval === "approved" ? beforeMerge : null;
  // The commits of a head that could have been merged were approved with it.
  const unaccounted = deployment.unaccounted?.filter((sha) => early?.commits.includes(sha) !== true) ?? null;
  if (early !== null && deployment.previous === null)
    return notApplicable("baseline", "the first deployment seen here is the baseline of the environment");
  const refused = deployed.filter((change) => change.verdict === "non-compliant");
  if (refused.length > 0)
    return fails(
      "carries-refused",
      deployed.length === 1
        ? "the only change in this deployment is non-compliant"
        : `${refused.length} of the ${deployed.length} changes in this deployment ${isAre(refused.length)} non-compliant`,
    );
  if (unaccounted !== null && unaccounted.length > 0)
    return fails(
      "unaccounted",
      `${unaccounted.length} of its commits ${unaccounted.length === 1 ? "does" : "do"} not belong to any recorded change of a production branch`,
    );
  const unsure = deployed.filter((change) => !GOOD.has(change.verdict));
  // It goes forward, so it carries something: an empty list is one that was not read.
  const isEmpty = deployed.length === 0 && early === null;
  if (unaccounted === null || unsure.length > 0 || isEmpty || beforeMerge?.approval === "unknown")
    return unverifiable("not all of its changes could be verified");
  if (early !== null && deployed.length === 0) return passes(early.because);
  return passes(`${allOf(deployed.length)} allowed`);
}

function allOf(count: number): string {
  return count === 1 ? "its only change was" : `all ${count} of its changes were`;
}

function isAre(count: number): string {
  return count === 1 ? "is" : "are";
}
