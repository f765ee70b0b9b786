/** This deployment was traceable to a production branch. */

import { oneLine, short, time } from "../../texts/wording.ts";
import { defineControl, fails, passes, unverifiable } from "../control.ts";

/** Requires that the deployed commit is on a production branch. */
export const deploymentTraceable = defineControl({
  name: "deployment-traceable",
  objective: "Only what has landed on a production branch is deployed to production.",
  test: "The deployed commit is reachable from a production branch, by GitHub's own comparison of the two, and had landed there before it was deployed. Where the policy asks for it, what was deployed from another production branch came to the default branch in time.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "PCI DSS 4.0.1 6.5.1"],
  kind: "detective",
  remediation:
    "Merge what was deployed through a reviewed pull request, or roll back; let the environment accept production branches only.",
  judges: ["deployed"],
  rule({ deployment }) {
    const { sha, ref, kind, onProductionBranch, landedAt, mergeBack, createdAt } = deployment;
    const inputs = { sha, ref, kind, onProductionBranch, landedAt, mergeBack, createdAt };
    const what = `${short(sha)} (${oneLine(ref)})`;
    // A job that waited for its environment's rules deployed nothing before it went on.
    const began = deployment.statuses.find(({ state }) => state === "in_progress")?.at ?? createdAt;
    if (landedAt !== null && landedAt > began)
      return fails(
        "deployed-before-landing",
        `${what} was deployed at ${time(began)} and came to a production branch only at ${time(landedAt)}`,
        inputs,
      );
    if (mergeBack?.state === "missed")
      return fails(
        "not-merged-back",
        `${what} was to be on the default branch by ${time(mergeBack.dueAt)}, and is not`,
        inputs,
      );
    if (onProductionBranch === null)
      return unverifiable(`whether ${what} is on a production branch cannot be verified`, inputs);
    if (!onProductionBranch) return fails("unmerged", `${what} is not on a production branch`, inputs);
    const owed =
      mergeBack?.state === "due" ? `, and is owed to the default branch by ${time(mergeBack.dueAt)}` : "";
    return passes(`${what} is on a production branch${owed}`, inputs);
  },
});
