/** This change was approved by its code owners. */

import { requiresCodeOwners } from "../policy/file/policy.ts";
import { defineControl, howUnknown, notApplicable, OF_CHANGES, type Ruling } from "./control.ts";
import { judgeRequirements } from "./independently-approved.ts";
import { isMerge, type Subject } from "../records/subject.ts";

/** Requires that every changed file was approved by enough of its owners who did not make the change alone. */
export const approvedByOwners = defineControl({
  name: "approved-by-owners",
  objective: "Every changed file is approved by someone answerable for it.",
  test: "Where the policy requires code owners: the owners of each changed file, under its old and its new path, by the CODEOWNERS file of the base (the last pattern that matches counts), are matched with the approvals that count.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-3, CM-5"],
  kind: "preventive",
  remediation: "Have the files reviewed by their owners; find out how they got past the gate.",
  judges: OF_CHANGES,
  notAsked: (policy) => (requiresCodeOwners(policy) ? null : "the policy requires no code owner approval"),
  rule: (subject, context) =>
    howUnknown(subject) ??
    withoutPull(subject) ??
    judgeRequirements(subject, context, ({ requirements }) =>
      requirements.filter(({ requirement: ask }) => ask.ofOwners),
    ),
});

function withoutPull(subject: Subject): Ruling | null {
  if (subject.moment !== "landed" || isMerge(subject.change)) return null;
  const { kind } = subject.change.update;
  const because = "it did not come by a pull request, whose files owners could approve";
  return notApplicable("no-pull-request", because, { update: kind });
}
