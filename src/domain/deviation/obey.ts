/** One command given to a deviation: what it and its remediation become, and what is answered. Nothing is done here. */

import type { Instant } from "../change.ts";
import type { DeviationRecord, Moved, Person, RemediationRecord, Said } from "../record.ts";
import { listed } from "../wording.ts";
import { DEVIATION_TRANSITIONS, type DeviationCommand } from "./deviation.ts";
import {
  cadenceOf,
  cleanMonthsSince,
  dayOf,
  nextReview,
  type Cadence,
  type ReviewedMonth,
} from "./operating.ts";
import { ORDERS, type Order } from "./order.ts";
import {
  closingChecklist,
  hadItInHand,
  isSameAccount,
  lackingToBeDone,
  lackingToStart,
  MONTHS_OF_OPERATION,
  plannedRemediation,
  REMEDIATION_TRANSITIONS,
  ROOT_CAUSES,
  rolesOf,
  whysAsked,
  type RemediationCommand,
} from "./remediation.ts";
import { step, type Role } from "./transition.ts";

/** A command with everything it is judged by. */
export interface Given {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  readonly order: Order;
  readonly by: Person;
  /** Speaks as an auditor: only the terminal can say so. */
  readonly asAuditor: boolean;
  readonly via: "comment" | "terminal";
  readonly at: Instant;
  /** People an order names, with their ids where GitHub knows them; null: GitHub knows no such account. */
  readonly named: ReadonlyMap<string, Person | null>;
  /** The monthly reviews on record, of any control. */
  readonly months: readonly ReviewedMonth[];
  /** How often remediations of this repository are reviewed now. */
  readonly cadence?: Cadence;
  readonly same?: (a: Person, b: Person) => boolean;
}

/** What came of a command: the states one after the other (the last is the newest), or a sentence and no change. */
export type Obeyed =
  | {
      readonly deviations: readonly DeviationRecord[];
      readonly remediations: readonly RemediationRecord[];
      readonly says: string;
      readonly refused: null;
    }
  | { readonly refused: string };

/** Obeys, or says why not. A refused command changes nothing. */
export function obey(given: Given): Obeyed {
  const { deviation, order, by, at, via } = given;
  const roles = rolesIn(given);
  const moved: Moved = {
    command: order.command,
    by,
    role: roles[0] ?? "other",
    via,
    at,
    text: wordsOf(order),
  };
  const led = lead(given, roles);
  if (typeof led === "string") return { refused: led };
  // A command to the remediation alone is no step of the deviation.
  const isOwn = led.remediation === null || led.deviation !== deviation.status;
  const next = isOwn ? { ...deviation, status: led.deviation, moved } : deviation;
  const before =
    given.remediation ?? (led.remediation === null ? null : plannedRemediation(deviation, moved));
  const remediation =
    before === null || led.remediation === null ? before : { ...before, status: led.remediation, moved };
  const done = apply({ ...given, deviation: next, remediation }, moved);
  if (typeof done === "string") return { refused: done };
  return follow(given, done);
}

/** What is missing until the remediation can be called done: for each a phrase with the command that gives it. */
export function missingUntilDone(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
): readonly string[] {
  return deviation.status === "in-remediation" && remediation !== null
    ? lackingToBeDone(remediation, deviation)
    : [];
}

/** A text of this room as a comment has it: every command in it is written whole. */
export function asComment(text: string): string {
  return text.replaceAll(/`([^`]+)`/gu, (all, command: string) =>
    command.startsWith("/") ? all : `\`/countersign ${command}\``,
  );
}

