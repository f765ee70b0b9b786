/** What the check run says of an emergency: what it waits for, or what was waived, by whom, until when, and what is owed. */

import { termText } from "../calendar.ts";
import type { Policy } from "../policy/policy.ts";
import type { CheckRunText } from "../record.ts";
import type { Assessment } from "../result.ts";
import { CONTROL_TITLES, listed, markdown, NAMES_SHOWN, oneLine, some, sources, time } from "../wording.ts";
import type { EmergencyRecord } from "./exception.ts";
import type { EmergencyFacts } from "./facts.ts";

/** A check's words with what an emergency adds: it lets pass, or waits for somebody. A check that passes anyway is left alone. */
export function withEmergency(
  said: CheckRunText,
  assessment: Assessment,
  facts: {
    readonly emergencies: readonly EmergencyFacts[];
    readonly policy: Policy;
    /** Logins of those who may authorise, as far as known. */
    readonly able: readonly string[];
  },
): CheckRunText {
  const { emergencies, policy, able } = facts;
  if (emergencies.length === 0) return said;
  if (assessment.verdict === "emergency") {
    const title = policy.mode === "observe" ? said.title : emergencyTitle(assessment, emergencies);
    const summary = emergencyLines(assessment, emergencies, policy).join("\n");
    return { ...said, status: "completed", conclusion: "success", title, summary };
  }
  if (said.conclusion === "success") return said;
  const waits = waitingText(emergencies, policy, able);
  if (waits === null) return said;
  const summary = [...waits.lines, "", "Without the emergency:", "", said.summary].join("\n");
  return { ...said, status: "completed", conclusion: "action_required", title: waits.title, summary };
}

function emergencyTitle(assessment: Assessment, emergencies: readonly EmergencyFacts[]): string {
  const record = inForceIn(assessment, emergencies);
  const given = record?.authorised ?? null;
  if (record === null || given === null) return "Emergency";
  return `Emergency: ${oneLine(given.by.login)} authorised it until ${time(given.until)}`;
}

function emergencyLines(
  assessment: Assessment,
  emergencies: readonly EmergencyFacts[],
  policy: Policy,
): readonly string[] {
  const record = inForceIn(assessment, emergencies);
  const given = record?.authorised ?? null;
  if (record === null || given === null) return [];
  const waived = assessment.results.filter((each) => each.outcome === "waived" && each.cause === "emergency");
  const { reviewers, reviewWithin } = policy.emergency;
  return [
    `This can be merged until ${time(given.until)}, as it is: anything pushed now ends the authorisation.`,
    "",
    `- why: ${markdown(record.reason ?? "")} (${markdown(record.declared?.by?.login ?? "")})`,
    `- authorised by ${markdown(given.by.login)} at ${time(given.at)}${given.confirmBy === null ? "" : `, alone: another person must confirm it by ${time(given.confirmBy)} with \`/countersign authorise\``}`,
    ...waived.map(
      (each) =>
        `- waived: ${CONTROL_TITLES[each.control]} (${some(each.reasons.slice(1).map(markdown), NAMES_SHOWN, "; ")})`,
    ),
    `- owed: a review by ${markdown(sources(reviewers))} with no part in it, within ${termText(reviewWithin)} of the merge`,
  ];
}

/** The emergency that waits for somebody, and what for; null where none does. */
function waitingText(
  emergencies: readonly EmergencyFacts[],
  policy: Policy,
  able: readonly string[],
): { readonly title: string; readonly lines: readonly string[] } | null {
  const record = emergencies
    .map((each) => each.record)
    .findLast(({ status }) => status === "awaiting-reason" || status === "waiting");
  if (record === undefined) return null;
  if (record.status === "awaiting-reason")
    return {
      title: "The emergency waits for its reason",
      lines: ["Say why in a new comment, on its first line: `/countersign emergency <reason>`."],
    };
  const from = oneLine(sources(policy.emergency.authorisers));
  const names = able.length === 0 ? "" : ` (${some(able, NAMES_SHOWN)})`;
  const alone = policy.emergency.alone;
  return {
    title: `The emergency waits for ${from}${names} to authorise it`,
    lines: [
      `${markdown(record.declared?.by?.login ?? "")} declared an emergency: ${markdown(record.reason ?? "")}.`,
      `One of ${markdown(from)}${markdown(names)} who has no part in it comments \`/countersign authorise\`, or approves this pull request. This check then turns green within seconds.`,
      ...(alone === null
        ? []
        : [
            `Where nobody else is awake, ${markdown(sources(alone.from))} may authorise it alone, ${alone.atMost.count} times a ${alone.atMost.per}; another person must confirm it within ${termText(alone.confirmedWithin)}.`,
          ]),
    ],
  };
}

function inForceIn(assessment: Assessment, emergencies: readonly EmergencyFacts[]): EmergencyRecord | null {
  const waived = assessment.results.find((each) => each.outcome === "waived" && each.cause === "emergency");
  return emergencies.find(({ record }) => record.id === waived?.inputs["leave"])?.record ?? null;
}

/** "a, b and c, and whoever ...": the people to ask, as mentions GitHub notifies; at most a handful. */
export function mentions(logins: readonly string[]): string {
  const safe = logins.filter((login) => /^[\w-]+(?:\/[\w.-]+)?$/u.test(login));
  return listed(safe.slice(0, NAMES_SHOWN).map((login) => `@${login}`));
}
