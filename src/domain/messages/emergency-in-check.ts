/** Writes an emergency into a check run: what it waits for, or what was waived, by whom, until when, and what is owed. */

import { termText } from "../time/calendar.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { CheckRunText } from "../records/change.ts";
import { isOpenToEmergencies } from "../controls/outside-freeze.ts";
import type { Freeze } from "../policy/file/waivers-and-freezes.ts";
import type { Assessment, Result } from "../values/result.ts";
import {
  hint,
  CONTROL_TITLES,
  listed,
  listedControls,
  localTime,
  markdown,
  NAMES_SHOWN,
  oneLine,
  some,
} from "../texts/wording.ts";
import type { EmergencyRecord } from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Adds to a check's text that an emergency lets it pass, or waits for someone. A check that passes anyway stays as it is. */
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
  if (emergencies.length === 0) return invited(said, assessment, policy);
  if (assessment.verdict === "emergency") {
    const title = policy.mode === "observe" ? said.title : emergencyTitle(assessment, emergencies, policy);
    const summary = emergencyLines(assessment, emergencies, policy).join("\n");
    return { ...said, status: "completed", conclusion: "success", title, summary };
  }
  if (said.conclusion === "success") return said;
  const waits = waitingText(emergencies, policy, able);
  if (waits === null) return ended(invited(said, assessment, policy), emergencies, policy);
  const summary = [
    ...waits.lines,
    "",
    `Without the emergency: **${markdown(said.title)}**`,
    "",
    said.summary,
  ].join("\n");
  return { ...said, status: "completed", conclusion: "action_required", title: waits.title, summary };
}

/** Returns what a check shows besides its emergency, where that is another by now; null: it showed nothing else. */
export function withoutEmergency({
  title,
  summary,
}: Pick<CheckRunText, "title" | "summary">): Pick<CheckRunText, "title" | "summary"> | null {
  const rest = /\nWithout the emergency: \*\*(?<title>.*)\*\*\n\n(?<summary>[^]*)$/u.exec(summary)?.groups;
  if (rest !== undefined) return { title: rest["title"] ?? "", summary: rest["summary"] ?? "" };
  return /^(?:The e|E)mergency\b/u.test(title) ? null : { title: markdown(title), summary };
}

/** Adds how an emergency is declared, or why one would not help here. */
function invited(said: CheckRunText, assessment: Assessment, policy: Policy): CheckRunText {
  if (said.conclusion === "success" || policy.mode === "observe") return said;
  const open = assessment.results.filter(({ outcome }) => outcome === "fail" || outcome === "unverifiable");
  const never = open.filter((each) => !helps(each, policy));
  const who = markdown(oneLine(approversText(policy.emergency.authorisers)));
  const line =
    never.length === 0
      ? `Comment \`/countersign emergency <reason>\`. This asks ${who} to authorise it.`
      : `No emergency can waive what is missing here: ${listedControls(never.map(({ control }) => control))}.`;
  return { ...said, summary: `${said.summary}\n\n${hint(line)}` };
}

/** A freeze states itself whether an emergency may pass it. INVARIANT: the control `outside-freeze` writes its inputs so. */
function helps({ control, inputs }: Result, policy: Policy): boolean {
  return control === "outside-freeze"
    ? isOpenToEmergencies((inputs["freezes"] ?? []) as readonly Freeze[])
    : policy.emergency.waives.includes(control);
}

/** Adds why the last emergency waives nothing any more. */
function ended(said: CheckRunText, emergencies: readonly EmergencyFacts[], policy: Policy): CheckRunText {
  const last = emergencies.at(-1)?.record;
  const over = last?.ended ?? null;
  if (last === undefined || over === null) return said;
  const how = last.status === "withdrawn" ? "was withdrawn" : "ended unused";
  const line = `The emergency ${how} at ${localTime(over.at, policy.calendar.timezone)}: ${markdown(over.because)}. The policy applies again in full.`;
  return { ...said, summary: `${said.summary}\n\n${line}` };
}

function emergencyTitle(
  assessment: Assessment,
  emergencies: readonly EmergencyFacts[],
  policy: Policy,
): string {
  const record = inForceIn(assessment, emergencies);
  const given = record?.authorised ?? null;
  if (record === null || given === null) return "Emergency";
  const alone = given.confirmBy === null ? "" : "alone, ";
  return `Emergency: ${oneLine(given.by.login)} authorised it ${alone}until ${localTime(given.until, policy.calendar.timezone)}`;
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
    `Merge it by ${localTime(given.until, policy.calendar.timezone)}, as it is now: a push ends the authorisation.`,
    "",
    `- reason: ${markdown(record.reason ?? "")} (${markdown(record.declared?.by?.login ?? "")})`,
    `- authorised by ${markdown(given.by.login)} at ${localTime(given.at, policy.calendar.timezone)}${given.confirmBy === null ? "" : `, alone: another person must confirm it by ${localTime(given.confirmBy, policy.calendar.timezone)} with \`/countersign authorise\``}`,
    ...waived.map(
      (each) =>
        `- waived: ${CONTROL_TITLES[each.control]} (${some(each.reasons.slice(1).map(markdown), NAMES_SHOWN, "; ")})`,
    ),
    `- owed: a review within ${termText(reviewWithin)} of the merge, by ${markdown(approversText(reviewers))} (not someone involved)`,
  ];
}

/** Returns the text of the emergency that waits for someone, or null where none does. */
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
      lines: ["Give the reason in a new comment: `/countersign emergency <reason>`."],
    };
  const from = oneLine(approversText(policy.emergency.authorisers));
  const named = some(able, NAMES_SHOWN);
  const names = named === "" || named === from ? "" : ` (${named})`;
  const isAgain = record.steps.at(-1)?.act === "push";
  const alone = policy.emergency.alone;
  return {
    title: `The emergency waits for ${from}${names} to authorise it`,
    lines: [
      `**${markdown(from)}**${names === "" ? "" : ` ${markdown(names)}`}: comment \`/countersign authorise\` or approve. (You must not have worked on this change.)`,
      ...(isAgain ? ["A push ended the authorisation it had: look at the new commits."] : []),
      ...(alone === null
        ? []
        : [
            `If nobody else is awake, ${markdown(approversText(alone.from))} may authorise it alone. Another person must then confirm it within ${termText(alone.confirmedWithin)}.`,
          ]),
      "",
      `- reason: ${markdown(record.reason ?? "")} (${markdown(record.declared?.by?.login ?? "")})`,
    ],
  };
}

function inForceIn(assessment: Assessment, emergencies: readonly EmergencyFacts[]): EmergencyRecord | null {
  const waived = assessment.results.find((each) => each.outcome === "waived" && each.cause === "emergency");
  return emergencies.find(({ record }) => record.id === waived?.inputs["leave"])?.record ?? null;
}

/** Returns the people to ask as mentions that GitHub notifies: "@a, @b and @c", at most a handful. */
export function mentions(logins: readonly string[]): string {
  const safe = logins.filter((login) => /^[\w-]+(?:\/[\w.-]+)?$/u.test(login));
  return listed(safe.slice(0, NAMES_SHOWN).map((login) => `@${login}`));
}
