/** This change was made outside a freeze. */

import { startOfDay } from "../calendar.ts";
import type { Instant } from "../change.ts";
import type { Freeze } from "../policy/leave.ts";
import type { Policy } from "../policy/policy.ts";
import type { Result, WaitingCause } from "../result.ts";
import { time } from "../wording.ts";
import { bringsNothing, result, type Context, type Control, type Subject } from "./control.ts";

const NAME = "outside-freeze";

/** Nothing lands and nothing is deployed in a freeze. */
export const outsideFreeze: Control = {
  name: NAME,
  objective: "Nothing reaches production in the times the company keeps free of changes.",
  test: "The moment of the merge, or of the deployment's success, is in none of the policy's freezes, which begin and end with a day in calendar.timezone, the last one excluded; an authorised emergency passes a freeze that says so.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32"],
  kind: "preventive",
  remediation: "Find out who needed it in the freeze; an emergency is declared before, not after.",
  judge(subject: Subject, context: Context): Result | null {
    const { freezes, calendar } = context.policy;
    if (freezes.length === 0)
      return result(NAME, "not-applicable", "none-required", ["the policy has no freeze"], {});
    if (subject.moment === "landed" && bringsNothing(subject.change))
      return result(NAME, "not-applicable", "nothing-landed", ["nothing new reached the branch"], {});
    const held = freezesAt(context.policy, context.at);
    const inputs = { at: time(context.at), timezone: calendar.timezone, freezes: held };
    if (held.length === 0) return result(NAME, "pass", "satisfied", ["no freeze held then"], inputs);
    const last =
      held
        .map(({ to }) => to)
        .toSorted()
        .at(-1) ?? "";
    const until = `${last} 00:00 ${calendar.timezone} (${time(startOfDay(last, calendar.timezone))})`;
    const except = isOpenToEmergencies(held)
      ? "; only an authorised emergency may pass: comment “/countersign emergency” with the reason"
      : "";
    switch (subject.moment) {
      case "gate":
      case "group":
        // Nobody has to act: it passes by itself.
        return result(
          NAME,
          "fail",
          "waiting-for-freeze" satisfies WaitingCause,
          [`waits for the freeze to end: ${until}${except}`],
          inputs,
        );
      case "landed":
        return result(NAME, "fail", "in-freeze", [`it landed in a freeze that holds until ${until}`], inputs);
      case "deployed":
        return result(
          NAME,
          "fail",
          "in-freeze",
          [`it was deployed in a freeze that holds until ${until}`],
          inputs,
        );
    }
  },
};

/** The freezes that hold at a moment. */
export function freezesAt({ freezes, calendar }: Policy, at: Instant): readonly Freeze[] {
  return freezes.filter(
    ({ from, to }) => startOfDay(from, calendar.timezone) <= at && at < startOfDay(to, calendar.timezone),
  );
}

/** Whether an authorised emergency may pass all of these freezes. */
export function isOpenToEmergencies(freezes: readonly Freeze[]): boolean {
  return freezes.length > 0 && freezes.every(({ except }) => except === "emergency");
}
