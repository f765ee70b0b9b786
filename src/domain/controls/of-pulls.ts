/** Controls that ask the same of every pull request of a change, and nothing of what came without one. */

import type { PullRequest } from "../change.ts";
import type { ControlName, Outcome, Result } from "../result.ts";
import { bringsNothing, isMerge, pullsOf, result, untold, worst, type Subject } from "./control.ts";

/** What one pull request comes to. */
export interface OfPull {
  readonly outcome: Outcome;
  readonly cause: string;
  readonly reasons: readonly string[];
}

/** Judges each pull request and takes the worst; null for a deployment. What came by no pull request is another control's failure. */
export function judgeEach(
  name: ControlName,
  subject: Subject,
  inputs: Readonly<Record<string, unknown>>,
  judge: (pull: PullRequest) => OfPull,
): Result | null {
  if (subject.moment === "deployed") return null;
  if (subject.moment === "landed") {
    const { change } = subject;
    const { kind } = change.update;
    if (bringsNothing(change))
      return result(name, "not-applicable", "nothing-landed", ["nothing new reached the branch"], {});
    const cannot = untold(change);
    if (!isMerge(change) && cannot === null) {
      const reason = "it did not come by a pull request, which could say so";
      return result(name, "not-applicable", "no-pull-request", [reason], { update: kind });
    }
    if (cannot !== null || change.pullRequests.length === 0) {
      const reason = cannot ?? "GitHub would not say which pull request this update merged";
      return result(name, "unverifiable", "pull-request-unknown", [reason], { update: kind });
    }
  }
  const pulls = pullsOf(subject);
  const each = pulls.map((pull) => ({ pull, ...judge(pull) }));
  const outcome = worst(each.map((one) => one.outcome));
  const deciding = each.filter((one) => one.outcome === outcome);
  const reasons = deciding.flatMap((one) =>
    one.reasons.map((reason) => (pulls.length > 1 ? `#${one.pull.number}: ${reason}` : reason)),
  );
  return result(name, outcome, deciding[0]?.cause ?? "satisfied", [...new Set(reasons)], inputs);
}
