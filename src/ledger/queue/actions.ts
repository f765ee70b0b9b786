/** Actions: stored with the decision that requires them, executed later, kept for good. */

import { sql } from "kysely";
import type { Insertable, Kysely, Transaction } from "kysely";

import type { Instant } from "../../domain/time/instant.ts";
import { canonical } from "../../domain/values/digest.ts";
import type { Action, ActionKind } from "../../domain/records/entry.ts";
import { laneOfAction, wakeLanes } from "./lanes.ts";
import { prepared } from "../database/prepared-statements.ts";
import type { ActionTable, Tables } from "../database/schema.ts";

/** Names the state of an action. `superseded`: a newer one of its key came before it was sent. `dead`: no more attempts are made. */
export type ActionStatus = "waiting" | "done" | "superseded" | "dead";

/** Describes an action as stored. */
export interface StoredAction extends Action {
  readonly id: number;
  readonly lane: string;
  /** How often it was tried and failed. */
  readonly attempts: number;
  readonly storedAt: Instant;
  readonly dueAt: Instant;
  /** The outcome of the newest done action of the same key, e.g. the id of the check run to update; undefined if there is none. */
  readonly previous: unknown;
}

/** Describes one line of a listing of actions. */
export interface ListedAction extends Omit<StoredAction, "previous"> {
  readonly status: ActionStatus;
  readonly outcome: unknown;
  readonly error: string | null;
  readonly doneAt: Instant | null;
}

/**
 * Stores actions, each replacing the waiting ones of its key. One equal to the newest waiting or done one of its key is not
 * stored. `untried` is given the keys under which there never was one before.
 */
export async function storeActions(
  tx: Transaction<Tables>,
  actions: readonly Action[],
  at: Instant,
  untried?: Set<string>,
): Promise<void> {
  const due = new Map<string, Instant>();
  for (const action of actions) {
    const lane = laneOfAction(action);
    // Locks the lane's row, so that two decisions of one lane see each other's actions.
    if (!due.has(lane)) await wakeLanes(tx, new Map([[lane, at]]));
    due.set(lane, at);
    const payload = canonical(action.payload);
    const { key } = action;
    const [before] = await newestOf(tx, { key });
    if (before?.kind === action.kind && before.payload === payload) continue;
    if (before === undefined && untried !== undefined) {
      const given = tx.selectFrom("action").select("id").where("key", "=", action.key).limit(sql.lit(1));
      if ((await given.executeTakeFirst()) === undefined) untried.add(action.key);
    }
    await supersede(tx, { key, at });
    await insert(tx, {
      row: {
        key,
        kind: action.kind,
        lane,
        repository_id: action.repositoryId,
        organization_id: action.organizationId,
        installation_id: action.installationId,
        payload,
        stored_at: at,
        due_at: at,
        status: "waiting",
        attempts: 0,
      },
    });
  }
}

const newestOf = prepared((db, { key }: { key: string }, _, kind) => {
  const newest = db
    .selectFrom("action")
    .select(["kind", "payload"])
    .where("key", "=", key)
    .where("status", "in", [sql.lit("waiting"), sql.lit("done")])
    .orderBy("id", "desc")
    .limit(sql.lit(1));
  return kind === "postgres" ? newest.forUpdate() : newest;
});

const supersede = prepared((db, { key, at }: { key: string; at: Instant }) =>
  db
    .updateTable("action")
    .set({ status: "superseded", done_at: at })
    .where("key", "=", key)
    .where("status", "=", sql.lit("waiting")),
);

const insert = prepared((db, { row }: { row: Insertable<ActionTable> }) =>
  db.insertInto("action").values(row),
);

/** Returns the lane's due waiting actions in stored order. Each has the outcome of the newest done one of its key. */
export async function dueActions(
  tx: Kysely<Tables>,
  lane: string,
  now: Instant,
  limit: number,
): Promise<readonly StoredAction[]> {
  const rows = await dueIn(tx, { lane, now }, limit);
  if (rows.length === 0) return [];
  const done = await outcomesOf(tx, { keys: [...new Set(rows.map((row) => row.key))] });
  const outcomes = new Map(done.map((row) => [row.key, parsed(row.outcome)]));
  return rows.map((row) => ({ ...actionOf(row), previous: outcomes.get(row.key) }));
}

/** Selects the outcome of the newest done action of each key. */
const outcomesOf = prepared((db, { keys }: { keys: readonly string[] }) =>
  db
    .selectFrom("action")
    .select(["key", "outcome"])
    .where("id", "in", (eb) =>
      eb
        .selectFrom("action")
        .select((inner) => inner.fn.max("id").as("id"))
        .where("status", "=", sql.lit("done"))
        .where("key", "in", keys)
        .groupBy("key"),
    ),
);

const dueIn = prepared((db, { lane, now }: { lane: string; now: Instant }, limit: number) =>
  db
    .selectFrom("action")
    .selectAll()
    .where("lane", "=", lane)
    .where("status", "=", sql.lit("waiting"))
    .where("due_at", "<=", now)
    .orderBy("id")
    .limit(sql.lit(limit)),
);

/** Returns keys of done actions, at most so many. Each begins with `prefix`, and its outcome (JSON as it was stored) holds `part`. */
export async function doneKeys(
  tx: Kysely<Tables>,
  prefix: string,
  part: string,
  limit: number,
): Promise<readonly string[]> {
  const rows = await tx
    .selectFrom("action")
    .select("key")
    .where("key", ">=", prefix)
    .where("key", "<", `${prefix}\u{10FFFF}`)
    .where("status", "=", sql.lit("done"))
    .where("outcome", "like", `%${part}%`)
    .limit(sql.lit(limit))
    .execute();
  return rows.map((row) => row.key);
}

/** Returns a row as a line of a listing. */
export function listedAction(row: ActionRow): ListedAction {
  return {
    ...actionOf(row),
    status: row.status as ActionStatus,
    outcome: parsed(row.outcome),
    error: row.error,
    doneAt: row.done_at,
  };
}

type ActionRow = Omit<ActionTable, "id"> & { readonly id: number };

function actionOf(row: ActionRow): Omit<StoredAction, "previous"> {
  return {
    id: row.id,
    key: row.key,
    kind: row.kind as ActionKind,
    lane: row.lane,
    repositoryId: row.repository_id,
    organizationId: row.organization_id,
    installationId: row.installation_id,
    payload: JSON.parse(row.payload) as unknown,
    attempts: row.attempts,
    storedAt: row.stored_at,
    dueAt: row.due_at,
  };
}

function parsed(outcome: string | null): unknown {
  return outcome === null ? undefined : (JSON.parse(outcome) as unknown);
}
