/**
 * The commands people give to a deviation: a row each. From the table come the parser, the rights, the steps, the replies, `help`,
 * the subcommands of `countersign deviation` and the table in docs/deviations.md. To add a command, add a row.
 */

import type { Instant } from "../time/instant.ts";
import type { RemediationRecord, RemediationStatus } from "../records/remediation.ts";
import { listed, listedControls, oneLine } from "../texts/wording.ts";
import { truncate } from "../values/text.ts";
import {
  ACCOUNT,
  choice,
  DATE,
  nearest,
  NOTE,
  RACI,
  shown,
  WEIGHTS,
  words,
  type Argument,
  type Parsed,
} from "./arguments.ts";
import type { TransitionRow } from "../values/transitions.ts";
import type { DeviationRole } from "./deviation.ts";
import { cleanMonthsSince, dayOf, nextReview, type Cadence, type ReviewedMonth } from "./operating.ts";
import {
  isSameAccount,
  lackingToBeDone,
  MONTHS_OF_OPERATION,
  priorityOf,
  REMEDIATION_STATES,
  reopened,
  ROOT_CAUSE_NAMES,
  ROOT_CAUSES,
  whysRequired,
  type Lack,
} from "./remediation.ts";
import type { DeviationRecord, DeviationStatus, Person, DeviationNote } from "../records/deviation.ts";

/**
 * Describes the circumstances of a command. They are the deviation, its remediation (a new one where there is none yet), and who
 * gives it when.
 */
export interface CommandCircumstances {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord;
  readonly by: Person;
  readonly at: Instant;
  /** People a command names, by login in lower case; null: GitHub has no such account. */
  readonly named: ReadonlyMap<string, Person | null>;
  /** The monthly reviews on record, of any control. */
  readonly months: readonly ReviewedMonth[];
  /** How often remediations of the repository are reviewed now. */
  readonly cadence: Cadence;
  /** Who wrote the response so far. */
  readonly writers: readonly Person[];
  readonly same: (a: Person, b: Person) => boolean;
}

/** The changes of a command beside the states. */
interface CommandEffect {
  readonly deviation?: Partial<DeviationRecord>;
  readonly remediation?: Partial<RemediationRecord>;
}

/** Who may give a command. */
interface PermittedPerson {
  /** One of these roles is needed. */
  readonly needs: readonly DeviationRole[];
  /** None of these is allowed, whatever other role the same person has. */
  readonly bars: readonly DeviationRole[];
  /** What anyone else is answered. */
  readonly refusal: string;
}

/** In which states a command is possible, where it leads, and who may give it there. */
interface StateStep {
  readonly deviation: readonly DeviationStatus[];
  /** Left out: the remediation does not matter, and stays as it is. */
  readonly remediation?: readonly RemediationStatus[];
  /** Left out: the state stays. */
  readonly to?: { readonly deviation?: DeviationStatus; readonly remediation?: RemediationStatus };
  readonly who: PermittedPerson;
}

/** A row as it is written. `Value`: what its argument means. */
interface Row<Value> {
  readonly takes: Argument<Value>;
  /** What it does, in the imperative. */
  readonly help: string;
  /** An argument as a person may write it. */
  readonly example: string;
  readonly when: readonly StateStep[];
  /** Returns why it is refused although state and role allow it; null: it is not. */
  readonly refuse?: (value: Value, now: CommandCircumstances) => string | null;
  readonly apply: (value: Value, now: CommandCircumstances) => CommandEffect;
  /** What is answered; `after`: the remediation with the change. */
  readonly reply: (value: Value, now: CommandCircumstances, after: RemediationRecord) => string;
}

/** A command with its argument bound to it. */
interface Bound {
  readonly words: string;
  readonly logins: readonly string[];
  readonly refuse: (now: CommandCircumstances) => string | null;
  readonly apply: (now: CommandCircumstances) => CommandEffect;
  readonly reply: (now: CommandCircumstances, after: RemediationRecord) => string;
}

/** Describes a step as the engine of transitions takes it, with what is answered to anyone else. */
export interface CommandStep<State extends string> extends TransitionRow<State, DeviationRole> {
  readonly refusal: string;
}

