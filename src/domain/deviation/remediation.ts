/** The life of a remediation: which step follows which, who may take it, and what it still lacks. */

import type {
  DeviationRecord,
  Moved,
  Person,
  RemediationRecord,
  RemediationStatus,
  RootCause,
  Severity,
} from "../record.ts";
import { isSamePerson } from "../identity.ts";
import type { Role, Transition } from "./transition.ts";

/** Every state of a remediation. */
export const REMEDIATION_STATES: readonly RemediationStatus[] = [
  "planned",
  "active",
  "blocked",
  "done",
  "effective",
];

/** What can happen to a remediation: commands, and what the App finds. */
export const REMEDIATION_COMMANDS = [
  "cause",
  "why",
  "owner",
  "due",
  "action",
  "measure",
  "method",
  "evidence",
  "elsewhere",
  "customers",
  "expectation",
  "priority",
  "raci",
  "blocked",
  "unblocked",
  "review",
  "start",
  "miss",
  "reopen",
  "done",
  "effective",
  "not-effective",
] as const;

/** One step in the life of a remediation. */
export type RemediationCommand = (typeof REMEDIATION_COMMANDS)[number];

type Row = Transition<RemediationStatus, RemediationCommand>;

const REMEDIATORS: readonly Role[] = ["owner", "other", "causer"];
const UNDER_WAY: readonly RemediationStatus[] = ["planned", "active", "blocked"];

function plan(command: RemediationCommand, from: readonly RemediationStatus[] = UNDER_WAY): Row {
  return {
    command,
    from,
    to: "same",
    needs: REMEDIATORS,
    bars: ["auditor", "app"],
    refusal: "An auditor has no part in the remediation; someone of the organisation says this.",
  };
}

function app(row: Pick<Row, "command" | "from" | "to">): Row {
  return {
    ...row,
    needs: ["app"],
    bars: [],
    refusal: "This follows from the plan and the calendar; nobody can say it.",
  };
}

/** The table. */
export const REMEDIATION_TRANSITIONS: readonly Row[] = [
  plan("cause"),
  plan("why"),
  plan("owner"),
  plan("due"),
  plan("action"),
  plan("measure"),
  plan("method"),
  plan("priority"),
  plan("raci"),
  // What shows that it works, and where else it applies, is also learnt afterwards.
  plan("evidence", [...UNDER_WAY, "done", "effective"]),
  plan("elsewhere", [...UNDER_WAY, "done", "effective"]),
  plan("customers", [...UNDER_WAY, "done", "effective"]),
  // Also in the auditor's own words.
  {
    command: "expectation",
    from: [...UNDER_WAY, "done", "effective"],
    to: "same",
    needs: ["owner", "other", "causer", "auditor"],
    bars: ["app"],
    refusal: "A person says what the auditor expects.",
  },
  { ...plan("blocked", ["planned", "active", "blocked"]), to: "blocked" },
  { ...plan("unblocked", ["blocked"]), to: "active" },
  {
    command: "review",
    from: ["active", "blocked", "done"],
    to: "same",
    needs: ["owner", "other", "causer", "auditor"],
    bars: ["app"],
    refusal: "A person reviews a remediation.",
  },
  app({ command: "start", from: ["planned"], to: "active" }),
  app({ command: "miss", from: ["active", "blocked"], to: "same" }),
  {
    command: "reopen",
    from: REMEDIATION_STATES,
    to: "planned",
    // A further change found under the same cause opens it again too.
    needs: ["owner", "other", "causer", "auditor", "app"],
    bars: [],
    refusal: "A person opens a deviation again, with a reason.",
  },
  {
    command: "done",
    from: ["active", "blocked"],
    to: "done",
    needs: ["owner"],
    bars: ["auditor", "app"],
    refusal: "Only the owner of the remediation says that it is done.",
  },
  {
    command: "effective",
    from: ["done"],
    to: "effective",
    needs: ["other", "auditor"],
    bars: ["owner", "causer", "app"],
    refusal:
      "Someone other than the owner, who did not cause it either, says whether it is effective; nobody judges their own remediation or what they did.",
  },
  {
    command: "not-effective",
    from: ["done", "effective"],
    to: "active",
    needs: ["owner", "other", "causer", "auditor"],
    bars: ["app"],
    refusal: "A person says that a remediation is not effective.",
  },
];

/** The categories of root causes, with what is asked and the preventive measure that follows from each. */
export const ROOT_CAUSES: Readonly<
  Record<RootCause, { readonly meaning: string; readonly measure: string }>
