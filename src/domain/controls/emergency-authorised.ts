/** This change was an authorised emergency. */

import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { notInForce } from "../emergency/in-force.ts";
import { oneLine, time } from "../texts/wording.ts";
import {
  defineControl,
  emergencyUsed,
  fails,
  isBeforeMerge,
  OF_CHANGES,
  passes,
  type Context,
  type Ruling,
} from "./control.ts";
import { type Subject } from "../records/subject.ts";

/** Requires that someone entitled, with no part in it, authorises an emergency first and for a limited time. */
export const emergencyAuthorised = defineControl({
  name: "emergency-authorised",
  objective:
    "What an emergency lets through was declared with a reason and authorised beforehand by someone entitled who had no part in it, for a limited time.",
  test: "Where a control was waived: the emergency has a reason, was authorised by one of `emergency.authorisers` who neither contributed nor declared it, for the content that landed, and the merge or deployment was no later than its end. Authorised alone, where the policy allows it: another person confirmed it in time. Where an emergency was declared and not in force, and what it would have waived failed: fail.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-3"],
  kind: "preventive",
  remediation: "Review what was let through now; agree who is on call to authorise the next one.",
  judges: [...OF_CHANGES, "deployed"],
  rule(subject, context) {
    const given = emergencyUsed(subject, context);
    if (given !== null) return ofGiven(given);
    // Before it lands it may still be authorised: the check shows that, and what it waits for.
    return isBeforeMerge(subject) ? null : ofClaimed(subject, context);
  },
});

function ofGiven({ record, asOf }: EmergencyFacts): Ruling {
  const { authorised, confirmed, declared } = record;
  const inputs = {
    emergency: record.id,
    reason: record.reason,
    declaredBy: declared?.by?.id ?? null,
    declaredAt: declared?.at ?? null,
    authorisedBy: authorised?.by.id ?? null,
    authorisedAt: authorised?.at ?? null,
    until: authorised?.until ?? null,
    via: authorised?.via ?? null,
    alone: authorised?.confirmBy != null,
    confirmedBy: confirmed?.by?.id ?? null,
    confirmedAt: confirmed?.at ?? null,
    confirmBy: authorised?.confirmBy ?? null,
  };
  const who = oneLine(authorised?.by.login ?? "");
  const until = time(authorised?.until ?? 0);
  const by = authorised?.confirmBy ?? null;
  if (by === null) return passes(`${who} authorised it until ${until}`, inputs);
  if (confirmed !== null && confirmed.at <= by) {
    const other = oneLine(confirmed.by?.login ?? "");
    return passes(`${who} authorised it alone; ${other} confirmed it`, inputs, "confirmed");
  }
  if (confirmed === null && asOf <= by) {
    const owed = `${who} authorised it alone; another person must confirm it by ${time(by)}`;
    return passes(owed, inputs, "not-yet-confirmed");
  }
  const missed =
    confirmed === null
      ? `${who} authorised it alone, and nobody confirmed it by ${time(by)}`
      : `${who} authorised it alone, and it was confirmed only at ${time(confirmed.at)}, after ${time(by)}`;
  return fails("unconfirmed", missed, inputs);
}

/** An emergency was declared, what it would have waived failed, and it let nothing pass. */
function ofClaimed(subject: Subject, { at, tested }: Context): Ruling | null {
  const claimed = subject.emergencies?.findLast(
    ({ record }) => record.opened.at <= at && (record.ended === null || record.status === "expired"),
  );
  if (claimed === undefined) return null;
  const { record } = claimed;
  const failed = tested.filter(
    ({ outcome, control }) => outcome === "fail" && record.waives.includes(control),
  );
  const because = notInForce(record, subject, at);
  if (failed.length === 0 || because === null) return null;
  return fails("not-authorised", because, { emergency: record.id, status: record.status });
}