/** A row as it is used. */
interface DeviationCommandRow {
  /** What follows the name. */
  readonly usage: string;
  /** One of several ways to write that; null: there is only one. */
  readonly oneWay: string | null;
  readonly help: string;
  readonly example: string;
  /** Where it leads the deviation. */
  readonly deviation: readonly CommandStep<DeviationStatus>[];
  /** Where it leads the remediation; none: it does not concern it. */
  readonly remediation: readonly CommandStep<RemediationStatus>[];
  readonly parse: (text: string, command: CommandName, today: string) => Parsed<Bound>;
}

function row<Value>({ takes, help, example, when, refuse, apply, reply }: Row<Value>): DeviationCommandRow {
  return {
    usage: takes.usage,
    oneWay: takes.oneWay ?? null,
    help,
    example,
    deviation: when.map(({ deviation: from, to, who }) => ({ from, to: to?.deviation ?? "same", ...who })),
    remediation: when.flatMap(({ remediation: from, to, who }) =>
      from === undefined ? [] : [{ from, to: to?.remediation ?? "same", ...who }],
    ),
    parse(text, command, today) {
      const parsed = takes.parse(text, { command, today });
      if (parsed.problem !== null) return parsed;
      const { value } = parsed;
      return {
        problem: null,
        value: {
          words: takes.print(value),
          logins: takes.logins?.(value) ?? [],
          refuse: (now) => refuse?.(value, now) ?? null,
          apply: (now) => apply(value, now),
          reply: (now, after) => reply(value, now, after),
        },
      };
    },
  };
}

const UNANSWERED: readonly DeviationStatus[] = ["open", "in-remediation"];
const ANSWERED: readonly DeviationStatus[] = ["done", "effective"];
const UNDER_WAY: readonly RemediationStatus[] = ["planned", "active", "blocked"];
const OVER: readonly RemediationStatus[] = ["done", "effective"];

const PEOPLE: PermittedPerson = {
  needs: ["owner", "other", "causer", "auditor"],
  bars: ["app"],
  refusal: "Only a person can give this command.",
};

const REMEDIATORS: PermittedPerson = {
  needs: ["owner", "other", "causer"],
  bars: ["auditor", "app"],
  refusal: "An auditor takes no part in the remediation. Someone in the organisation must give this command.",
};

const OWNER: PermittedPerson = {
  needs: ["owner"],
  bars: ["auditor", "app"],
  refusal: "Only the owner of the remediation can call it done.",
};

const OUTSIDERS: PermittedPerson = {
  needs: ["other", "auditor"],
  bars: ["owner", "causer", "app"],
  refusal:
    "Nobody judges their own remediation, or what they caused. Ask someone who never owned the remediation and did not cause the deviation.",
};

/** A step in planning or carrying out the remediation: the first one begins it. */
const PLANNING = {
  deviation: UNANSWERED,
  remediation: UNDER_WAY,
  to: { deviation: "in-remediation" },
  who: REMEDIATORS,
} as const satisfies StateStep;

/** What explains it, shows that it works, or where else it applies, may also be added when it is over. */
const ALSO_LATER: readonly StateStep[] = [
  PLANNING,
  { deviation: ANSWERED, remediation: OVER, who: REMEDIATORS },
];

/** A judgement is not for whoever caused it nor, once it is done, for its owner: less might be required of it then. */
function judgement(what: string): readonly StateStep[] {
  return [
    {
      deviation: UNANSWERED,
      who: {
        needs: ["owner", "other", "auditor"],
        bars: ["causer", "app"],
        refusal: `Whoever caused the deviation cannot ${what}. Ask someone else.`,
      },
    },
    {
      deviation: ["done"],
      who: {
        needs: ["other", "auditor"],
        bars: ["owner", "causer", "app"],
        refusal: `Once the remediation is done, nobody who owned it or caused the deviation can ${what}.`,
      },
    },
  ];
}

