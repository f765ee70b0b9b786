/** This deployment was traceable to a production branch. */

import type { Result } from "../result.ts";
import { oneLine, short, time } from "../wording.ts";
import { result, type Control, type Subject } from "./control.ts";

const NAME = "deployment-traceable";

/** The deployed commit is on a production branch. */
export const deploymentTraceable: Control = {
  name: NAME,
  objective: "Only what has landed on a production branch is deployed to production.",
  test: "The deployed commit is reachable from a production branch, by GitHub's own comparison of the two, and had landed there before it was deployed. Where the policy asks for it, what was deployed from another production branch came to the default branch in time.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "PCI DSS 4.0.1 6.5.1"],
  kind: "detective",
  remediation:
    "Merge what was deployed through a reviewed pull request, or roll back; let the environment accept production branches only.",
  judge(subject: Subject): Result | null {
    if (subject.moment !== "deployed") return null;
    const { deployment } = subject;
    const inputs = {
      sha: deployment.sha,
      ref: deployment.ref,
      kind: deployment.kind,
      onProductionBranch: deployment.onProductionBranch,
      landedAt: deployment.landedAt,
      mergeBack: deployment.mergeBack,
      createdAt: deployment.createdAt,
    };
    const what = `${short(deployment.sha)} (${oneLine(deployment.ref)})`;
    const { landedAt, onProductionBranch } = deployment;
    // A job that waited for its environment's rules deployed nothing before it went on.
    const began =
      deployment.statuses.find(({ state }) => state === "in_progress")?.at ?? deployment.createdAt;
    if (landedAt !== null && landedAt > began)
      return result(
        NAME,
        "fail",
        "deployed-before-landing",
        [`${what} was deployed at ${time(began)} and came to a production branch only at ${time(landedAt)}`],
        inputs,
      );
    const { mergeBack } = deployment;
    if (mergeBack?.state === "missed")
      return result(
        NAME,
        "fail",
        "not-merged-back",
        [`${what} was to be on the default branch by ${time(mergeBack.dueAt)}, and is not`],
        inputs,
      );
    if (onProductionBranch === true && mergeBack?.state === "due")
      return result(
        NAME,
        "pass",
        "satisfied",
        [`${what} is on a production branch, and is owed to the default branch by ${time(mergeBack.dueAt)}`],
        inputs,
      );
    if (onProductionBranch === true)
      return result(NAME, "pass", "satisfied", [`${what} is on a production branch`], inputs);
    if (onProductionBranch === null) {
      return result(
        NAME,
        "unverifiable",
        "unknown",
        [`whether ${what} is on a production branch cannot be told`],
        inputs,
      );
    }
    return result(NAME, "fail", "unmerged", [`${what} is on no production branch`], inputs);
  },
};
