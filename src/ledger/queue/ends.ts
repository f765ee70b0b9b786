/** How the work of a lane ends: done, to be tried again, or dead; written in one transaction under the lane's lease. */

import { sql } from "kysely";
import type { Transaction } from "kysely";

import type { Instant } from "../../domain/time/instant.ts";
import type { StoredAction } from "./actions.ts";
import type { Delivery } from "./deliveries.ts";
import { holdLane, type Lease } from "./lanes.ts";
import { prepared } from "../database/prepared-statements.ts";
import type { Tables } from "../database/schema.ts";

/** Describes a failed attempt, which is counted. What is not tried again stays listed, and a delivery can be replayed. */
export type Failure =
  | { readonly as: "later"; readonly dueAt: Instant; readonly error: string }
  | { readonly as: "never"; readonly error: string };

/**
 * Describes how one delivery or action ended; a delivery stored again meanwhile is another one. `note`: what a delivery was
 * handled as, or why it was ignored; `outcome`: JSON, given to the next action of the key as `previous`.
 */
export type End =
  | (OfDelivery & (Failure | { readonly as: "done"; readonly note: string }))
  | (OfAction & (Failure | { readonly as: "done"; readonly outcome: unknown }));

interface OfDelivery extends Pick<Delivery, "arrival"> {
  readonly of: "delivery";
}

interface OfAction extends Pick<StoredAction, "id"> {
  readonly of: "action";
}

/** Writes down how things of a lane ended at `now`. Throws LeaseLost where the lane is not held then. */
export async function writeEnds(
  tx: Transaction<Tables>,
  lease: Lease,
  ends: readonly End[],
  now: Instant,
): Promise<void> {
  await holdLane(tx, lease, now);
  const done = new Map<string, number[]>();
  for (const end of ends) {
    if (end.of === "action") await endAction(tx, lease.lane, end, now);
    else if (end.as !== "done") await failDelivery(tx, lease.lane, end, now);
    else done.set(end.note, [...(done.get(end.note) ?? []), end.arrival]);
  }
  for (const [note, arrivals] of done) await endDeliveries(tx, { lane: lease.lane, note, arrivals, now });
}

interface Done {
  readonly lane: string;
  readonly note: string;
  readonly arrivals: readonly number[];
  readonly now: Instant;
}

const endDeliveries = prepared((db, { lane, note, arrivals, now }: Done) =>
  db
    .updateTable("delivery")
    .set({ status: "done", note, error: null, done_at: now })
    .where("arrival", "in", arrivals)
    .where("lane", "=", lane)
    .where("status", "=", sql.lit("waiting")),
);

async function failDelivery(
  tx: Transaction<Tables>,
  lane: string,
  failed: OfDelivery & Failure,
  now: Instant,
): Promise<void> {
  await tx
    .updateTable("delivery")
    .set((eb) => ({ ...failure(failed, now), attempts: eb("attempts", "+", 1) }))
    .where("arrival", "=", failed.arrival)
    .where("lane", "=", lane)
    .where("status", "=", sql.lit("waiting"))
    .execute();
}

/** A superseded action can be done too: it was on its way when the newer came. */
async function endAction(
  tx: Transaction<Tables>,
  lane: string,
  end: Extract<End, OfAction>,
  now: Instant,
): Promise<void> {
  const action = tx.updateTable("action").where("id", "=", end.id).where("lane", "=", lane);
  if (end.as === "done")
    await action
      .set({ status: "done", outcome: JSON.stringify(end.outcome ?? null), error: null, done_at: now })
      .where("status", "in", [sql.lit("waiting"), sql.lit("superseded")])
      .execute();
  else
    await action
      .set((eb) => ({ ...failure(end, now), attempts: eb("attempts", "+", 1) }))
      .where("status", "=", sql.lit("waiting"))
      .execute();
}

function failure(failed: Failure, now: Instant) {
  const { error } = failed;
  return failed.as === "later" ? { error, due_at: failed.dueAt } : { error, status: "dead", done_at: now };
}
