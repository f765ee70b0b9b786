/** The commands of an emergency and of the review after it: a row each, for a pull request or a deployment, given by comment or terminal. */

import { termText } from "../time/calendar.ts";
import type { Repository } from "../change/repository.ts";
import type { Policy } from "../policy/file/policy.ts";
import { destination, transition } from "../values/transitions.ts";
import { listedControls, localTime, oneOfPeople, short } from "../texts/wording.ts";
import { isIndependent, type Eligibility } from "./eligibility.ts";
import { allows, EMERGENCY_TRANSITIONS, emergencyRolesOf, type EmergencyEvent } from "./emergency.ts";
import {
  isOpenAt,
  type Attribution,
  type EmergencyRecord,
  type RetroactiveReviewRecord,
} from "../records/emergency.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { authorisation, authorised, confirmed, declared, opened, withdrawn } from "./life.ts";
import { nothingBlocked, notAuthoriser, tooLateToAuthorise, tooLateToOpen } from "./replies.ts";
import { isLate, type RetroactiveReviewEvent } from "./retroactive-review.ts";
import type { EmergencySubject } from "./subject.ts";
import type { EmergencyCommandName, Reply } from "./voice.ts";
import type { Instant } from "../time/instant.ts";
import type { Actor, Authority } from "../change/people.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Describes what a command of an emergency is judged by before anyone's rights are read. */
export interface EmergencyCase {
  readonly subject: EmergencySubject;
  readonly repository: Repository;
  readonly policy: Policy;
  readonly policyDigest: string;
  /** Every emergency of the subject, oldest first. */
  readonly emergencies: readonly EmergencyFacts[];
  readonly by: Actor;
  readonly attribution: Attribution;
  /** Names what gave the command, so that giving it twice is giving it once. */
  readonly source: string;
  /** What followed the command. */
  readonly text: string;
}

/** Describes the event a command means now, and the emergency it happens to; null: a new one. */
export interface EmergencyTarget {
  readonly event: EmergencyEvent;
  readonly record: EmergencyRecord | null;
}

/** Describes who gives a command. */
export interface Candidate {
  readonly eligibility: Eligibility;
  readonly authority: Authority | null;
  /** Whether the policy lets them act alone, here and now; a reply: why it does not; null: it is not for them. */
  readonly alone: "yes" | Reply | null;
}

/** Describes a command that is refused. */
export interface Refused {
  readonly refused: Reply;
}

/** Describes what a command came to, and who is asked for what next. */
export interface Applied {
  readonly record: EmergencyRecord;
  readonly reply: Reply;
  readonly requests: "reason" | "authorisation" | "confirmation" | null;
  readonly refused: null;
}

/** How a command is written and explained. */
interface Written {
  /** Its name in a comment. */
  readonly comment: string;
  readonly also?: readonly string[];
  /** What follows the name in a comment; empty for nothing. */
  readonly usage: string;
  /** What it does: imperative, without a full stop. */
  readonly help: string;
  /** Whether a reason or note follows it. */
  readonly reason: "required" | "optional" | "none";
}

/** Describes what can be done to an emergency: what it means now, why someone may not, and what it changes. */
export interface EmergencyAction {
  readonly target: (given: EmergencyCase) => EmergencyTarget | Refused;
  readonly refusal: (given: EmergencyCase, candidate: Candidate) => Reply;
  readonly apply: (
    given: EmergencyCase,
    target: EmergencyTarget,
    candidate: Candidate,
  ) => Omit<Applied, "refused">;
}

/** One command of an emergency. */
interface EmergencyRow extends Written, EmergencyAction {
  readonly of: "emergency";
}

/** Describes one command of the review after an emergency. */
export interface ReviewRow extends Written {
  readonly of: "review";
  /** What is decided, with the note that is kept. */
  readonly parse: (
    text: string,
  ) => { readonly event: RetroactiveReviewEvent; readonly note: string } | Refused;
}

const FOLLOW_UP = /^follow-?up\b:?\s*/iu;

const declare: EmergencyRow = {
  of: "emergency",
  comment: "emergency",
  usage: "<reason>",
  help: "Declare an emergency. Those who may authorise it are asked at once",
  reason: "required",
  target: (given) => opening(given, "declare"),
  refusal: () => notWriter,
  apply(given, { record }) {
    const { attribution, subject, text } = given;
    const after = record === null ? open(given, text) : declared(record, attribution, text, headOf(subject));
    return { record: after, reply: declaredReply(given, after), requests: "authorisation" };
  },
};

/** Opens an emergency without a reason yet, by the button on the check: no command of a comment. */
export const FLAG: EmergencyAction = {
  refusal: () => notWriter,
  target: (given) => opening(given, "flag"),
  apply(given) {
    return { record: open(given, null), reply: reasonNeeded, requests: "reason" };
  },
};

