/** This deployment was made of approved changes. */

import type { Deployment } from "../deployment.ts";
import type { DeploymentRecord } from "../record.ts";
import type { Result, Verdict } from "../result.ts";
import { short } from "../wording.ts";
import { result, worst, type Context, type Control, type Subject } from "./control.ts";
import { ruleFindings, type RuleFinding } from "./environment-rules.ts";

const NAME = "deployment-approved";
const GOOD: ReadonlySet<string> = new Set(["compliant", "emergency", "exempted", "historic"]);

/** Causes that only repeat what a change or an earlier deployment was found to lack: no deviation of its own comes of them. */
export const REPEATED_CAUSES: ReadonlySet<string> = new Set(["carries-refused", "refused-before"]);

/** Everything the deployment brought to the environment landed by a change that was let through. */
export const deploymentApproved: Control = {
  name: NAME,
  objective: "Everything that is deployed to production was approved.",
  test: "Each commit since the environment's previous successful deployment belongs to a change whose own verdict lets it through; a rollback returns to a commit that was deployed there before and was let through then. Where the environment asks reviewers or our gate, the job did not go on without them, and whoever began it is not the one who approved it.",
  criteria: ["SOC 2 CC8.1", "SOX ITGC change management"],
  kind: "detective",
  remediation:
    "Review the changes named, or roll back to the deployment before; let the environment prevent self-review and administrators' bypass.",
  judge(subject: Subject, context: Context): Result | null {
    if (subject.moment !== "deployed") return null;
    const { deployment } = subject;
    const content = contentFinding(deployment);
    const rules = ruleFindings(deployment, context.policy);
    // What somebody did round the rules comes before what was brought.
    const all = [...rules, content];
    const outcome = worst(all.map((each) => each.outcome));
    const first = all.find((each) => each.outcome === outcome) ?? content;
    const told = all.filter((each) => each.outcome !== "pass" && each.outcome !== "not-applicable");
    const reasons = told.length === 0 ? [content.reason] : told.map((each) => each.reason);
    return result(NAME, outcome, first.cause, reasons, {
      kind: deployment.kind,
      origin: deployment.origin.kind,
      carried: deployment.carried,
      unaccounted: deployment.unaccounted,
      succeededBefore: deployment.succeededBefore,
      verdictBefore: deployment.verdictBefore,
      run: deployment.run,
      rules: deployment.rules,
      gate: deployment.gate,
    });
  },
};

/**
 * The verdict on what a deployment brought, whatever was done round the environment's rules when it was: a job that its own
 * starter approved may carry nothing but approved changes, and deploying those again is not refused for it.
 */
export function contentVerdict({ deployment, assessment }: DeploymentRecord): Verdict {
  const others = assessment.results.some(({ control, outcome }) => control !== NAME && outcome === "fail");
  if (assessment.verdict !== "non-compliant" || others) return assessment.verdict;
  const { outcome } = contentFinding(deployment);
  if (outcome === "fail") return "non-compliant";
  return outcome === "unverifiable" ? "unverifiable" : "compliant";
}

function contentFinding(deployment: Deployment): RuleFinding {
  const say = (outcome: Result["outcome"], cause: string, reason: string): RuleFinding => ({
    outcome,
    cause,
    reason,
  });
  switch (deployment.kind) {
    case "first":
      return say(
        "not-applicable",
        "baseline",
        "the first deployment seen here is the baseline of the environment",
      );
    case "redeploy":
    case "rollback":
      return goingBack(deployment, say);
    case "unknown":
      return say("unverifiable", "unknown", "what it brought to the environment cannot be told");
    default:
      return goingForward(deployment, say);
  }
}

type Say = (outcome: Result["outcome"], cause: string, reason: string) => RuleFinding;

function goingBack(deployment: Deployment, say: Say): RuleFinding {
  const { succeededBefore, verdictBefore } = deployment;
  if (!succeededBefore) return goingBackToAnother(deployment, say);
  if (verdictBefore === "non-compliant")
    return say(
      "fail",
      "refused-before",
      "this commit had been deployed here before, and was not compliant then either",
    );
  if (verdictBefore !== null && !GOOD.has(verdictBefore))
    return say(
      "unverifiable",
      "unknown",
      "this commit had been deployed here before, and could not be verified then either",
    );
  return say("pass", "satisfied", "this commit had been deployed here before");
}

/**
 * Back to a commit that never ran here by itself. Two approved merges deployed side by side end in any order, and somebody may go
 * back to one that another deployment carried: nothing unapproved is reached so. An old run that is run again is neither.
 */
function goingBackToAnother(deployment: Deployment, say: Say): RuleFinding {
  const { ancestor, previous, createdAt, run, creator } = deployment;
  const began = previous !== null && createdAt <= previous.at;
  const never = say("fail", "never-deployed", "it goes back to a commit that was never deployed here");
  if (ancestor === undefined || previous === null) return never;
  if (!began && run !== null && run.attempt > 1 && run.createdAt <= previous.at) return never;
  if (!began && run === null && creator?.type === "Bot")
    return say(
      "unverifiable",
      "unknown",
      "it goes back to a commit that was never deployed here, and GitHub would not say which run did: it may be an old one, run again",
    );
  const finding = goingForward(deployment, say);
  const how = began
    ? "it began before the newer deployment had ended, and ended after it"
    : "it goes back to a merge that another deployment carried";
  return { ...finding, reason: `${how}; since ${short(ancestor.sha)}, ${finding.reason}` };
}

function goingForward({ carried, unaccounted }: Deployment, say: Say): RuleFinding {
  const refused = carried.filter((change) => change.verdict === "non-compliant");
  if (refused.length > 0)
    return say(
      "fail",
      "carries-refused",
      `${refused.length} of the ${carried.length} changes it carries ${isAre(refused.length)} not compliant`,
    );
  if (unaccounted !== null && unaccounted.length > 0) {
    return say(
      "fail",
      "unaccounted",
      `${unaccounted.length} of the commits it carries landed by no change on a production branch`,
    );
  }
  const unsure = carried.filter((change) => !GOOD.has(change.verdict));
  // It goes forward, so it carries something: an empty list is one that was not read.
  if (unaccounted === null || unsure.length > 0 || carried.length === 0)
    return say("unverifiable", "unknown", "not everything it carries could be verified");
  return say("pass", "satisfied", `${allOf(carried.length)} let through`);
}

function allOf(count: number): string {
  return count === 1 ? "the one change it carries was" : `all ${count} changes it carries were`;
}

function isAre(count: number): string {
  return count === 1 ? "is" : "are";
}
