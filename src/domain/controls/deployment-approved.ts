/** This deployment was made of approved changes. */

import type { Result } from "../result.ts";
import { result, type Control, type Subject } from "./control.ts";

const NAME = "deployment-approved";
const GOOD = new Set(["compliant", "emergency", "exempted", "historic"]);

/** Everything the deployment brought to the environment landed by a change that was let through. */
export const deploymentApproved: Control = {
  name: NAME,
  objective: "Everything that is deployed to production was approved.",
  test: "Each commit since the environment's previous successful deployment belongs to a change whose own verdict lets it through; a rollback returns to a commit that was deployed there before.",
  criteria: ["SOC 2 CC8.1", "SOX ITGC change management"],
  kind: "detective",
  remediation: "Review the changes named, or roll back to the deployment before.",
  judge(subject: Subject): Result | null {
    if (subject.moment !== "deployed") return null;
    const { deployment } = subject;
    const inputs = {
      kind: deployment.kind,
      carried: deployment.carried,
      unaccounted: deployment.unaccounted,
      succeededBefore: deployment.succeededBefore,
    };
    const say = (outcome: Result["outcome"], cause: string, reason: string): Result =>
      result(NAME, outcome, cause, [reason], inputs);
    switch (deployment.kind) {
      case "first":
        return say(
          "not-applicable",
          "baseline",
          "the first deployment seen here is the baseline of the environment",
        );
      case "redeploy":
      case "rollback":
        return deployment.succeededBefore
          ? say("pass", "satisfied", "this commit had been deployed here before")
          : say("fail", "never-deployed", "it goes back to a commit that was never deployed here");
      case "unknown":
        return say("unverifiable", "unknown", "what it brought to the environment cannot be told");
      default:
        break;
    }
    const refused = deployment.carried.filter((change) => change.verdict === "non-compliant");
    if (refused.length > 0)
      return say(
        "fail",
        "carries-refused",
        `${refused.length} of the ${deployment.carried.length} changes it carries ${isAre(refused.length)} not compliant`,
      );
    const unaccounted = deployment.unaccounted;
    if (unaccounted !== null && unaccounted.length > 0) {
      return say(
        "fail",
        "unaccounted",
        `${unaccounted.length} of the commits it carries landed by no change on a production branch`,
      );
    }
    const unsure = deployment.carried.filter((change) => !GOOD.has(change.verdict));
    // It goes forward, so it carries something: an empty list is one that was not read.
    if (unaccounted === null || unsure.length > 0 || deployment.carried.length === 0)
      return say("unverifiable", "unknown", "not everything it carries could be verified");
    return say("pass", "satisfied", `${allOf(deployment.carried.length)} let through`);
  },
};

function allOf(count: number): string {
  return count === 1 ? "the one change it carries was" : `all ${count} changes it carries were`;
}

function isAre(count: number): string {
  return count === 1 ? "is" : "are";
}
