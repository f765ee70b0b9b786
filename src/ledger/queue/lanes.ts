/** Lanes: one row for each repository that has work; the holder of its lease alone works on that repository. */

import { sql } from "kysely";
import type { Kysely, SelectQueryBuilder, Transaction } from "kysely";

import type { Instant } from "../../domain/time/instant.ts";
import type { Action } from "../../domain/records/entry.ts";
import { organizationLane } from "../../domain/records/task.ts";
import { LeaseLost } from "../../domain/values/external-error.ts";
import { prepared } from "../database/prepared-statements.ts";
import type { StoreKind, Tables } from "../database/schema.ts";
import { MINUTE } from "../../domain/time/durations.ts";

/** Limits the length of a lease (ms): one that ends later was given before the clock was set back, and delays no work. */
const LONGEST_LEASE = MINUTE;

/** Returns the latest end of a lease that is alive at `now`, for a worker that leases for `leaseMs`. */
function latestLease(now: Instant, leaseMs: number): Instant {
  return now + Math.max(leaseMs, LONGEST_LEASE);
}

/** Holds the right to work on one lane. */
export interface Lease {
  readonly owner: string;
  readonly lane: string;
  /** The clock leases run by, where it is not the clock of what is recorded: a story's time may jump, a lease's must not. */
  readonly now?: () => Instant;
  /** Holds the keys of actions that were first stored under this lease, and never tried by any worker. */
  readonly untried?: Set<string>;
}

/** The lane of a repository, or of an installation where there is no repository, or the App's own. Whatever concerns one repository is in one lane. */
function laneName(repositoryId: number, installationId: number): string {
  if (repositoryId !== 0) return `repository:${repositoryId}`;
  return installationId === 0 ? "app" : `installation:${installationId}`;
}

/**
 * Returns the lane of an action. Notifications have one of their own in each organisation, so that a receiver that hangs
 * delays no work on GitHub.
 */
export function laneOfAction(
  action: Pick<Action, "kind" | "repositoryId" | "installationId" | "organizationId">,
): string {
  if (action.kind === "notification") return notificationLane(action.organizationId);
  // With the task it comes from: what was never tried need not be looked for on GitHub.
  if (action.kind === "post-head") return organizationLane(action.organizationId);
  return laneName(action.repositoryId, action.installationId);
}

/** The lane of an organisation's notifications. */
function notificationLane(organizationId: number): string {
  return `notifications:${organizationId}`;
}

/** Locks these lanes in one order for every caller, so that two transactions never wait for each other's lanes. */
export async function lockLanes(
  tx: Transaction<Tables>,
  kind: StoreKind,
  lanes: readonly string[],
): Promise<void> {
  // The embedded store has one writer at a time.
  if (kind === "sqlite" || lanes.length < 2) return;
  await tx
    .selectFrom("lane")
    .select("lane")
    .where("lane", "in", [...new Set(lanes)])
    .orderBy("lane")
    .forUpdate()
    .execute();
}

/** Locks the lane's row and makes sure that the lease is ours and has not run out at `now`. Throws LeaseLost. */
export async function holdLane(tx: Transaction<Tables>, lease: Lease, now: Instant): Promise<void> {
  const { lane, owner } = lease;
  const [row] = await heldLanes(tx, { lane, owner, now });
  if (row === undefined) throw new LeaseLost(lane, owner);
}

const heldLanes = prepared(
  (db, { lane, owner, now }: { lane: string; owner: string; now: Instant }, _, kind) => {
    const held = ownedBy(db, lane, owner).where("lease_until", ">", now);
    return kind === "postgres" ? held.forUpdate() : held;
  },
);

function ownedBy(db: Kysely<Tables>, lane: string, owner: string) {
  return db.selectFrom("lane").select("lane").where("lane", "=", lane).where("owner", "=", owner);
}

/** Lanes that have more due than tasks with these event names, or nothing more. */
interface WhichLanes {
  readonly have: "more" | "nothing more";
  readonly events: readonly string[];
}

/** At most so many lanes of one sort are wanted. */
interface WantedLanes {
  readonly limit: number;
  readonly which: WhichLanes | null;
}

/** Describes which lanes are leased, until `now + leaseMs`. They have work due at `dueBy` and no living lease at `now`. */
export interface Claiming {
  /** Unique to the worker. */
  readonly owner: string;
  readonly now: Instant;
  readonly leaseMs: number;
  readonly dueBy: Instant;
  /** So many in all. */
  readonly most: number;
  /** The first wish comes before the others. */
  readonly wanted: readonly WantedLanes[];
}

/** Returns true where there is any lane that {@link claimLanes} may take. */
export async function areLanesDue(db: Kysely<Tables>, claiming: Claiming): Promise<boolean> {
  return (await dueLanes(db, momentOf(claiming))).length > 0;
}

