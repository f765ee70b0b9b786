/** Which emergency lets what pass, at a moment: from the facts kept with the subject, never from the clock. */

import type { PullRequest } from "../change/pull-request.ts";
import { pullsOf, type Waiver, type Subject } from "../records/subject.ts";
import { oneLine, time } from "../texts/wording.ts";
import type { EmergencyRecord } from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import type { Instant } from "../time/instant.ts";

/** Returns why an emergency does not let something pass at a moment, or null where it does. */
export function notInForce(record: EmergencyRecord, subject: Subject, at: Instant): string | null {
  const { authorised: given, ended, declared } = record;
  const pull = pullsOf(subject).find(({ number }) => number === record.pull);
  if (declared === null || declared.at > at) return "an emergency was opened, but no reason was given";
  if (given === null || given.at > at) return "an emergency was declared, but nobody had authorised it";
  if (record.status === "withdrawn" && ended !== null && ended.at <= at)
    return `the emergency had been withdrawn at ${time(ended.at)}`;
  if (at > given.until)
    return `the emergency that ${oneLine(given.by.login)} authorised had ended at ${time(given.until)}`;
  if (pull !== undefined && given.head !== null && given.head !== pull.head.sha)
    return `${oneLine(given.by.login)} authorised an earlier version; the content changed afterwards`;
  return null;
}

/** Returns the emergency in force for one pull request at a moment, or null. */
function inForceFor(
  subject: Subject,
  pull: Pick<PullRequest, "number"> | null,
  at: Instant,
): EmergencyFacts | null {
  const own = (subject.emergencies ?? []).filter(({ record }) => record.pull === (pull?.number ?? null));
  return own.find(({ record }) => notInForce(record, subject, at) === null) ?? null;
}

/** Returns what an emergency lets pass. A freeze states itself whether it makes room for one. */
function waiverOf({ record }: EmergencyFacts, at: Instant): Waiver {
  const who = oneLine(record.authorised?.by.login ?? "");
  const until = time(record.authorised?.until ?? at);
  const alone = record.authorised?.confirmBy != null ? ", alone," : "";
  return {
    kind: "emergency",
    id: record.id,
    controls: record.waives,
    because: `waived in an emergency that ${who} authorised${alone} until ${until}`,
  };
}

/**
 * Returns the waiver that emergencies give a subject. Of several pull requests that land together each needs its own: `others` is then
 * the subject without those that have one, and what fails there is not waived.
 */
export function emergencyWaiver(
  subject: Subject,
  at: Instant,
): { readonly waiver: Waiver; readonly others: Subject | null } | null {
  if ((subject.emergencies ?? []).length === 0) return null;
  const pulls = pullsOf(subject);
  const own = pulls.length === 0 ? [null] : pulls;
  const given = own.map((pull) => ({ pull, facts: inForceFor(subject, pull, at) }));
  const first = given.find(({ facts }) => facts !== null)?.facts ?? null;
  if (first === null) return null;
  const without = given.flatMap(({ pull, facts }) => (facts === null && pull !== null ? [pull] : []));
  return { waiver: waiverOf(first, at), others: without.length === 0 ? null : only(subject, without) };
}

function only(subject: Subject, pulls: readonly PullRequest[]): Subject {
  const numbers = new Set(pulls.map(({ number }) => number));
  switch (subject.moment) {
    case "gate":
    case "deployed":
      return subject;
    case "group":
      return { ...subject, pulls };
    case "landed":
      return {
        ...subject,
        change: {
          ...subject.change,
          pullRequests: pulls,
          shipped: subject.change.shipped.filter(({ pull }) => numbers.has(pull)),
        },
      };
  }
}
