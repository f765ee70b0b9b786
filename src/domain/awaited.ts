/** What a webhook told and GitHub's answers do not show yet: how long that is waited for, and what is judged meanwhile. */

import type { NotShown, Instant } from "./change.ts";
import { pullsOf, result, type Subject } from "./controls/control.ts";
import type { Result, WaitingCause } from "./result.ts";
import { oneLine } from "./wording.ts";
import { MINUTE } from "./durations.ts";

/** GitHub's answers lag behind its webhooks; nothing is concluded from their silence before this long (ms). */
export const SETTLING = 10 * MINUTE;

/** How soon a stale answer is first asked for again (ms). */
const FIRST = 2_000;

/** The cause of a result that waits for GitHub to show what a webhook told. */
export const NOT_SHOWN_YET = "waiting-for-github" satisfies WaitingCause;

/** When to ask again for what is awaited: after 2, 4, 8 ... seconds, up to ten minutes after it was told; null: no more. */
export function nextLook(awaited: readonly NotShown[], now: Instant): Instant | null {
  const open = awaited.filter(({ since }) => now - since < SETTLING);
  if (open.length === 0) return null;
  const looks = open.map(({ since }) => Math.min(now + Math.max(FIRST, now - since), since + SETTLING));
  return Math.min(...looks);
}

/** Judges a subject whose facts are not whole: it waits, and after ten minutes cannot be told. `own`: what is judged of the rest. */
export function withAwaited(own: Result, subject: Subject, at: Instant): Result {
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
