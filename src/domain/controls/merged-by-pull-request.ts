/** This change was merged by a pull request. */

import { defineControl, fails, howUnknown, nothingLanded, passes } from "./control.ts";
import { ofDirectPush } from "./direct-push.ts";
import { isMerge } from "../records/subject.ts";

const HOW = {
  "pull-request": "it was merged by a pull request",
  queue: "it was merged by the merge queue",
  push: "it was pushed straight to the branch",
  "force-push": "it was force-pushed to the branch, rewriting what was there",
  "branch-created": "the branch was created at a commit that had not landed on a production branch",
  "branch-deleted": "the branch was deleted",
  unknown: "it came to the branch in a way that is not known",
} as const;

/** Requires that the update of the branch was the merge button's or the queue's, not a push. */
export const mergedByPullRequest = defineControl({
  name: "merged-by-pull-request",
  objective: "Production branches change only by merging pull requests.",
  test: "The kind of each update in GitHub's own activity list of the branch: a pull request merge or a merge queue merge, not a push.",
  criteria: ["SOC 2 CC8.1", "NIST SP 800-53 CM-5"],
  kind: "detective",
  remediation: "Review what was pushed; forbid pushes to the branch for whoever could.",
  judges: ["landed"],
  rule(subject, context) {
    const { update, alreadyLanded } = subject.change;
    const inputs = { update: update.kind, by: update.actor?.login ?? null, alreadyLanded };
    const how = HOW[update.kind];
    return (
      nothingLanded(subject, inputs) ??
      howUnknown(subject, inputs) ??
      ofDirectPush(subject.change, context, inputs) ??
      (isMerge(subject.change) ? passes(how, inputs) : fails(update.kind, how, inputs))
    );
  },
});
