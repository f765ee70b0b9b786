/** A remediation: what happens to it by itself, what it lacks, and who has which part in it. */

import type { RemediationRecord, RemediationStatus, RootCause } from "../records/remediation.ts";
import { isSamePerson } from "../policy/identity.ts";
import type { TransitionTable } from "../values/transitions.ts";
import type { DeviationRole } from "./deviation.ts";
import type { DeviationRecord, DeviationTransition, Person, Severity } from "../records/deviation.ts";

/** Lists every state of a remediation. */
export const REMEDIATION_STATES: readonly RemediationStatus[] = [
  "planned",
  "active",
  "blocked",
  "done",
  "effective",
];

/** What happens to a remediation by itself; commands have a table of their own (commands.ts). */
type RemediationEvent = "start" | "miss" | "reopen";

/** Holds the table of these events. */
export const REMEDIATION_EVENTS: TransitionTable<RemediationStatus, RemediationEvent, DeviationRole> = {
  start: [{ from: ["planned"], to: "active", needs: ["app"] }],
  miss: [{ from: ["active", "blocked"], to: "same", needs: ["app"] }],
  // A further change under the same cause: the remediation is not known to answer it.
  reopen: [{ from: REMEDIATION_STATES, to: "planned", needs: ["app"] }],
};

/** Explains the categories of root causes, with the preventive measure that follows from each. */
export const ROOT_CAUSES: Readonly<
  Record<RootCause, { readonly meaning: string; readonly measure: string }>
> = {
  process: {
    meaning: "there is no defined process, or it does not fit the work",
    measure: "write the procedure down, or simplify it until it is followed",
  },
  resource: {
    meaning: "too few people or too little time to do it as required",
    measure: "add people, or simplify the process",
  },
  awareness: {
    meaning: "the requirement was not known or not understood",
    measure: "train those concerned, and again when someone joins",
  },
  tooling: {
    meaning: "something is done by hand that should be done by a machine",
    measure: "automate the step, so that it cannot be left out",
  },
  ownership: {
    meaning: "nobody is clearly responsible",
    measure: "name who is responsible, accountable, consulted and informed",
  },
};

/** Lists every category of root causes. */
export const ROOT_CAUSE_NAMES = [
  "process",
  "resource",
  "awareness",
  "tooling",
  "ownership",
] as const satisfies readonly RootCause[];

const WHYS_REQUIRED: Readonly<Record<Severity, number>> = {
  observation: 0,
  low: 1,
  medium: 3,
  high: 5,
  critical: 5,
};

/** Returns how many answers to "why?" a severity requires. */
export function whysRequired(severity: Severity): number {
  return WHYS_REQUIRED[severity];
}

/** Returns a remediation in which nothing is recorded yet. */
export function plannedRemediation(
  deviation: DeviationRecord,
  moved: DeviationTransition,
): RemediationRecord {
  return {
    deviation: deviation.id,
    repository: deviation.repository,
    finding: deviation.title,
    rootCause: null,
    whys: [],
    action: null,
    measure: null,
    owner: null,
    owners: [],
    due: null,
    targets: [],
    method: null,
    evidence: [],
    elsewhere: null,
    customers: null,
    expectations: [],
    raci: { accountable: [], consulted: [], informed: [] },
    priority: null,
    status: "planned",
    blockers: [],
    reviews: [],
    startedAt: null,
    done: null,
    effective: null,
    response: null,
    moved,
  };
}

/** Returns a remediation that begins again: its plan stays, what was done does not count any more. */
export function reopened(remediation: RemediationRecord): RemediationRecord {
  return { ...remediation, done: null, effective: null, response: null, startedAt: null };
}

/** Describes something a remediation lacks, and the command that gives it. */
export interface Lack {
  readonly what: string;
  readonly command:
    | "cause"
    | "why"
    | "owner"
    | "action"
    | "due"
    | "method"
    | "evidence"
    | "measure"
    | "elsewhere";
}

/** Returns what a remediation lacks before it can start. */
export function lackingToStart(remediation: RemediationRecord): readonly Lack[] {
  return [
    ...lackingIf(remediation.owner === null, "an owner", "owner"),
    ...lackingIf(remediation.action === null, "an action", "action"),
    ...lackingIf(remediation.due === null, "a target date", "due"),
  ];
}

