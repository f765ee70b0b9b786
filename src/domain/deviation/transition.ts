/** A table of transitions as data, and what it says of one step: where it leads, or why it is not taken. */

import type { Moved } from "../record.ts";

/** The part somebody has in a deviation. One person may be owner and causer at once. */
export type Role = Moved["role"];

/** Every role. */
export const ROLES: readonly Role[] = ["owner", "other", "causer", "auditor", "app"];

/** One row: who may give a command in which states, and where it leads. */
export interface Transition<State extends string, Command extends string> {
  readonly command: Command;
  readonly from: readonly State[];
  /** `same`: the state stays. */
  readonly to: State | "same";
  /** One of these roles is needed. */
  readonly needs: readonly Role[];
  /** None of these is allowed, whatever other role the same person has. */
  readonly bars: readonly Role[];
  /** Said to someone of a barred or missing role. */
  readonly refusal: string;
}

/** Where a step leads, or a sentence saying why it is not taken. */
export type Step<State extends string> =
  | { readonly to: State; readonly refused: null }
  | { readonly to: null; readonly refused: string };

/** What the table says of a command given in a state by someone who has these roles. Exactly one row may hold a command and state. */
export function step<State extends string, Command extends string>(
  table: readonly Transition<State, Command>[],
  state: State,
  command: Command,
  roles: readonly Role[],
  /** What is in that state, as it is called in sentences: `the deviation`. */
  what: string,
): Step<State> {
  const rows = table.filter((row) => row.command === command);
  const row = rows.find(({ from }) => from.includes(state));
  if (row === undefined) {
    const states = [...new Set(rows.flatMap(({ from }) => from))];
    const when =
      states.length === 0
        ? "it knows no such step"
        : `\`${command}\` can be said only of one that is ${wording(states)}`;
    return { to: null, refused: `${capital(what)} is ${worded(state)}; ${when}.` };
  }
  const isBarred = row.bars.some((role) => roles.includes(role));
  const isEntitled = row.needs.some((role) => roles.includes(role));
  if (isBarred || !isEntitled) return { to: null, refused: row.refusal };
  return { to: row.to === "same" ? state : row.to, refused: null };
}

/** A state as people say it. */
export function worded(state: string): string {
  return state === "not-an-exception" ? "not an exception" : state.replaceAll("-", " ");
}

function wording(states: readonly string[]): string {
  const words = states.map(worded);
  return words.length <= 1 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1) ?? ""}`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
