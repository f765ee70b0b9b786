/** The moments when the clock alone changes a policy: freezes begin and end, and waivers for a time expire. */

import { startOfDay } from "../time/calendar.ts";
import type { Instant } from "../time/instant.ts";
import type { Policy } from "./file/policy.ts";

/** Returns the next moment after `at` when the same facts may be judged otherwise; null: none is known. */
export function nextPolicyBoundary(policy: Policy, at: Instant): Instant | null {
  const days = [
    ...policy.freezes.flatMap(({ from, to }) => [from, to]),
    ...policy.standardChanges.map(({ expires }) => expires),
    ...policy.exemptions.map(({ expires }) => expires),
  ];
  const moments = days.map((day) => startOfDay(day, policy.calendar.timezone)).filter((each) => each > at);
  return moments.length === 0 ? null : Math.min(...moments);
}

/** Returns whether a day (the first on which something no longer holds) has come. */
export function hasExpired(expires: string, policy: Pick<Policy, "calendar">, at: Instant): boolean {
  return at >= startOfDay(expires, policy.calendar.timezone);
}
