/** Acting alone: whether somebody with a part in an emergency may authorise it themselves, because nobody else is awake. */

import { dateOf, startOfDay } from "../domain/calendar.ts";
import type { Authority, Instant } from "../domain/change.ts";
import type { Deed, EmergencyRecord } from "../domain/emergency/exception.ts";
import { entitled } from "../domain/entitled.ts";
import type { Policy } from "../domain/policy/policy.ts";
import { markdown, oneOf, sources } from "../domain/wording.ts";
import type { Tools, Watched } from "./ports.ts";

/** Whether they may; null where the policy does not let them at all, which is for others to word. */
export type Alone = { readonly may: "yes" } | { readonly may: "no"; readonly because: string };

const LINK = /https?:\/\/[^\s/]+\/\S+/iu;

/** Whether somebody may act alone here and now: named for it, with a link to the incident, and within the quota. */
export async function mayActAlone(
  tools: Tools,
  watched: Watched,
  facts: {
    readonly policy: Policy;
    readonly record: EmergencyRecord;
    readonly authority: Authority | null;
    readonly deed: Deed;
  },
): Promise<Alone | null> {
  const { policy, record, authority, deed } = facts;
  const { alone } = policy.emergency;
  if (alone === null || authority === null || entitled(alone.from, authority) !== "yes") return null;
  if (!LINK.test(record.reason ?? ""))
    return {
      may: "no",
      because:
        "To authorise it alone, the reason must hold the link to the incident. Withdraw it with `/countersign withdraw` and declare it again with the link.",
    };
  const { count, per } = alone.atMost;
  const before = await givenAlone(tools, watched, periodOf(deed.at, per, policy.calendar.timezone));
  if (before >= count)
    return {
      may: "no",
      because: `${before} of ${count} emergencies that may be authorised alone in a ${per} were, so this one needs another person: ${markdown(oneOf(sources(policy.emergency.authorisers)))} with no part in it.`,
    };
  return { may: "yes" };
}

async function givenAlone(
  tools: Tools,
  { repository }: Watched,
  span: { readonly from: Instant; readonly to: Instant },
): Promise<number> {
  let count = 0;
  for await (const entry of tools.ledger.states("emergency", { organizationId: repository.ownerId })) {
    const { authorised } = entry.body;
    const isLone = authorised?.confirmBy != null;
    if (isLone && authorised.at >= span.from && authorised.at < span.to) count += 1;
  }
  return count;
}

/** The month, quarter or year of a moment, as the calendar's time zone has it. */
function periodOf(
  at: Instant,
  per: "month" | "quarter" | "year",
  timezone: string,
): { readonly from: Instant; readonly to: Instant } {
  const [year = 1970, month = 1] = dateOf(at, timezone).split("-").map(Number);
  const months = { month: 1, quarter: 3, year: 12 }[per];
  const first = Math.floor((month - 1) / months) * months;
  const day = (after: number): string =>
    `${year + Math.floor(after / 12)}-${String((after % 12) + 1).padStart(2, "0")}-01`;
  return { from: startOfDay(day(first), timezone), to: startOfDay(day(first + months), timezone) };
}