const authorise: EmergencyRow = {
  of: "emergency",
  comment: "authorise",
  also: ["authorize"],
  usage: "",
  help: "Authorise the emergency, or confirm one that was authorised alone. An approving review does the same",
  reason: "none",
  target: waitingFor,
  refusal({ policy, by, subject }, { eligibility, alone }) {
    if (alone !== null && alone !== "yes") return alone;
    if (eligibility.authorised) return () => "You authorised it alone: another person must confirm it.";
    return notAuthoriser(eligibility, policy.emergency.authorisers, by.login, subject.kind);
  },
  apply(given, { event, record }, { eligibility, authority }) {
    const { by, attribution, policy, subject } = given;
    if (record === null || authority === null) throw new Error("Nothing waits to be authorised.");
    if (event === "confirm") {
      const first = record.authorised?.by.login ?? "";
      const reply: Reply = ({ text }) => `You confirmed what ${text(first)} authorised alone.`;
      return { record: confirmed(record, attribution), reply, requests: null };
    }
    const isAlone = !allows(record, "authorise", emergencyRolesOf(eligibility, false));
    const terms = { by, at: attribution.at, via: attribution.via, head: headOf(subject), authority };
    const after = authorised(record, authorisation(terms, policy, isAlone), given);
    return { record: after, reply: authorisedReply(given, after), requests: isAlone ? "confirmation" : null };
  },
};

const withdraw: EmergencyRow = {
  of: "emergency",
  comment: "withdraw",
  usage: "",
  help: "Withdraw the emergency before it is used, if you declared it or may authorise it",
  reason: "none",
  target({ emergencies, attribution }) {
    const record = openAt(emergencies, attribution.at);
    if (record !== null) return { event: "withdraw", record };
    const isUsed = emergencies.some((each) => each.record.status === "used");
    return {
      refused: isUsed
        ? () => "The emergency was already used. It can no longer be withdrawn, and must be reviewed."
        : () => "No emergency is open here.",
    };
  },
  refusal: () => () => "Only whoever declared this emergency, or may authorise it, can withdraw it.",
  apply({ attribution, by }, { record }) {
    if (record === null) throw new Error("Nothing is open that could be withdrawn.");
    const after = withdrawn(record, attribution, `${by.login} withdrew it`);
    return {
      record: after,
      reply: () => "The emergency is withdrawn. The policy applies again in full.",
      requests: null,
    };
  },
};

const approve: ReviewRow = {
  of: "review",
  comment: "approve",
  usage: "[note, or follow-up: <what is still to do>]",
  help: "Approve what shipped in an emergency, in the review owed after it",
  reason: "optional",
  parse(text) {
    if (!FOLLOW_UP.test(text)) return { event: "approve", note: text };
    const note = text.replace(FOLLOW_UP, "");
    return note === ""
      ? { refused: () => "Add what is still to do after `follow-up:`. Nothing was decided." }
      : { event: "follow-up", note };
  },
};

const reject: ReviewRow = {
  of: "review",
  comment: "reject",
  usage: "<reason>",
  help: "Reject what shipped in an emergency, so that it must be reverted",
  reason: "required",
  parse: (text) => ({ event: "reject", note: text }),
};

/** Lists every command. */
export const EMERGENCY_COMMANDS: Readonly<Record<EmergencyCommandName, EmergencyRow | ReviewRow>> = {
  declare,
  authorise,
  withdraw,
  approve,
  reject,
};

/** Returns the refusal of a command that lacks its reason, or null. */
export function reasonMissing(name: EmergencyCommandName, text: string): Reply | null {
  if (EMERGENCY_COMMANDS[name].reason !== "required" || text !== "") return null;
  return ({ command }) => `Add the reason: ${command(name)}. Nothing was done.`;
}

/** Applies a command to its target, or refuses it to whoever may not give it. */
export function applyTo(
  action: EmergencyAction,
  given: EmergencyCase,
  target: EmergencyTarget,
  candidate: Candidate,
): Applied | Refused {
  const { event, record } = target;
  const { eligibility, authority, alone } = candidate;
  const roles = emergencyRolesOf(eligibility, alone === "yes" && given.subject.kind === "pull");
  const isUnread = authority === null && (event === "authorise" || event === "confirm");
  const { refused } = transition(EMERGENCY_TRANSITIONS, record?.status ?? null, event, roles);
  return refused !== null || isUnread
    ? { refused: action.refusal(given, candidate) }
    : { ...action.apply(given, target, candidate), refused: null };
}

/** Returns the emergency that is open at a moment, or null. */
function openAt(emergencies: readonly EmergencyFacts[], at: number): EmergencyRecord | null {
  return emergencies.findLast(({ record }) => isOpenAt(record, at))?.record ?? null;
}

/** Returns whether acting alone is possible at all: someone has a part in it, and there is a pull request. */
export function mayBeAlone(
  { subject }: EmergencyCase,
  { event }: EmergencyTarget,
  eligibility: Eligibility,
): boolean {
  return event === "authorise" && subject.kind === "pull" && !isIndependent(eligibility);
}

