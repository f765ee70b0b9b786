/** The engine of transitions: a table of rows for everything that has states, and the result of one event in one state. */

/** Describes one row of a table. It names in which states an event may happen, to whom it is open, and where it leads. */
export interface TransitionRow<State extends string, Role extends string> {
  /** Null: nothing exists yet. */
  readonly from: readonly (State | null)[];
  /** `same`: the state stays. */
  readonly to: State | "same";
  /** One of these roles is needed. */
  readonly needs: readonly Role[];
  /** None of these is allowed, whatever other role the same person has. */
  readonly bars?: readonly Role[];
}

/** Describes the rows of each event. INVARIANT: at most one row of an event holds a state, and a row from null names its state. */
export type TransitionTable<
  State extends string,
  Event extends string,
  Role extends string,
  Row extends TransitionRow<State, Role> = TransitionRow<State, Role>,
> = Readonly<Record<Event, readonly Row[]>>;

/** Names why an event does not happen, as a value that the caller words. */
export type TransitionRefusal<State extends string, Row> =
  /** Not in this state; `allowed`: the states in which it can happen. */
  | { readonly because: "state"; readonly allowed: readonly (State | null)[] }
  /** In this state, but not to someone with these roles; `row`: the one that requires others. */
  | { readonly because: "role"; readonly row: Row };

/** Describes where an event leads, or why it does not happen. */
export type TransitionResult<State extends string, Row> =
  | { readonly to: State; readonly refused: null }
  | { readonly to: null; readonly refused: TransitionRefusal<State, Row> };

/** Returns where an event leads from a state, for someone who has these roles. `state` null: nothing exists yet. */
export function transition<
  State extends string,
  Event extends string,
  Role extends string,
  Row extends TransitionRow<State, Role>,
>(
  table: Readonly<Record<Event, readonly (Row & TransitionRow<State, Role>)[]>>,
  state: NoInfer<State> | null,
  event: NoInfer<Event>,
  roles: readonly NoInfer<Role>[],
): TransitionResult<State, Row> {
  const row = rowFor(table, state, event);
  const to = destination(table, state, event);
  if (row === null || to === null) {
    const allowed = [...new Set(table[event].flatMap(({ from }) => from))];
    return { to: null, refused: { because: "state", allowed } };
  }
  const isBarred = row.bars?.some((role) => roles.includes(role)) === true;
  const isEntitled = row.needs.some((role) => roles.includes(role));
  return isBarred || !isEntitled ? { to: null, refused: { because: "role", row } } : { to, refused: null };
}

/** Returns where an event leads from a state, whoever causes it; null where it cannot happen. */
export function destination<State extends string, Event extends string, Role extends string>(
  table: TransitionTable<State, Event, Role>,
  state: NoInfer<State> | null,
  event: NoInfer<Event>,
): State | null {
  const row = rowFor(table, state, event);
  if (row === null) return null;
  return row.to === "same" ? state : row.to;
}

function rowFor<State extends string, Event extends string, Row extends TransitionRow<State, string>>(
  table: Readonly<Record<Event, readonly Row[]>>,
  state: State | null,
  event: Event,
): Row | null {
  return table[event].find(({ from }) => from.includes(state)) ?? null;
}