/** Lists every command, in the order of a remediation's life. */
export const DEVIATION_COMMAND_TABLE = {
  type: row({
    takes: choice("type", ["design", "operating"] as const, "<reason>"),
    help: "Set whether the design of the control failed or its operation, with the reason.",
    example: "design: the rule required no approval",
    when: judgement("change its type"),
    apply: ({ word, text }, { by }) => ({ deviation: { type: word, typeReason: text, typedBy: by } }),
    reply: ({ word }) => `The type is now ${word}.`,
  }),
  severity: row({
    takes: choice("severity", ["observation", "low", "medium", "high", "critical"] as const, "<reason>"),
    help: "Set how severe it is, with the reason.",
    example: "low: nothing was deployed from it",
    when: judgement("change its severity"),
    apply: ({ word }) => ({ deviation: { severity: word } }),
    reply: ({ word }) => `The severity is now ${word}.`,
  }),
  cause: row({
    takes: choice("category of root causes", ROOT_CAUSE_NAMES, "<text>"),
    help: "Name the root cause. Its category suggests a preventive measure.",
    example: "tooling: the rule was left to people",
    when: [PLANNING],
    apply: ({ word, text }, { remediation: { measure } }) => ({
      remediation: {
        rootCause: { category: word, text },
        measure:
          measure === null || measure.suggested
            ? { text: ROOT_CAUSES[word].measure, suggested: true }
            : measure,
      },
    }),
    reply: ({ word }, _, { measure }) =>
      `The root cause is recorded: ${word}.${
        measure?.suggested === true
          ? ` Suggested preventive measure: ${measure.text}. Write your own with \`measure <text>\`.`
          : ""
      }`,
  }),
  why: row({
    takes: words("<text>"),
    help: "Answer the next “why?”.",
    example: "the ruleset did not cover release branches",
    when: ALSO_LATER,
    apply: (text, now) => ({ remediation: { whys: [...now.remediation.whys, noteOf(text, now)] } }),
    reply(_, { deviation: { severity } }, { whys }) {
      const asked = whysRequired(severity);
      return `Answer ${whys.length}${whys.length > asked ? "" : ` of ${asked}`} to “why?” is recorded.`;
    },
  }),
  owner: row({
    takes: ACCOUNT,
    help: "Name the person who owns the remediation.",
    example: "@ann",
    when: [PLANNING],
    refuse: (login, { named }) =>
      personNamed(login, named) === null ? `GitHub has no account “${login}”. Name someone else.` : null,
    apply(login, { named, remediation: { owners } }) {
      const owner = personNamed(login, named);
      const isKnown = owner === null || owners.some((each) => isSameAccount(each, owner));
      return { remediation: { owner, owners: isKnown ? owners : [...owners, owner] } };
    },
    reply: (login, { named }) => `${personNamed(login, named)?.login ?? login} owns the remediation.`,
  }),
  due: row({
    takes: DATE,
    help: "Set the target date. Earlier dates stay on record.",
    example: "2026-12-01",
    when: [PLANNING],
    refuse: (due, { remediation }) => (remediation.due === due ? `The target date is already ${due}.` : null),
    apply: (due, { remediation: { targets }, by, at }) => ({
      remediation: { due, targets: [...targets, { due, by, at }] },
    }),
    reply: (due, { remediation: { due: before } }) =>
      before === null
        ? `The target date is ${due}.`
        : `The target date was ${before} and is now ${due}; both stay on record.`,
  }),
  action: row({
    takes: words("<text>"),
    help: "Record what will be done.",
    example: "turn the ruleset on for every branch",
    when: [PLANNING],
    apply: (action) => ({ remediation: { action } }),
    reply: () => "The action is recorded.",
  }),
  measure: row({
    takes: words("<text>"),
    help: "Record what prevents it from happening again.",
    example: "Terraform applies the ruleset",
    when: [PLANNING],
    apply: (text) => ({ remediation: { measure: { text, suggested: false } } }),
    reply: () => "The preventive measure is recorded.",
  }),
  method: row({
    takes: words("<text>"),
    help: "Record how the remediation will be verified.",
    example: "read the history of the ruleset",
    when: [PLANNING],
    apply: (method) => ({ remediation: { method } }),
    reply: () => "The verification method is recorded.",
  }),
  customers: row({
    takes: words("<text>"),
    help: "Record which customers and contracts it affects: by kind, not by name, because auditors read it.",
    example: "two on the payments plan",
    when: ALSO_LATER,
    apply: (text, now) => ({ remediation: { customers: noteOf(text, now) } }),
    reply: () => "The affected customers are recorded.",
  }),
  expectation: row({
    takes: words("<text>"),
    help: "Record what the auditor expects.",
    example: "three clean months",
    // Once it is over, also in the auditor's own words.
    when: [PLANNING, { deviation: ANSWERED, remediation: OVER, who: PEOPLE }],
    apply: (text, now) => ({
      remediation: { expectations: [...now.remediation.expectations, noteOf(text, now)] },
    }),
    reply: () => "The auditor's expectation is recorded.",
  }),
  priority: row({
    takes: WEIGHTS,
    help: "Set its priority by customer impact, effort and risk. A risk of 5 comes first.",
    example: "impact=3 effort=2 risk=4",
    when: [PLANNING],
    apply: (priority) => ({ remediation: { priority } }),
    reply: (priority) => `The priority is now ${priorityOf(priority) ?? 0}.`,
  }),
  raci: row({
    takes: RACI,
    help: "Name who is accountable, consulted or informed.",
    example: "informed @carol",
    when: [PLANNING],
    refuse({ logins }, { named }) {
      const unknown = logins.filter((login) => personNamed(login, named) === null).map((each) => `“${each}”`);
      return unknown.length === 0
        ? null
        : `GitHub has no account ${listed(unknown, "or")}. Name someone else.`;
    },
    apply: ({ part, logins }, { named, remediation: { raci } }) => ({
      remediation: {
        raci: {
          ...raci,
          [part]: logins.map((login) => personNamed(login, named)).filter((each) => each !== null),
        },
      },
    }),
    reply: ({ part }, _, { raci }) =>
      `${part.slice(0, 1).toUpperCase()}${part.slice(1)}: ${listed(raci[part].map(({ login }) => login))}.`,
  }),
  blocked: row({
    takes: words("<text>"),
    help: "Record what blocks the remediation.",
    example: "the vendor has not answered",
    when: [{ ...PLANNING, to: { deviation: "in-remediation", remediation: "blocked" } }],
    apply: (text, now) => ({
      remediation: { blockers: [...now.remediation.blockers, { ...noteOf(text, now), until: null }] },
    }),
    reply: () => "The remediation is blocked. Use `unblocked [text]` when it continues.",
  }),
  unblocked: row({
    takes: NOTE,
    help: "Record that the remediation continues.",
    example: "the vendor answered",
    when: [
      {
        ...PLANNING,
        remediation: ["blocked"],
        to: { deviation: "in-remediation", remediation: "active" },
      },
    ],
    apply: (_, { remediation: { blockers, startedAt }, at }) => ({
      remediation: { blockers: unblocked(blockers, at), startedAt: startedAt ?? at },
    }),
    reply: () => "The remediation is active again.",
  }),
  review: row({
    takes: NOTE,
    help: "Record the review that is due.",
    example: "on track",
    when: [
      { deviation: ["in-remediation", "done"], remediation: ["active", "blocked", "done"], who: PEOPLE },
    ],
    apply(note, { remediation, cadence, by, at }) {
      const due = nextReview(remediation, cadence) ?? dayOf(at);
      return { remediation: { reviews: [...remediation.reviews, { due, cadence, at, by, note }] } };
    },
    reply(_, { cadence }, after) {
      const next = after.status === "done" ? null : nextReview(after, cadence);
      return `The review is recorded.${next === null ? "" : ` The next one is due by ${next}.`}`;
    },
  }),
  evidence: row({
    takes: words("<url or text>"),
    help: "Add evidence.",
    example: "https://github.com/acme/web/rules/1",
    when: ALSO_LATER,
    apply: (text, now) => ({ remediation: { evidence: [...now.remediation.evidence, noteOf(text, now)] } }),
    reply: () => "The evidence is recorded.",
  }),
  done: row({
    takes: NOTE,
    help: "Declare the remediation done. Only for its owner.",
    example: "the ruleset covers every branch",
    when: [
      {
        deviation: ["in-remediation"],
        remediation: ["active", "blocked"],
        to: { deviation: "done", remediation: "done" },
        who: OWNER,
      },
    ],
    refuse(_, { deviation, remediation }) {
      const lacking = lackingToBeDone(remediation, deviation);
      return lacking.length === 0
        ? null
        : `The remediation is not complete. It still needs ${listed(lacking.map(needed))}.`;
    },
    apply: (text, now) => ({
      deviation: { exposure: { ...now.deviation.exposure, to: now.deviation.exposure.to ?? now.at } },
      remediation: { done: noteOf(text, now), blockers: unblocked(now.remediation.blockers, now.at) },
    }),
    reply: () => "The remediation is done.",
  }),
  effective: row({
    takes: words("<text>"),
    help: "Confirm that the remediation is effective. Not for anyone who owned it or caused the deviation.",
    example: "no push past the rules in three months",
    when: [
      {
        deviation: ["done"],
        remediation: ["done"],
        to: { deviation: "effective", remediation: "effective" },
        who: OUTSIDERS,
      },
    ],
    refuse(_, { deviation: { type, controls }, remediation: { done }, months, at }) {
      if (type !== "operating") return null;
      const clean = cleanMonthsSince(months, controls, done?.at ?? at);
      return clean >= MONTHS_OF_OPERATION
        ? null
        : `An operating failure is effective only after ${MONTHS_OF_OPERATION} clean monthly reviews in a row (so far: ${clean}). Controls: ${listedControls(controls)}.`;
    },
    apply: (text, now) => ({ remediation: { effective: noteOf(text, now) } }),
    reply: () => "The remediation is effective.",
  }),
  elsewhere: row({
    takes: words("<text>"),
    help: "Record where else you looked for the same failure, and what you found.",
    example: "the other repositories have the rule",
    when: ALSO_LATER,
    apply: (text, now) => ({ remediation: { elsewhere: noteOf(text, now) } }),
    reply: () => "Where else you looked is recorded.",
  }),
  "approve-response": row({
    takes: words("<text>"),
    help: "Approve management's response as it stands. Only for someone who wrote none of it.",
    example: "I read it with the records behind it",
    when: [
      {
        deviation: ["in-remediation", "done", "effective"],
        remediation: ["active", "blocked", "done", "effective"],
        who: {
          needs: ["other"],
          bars: ["owner", "causer", "auditor", "app"],
          refusal:
            "Nobody who owned the remediation or caused the deviation approves the response to it, and no auditor. Ask someone else.",
        },
      },
    ],
    refuse(_, { deviation, remediation, writers, by, same }) {
      const wrote = writers.find((each) => same(each, by));
      if (wrote !== undefined)
        return `${wrote.login} wrote part of the response: someone who wrote none of it approves it.`;
      const { measure } = remediation;
      const lacking: readonly Lack[] = [
        ...lackingToBeDone(remediation, deviation),
        ...(measure === null || measure.suggested
          ? [{ what: "a measure that a person decided on", command: "measure" as const }]
          : []),
      ];
      return lacking.length === 0
        ? null
        : `The response is not complete. It still needs ${listed(lacking.map(needed))}.`;
    },
    apply: (text, now) => ({
      remediation: { response: { ...noteOf(text, now), writers: [...now.writers] } },
    }),
    reply: (_, { writers }) =>
      `The response is approved as it stands. Written by ${listed(writers.map(({ login }) => login))}.`,
  }),
  "not-effective": row({
    takes: words("<reason>"),
    help: "Record that the remediation does not work, so that it continues.",
    example: "two of three had not read it",
    when: [
      {
        deviation: ANSWERED,
        remediation: OVER,
        to: { deviation: "in-remediation", remediation: "active" },
        who: PEOPLE,
      },
    ],
    apply: (_, { deviation: { exposure }, at }) => ({
      deviation: { exposure: { ...exposure, to: null } },
      remediation: { done: null, effective: null, startedAt: at },
    }),
    reply: () => "The remediation is not effective, so it is active again.",
  }),
  "not-an-exception": row({
    takes: words("<reason>"),
    help: "Declare that this is not an exception, with the reason. Not for whoever caused it.",
    example: "the branch is a mirror that nothing runs from",
    when: [
      {
        deviation: UNANSWERED,
        to: { deviation: "not-an-exception" },
        who: {
          needs: ["owner", "other", "auditor"],
          bars: ["causer", "app"],
          refusal:
            "Whoever caused the deviation cannot declare that it is not an exception. Ask someone else.",
        },
      },
    ],
    apply: (_, { deviation: { exposure } }) => ({
      deviation: { exposure: { ...exposure, to: exposure.from } },
    }),
    reply: () => "The deviation is settled as not an exception, with your reason.",
  }),
  reopen: row({
    takes: words("<reason>"),
    help: "Reopen a settled or effective deviation, with the reason.",
    example: "it happened again",
    when: [
      {
        deviation: ["effective", "closed", "not-an-exception"],
        remediation: REMEDIATION_STATES,
        to: { deviation: "open", remediation: "planned" },
        who: PEOPLE,
      },
    ],
    apply: (_, { deviation: { exposure }, remediation }) => ({
      deviation: { exposure: { ...exposure, to: null } },
      remediation: reopened(remediation),
    }),
    reply: () => "The deviation is open again.",
  }),
} as const satisfies Readonly<Record<string, DeviationCommandRow>>;

/** Names a command to a deviation. */
export type CommandName = keyof typeof DEVIATION_COMMAND_TABLE;

/** Lists every name, in the order of the table. */
export const COMMAND_NAMES = Object.keys(DEVIATION_COMMAND_TABLE) as readonly CommandName[];

/** Describes one command to a deviation, understood. */
export interface DeviationCommand extends Bound {
  readonly name: CommandName;
}

/** So much of what people write is kept (UTF-16 units). */
const LONGEST_TEXT = 4_000;

/** Parses the words after `/countersign`: one line, `due 2026-12-01`. `today`: YYYY-MM-DD. Never throws. */
export function parseCommand(line: string, today: string): Parsed<DeviationCommand> {
  const [, first = "", rest = ""] = /^\s*(\S*)\s*([\s\S]*)$/u.exec(line) ?? [];
  const text = truncate(oneLine(rest), LONGEST_TEXT);
  const name = COMMAND_NAMES.find((each) => each === first.toLowerCase());
  if (name !== undefined) {
    const parsed = DEVIATION_COMMAND_TABLE[name].parse(text, name, today);
    return parsed.problem === null ? { problem: null, value: { name, ...parsed.value } } : parsed;
  }
  const near = nearest(first, COMMAND_NAMES);
  return {
    problem:
      near === null
        ? `“${shown(first)}” is not a command for a deviation. The commands are ${listed(COMMAND_NAMES)}.`
        : `“${shown(first)}” is not a command. Did you mean \`${`${near} ${shown(text)}`.trim()}\`?`,
  };
}

/** Returns a command as people can copy it. Of several ways to write it, one is given as an example. */
export function written(name: CommandName): string {
  const { usage, oneWay } = DEVIATION_COMMAND_TABLE[name];
  return oneWay === null ? `\`${name} ${usage}\`` : `such as \`${name} ${oneWay}\``;
}

/** Returns what is needed, with the command that gives it. */
export function needed({ what, command }: Lack): string {
  return `${what} (${written(command)})`;
}

function noteOf(text: string, { by, at }: CommandCircumstances): DeviationNote {
  return { text, by, at };
}

function personNamed(login: string, named: CommandCircumstances["named"]): Person | null {
  return named.get(login.toLowerCase()) ?? null;
}

function unblocked(blockers: RemediationRecord["blockers"], at: Instant): RemediationRecord["blockers"] {
  return blockers.map((each) => (each.until === null ? { ...each, until: at } : each));
}
