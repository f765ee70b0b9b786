/** This change was approved by its code owners. */

import { asksForOwners } from "../policy/policy.ts";
import type { Result } from "../result.ts";
import { isMerge, result, untold, type Context, type Control, type Subject } from "./control.ts";
import { judgeAsks } from "./independently-approved.ts";

const NAME = "approved-by-owners";

/** Every changed file was approved by enough of its owners who did not make the change alone. */
export const approvedByOwners: Control = {
  name: NAME,
  objective: "Every changed file is approved by someone answerable for it.",
  test: "Where the policy asks for code owners: the owners of each changed file, under its old and its new path, by the CODEOWNERS file of the base (the last pattern that matches counts), are matched with the approvals that count.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-3, CM-5"],
  kind: "preventive",
  remediation: "Have the files reviewed by their owners; find out how they got past the gate.",
  judge(subject: Subject, context: Context): Result | null {
    if (subject.moment === "deployed") return null;
    if (!asksForOwners(context.policy)) {
      return result(NAME, "not-applicable", "none-required", ["the policy asks for no code owners"], {});
    }
    const cannot = subject.moment === "landed" ? untold(subject.change) : null;
    if (cannot !== null) return result(NAME, "unverifiable", "unknown", [cannot], {});
    if (subject.moment === "landed" && !isMerge(subject.change)) {
      const reason = "it did not come by a pull request, whose files owners could approve";
      return result(NAME, "not-applicable", "no-pull-request", [reason], {
        update: subject.change.update.kind,
      });
    }
    return judgeAsks(NAME, subject, context, ({ asks }) => asks.filter(({ ask }) => ask.ofOwners));
  },
};
