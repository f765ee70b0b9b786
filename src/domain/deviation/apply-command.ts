/** Applies one command to a deviation: computes its new states and the reply. Nothing is recorded here. */

import type { Instant } from "../time/instant.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import { destination, transition, type TransitionRefusal } from "../values/transitions.ts";
import { listed } from "../texts/wording.ts";
import {
  COMMAND_NAMES,
  DEVIATION_COMMAND_TABLE,
  written,
  type CommandCircumstances,
  type CommandName,
  type CommandStep,
  type DeviationCommand,
} from "./commands.ts";
import { DEVIATION_EVENTS, worded, type DeviationRole } from "./deviation.ts";
import { missingUntilClosed, nextStep } from "./next-step.ts";
import { cadenceOf, type Cadence, type ReviewedMonth } from "./operating.ts";
import {
  hadItInHand,
  isSameAccount,
  lackingToStart,
  plannedRemediation,
  REMEDIATION_EVENTS,
  remediationRolesOf,
} from "./remediation.ts";
import { withoutStaleApproval } from "./response.ts";
import type { DeviationRecord, DeviationTransition, Person } from "../records/deviation.ts";

/** Describes a command with everything it is judged by. */
export interface Given {
  readonly deviation: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  readonly command: DeviationCommand;
  readonly by: Person;
  /** Acts as an auditor: only the terminal can. */
  readonly asAuditor: boolean;
  /** Whether it is not known which GitHub account is theirs: they may have caused or owned it. */
  readonly isWithoutAccount?: boolean;
  readonly via: "comment" | "terminal" | "page";
  readonly at: Instant;
  /** People a command names, with their ids where GitHub shows them; null: GitHub has no such account. */
  readonly named: ReadonlyMap<string, Person | null>;
  /** The monthly reviews on record, of any control. */
  readonly months: readonly ReviewedMonth[];
  /** How often remediations of this repository are reviewed now. */
  readonly cadence?: Cadence;
  /** Who wrote the response so far. */
  readonly writers: readonly Person[];
  readonly same?: (a: Person, b: Person) => boolean;
}

/** Describes the result of a command. It is the states one after the other, newest last, and the reply; or a refusal and no change. */
export type CommandResult =
  | {
      readonly deviations: readonly DeviationRecord[];
      readonly remediations: readonly RemediationRecord[];
      /** What was done, and in `next` what is to be done now; empty: nothing. */
      readonly done: string;
      readonly next: string;
      readonly refused: null;
    }
  | { readonly refused: string };

/** Returns the reply to a command: what was done, and what is to be done now. */
export function replyOf({ done, next }: { readonly done: string; readonly next: string }): string {
  return next === "" ? done : `${done} ${next}`;
}

/** Returns the commands that someone may give now, as far as states and roles go. */
export function possibleCommands(
  given: Pick<Given, "deviation" | "remediation" | "by" | "asAuditor" | "isWithoutAccount" | "same">,
): readonly CommandName[] {
  const { deviation, remediation } = given;
  return COMMAND_NAMES.filter((name) => {
    const { deviation: outer, remediation: inner } = DEVIATION_COMMAND_TABLE[name];
    const roles = rolesIn({ ...given, command: { name } });
    const allows = <State extends string>(steps: readonly CommandStep<State>[], state: State): boolean =>
      transition({ command: steps }, state, "command", roles).refused === null;
    return (
      allows(outer, deviation.status) &&
      (inner.length === 0 || allows(inner, remediation?.status ?? "planned"))
    );
  });
}

/** Applies a command, or answers why not. A refused command changes nothing. */
export function applyCommand(given: Given): CommandResult {
  const { deviation, command, by, at, via } = given;
  const roles = rolesIn(given);
  const { deviation: steps, remediation: innerSteps } = DEVIATION_COMMAND_TABLE[command.name];
  const isAbout = innerSteps.length > 0;
  const outer = transition({ command: steps }, deviation.status, "command", roles);
  if (outer.refused !== null)
    return { refused: refusalOf(given, outer.refused, "deviation", deviation.status) };
  const state = given.remediation?.status ?? "planned";
  const inner = isAbout ? transition({ command: innerSteps }, state, "command", roles) : null;
  if (inner !== null && inner.refused !== null)
    return { refused: refusalOf(given, inner.refused, "remediation", state) };
  const moved: DeviationTransition = {
    command: command.name,
    by,
    role: roles[0] ?? "other",
    via,
    at,
    text: command.words,
  };
  const remediation = given.remediation ?? plannedRemediation(deviation, moved);
  const cadence = given.cadence ?? cadenceOf([deviation.severity]);
  const { same = isSameAccount } = given;
  const now: CommandCircumstances = { ...given, remediation, cadence, same };
  const refused = command.refuse(now);
  if (refused !== null) return { refused };
  const change = command.apply(now);
  // A command to the remediation alone is no step of the deviation.
  const isOwn = !isAbout || outer.to !== deviation.status;
  const after =
    inner === null
      ? remediation
      : withoutStaleApproval(
          { ...remediation, ...change.remediation, status: inner.to, moved },
          command.name,
        );
  // A remediation begins with the first command to it, not where its deviation is opened again.
  const hasOne = given.remediation !== null || outer.to === "in-remediation";
  return autoAdvance(given, {
    deviation: isOwn ? { ...deviation, ...change.deviation, status: outer.to, moved } : deviation,
    remediation: hasOne ? after : null,
    done: command.reply(now, after),
  });
}