/** Takes lanes, longest due first, and returns those for each wish. */
export async function claimLanes(
  tx: Transaction<Tables>,
  claiming: Claiming,
): Promise<readonly (readonly string[])[]> {
  const { owner, now, leaseMs, most, wanted } = claiming;
  const moment = momentOf(claiming);
  const claimed: (readonly string[])[] = [];
  let left = most;
  for (const { limit, which } of wanted) {
    const wanting = { which, limit: Math.max(0, Math.min(limit, left)) };
    const rows = await lanesToTake(tx, moment, wanting);
    claimed.push(rows.map((row) => row.lane));
    left -= rows.length;
  }
  const lanes = claimed.flat();
  if (lanes.length > 0) await leaseLanes(tx, { owner, until: now + leaseMs, lanes });
  return claimed;
}

const leaseLanes = prepared(
  (db, { owner, until, lanes }: { owner: string; until: Instant; lanes: readonly string[] }) =>
    db.updateTable("lane").set({ owner, lease_until: until }).where("lane", "in", lanes),
);

/** Describes when lanes are looked for. `broken`: a lease that ends later delays no work. */
interface Moment {
  readonly now: Instant;
  readonly broken: Instant;
  readonly dueBy: Instant;
}

function momentOf({ now, leaseMs, dueBy }: Claiming): Moment {
  return { now, broken: latestLease(now, leaseMs), dueBy };
}

const dueLanes = prepared((db, moment: Moment) => lanesDue(db, moment, { which: null, limit: 1 }));

const lanesToTake = prepared((db, moment: Moment, wanted: WantedLanes, kind) => {
  const due = lanesDue(db, moment, wanted).orderBy("due_at");
  return kind === "postgres" ? due.forUpdate().skipLocked() : due;
});

function lanesDue(
  db: Kysely<Tables>,
  { now, broken, dueBy }: Moment,
  { which, limit }: WantedLanes,
): SelectQueryBuilder<Tables, "lane", { lane: string }> {
  const due = db
    .selectFrom("lane")
    .select("lane")
    .where("due_at", "<=", dueBy)
    .where((eb) => eb.or([eb("lease_until", "<=", now), eb("lease_until", ">", broken)]))
    .limit(sql.lit(limit));
  if (which === null) return due;
  return due.where((eb) => {
    const hasMore = eb.or([
      eb.exists(
        eb
          .selectFrom("delivery")
          .select("delivery.id")
          .whereRef("delivery.lane", "=", "lane.lane")
          .where("delivery.status", "=", sql.lit("waiting"))
          .where("delivery.due_at", "<=", dueBy)
          .where("delivery.event", "not in", [...which.events]),
      ),
      eb.exists(
        eb
          .selectFrom("action")
          .select("action.id")
          .whereRef("action.lane", "=", "lane.lane")
          .where("action.status", "=", sql.lit("waiting"))
          .where("action.due_at", "<=", dueBy),
      ),
    ]);
    return which.have === "more" ? hasMore : eb.not(hasMore);
  });
}

/** Makes each lane due no later than the time given. */
export async function wakeLanes(tx: Transaction<Tables>, dueAt: ReadonlyMap<string, Instant>): Promise<void> {
  if (dueAt.size === 0) return;
  // In one order always: two transactions that lock the same lanes must not wait for each other.
  const rows = [...dueAt]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([lane, due]) => ({ lane, due_at: due, lease_until: 0, owner: null }));
  await wake(tx, { rows });
}

const wake = prepared((db, { rows }: { rows: readonly Tables["lane"][] }) =>
  db
    .insertInto("lane")
    .values(rows)
    .onConflict((conflict) =>
      conflict.column("lane").doUpdateSet({
        due_at: sql<number>`case when lane.due_at is null or lane.due_at > excluded.due_at then excluded.due_at else lane.due_at end`,
      }),
    ),
);

/** Gives the lane back, due when the earliest of its waiting work is. Nothing happens if it is no longer ours. */
export async function releaseLane(tx: Transaction<Tables>, { lane, owner }: Lease): Promise<void> {
  // The lock first: what is stored after it wakes the lane again itself.
  const [row] = await ownLanes(tx, { lane, owner });
  if (row !== undefined) await freeLane(tx, { lane });
}

const ownLanes = prepared((db, { lane, owner }: { lane: string; owner: string }, _, kind) => {
  const own = ownedBy(db, lane, owner);
  return kind === "postgres" ? own.forUpdate() : own;
});

const freeLane = prepared((db, { lane }: { lane: string }) =>
  db
    .updateTable("lane")
    .set((eb) => ({
      owner: null,
      lease_until: 0,
      due_at: eb
        .selectFrom(
          eb
            .selectFrom("delivery")
            .select("due_at")
            .where("lane", "=", lane)
            .where("status", "=", sql.lit("waiting"))
            .unionAll(
              eb
                .selectFrom("action")
                .select("due_at")
                .where("lane", "=", lane)
                .where("status", "=", sql.lit("waiting")),
            )
            .as("work"),
        )
        .select((w) => w.fn.min("work.due_at").as("due_at")),
    }))
    .where("lane", "=", lane),
);
