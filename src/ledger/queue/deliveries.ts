/** Deliveries: webhooks and our timetable's tasks, stored once by id, kept whatever becomes of them. */

import { promisify } from "node:util";
import { gunzipSync, gzip, gzipSync } from "node:zlib";

import { sql } from "kysely";
import type { Insertable, Kysely, Transaction } from "kysely";

import type { Instant } from "../../domain/time/instant.ts";
import { isOnce, taskEvent, taskFields, taskId, taskLane, type Task } from "../../domain/records/task.ts";
import { wakeLanes } from "./lanes.ts";
import { prepared } from "../database/prepared-statements.ts";
import type { DeliveryTable, Tables } from "../database/schema.ts";

const compressElsewhere = promisify(gzip);

/** Bodies up to this many bytes are compressed at once: handing them to another thread costs three times the work itself. */
const SMALL_BODY = 256 * 1024;

/** Names the state of a delivery: `dead` when no more attempts are made; it stays listed and can be replayed. */
export type DeliveryStatus = "waiting" | "done" | "dead";

/** Describes a webhook as the receiver stores it. */
export interface NewDelivery {
  /** GitHub's delivery id: the same delivery twice is one delivery. */
  readonly id: string;
  readonly event: string;
  readonly action: string | null;
  readonly lane: string;
  readonly receivedAt: Instant;
  /** The bytes as they came. */
  readonly body: Uint8Array;
}

/** Describes a delivery to work on. For a task, `body` is its fields, as JSON, and `receivedAt` when it was due first. */
export interface Delivery extends NewDelivery {
  /** Numbers the storing: a task that is required again while it is worked on arrives anew. */
  readonly arrival: number;
  /** How often it was tried and failed. */
  readonly attempts: number;
}

/** Describes one line of a listing of deliveries. */
export interface ListedDelivery extends Omit<Delivery, "body" | "arrival"> {
  readonly status: DeliveryStatus;
  readonly dueAt: Instant;
  readonly doneAt: Instant | null;
  /** What it was handled as, or why it was ignored. */
  readonly note: string | null;
  readonly error: string | null;
}

/** Describes a row to store. */
export type DeliveryRow = Insertable<DeliveryTable>;

/** Returns the row of a webhook, due at once; with `ignored`, done as it is stored. */
export async function deliveryRow(delivery: NewDelivery, ignored: string | null): Promise<DeliveryRow> {
  const { receivedAt } = delivery;
  const waiting = row(delivery, receivedAt, await compress(delivery.body));
  return ignored === null ? waiting : { ...waiting, status: "done", note: ignored, done_at: receivedAt };
}

/**
 * Stores tasks, each once by its identity. INVARIANT: one that is required again at `at`, and may have been begun by then,
 * arrives anew, so that it is run once more after all that is stored with it.
 */
export async function storeTasks(
  tx: Transaction<Tables>,
  tasks: readonly Task[],
  at: Instant,
): Promise<void> {
  if (tasks.length === 0) return;
  const again = tasks.filter((task) => !isOnce(task)).map(taskId);
  if (again.length > 0)
    await tx.deleteFrom("delivery").where("id", "in", again).where("received_at", "<=", at).execute();
  await storeRows(tx, tasks.map(taskRow));
}

function taskRow(task: Task): DeliveryRow {
  const { kind, dueAt } = task;
  const stored = { id: taskId(task), lane: taskLane(task), event: taskEvent(kind), action: null };
  const body = gzipSync(JSON.stringify(taskFields(task)), { level: 1, chunkSize: 4_096 });
  return row({ ...stored, receivedAt: dueAt }, dueAt, body);
}

/** Stores rows whose id is new and wakes the lanes of those that wait; returns the ids that were new. */
export async function storeRows(
  tx: Transaction<Tables>,
  rows: readonly DeliveryRow[],
): Promise<ReadonlySet<string>> {
  const stored = await insertNew(tx, { rows });
  const due = new Map<string, Instant>();
  for (const { lane, due_at, status } of stored)
    if (status === "waiting") due.set(lane, Math.min(due.get(lane) ?? due_at, due_at));
  await wakeLanes(tx, due);
  return new Set(stored.map((row) => row.id));
}

const insertNew = prepared((db, { rows }: { rows: readonly DeliveryRow[] }) =>
  db
    .insertInto("delivery")
    .values(rows)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning(["id", "lane", "due_at", "status"]),
);

/** Returns the lane's due waiting deliveries, in order of arrival. */
export async function dueDeliveries(
  tx: Kysely<Tables>,
  lane: string,
  now: Instant,
  limit: number,
): Promise<readonly Delivery[]> {
  const rows = await dueIn(tx, { lane, now }, limit);
  return rows.map(({ arrival, id, event, action, received_at, attempts, body }) => ({
    arrival,
    id,
    event,
    action,
    lane,
    receivedAt: received_at,
    attempts,
    // Unpacked when it is read: most are, as they arrived.
    get body() {
      return gunzipSync(body);
    },
  }));
}

const dueIn = prepared((db, { lane, now }: { lane: string; now: Instant }, limit: number) =>
  db
    .selectFrom("delivery")
    .select(["arrival", "id", "event", "action", "received_at", "attempts", "body"])
    .where("lane", "=", lane)
    .where("status", "=", sql.lit("waiting"))
    .where("due_at", "<=", now)
    .orderBy("arrival")
    .limit(sql.lit(limit)),
);

/** Lists the newest deliveries first, without their bodies. */
export async function listDeliveries(
  tx: Kysely<Tables>,
  status: DeliveryStatus | undefined,
  limit: number,
): Promise<readonly ListedDelivery[]> {
  const query = tx
    .selectFrom("delivery")
    .select(["id", "event", "action", "lane", "received_at", "due_at", "status", "attempts", "note", "error"])
    .select("done_at")
    .orderBy("arrival", "desc")
    .limit(sql.lit(limit));
  const rows = await (status === undefined ? query : query.where("status", "=", sql.lit(status))).execute();
  return rows.map((row) => ({
    id: row.id,
    event: row.event,
    action: row.action,
    lane: row.lane,
    receivedAt: row.received_at,
    attempts: row.attempts,
    status: row.status as DeliveryStatus,
    dueAt: row.due_at,
    doneAt: row.done_at,
    note: row.note,
    error: row.error,
  }));
}

async function compress(body: Uint8Array): Promise<Uint8Array> {
  // The buffer the result grows in is by default larger than most results, and has to be made anew each time.
  if (body.byteLength <= SMALL_BODY) return gzipSync(body, { level: 1, chunkSize: 4_096 });
  return compressElsewhere(body, { level: 1 });
}

function row(delivery: Omit<NewDelivery, "body">, dueAt: Instant, body: Uint8Array): DeliveryRow {
  return {
    id: delivery.id,
    lane: delivery.lane,
    event: delivery.event,
    action: delivery.action,
    received_at: delivery.receivedAt,
    due_at: dueAt,
    status: "waiting",
    attempts: 0,
    note: null,
    done_at: null,
    body,
  };
}
