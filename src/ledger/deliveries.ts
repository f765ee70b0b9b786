/** Deliveries: webhooks and our timetable's tasks, stored once by id, kept whatever becomes of them. */

import { promisify } from "node:util";
import { gunzipSync, gzip, gzipSync } from "node:zlib";

import { sql } from "kysely";
import type { Insertable, Kysely, Transaction } from "kysely";

import type { Instant } from "../domain/change.ts";
import { wakeLanes } from "./lanes.ts";
import type { DeliveryTable, Tables } from "./schema.ts";

const compressElsewhere = promisify(gzip);

/** Bodies up to this many bytes are compressed at once: handing them to another thread costs three times the work itself. */
const SMALL_BODY = 256 * 1024;

/** What became of a delivery: `dead` when we gave up; it stays listed and can be replayed. */
export type DeliveryStatus = "waiting" | "done" | "dead";

/** A webhook as the receiver hands it in. */
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

/** A task of our own timetable, e.g. one sweep; stored once by id. */
export interface NewTask {
  readonly id: string;
  readonly lane: string;
  readonly event: string;
  readonly dueAt: Instant;
  /** JSON. */
  readonly payload: unknown;
}

/** A delivery to work on. For a task, `body` is its payload as JSON. */
export interface Delivery extends NewDelivery {
  /** How often it was tried and failed. */
  readonly attempts: number;
}

/** One line of a listing of deliveries. */
export interface ListedDelivery extends Omit<Delivery, "body"> {
  readonly status: DeliveryStatus;
  readonly dueAt: Instant;
  readonly doneAt: Instant | null;
  /** What it was handled as, or why it was ignored. */
  readonly note: string | null;
  readonly error: string | null;
}

/** A row to store. */
export type DeliveryRow = Insertable<DeliveryTable>;

/** The row of a webhook; due at once. */
export async function deliveryRow(delivery: NewDelivery): Promise<DeliveryRow> {
  return row(delivery, delivery.receivedAt, await compress(delivery.body));
}

/** The row of a task. */
export async function taskRow(task: NewTask): Promise<DeliveryRow> {
  const body = await compress(Buffer.from(JSON.stringify(task.payload)));
  return row({ ...task, action: null, receivedAt: task.dueAt }, task.dueAt, body);
}

/** Stores rows whose id is new and wakes their lanes; answers the ids that were new. */
export async function storeRows(
  tx: Transaction<Tables>,
  rows: readonly DeliveryRow[],
): Promise<ReadonlySet<string>> {
  const stored = await tx
    .insertInto("delivery")
    .values(rows)
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning(["id", "lane", "due_at"])
    .execute();
  const due = new Map<string, Instant>();
  for (const { lane, due_at } of stored) due.set(lane, Math.min(due.get(lane) ?? due_at, due_at));
  await wakeLanes(tx, due);
  return new Set(stored.map((row) => row.id));
}

/** The lane's due waiting deliveries, in order of arrival. */
export async function dueDeliveries(
  tx: Kysely<Tables>,
  lane: string,
  now: Instant,
  limit: number,
): Promise<readonly Delivery[]> {
  const rows = await tx
    .selectFrom("delivery")
    .select(["id", "event", "action", "lane", "received_at", "attempts", "body"])
    .where("lane", "=", lane)
    .where("status", "=", sql.lit("waiting"))
    .where("due_at", "<=", now)
    .orderBy("arrival")
    .limit(limit)
    .execute();
  return rows.map(({ id, event, action, received_at, attempts, body }) => ({
    id,
    event,
    action,
    lane,
    receivedAt: received_at,
    attempts,
    body: gunzipSync(body),
  }));
}

/** The newest deliveries first, without their bodies. */
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
    .limit(limit);
  const rows = await (status === undefined ? query : query.where("status", "=", status)).execute();
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
    body,
  };
}