/** Returns what it lacks before its owner can call it done, most important first. */
export function lackingToBeDone(
  remediation: RemediationRecord,
  { severity }: Pick<DeviationRecord, "severity">,
): readonly Lack[] {
  const owed = whysRequired(severity) - remediation.whys.length;
  return [
    ...lackingIf(remediation.rootCause === null, "the root cause", "cause"),
    ...lackingIf(owed > 0, `${owed} more ${owed === 1 ? "answer" : "answers"} to “why?”`, "why"),
    ...lackingToStart(remediation),
    ...lackingIf(remediation.method === null, "a verification method", "method"),
    ...lackingIf(remediation.evidence.length === 0, "evidence", "evidence"),
  ];
}

function lackingIf(isLacking: boolean, what: string, command: Lack["command"]): readonly Lack[] {
  return isLacking ? [{ what, command }] : [];
}

/** One box of the closing checklist. `missing`: what ticks it. */
interface Box {
  readonly name: "root-cause-understood" | "sustainable" | "operated" | "applied-elsewhere";
  readonly ticked: boolean;
  readonly missing: readonly Lack[];
}

/** Returns the closing checklist: what an auditor looks for before calling something remediated. `cleanMonths`: see `operating.ts`. */
export function closingChecklist(
  remediation: RemediationRecord,
  deviation: Pick<DeviationRecord, "severity" | "type">,
  cleanMonths: number,
): readonly Box[] {
  const months = deviation.type === "operating" ? MONTHS_OF_OPERATION : 0;
  const box = (name: Box["name"], missing: readonly Lack[], ticked = missing.length === 0): Box => ({
    name,
    ticked,
    missing,
  });
  const causes = lackingToBeDone(remediation, deviation).filter(
    ({ command }) => command === "cause" || command === "why",
  );
  const evidence = lackingIf(remediation.evidence.length === 0, "evidence", "evidence");
  return [
    box("root-cause-understood", causes),
    box("sustainable", lackingIf(remediation.measure === null, "a preventive measure", "measure")),
    box("operated", evidence, evidence.length === 0 && cleanMonths >= months),
    box("applied-elsewhere", lackingIf(remediation.elsewhere === null, "where else you looked", "elsewhere")),
  ];
}

/** Holds how many clean months in a row an operating failure needs to count as effective. */
export const MONTHS_OF_OPERATION = 3;

/** Returns the priority, 1 to 100, by customer impact, risk and how little effort it takes. A risk of 5 overrides with 125. */
export function priorityOf(priority: RemediationRecord["priority"]): number | null {
  if (priority === null) return null;
  const { impact, effort, risk } = priority;
  return risk === 5 ? OVERRIDING : impact * risk * (6 - effort);
}

const OVERRIDING = 125;

/** Returns whether two accounts are one person's, without a policy that could tie them. */
export function isSameAccount(a: Person, b: Person): boolean {
  return isSamePerson({ identities: [] }, a, b);
}

/** Returns the roles a person has now; who had the remediation before is {@link hadItInHand}. */
export function remediationRolesOf(
  person: Person,
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  same: (a: Person, b: Person) => boolean = isSameAccount,
): readonly DeviationRole[] {
  const isOwner = remediation?.owner != null && same(remediation.owner, person);
  const isCauser = deviation.actors.some((actor) => same(actor, person));
  const roles: readonly DeviationRole[] = [
    ...(isOwner ? ["owner" as const] : []),
    ...(isCauser ? ["causer" as const] : []),
  ];
  return roles.length === 0 ? ["other"] : roles;
}

/** Returns whether someone ever owned the remediation or called it done: they do not judge it. */
export function hadItInHand(
  person: Person,
  remediation: RemediationRecord,
  same: (a: Person, b: Person) => boolean = isSameAccount,
): boolean {
  const people = [...remediation.owners, ...(remediation.done?.by == null ? [] : [remediation.done.by])];
  return people.some((each) => same(each, person));
}