/** The last words of an answer: the one thing that is missing next, and the command that gives it. */
export function nextStep(
  deviation: DeviationRecord,
  remediation: RemediationRecord | null,
  months: readonly ReviewedMonth[] = [],
): string {
  switch (deviation.status) {
    case "open":
      return `Next: say why it happened (\`${ORDERS.cause}\`) and who answers for it (\`owner @login\`), or why it is no exception (\`not-an-exception <reason>\`).`;
    case "in-remediation": {
      const [next, ...later] = missingUntilDone(deviation, remediation);
      if (next === undefined) return "Nothing is missing: its owner can say `done`.";
      const more = later.length === 0 ? "" : `; ${later.length} more after that`;
      return `Before it can be called done it still needs ${next}${more}.`;
    }
    case "done": {
      const clean =
        remediation?.done == null ? 0 : cleanMonthsSince(months, deviation.controls, remediation.done.at);
      return deviation.type === "operating" && clean < MONTHS_OF_OPERATION
        ? `Next: ${MONTHS_OF_OPERATION} months in a row with a clean monthly review of ${listed(deviation.controls)} (so far ${clean}); then someone other than the owner says \`effective <text>\`.`
        : "Next: someone other than the owner says `effective <text>`.";
    }
    case "effective": {
      const open = remediation === null ? [] : openBoxes(deviation, remediation, months);
      return open.length === 0 ? "" : `Before it closes it still needs ${listed(open)}.`;
    }
    default:
      return "";
  }
}

function rolesIn({
  by,
  asAuditor,
  deviation,
  remediation,
  order,
  same = isSameAccount,
}: Given): readonly Role[] {
  if (asAuditor) return ["auditor"];
  const roles = rolesOf(by, deviation, remediation, same);
  const hadIt = order.command === "effective" && remediation !== null && hadItInHand(by, remediation, same);
  return hadIt && !roles.includes("owner") ? ["owner", ...roles] : roles;
}

/** What each table says of the command: a state of the deviation and, where it concerns the remediation, of that. */
function lead(
  { deviation, remediation, order }: Given,
  roles: readonly Role[],
):
  | {
      readonly deviation: DeviationRecord["status"];
      readonly remediation: RemediationRecord["status"] | null;
    }
  | string {
  const { command } = order;
  if (command === "type" || command === "severity" || command === "not-an-exception") {
    const { to, refused } = ofDeviation(deviation, command, roles);
    return refused ?? { deviation: to, remediation: null };
  }
  // After it is done, what shows it and where else it applies may still be added without a step back.
  const isLater = deviation.status === "done" || deviation.status === "effective";
  const plain = !["done", "effective", "not-effective", "reopen"].includes(command);
  const isUnderWay = deviation.status === "in-remediation" && command === "review";
  const outer =
    isUnderWay || (plain && isLater)
      ? { to: deviation.status, refused: null }
      : ofDeviation(deviation, plain ? "remediate" : (command as DeviationCommand), roles);
  if (outer.refused !== null) return outer.refused;
  if (command === "reopen" && remediation === null) return { deviation: outer.to, remediation: null };
  const inner = step(
    REMEDIATION_TRANSITIONS,
    remediation?.status ?? "planned",
    command as RemediationCommand,
    roles,
    "the remediation",
  );
  return inner.refused ?? { deviation: outer.to, remediation: inner.to };
}

function ofDeviation(deviation: DeviationRecord, command: DeviationCommand, roles: readonly Role[]) {
  return step(DEVIATION_TRANSITIONS, deviation.status, command, roles, "the deviation");
}

interface Done {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  readonly says: string;
}

/** What the command itself changes, its step being allowed; a sentence where its matter is not. */
function apply(given: Given, moved: Moved): Done | string {
  const { deviation, remediation, order } = given;
  switch (order.command) {
    case "type":
      return {
        deviation: { ...deviation, type: order.type, typeReason: order.text, typedBy: given.by },
        remediation,
        says: `It is typed ${order.type} now.`,
      };
    case "severity":
      return {
        deviation: { ...deviation, severity: order.severity },
        remediation,
        says: `Its severity is ${order.severity} now.`,
      };
    case "not-an-exception":
      return {
        deviation: { ...deviation, exposure: { ...deviation.exposure, to: deviation.exposure.from } },
        remediation,
        says: "It is recorded that this is no exception, with the reason.",
      };
    case "reopen":
      return {
        deviation: { ...deviation, exposure: { ...deviation.exposure, to: null } },
        remediation:
          remediation === null ? null : { ...remediation, done: null, effective: null, startedAt: null },
        says: "The deviation is open again.",
      };
    default:
      return remediation === null
        ? "There is no remediation yet."
        : applyToRemediation({ ...given, order, remediation }, moved);
  }
}

type RemediationOrder = Exclude<
  Order,
  | { readonly command: "type" }
  | { readonly command: "severity" }
  | { readonly text: string; readonly command: "not-an-exception" | "reopen" }
>;

