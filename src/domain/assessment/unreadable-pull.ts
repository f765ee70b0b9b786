/** Pull requests that GitHub cannot return, and the results of a subject that holds one. */

import { NOT_SHOWN_YET } from "./not-shown-yet.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { isBeforeMerge, type Context, type Control } from "../controls/control.ts";
import type { ControlName, Result } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import { pullsOf, type Subject } from "../records/subject.ts";
import { result } from "../values/result.ts";
import { SETTLING } from "../change/settling.ts";

/** Names which controls read pull requests: complete by the compiler, because what is left out would pass or fail unread. */
const READS_PULL_REQUESTS: Readonly<Record<ControlName, boolean>> = {
  "independently-approved": true,
  "approved-by-owners": true,
  "checks-passed": true,
  "record-linked": true,
  "change-documented": true,
  "outside-freeze": false,
  "merged-by-pull-request": false,
  "gate-respected": true,
  "content-as-reviewed": true,
  "emergency-authorised": false,
  "emergency-reviewed-in-time": false,
  "deployment-traceable": false,
  "deployment-approved": false,
};

/** Of what a queue merges, these test the commit that landed. */
const OF_THE_COMMIT: ReadonlySet<ControlName> = new Set(["checks-passed", "gate-respected"]);

/** Returns a result where a pull request of the subject could not be read. What the others fail stays so, nothing passes. */
export function withUnreadablePull(
  tested: Result,
  control: Control,
  subject: Subject,
  context: Context,
): Result {
  const unread = pullsOf(subject).filter((pull) => pull.unread !== undefined);
  const readsPull =
    !READS_PULL_REQUESTS[control.name] || (isOfQueue(subject) && OF_THE_COMMIT.has(control.name));
  if (unread.length === 0 || readsPull) return tested;
  // What the policy does not require is not required of it either.
  if (tested.outcome === "not-applicable" && tested.cause !== "nothing-approved") return tested;
  const rest = without(subject, unread);
  const own = rest === null ? null : control.judge(rest, context);
  if (own?.outcome === "fail") return own;
  const names = unread.map(({ number }) => `#${number}`).join(", ");
  const inputs = { unread: unread.map(({ number }) => number) };
  if (mayStillBeRead(subject, unread, context.at))
    return result(control.name, "fail", NOT_SHOWN_YET, [`waits for GitHub to return ${names}`], inputs);
  const because = [...new Set(unread.map((pull) => oneLine(pull.unread?.because ?? "")))];
  const reasons = [`GitHub did not return ${names}`, ...because];
  return result(control.name, "unverifiable", "not-shown", reasons, inputs);
}

function isOfQueue(subject: Subject): boolean {
  if (subject.moment === "landed") return subject.change.update.kind === "queue";
  return subject.moment === "group";
}

function mayStillBeRead(subject: Subject, unread: readonly PullRequest[], at: Instant): boolean {
  const isBefore = isBeforeMerge(subject);
  return isBefore && unread.every((pull) => pull.unread !== undefined && at - pull.unread.since < SETTLING);
}

/** Returns the subject with the pull requests that could be read; null where there are none. */
function without(subject: Subject, unread: readonly PullRequest[]): Subject | null {
  const pulls = pullsOf(subject).filter((pull) => !unread.includes(pull));
  if (pulls.length === 0) return null;
  if (subject.moment === "group") return { ...subject, pulls };
  if (subject.moment !== "landed") return null;
  return { ...subject, change: { ...subject.change, pullRequests: pulls } };
}
