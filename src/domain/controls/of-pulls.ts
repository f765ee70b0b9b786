/** Controls that ask the same of every pull request of a change, and nothing of what came without one. */

import type { PullRequest } from "../change.ts";
import type { Result } from "../result.ts";
import {
  howUnknown,
  isMerge,
  notApplicable,
  nothingLanded,
  pullsOf,
  pullsUnknown,
  worst,
  type Ruling,
  type Subject,
} from "./control.ts";

/** Judges each pull request and takes the worst. What came by no pull request is another control's failure. */
export function judgeEach(
  subject: Subject,
  inputs: Result["inputs"],
  judge: (pull: PullRequest) => Omit<Ruling, "inputs">,
): Ruling {
  return nothingLanded(subject) ?? withoutPull(subject) ?? ofPulls(pullsOf(subject), inputs, judge);
}

function withoutPull(subject: Subject): Ruling | null {
  if (subject.moment !== "landed") return null;
  const { change } = subject;
  const inputs = { update: change.update.kind };
  const unknown = howUnknown(subject, inputs, "pull-request-unknown");
  if (unknown !== null) return unknown;
  if (!isMerge(change))
    return notApplicable("no-pull-request", "it did not come by a pull request, which could say so", inputs);
  return change.pullRequests.length === 0 ? pullsUnknown(inputs) : null;
}

function ofPulls(
  pulls: readonly PullRequest[],
  inputs: Result["inputs"],
  judge: (pull: PullRequest) => Omit<Ruling, "inputs">,
): Ruling {
  const each = pulls.map((pull) => ({ pull, ...judge(pull) }));
  const outcome = worst(each.map((one) => one.outcome));
  const deciding = each.filter((one) => one.outcome === outcome);
  const reasons = deciding.flatMap((one) =>
    one.reasons.map((reason) => (pulls.length > 1 ? `#${one.pull.number}: ${reason}` : reason)),
  );
  return { outcome, cause: deciding[0]?.cause ?? "satisfied", reasons: [...new Set(reasons)], inputs };
}
