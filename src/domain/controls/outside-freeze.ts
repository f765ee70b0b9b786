/** This change was made outside a freeze. */

import { startOfDay } from "../time/calendar.ts";
import type { Instant } from "../time/instant.ts";
import type { Freeze } from "../policy/file/waivers-and-freezes.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { WaitingCause } from "../values/result.ts";
import { time } from "../texts/wording.ts";
import {
  defineControl,
  fails,
  nothingLanded,
  OF_CHANGES,
  passes,
  type Context,
  type Ruling,
} from "./control.ts";
import { type Subject } from "../records/subject.ts";

/** Requires that nothing lands and nothing is deployed in a freeze. */
export const outsideFreeze = defineControl({
  name: "outside-freeze",
  objective: "Nothing reaches production in the times the company keeps free of changes.",
  test: "The moment of the merge, or of the deployment's success, is in none of the policy's freezes, which begin and end with a day in calendar.timezone, the last one excluded; an authorised emergency passes a freeze that says so.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32"],
  kind: "preventive",
  remediation: "Find out who needed it in the freeze; an emergency is declared before, not after.",
  judges: [...OF_CHANGES, "deployed"],
  notAsked: ({ freezes }) => (freezes.length === 0 ? "the policy has no freeze" : null),
  rule: (subject, context) => nothingLanded(subject) ?? atMoment(subject, context),
});

function atMoment({ moment }: Subject, { policy, at }: Context): Ruling {
  const { timezone } = policy.calendar;
  const held = freezesAt(policy, at);
  const inputs = { at: time(at), timezone, freezes: held };
  if (held.length === 0) return passes("no freeze held then", inputs);
  const until = `${freezeEndText(held, timezone)} (${time(startOfDay(endOf(held), timezone))})`;
  if (moment === "landed")
    return fails("in-freeze", `it landed in a freeze that holds until ${until}`, inputs);
  if (moment === "deployed")
    return fails("in-freeze", `it was deployed in a freeze that holds until ${until}`, inputs);
  const except = isOpenToEmergencies(held)
    ? "; only an authorised emergency may pass: comment “/countersign emergency” with the reason"
    : "";
  // Nobody has to act: it passes by itself.
  return fails(WAITING, `waits for the freeze to end: ${until}${except}`, inputs);
}

const WAITING: WaitingCause = "waiting-for-freeze";

function endOf(freezes: readonly Freeze[]): string {
  return (
    freezes
      .map(({ to }) => to)
      .toSorted()
      .at(-1) ?? ""
  );
}

/** Returns when the last of these freezes ends, as the clocks of the policy's time zone show it. */
export function freezeEndText(freezes: readonly Freeze[], timezone: string): string {
  return `${endOf(freezes)} 00:00 ${timezone}`;
}

/** The freezes that hold at a moment. */
function freezesAt({ freezes, calendar }: Policy, at: Instant): readonly Freeze[] {
  return freezes.filter(
    ({ from, to }) => startOfDay(from, calendar.timezone) <= at && at < startOfDay(to, calendar.timezone),
  );
}

/** Returns whether an authorised emergency may pass all of these freezes. */
export function isOpenToEmergencies(freezes: readonly Freeze[]): boolean {
  return freezes.length > 0 && freezes.every(({ except }) => except === "emergency");
}