/** Returns the roles of whoever gives the command. Where owners are barred, everyone who ever owned the remediation is one. */
function rolesIn(
  given: Pick<Given, "by" | "asAuditor" | "isWithoutAccount" | "deviation" | "remediation" | "same"> & {
    readonly command: Pick<DeviationCommand, "name">;
  },
): readonly DeviationRole[] {
  const { by, asAuditor, deviation, remediation, command, same = isSameAccount } = given;
  if (asAuditor) return ["auditor"];
  if (given.isWithoutAccount === true) return ["other", "causer"];
  const roles = remediationRolesOf(by, deviation, remediation, same);
  const step = DEVIATION_COMMAND_TABLE[command.name].deviation.find(({ from }) =>
    from.includes(deviation.status),
  );
  const isBarred = step?.bars?.includes("owner") === true;
  const hadIt = isBarred && remediation !== null && hadItInHand(by, remediation, same);
  return hadIt && !roles.includes("owner") ? ["owner", ...roles] : roles;
}

const WITHOUT_ACCOUNT =
  "Someone who signed in without a GitHub account may have caused the deviation or owned its remediation, so they cannot give this command. Someone with an account can.";

function refusalOf(
  { command: { name }, isWithoutAccount }: Given,
  refused: TransitionRefusal<string, CommandStep<string>>,
  what: "deviation" | "remediation",
  state: string,
): string {
  if (refused.because === "role") return isWithoutAccount === true ? WITHOUT_ACCOUNT : refused.row.refusal;
  const possible = refused.allowed.filter((each) => each !== null).map(worded);
  const isOver = what === "deviation" && refused.allowed.includes("open");
  const reopen = isOver && REOPENABLE.includes(state) ? ` Reopen it first: ${written("reopen")}.` : "";
  return `The ${what} is ${worded(state)}: \`${name}\` is possible only when it is ${listed(possible, "or")}.${reopen}`;
}

const REOPENABLE: readonly (string | null)[] = DEVIATION_COMMAND_TABLE.reopen.deviation.flatMap(
  ({ from }) => from,
);

/** Takes what follows by itself: a planned remediation that lacks nothing starts; an effective one with its whole checklist closes. */
function autoAdvance(
  given: Given,
  now: {
    readonly deviation: DeviationRecord;
    readonly remediation: RemediationRecord | null;
    readonly done: string;
  },
): CommandResult {
  const { at, months } = given;
  const deviations = [now.deviation];
  const remediations = now.remediation === null ? [] : [now.remediation];
  const replies = [now.done];
  let { deviation, remediation } = now;
  const byApp = (command: string, text: string): DeviationTransition => ({
    command,
    by: null,
    role: "app",
    via: "app",
    at,
    text,
  });
  if (
    deviation.status === "in-remediation" &&
    remediation !== null &&
    lackingToStart(remediation).length === 0
  ) {
    const status = destination(REMEDIATION_EVENTS, remediation.status, "start");
    if (status !== null) {
      const moved = byApp("start", "owner, action and target date are known");
      remediation = { ...remediation, status, startedAt: at, moved };
      remediations.push(remediation);
      replies.push("The remediation is active: it has an owner, an action and a target date.");
    }
  }
  if (remediation !== null && missingUntilClosed(deviation, remediation, months).length === 0) {
    const status = destination(DEVIATION_EVENTS, deviation.status, "close");
    if (status !== null) {
      deviation = {
        ...deviation,
        status,
        moved: byApp("close", "effective, and the closing checklist is complete"),
      };
      deviations.push(deviation);
      replies.push("The closing checklist is complete, so the deviation is closed.");
    }
  }
  const next = nextStep(deviation, remediation, months);
  return { deviations, remediations, done: replies.join(" "), next, refused: null };
}