> = {
  process: {
    meaning: "there is no defined process, or it does not fit the work",
    measure: "write the procedure down, or simplify it until it is followed",
  },
  resource: {
    meaning: "too few people or too little time to do it as asked",
    measure: "add people, or ask less of the process",
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

const WHYS: Readonly<Record<Severity, number>> = { observation: 0, low: 1, medium: 3, high: 5, critical: 5 };

/** How many answers to "why?" a severity asks for. */
export function whysAsked(severity: Severity): number {
  return WHYS[severity];
}

/** A remediation of which nothing is said yet. */
export function plannedRemediation(deviation: DeviationRecord, moved: Moved): RemediationRecord {
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
    moved,
  };
}

/** What a remediation lacks before it can start, each with the command that gives it. */
export function lackingToStart(remediation: RemediationRecord): readonly string[] {
  return [
    ...(remediation.owner === null ? ["an owner (`owner @login`)"] : []),
    ...(remediation.action === null ? ["what will be done (`action <text>`)"] : []),
    ...(remediation.due === null ? ["a target date (`due <date>`)"] : []),
  ];
}

/** What it lacks before its owner can call it done, most important first. */
export function lackingToBeDone(
  remediation: RemediationRecord,
  { severity }: Pick<DeviationRecord, "severity">,
): readonly string[] {
  const whys = whysAsked(severity) - remediation.whys.length;
  return [
    ...(remediation.rootCause === null ? ["the root cause (`cause <category>: <text>`)"] : []),
    ...(whys > 0 ? [`${whys} more ${whys === 1 ? "answer" : "answers"} to “why?” (\`why <text>\`)`] : []),
    ...lackingToStart(remediation),
    ...(remediation.method === null ? ["how it will be verified (`method <text>`)"] : []),
    ...(remediation.evidence.length === 0 ? ["evidence (`evidence <url or text>`)"] : []),
  ];
}

/** One box of the closing checklist. `missing`: what ticks it. */
export interface Box {
  readonly name: "root-cause-understood" | "sustainable" | "operated" | "applied-elsewhere";
  readonly ticked: boolean;
  readonly missing: string;
}

/** The closing checklist: what an auditor looks for before calling something remediated. `cleanMonths`: see `operating.ts`. */
export function closingChecklist(
  remediation: RemediationRecord,
  deviation: Pick<DeviationRecord, "severity" | "type">,
  cleanMonths: number,
): readonly Box[] {
  const enough = remediation.whys.length >= whysAsked(deviation.severity);
  const months = deviation.type === "operating" ? MONTHS_OF_OPERATION : 0;
  return [
    {
      name: "root-cause-understood",
      ticked: remediation.rootCause !== null && enough,
      missing: "`cause` and every `why` its severity asks for",
    },
    {
      name: "sustainable",
      ticked: remediation.measure !== null,
      missing: "`measure <text>`: what keeps it from happening again",
    },
    {
      name: "operated",
      ticked: remediation.evidence.length > 0 && cleanMonths >= months,
      missing:
        months === 0
          ? "`evidence <url or text>`"
          : `${months} months of clean monthly reviews since it was done`,
    },
    {
      name: "applied-elsewhere",
      ticked: remediation.elsewhere !== null,
      missing: "`elsewhere <text>`: where else it was looked for, and what was found",
    },
  ];
}

/** An operating failure counts as effective only after so many clean months in a row. */
export const MONTHS_OF_OPERATION = 3;

/** What comes first: 1 to 100 by customer impact, risk and how little effort it takes; 125 where a risk of 5 overrides. */
export function priorityOf(priority: RemediationRecord["priority"]): number | null {
  if (priority === null) return null;
  const { impact, effort, risk } = priority;
  return risk === 5 ? OVERRIDING : impact * risk * (6 - effort);
}

const OVERRIDING = 125;

/** Whether two accounts are one person's, where no policy is asked. */
export function isSameAccount(a: Person, b: Person): boolean {
  return isSamePerson({ identities: [] }, a, b);
}

/** The roles a person has. Whoever ever owned the remediation or called it done counts as its owner where that is barred. */
export function rolesOf(
  person: Person,
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  same: (a: Person, b: Person) => boolean = isSameAccount,
): readonly Role[] {
  const isOwner = remediation?.owner != null && same(remediation.owner, person);
  const isCauser = deviation.actors.some((actor) => same(actor, person));
  const roles: readonly Role[] = [
    ...(isOwner ? ["owner" as const] : []),
    ...(isCauser ? ["causer" as const] : []),
  ];
  return roles.length === 0 ? ["other"] : roles;
}

/** Whether somebody had the remediation in hand at any time: they do not judge it. */
export function hadItInHand(
  person: Person,
  remediation: RemediationRecord,
  same: (a: Person, b: Person) => boolean = isSameAccount,
): boolean {
  const people = [...remediation.owners, ...(remediation.done?.by == null ? [] : [remediation.done.by])];
  return people.some((each) => same(each, person));
}
