/** This deployment was traceable to a production branch. */

import { beganAt, type BeforeMerge } from "../../deployment/deployment.ts";
import { oneLine, short, time } from "../../texts/wording.ts";
import type { Result } from "../../values/result.ts";
import { defineControl, fails, passes, unverifiable, type Ruling } from "../control.ts";

/** Requires that the deployed commit is on a production branch. */
export const deploymentTraceable = defineControl({
  name: "deployment-traceable",
  objective: "Only what has landed on a production branch is deployed to production.",
  test: "The deployed commit is reachable from a production branch, by GitHub's own comparison of the two, and had landed there before it was deployed. Where the policy allows an approved head to be deployed before its merge, the pull request could have been merged then, and was merged as deployed in time. Where the policy asks for it, what was deployed from another production branch came to the default branch in time.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "PCI DSS 4.0.1 6.5.1"],
  kind: "detective",
  remediation:
    "Merge what was deployed through a reviewed pull request, or roll back; let the environment accept production branches only.",
  judges: ["deployed"],
  rule({ deployment }) {
    const { sha, ref, kind, onProductionBranch, landedAt, mergeBack, createdAt, beforeMerge } = deployment;
    const inputs = {
      sha,
      ref,
      kind,
      onProductionBranch,
      landedAt,
      mergeBack,
      createdAt,
      ...(beforeMerge === undefined ? {} : { beforeMerge }),
    };
    const what = `${short(sha)} (${oneLine(ref)})`;
    const early = beforeMerge === undefined ? null : owedMerge(what, beforeMerge, inputs);
    if (early !== null) return early;
    const why = beforeMerge === undefined ? [] : [notAllowed(beforeMerge)];
    const began = beganAt(deployment);
    if (landedAt !== null && landedAt > began)
      return fails(
        "deployed-before-landing",
        [
          `${what} was deployed at ${time(began)} and came to a production branch only at ${time(landedAt)}`,
          ...why,
        ],
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
    if (!onProductionBranch)
      return fails("unmerged", [`${what} is not on a production branch`, ...why], inputs);
    if (mergeBack?.state === "unknown")
      return unverifiable(
        `whether ${what}, owed to the default branch by ${time(mergeBack.dueAt)}, came there cannot be verified`,
        inputs,
      );
    const owed =
      mergeBack?.state === "due" ? `, and is owed to the default branch by ${time(mergeBack.dueAt)}` : "";
    return passes(`${what} is on a production branch${owed}`, inputs);
  },
});

/** Rules on what was deployed before its merge, which the policy allows; null: it could not have been merged then. */
function owedMerge(what: string, owed: BeforeMerge, inputs: Result["inputs"]): Ruling | null {
  const { pull, base, approval, because, dueAt, state } = owed;
  if (approval === "refused") return null;
  if (approval === "unknown")
    return unverifiable(
      `whether #${pull} could be merged when ${what} was deployed cannot be verified: ${because}`,
      inputs,
    );
  const could = `${what} was deployed before its merge: ${because}`;
  switch (state) {
    case "due":
      return passes(`${could}; it is to be merged as deployed by ${time(dueAt)}`, inputs);
    case "merged":
      return passes(`${could}; it was merged as deployed`, inputs);
    case "unknown":
      return unverifiable(`${could}; whether #${pull} was merged as deployed cannot be verified`, inputs);
    case "missed":
      return fails(
        "not-merged",
        `#${pull} was to be merged as deployed by ${time(dueAt)}, and was not`,
        inputs,
      );
    case "other":
      return fails(
        "merged-as-another",
        `#${pull} was merged as something else than ${what}${base === undefined ? "" : `, or into another branch than ${oneLine(base)}`}`,
        inputs,
      );
    case "closed":
      return fails(
        "closed-unmerged",
        `#${pull} was closed without a merge, and ${what} had been deployed`,
        inputs,
      );
  }
}

function notAllowed({ pull, because }: BeforeMerge): string {
  return `#${pull} could not have been merged when it was deployed: ${because}`;
}