function opening(given: EmergencyCase, event: "flag" | "declare"): EmergencyTarget | Refused {
  const { subject, policy, repository, attribution } = given;
  const late = subject.kind === "pull" ? tooLateToOpen(subject.pull, attribution.at) : null;
  const refused = late ?? nothingBlocked(policy, repository, subject);
  if (refused !== null) return { refused };
  const record = openAt(given.emergencies, attribution.at);
  if (destination(EMERGENCY_TRANSITIONS, record?.status ?? null, event) !== null) return { event, record };
  return { refused: openAlready(record, policy) };
}

function openAlready(record: EmergencyRecord | null, policy: Policy): Reply {
  switch (record?.status) {
    case "awaiting-reason":
      return reasonNeeded;
    case "authorised":
      return () =>
        `An emergency is already authorised here, until ${shown(record.authorised?.until ?? 0, policy)}.`;
    default:
      return ({ command }) =>
        `An emergency is already declared here and waits for authorisation: ${command("authorise")}.`;
  }
}

function open(given: EmergencyCase, reason: string | null): EmergencyRecord {
  const { subject, source, attribution } = given;
  const place =
    subject.kind === "pull"
      ? { pull: subject.pull.number, deployment: null }
      : { pull: null, deployment: { environment: subject.environment, sha: subject.sha } };
  return opened({ ...given, ...place }, source, attribution, reason, headOf(subject));
}

function headOf(subject: EmergencySubject): string {
  return subject.kind === "pull" ? subject.pull.head.sha : subject.sha;
}

/** Returns what `authorise` means now: the emergency that waits, or one that was authorised alone and waits to be confirmed. */
function waitingFor({ emergencies, subject, attribution, policy }: EmergencyCase): EmergencyTarget | Refused {
  const current = openAt(emergencies, attribution.at);
  const lone = emergencies.findLast(
    ({ record }) =>
      record.authorised?.confirmBy != null &&
      record.confirmed === null &&
      destination(EMERGENCY_TRANSITIONS, record.status, "confirm") !== null,
  );
  const record = current?.status === "waiting" ? current : (lone?.record ?? current);
  if (record === null)
    return { refused: ({ command }) => `No emergency is open here. Declare one: ${command("declare")}.` };
  if (record.status === "awaiting-reason") return { refused: reasonNeeded };
  if (record.authorised === null) {
    const late = subject.kind === "pull" ? tooLateToAuthorise(subject.pull, record, attribution.at) : null;
    return late === null ? { event: "authorise", record } : { refused: late };
  }
  const { by, until, confirmBy } = record.authorised;
  if (confirmBy !== null && record.confirmed === null) return { event: "confirm", record };
  return {
    refused: ({ text }) =>
      `${text(by.login)} already authorised this emergency, until ${shown(until, policy)}.`,
  };
}

const reasonNeeded: Reply = ({ command }) => `The emergency needs its reason first: ${command("declare")}.`;

const notWriter: Reply = () =>
  "Only people with write access to this repository can declare an emergency. Ask one of them.";

function declaredReply({ policy, subject }: EmergencyCase, { id }: EmergencyRecord): Reply {
  return ({ text, command }) =>
    `${subject.kind === "pull" ? "The emergency is declared." : `The emergency ${id} is declared for ${short(subject.sha)} in ${text(subject.environment)}.`} Next: ${text(oneOfPeople(approversText(policy.emergency.authorisers)))} must authorise it (not someone who worked on it). They were asked. Until then nothing is waived. To take it back: ${command("withdraw")}.`;
}

function authorisedReply({ policy, subject }: EmergencyCase, record: EmergencyRecord): Reply {
  const { reviewers, reviewWithin } = policy.emergency;
  const { authorised: given, waives } = record;
  const [what, then] =
    subject.kind === "pull"
      ? ["its current commits; a push ends it", "merge"]
      : [`${short(subject.sha)} only`, "deployment"];
  return ({ text, command }) =>
    [
      `The emergency is authorised until ${shown(given?.until ?? 0, policy)}, for ${what}.`,
      ...(given?.confirmBy == null
        ? []
        : [
            ` You did so alone: another person must confirm it by ${shown(given.confirmBy, policy)} with ${command("authorise")}.`,
          ]),
      ` A review is owed within ${termText(reviewWithin)} of the ${then}, by ${text(approversText(reviewers))} (not someone involved).`,
      `\n\n- waived until then: ${listedControls(waives)}`,
    ].join("");
}

/** Returns the reply to a decision on a review. */
export function decidedReply(review: RetroactiveReviewRecord, policy: Policy): Reply {
  const { status, dueAt, revertBy, pull } = review;
  const late = isLate(review) ? ` It was due by ${shown(dueAt, policy)}. Being late stays a deviation.` : "";
  return () => {
    if (status === "follow-up") return `The review is on record: approved, with a follow-up.${late}`;
    if (status !== "rejected") return `The review is on record: approved.${late}`;
    const undo = pull === null ? "rolled back" : "reverted";
    return `The review is on record: rejected. What shipped must be ${undo} by ${shown(revertBy ?? dueAt, policy)}, and the deviation stays open until it is answered.${late}`;
  };
}

/** Returns a moment as the policy's clocks show it. */
function shown(at: Instant, { calendar }: Policy): string {
  return localTime(at, calendar.timezone);
}
