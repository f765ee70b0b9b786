/** This change was merged by a pull request. */

import type { Result } from "../result.ts";
import { bringsNothing, isMerge, result, untold, type Control, type Subject } from "./control.ts";

const NAME = "merged-by-pull-request";

const HOW = {
  "pull-request": "it was merged by a pull request",
  queue: "it was merged by the merge queue",
  push: "it was pushed straight to the branch",
  "force-push": "it was force-pushed to the branch, rewriting what was there",
  "branch-created": "the branch was created at a commit that had not landed on a production branch",
  "branch-deleted": "the branch was deleted",
  unknown: "it came to the branch in a way that is not known",
} as const;

/** The update of the branch was the merge button's or the queue's, not a push. */
export const mergedByPullRequest: Control = {
  name: NAME,
  objective: "Production branches change only by merging pull requests.",
  test: "The kind of each update in GitHub's own activity list of the branch: a pull request merge or a merge queue merge, not a push.",
  criteria: ["SOC 2 CC8.1", "NIST SP 800-53 CM-5"],
  kind: "detective",
  remediation: "Review what was pushed; forbid pushes to the branch for whoever could.",
  judge(subject: Subject): Result | null {
    if (subject.moment !== "landed") return null;
    const { change } = subject;
    const inputs = {
      update: change.update.kind,
      by: change.update.actor?.login ?? null,
      alreadyLanded: change.alreadyLanded,
    };
    const how = HOW[change.update.kind];
    if (bringsNothing(change))
      return result(NAME, "not-applicable", "nothing-landed", ["nothing new reached the branch"], inputs);
    if (isMerge(change)) return result(NAME, "pass", "satisfied", [how], inputs);
    const cannot = untold(change);
    if (cannot !== null) return result(NAME, "unverifiable", "unknown", [cannot], inputs);
    return result(NAME, "fail", change.update.kind, [how], inputs);
  },
};