function applyToRemediation(
  given: Omit<Given, "remediation" | "order"> & {
    readonly remediation: RemediationRecord;
    readonly order: RemediationOrder;
  },
  moved: Moved,
): Done | string {
  const { deviation, remediation, order, by, at } = given;
  const said = { text: moved.text, by, at };
  const changed = (change: Partial<RemediationRecord>, says: string): Done => ({
    deviation,
    remediation: { ...remediation, ...change },
    says,
  });
  switch (order.command) {
    case "cause": {
      const suggested = remediation.measure === null || remediation.measure.suggested;
      const measure = suggested
        ? { text: ROOT_CAUSES[order.category].measure, suggested: true }
        : remediation.measure;
      return changed(
        { rootCause: { category: order.category, text: order.text }, measure },
        `The root cause is recorded as ${order.category}.${suggested ? ` What usually prevents it: ${measure?.text ?? ""} (say it in your words with \`measure <text>\`).` : ""}`,
      );
    }
    case "why": {
      const whys = [...remediation.whys, said];
      const asked = whysAsked(deviation.severity);
      return changed(
        { whys },
        `That is answer ${whys.length}${asked > 0 ? ` of the ${asked} a ${deviation.severity} severity asks for` : ""}.`,
      );
    }
    case "owner": {
      const owner = given.named.get(order.to.toLowerCase()) ?? null;
      if (owner === null)
        return `GitHub knows no account “${order.to}” that can own this; name somebody else.`;
      const owners = remediation.owners.some((each) => isSameAccount(each, owner))
        ? remediation.owners
        : [...remediation.owners, owner];
      return changed({ owner, owners }, `${owner.login} owns the remediation.`);
    }
    case "due": {
      const targets = [...remediation.targets, { due: order.date, by, at }];
      const before = remediation.due;
      if (before === order.date) return `The target date is ${order.date} already.`;
      return changed(
        { due: order.date, targets },
        before === null
          ? `It is due ${order.date}.`
          : `The target date was ${before} and is ${order.date} now; both stay on record.`,
      );
    }
    case "action":
      return changed({ action: order.text }, "The action is recorded.");
    case "measure":
      return changed(
        { measure: { text: order.text, suggested: false } },
        "The preventive measure is recorded.",
      );
    case "method":
      return changed({ method: order.text }, "How it will be verified is recorded.");
    case "evidence":
      return changed({ evidence: [...remediation.evidence, said] }, "The evidence is recorded.");
    case "elsewhere":
      return changed({ elsewhere: said }, "Where else it was looked for is recorded.");
    case "customers":
      return changed({ customers: said }, "Which customers are concerned is recorded.");
    case "expectation":
      return changed(
        { expectations: [...remediation.expectations, said] },
        "What the auditor expects is recorded.",
      );
    case "priority": {
      const { impact, effort, risk } = order;
      return changed({ priority: { impact, effort, risk } }, "The priority is recorded.");
    }
    case "raci": {
      const people = order.logins.map((login) => given.named.get(login.toLowerCase()) ?? null);
      const unknown = order.logins.filter((_, index) => people[index] === null);
      if (unknown.length > 0)
        return `GitHub knows no account ${listed(
          unknown.map((each) => `“${each}”`),
          "or",
        )}.`;
      const known = people.filter((each) => each !== null);
      return changed(
        { raci: { ...remediation.raci, [order.part]: known } },
        `${capital(order.part)}: ${listed(known.map(({ login }) => login))}.`,
      );
    }
    case "blocked":
      return changed(
        { blockers: [...remediation.blockers, { ...said, until: null }] },
        "It is blocked; say `unblocked` when it goes on.",
      );
    case "unblocked":
      return changed(
        { blockers: unblocked(remediation, at), startedAt: remediation.startedAt ?? at },
        "It goes on.",
      );
    case "review": {
      const cadence = given.cadence ?? cadenceOf([deviation.severity]);
      const due = nextReview(remediation, cadence) ?? dayOf(at);
      const review = { due, cadence, at, by, note: order.text };
      const reviews = [...remediation.reviews, review];
      const next = nextReview({ ...remediation, reviews }, cadence);
      return changed(
        { reviews },
        `The review is recorded.${next === null || remediation.status === "done" ? "" : ` The next one is due by ${next}.`}`,
      );
    }
    case "done": {
      const lacking = lackingToBeDone(remediation, deviation);
      if (lacking.length > 0) return `It cannot be called done: it still needs ${listed(lacking)}.`;
      const to = deviation.exposure.to ?? at;
      return {
        deviation: { ...deviation, exposure: { ...deviation.exposure, to } },
        remediation: { ...remediation, done: said, blockers: unblocked(remediation, at) },
        says: "The remediation is recorded as done.",
      };
    }
    case "effective":
      return beEffective({ ...given, remediation }, said);
    case "not-effective":
      return {
        deviation: { ...deviation, exposure: { ...deviation.exposure, to: null } },
        remediation: { ...remediation, done: null, effective: null, startedAt: at },
        says: "It is recorded that the remediation is not effective; it is in remediation again.",
      };
  }
}

/** An operating failure counts as effective only after its months. */
function beEffective(
  {
    deviation,
    remediation,
    months,
  }: Pick<Given, "deviation" | "months"> & { readonly remediation: RemediationRecord },
  said: Said,
): Done | string {
  if (deviation.type === "operating") {
    const clean = cleanMonthsSince(months, deviation.controls, remediation.done?.at ?? said.at);
    if (clean < MONTHS_OF_OPERATION)
      return `An operating failure counts as effective only after ${MONTHS_OF_OPERATION} months in a row with a clean monthly review of ${listed(deviation.controls)}; so far there ${clean === 1 ? "is 1" : `are ${clean}`}.`;
  }
  return {
    deviation,
    remediation: { ...remediation, effective: said },
    says: "The remediation is recorded as effective.",
  };
}

/** What follows by itself: a planned remediation that lacks nothing starts; an effective one with its whole checklist closes. */
function follow({ at, months, via }: Given, { deviation, remediation, says }: Done): Obeyed {
  const deviations = [deviation];
  const remediations = remediation === null ? [] : [remediation];
  const own = (command: string, text: string): Moved => ({
    command,
    by: null,
    role: "app",
    via: "app",
    at,
    text,
  });
  let last = remediation;
  let told = says;
  if (
    last?.status === "planned" &&
    deviation.status === "in-remediation" &&
    lackingToStart(last).length === 0
  ) {
    last = {
      ...last,
      status: "active",
      startedAt: at,
      moved: own("start", "owner, action and target date are known"),
    };
    remediations.push(last);
    told += " With owner, action and target date it is under way.";
  }
  let state = deviation;
  if (state.status === "effective" && last !== null && openBoxes(state, last, months).length === 0) {
    state = {
      ...state,
      status: "closed",
      moved: own("close", "effective, and the closing checklist is complete"),
    };
    deviations.push(state);
    told += " The closing checklist is complete, so the deviation is closed.";
  }
  const next = nextStep(state, last, months);
  const whole = next === "" ? told : `${told} ${next}`;
  return { deviations, remediations, says: via === "comment" ? asComment(whole) : whole, refused: null };
}

function openBoxes(
  deviation: DeviationRecord,
  remediation: RemediationRecord,
  months: readonly ReviewedMonth[],
): readonly string[] {
  const clean =
    remediation.done === null ? 0 : cleanMonthsSince(months, deviation.controls, remediation.done.at);
  return closingChecklist(remediation, deviation, clean)
    .filter(({ ticked }) => !ticked)
    .map(({ missing }) => missing);
}

function unblocked({ blockers }: RemediationRecord, at: Instant): RemediationRecord["blockers"] {
  return blockers.map((each) => (each.until === null ? { ...each, until: at } : each));
}

/** The words of an order as the record keeps them. */
function wordsOf(order: Order): string {
  switch (order.command) {
    case "cause":
      return `${order.category}: ${order.text}`;
    case "owner":
      return order.to;
    case "due":
      return order.date;
    case "type":
      return `${order.type}: ${order.text}`;
    case "severity":
      return `${order.severity}: ${order.text}`;
    case "priority":
      return `impact=${order.impact} effort=${order.effort} risk=${order.risk}`;
    case "raci":
      return `${order.part} ${order.logins.join(" ")}`;
    default:
      return order.text;
  }
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

/** How every command is written, for help. */
export function orderHelp(): readonly string[] {
  return Object.values(ORDERS).map((written) => `/countersign ${written}`);
}
