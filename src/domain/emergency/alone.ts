/** Decides whether someone with a part in an emergency may authorise it alone, because nobody else is awake. */

import { dateOf, startOfDay } from "../time/calendar.ts";
import type { Authority } from "../change/people.ts";
import { entitlementOf } from "../approval/entitlement.ts";
import type { Policy } from "../policy/file/policy.ts";
import { oneOfPeople } from "../texts/wording.ts";
import type { EmergencyRecord } from "../records/emergency.ts";
import type { Reply } from "./voice.ts";
import type { Instant } from "../time/instant.ts";
import { approversText } from "../policy/approvers-text.ts";

/** A span of time, its end excluded. */
interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Returns whether the policy names someone as one who may act alone. */
export function isNamedAlone({ emergency: { alone } }: Policy, authority: Authority | null): boolean {
  return alone !== null && authority !== null && entitlementOf(alone.from, authority) === "yes";
}

/** Returns the span whose emergencies count against the number that may be authorised alone; null: none may. */
export function aloneSpan({ emergency: { alone }, calendar }: Policy, at: Instant): Span | null {
  return alone === null ? null : spanOf(at, alone.atMost.per, calendar.timezone);
}

const LINK = /https?:\/\/[^\s/]+\/\S+/iu;

/** Returns why an emergency may not be authorised alone, or null where it may. `before`: how many were in the span. */
export function notAlone(
  policy: Policy,
  { reason }: Pick<EmergencyRecord, "reason">,
  before: number,
): Reply | null {
  if (!LINK.test(reason ?? ""))
    return ({ command }) =>
      `To authorise it alone, the reason must contain the link to the incident. Withdraw it (${command("withdraw")}), then declare it again with the link.`;
  const { count = 0, per = "month" } = policy.emergency.alone?.atMost ?? {};
  if (before < count) return null;
  return ({ text }) =>
    `${before} of ${count} emergencies that may be authorised alone in a ${per} are used up. Another person must authorise this one: ${text(oneOfPeople(approversText(policy.emergency.authorisers)))} (not someone who worked on it).`;
}

/** Returns the month, quarter or year of a moment in the calendar's time zone. */
function spanOf(at: Instant, per: "month" | "quarter" | "year", timezone: string): Span {
  const [year = 1970, month = 1] = dateOf(at, timezone).split("-").map(Number);
  const months = { month: 1, quarter: 3, year: 12 }[per];
  const first = Math.floor((month - 1) / months) * months;
  const day = (after: number): string =>
    `${year + Math.floor(after / 12)}-${String((after % 12) + 1).padStart(2, "0")}-01`;
  return { from: startOfDay(day(first), timezone), to: startOfDay(day(first + months), timezone) };
}
