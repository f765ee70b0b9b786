/** Results that wait for GitHub to show what a webhook reported. */

import { result } from "../values/result.ts";
import type { Result, WaitingCause } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import { pullsOf, type Subject } from "../records/subject.ts";
import { SETTLING } from "../change/settling.ts";

/** Names the cause of a result that waits for GitHub to show what a webhook reported. */
export const NOT_SHOWN_YET = "waiting-for-github" satisfies WaitingCause;

/**
 * Judges a subject whose facts are not whole: it waits, and after ten minutes is unverifiable. `own`: what is judged of
 * the rest.
 */
export function withNotShownYet(own: Result, subject: Subject, at: Instant): Result {
  const landed = subject.moment === "landed" ? (subject.change.awaited ?? []) : [];
  const ofPulls = pullsOf(subject).flatMap((pull) => pull.awaited ?? []);
  const awaited = [...ofPulls, ...landed];
  // What lands beside a change that was not approved makes that no better.
  if (awaited.length === 0 || (ofPulls.length === 0 && own.outcome === "fail")) return own;
  const { control } = own;
  const names = [...new Set(awaited.map(({ what }) => oneLine(what)))];
  const mayCome = subject.moment !== "landed" && awaited.every(({ since }) => at - since < SETTLING);
  return mayCome
    ? result(control, "fail", NOT_SHOWN_YET, [`waits for GitHub to show ${names.join(", ")}`], {
        awaited: names,
      })
    : result(control, "unverifiable", "not-shown", [`GitHub does not show ${names.join(", ")}`], {
        awaited: names,
      });
}
