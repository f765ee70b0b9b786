/** This change was shipped as it was reviewed. */

import { externalReasons } from "../change/external-content.ts";
import { inheritedApprovals } from "../approval/inherited-approvals.ts";
import { preApproval } from "../approval/pre-approved/pre-approved-change.ts";
import { oneLine, some } from "../texts/wording.ts";
import { defineControl, fails, notApplicable, passes, unverifiable } from "./control.ts";
import { approvalsOf } from "./independently-approved.ts";
import { isMerge } from "../records/subject.ts";
import { worst } from "../values/result.ts";

const OUTCOMES = {
  identity: "pass",
  replay: "pass",
  residual: "fail",
  unverifiable: "unverifiable",
} as const;

/** Requires that what landed on the branch is, file by file, what the pull request showed its reviewers. */
export const contentAsReviewed = defineControl({
  name: "content-as-reviewed",
  objective: "What reaches production is exactly what was approved.",
  test: "The tree that landed equals the approved head's tree, or its patch against the branch equals the approved patch.",
  criteria: ["SOC 2 CC8.1", "NIST SP 800-53 SI-7"],
  kind: "detective",
  remediation: "Review the files that differ; find out how they changed between approval and merge.",
  judges: ["landed"],
  rule(subject, context) {
    const { change } = subject;
    const { external } = change;
    const inputs = { shipped: change.shipped, ...(external === undefined ? {} : { external }) };
    const elsewhere = externalReasons(external);
    const isApproved =
      approvalsOf(subject, context).some((approval) => approval.counts) ||
      change.pullRequests.some(
        (pull) =>
          preApproval(pull, context.policy, context.at).holds ||
          inheritedApprovals(pull, context.policy, context.at).commits.size > 0,
      );
    if (!isMerge(change) || !isApproved) {
      const because = "no approval counts, so there is nothing to compare with";
      return notApplicable("nothing-approved", [because, ...elsewhere], inputs);
    }
    const outcome = worst(
      change.pullRequests.map((pull) => {
        const shipped = change.shipped.filter((each) => each.pull === pull.number);
        return shipped.length === 0 ? "unverifiable" : worst(shipped.map((each) => OUTCOMES[each.coverage]));
      }),
    );
    const files = change.shipped.flatMap((each) => each.files).map(oneLine);
    if (outcome === "pass") return passes(["what landed is what was approved", ...elsewhere], inputs);
    return outcome === "fail"
      ? fails(
          "residual",
          [`what landed differs from what was approved: ${some(files, 10)}`, ...elsewhere],
          inputs,
        )
      : unverifiable(["whether what landed is what was approved cannot be verified", ...elsewhere], inputs);
  },
});
