/** Lanes: one row for each repository that has work; whoever leases it is alone with that repository. */

import { sql } from "kysely";
import type { Kysely, SelectQueryBuilder, Transaction } from "kysely";

import type { Instant } from "../domain/change.ts";
import type { Action } from "../domain/entry.ts";
import { LeaseLost } from "../domain/trouble.ts";
import type { StoreKind, Tables } from "./schema.ts";

/** No lease is longer than this: one that ends later was given before the clock was set back, and holds nobody up (ms). */
const LONGEST_LEASE = 60_000;

/** The latest end of a lease that is alive at `now`, seen by whoever leases for `leaseMs`. */
export function latestLease(now: Instant, leaseMs: number): Instant {
  return now + Math.max(leaseMs, LONGEST_LEASE);
}

/** The right to work on one lane. */
export interface Lease {
  readonly owner: string;
  readonly lane: string;
  /** The clock leases run by, where it is not the clock of what is recorded: a story's time may jump, a lease's must not. */
  readonly now?: () => Instant;
  /** The keys of actions that were first stored under this lease, and not tried: nobody ever did anything under them. */
  readonly unsent?: Set<string>;
}

/** The lane of a repository, or of an installation where there is no repository, or the App's own. Whatever concerns one repository is in one lane. */
export function laneName(repositoryId: number, installationId: number): string {
  if (repositoryId !== 0) return `repository:${repositoryId}`;
  return installationId === 0 ? "app" : `installation:${installationId}`;
}

/** Returns the id of the repository a lane is of; null: it is another's lane. */
export function repositoryOfLane(lane: string): number | null {
  const [, id] = /^repository:(\d+)$/u.exec(lane) ?? [];
  return id === undefined ? null : Number(id);
}

/** The lane of an action. Notifications have one of their own in each organisation: a receiver that hangs holds up nobody's work on GitHub. */
export function laneOfAction(
  action: Pick<Action, "kind" | "repositoryId" | "installationId" | "organizationId">,
): string {
  return action.kind === "notification"
    ? notificationLane(action.organizationId)
    : laneName(action.repositoryId, action.installationId);
}

/** The lane of an organisation's notifications. */
export function notificationLane(organizationId: number): string {
  return `notifications:${organizationId}`;
}

/** Locks these lanes in one order, whoever asks: two transactions that wake each other's lanes must not wait for each other. */
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

/** Locks the lane's row and makes sure that the lease is ours and has not run out at `now`; throws LeaseLost. */
export async function holdLane(
  tx: Transaction<Tables>,
  kind: StoreKind,
  lease: Lease,
  now: Instant,
): Promise<void> {
  const held = tx
    .selectFrom("lane")
    .select("lane")
    .where("lane", "=", lease.lane)
    .where("owner", "=", lease.owner)
    .where("lease_until", ">", now);
  const row = await (kind === "postgres" ? held.forUpdate() : held).executeTakeFirst();
  if (row === undefined) throw new LeaseLost(lease.lane, lease.owner);
}

/** Lanes that have more due than tasks with these event names, or nothing more. */
export interface WhichLanes {
  readonly have: "more" | "nothing more";
  readonly events: readonly string[];
}

/** At most so many lanes of one sort are wanted. */
export interface WantedLanes {
  readonly limit: number;
  readonly which: WhichLanes | null;
}

/** Which lanes are leased: those with work due at `dueBy` and no living lease at `now`, until `now + leaseMs`. */
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

/** Takes lanes, longest due first, and answers those for each wish. */
export async function claimLanes(
  tx: Transaction<Tables>,
  kind: StoreKind,
  claiming: Claiming,
): Promise<readonly (readonly string[])[]> {
  const { owner, now, leaseMs, most, wanted } = claiming;
  const claimed: (readonly string[])[] = [];
  let left = most;
  for (const { limit, which } of wanted) {
    const due = dueLanes(tx, claiming, which)
      .orderBy("due_at")
      .limit(sql.lit(Math.max(0, Math.min(limit, left))));
    const rows = await (kind === "postgres" ? due.forUpdate().skipLocked() : due).execute();
    claimed.push(rows.map((row) => row.lane));
    left -= rows.length;
  }
  const lanes = claimed.flat();
  if (lanes.length > 0)
    await tx
      .updateTable("lane")
      .set({ owner, lease_until: now + leaseMs })
      .where("lane", "in", lanes)
      .execute();
  return claimed;
}

/** The lanes {@link claimLanes} may take. */
export function dueLanes(
  db: Kysely<Tables>,
  { now, leaseMs, dueBy }: Pick<Claiming, "now" | "leaseMs" | "dueBy">,
  which: WhichLanes | null,
): SelectQueryBuilder<Tables, "lane", { lane: string }> {
  const due = db
    .selectFrom("lane")
    .select("lane")
    .where("due_at", "<=", dueBy)
    .where((eb) => eb.or([eb("lease_until", "<=", now), eb("lease_until", ">", latestLease(now, leaseMs))]));
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
  await tx
    .insertInto("lane")
    .values(rows)
    .onConflict((conflict) =>
      conflict.column("lane").doUpdateSet({
        due_at: sql<number>`case when lane.due_at is null or lane.due_at > excluded.due_at then excluded.due_at else lane.due_at end`,
      }),
    )
    .execute();
}

/** Gives the lane back, due when the earliest of its waiting work is; nothing happens if it is no longer ours. */
export async function releaseLane(tx: Transaction<Tables>, kind: StoreKind, lease: Lease): Promise<void> {
  const ours = tx
    .selectFrom("lane")
    .select("lane")
    .where("lane", "=", lease.lane)
    .where("owner", "=", lease.owner);
  // The lock first: what is stored after it wakes the lane again itself.
  const row = await (kind === "postgres" ? ours.forUpdate() : ours).executeTakeFirst();
  if (row === undefined) return;
  await tx
    .updateTable("lane")
    .set((eb) => ({
      owner: null,
      lease_until: 0,
      due_at: eb
        .selectFrom(
          eb
            .selectFrom("delivery")
            .select("due_at")
            .where("lane", "=", lease.lane)
            .where("status", "=", sql.lit("waiting"))
            .unionAll(
              eb
                .selectFrom("action")
                .select("due_at")
                .where("lane", "=", lease.lane)
                .where("status", "=", sql.lit("waiting")),
            )
            .as("work"),
        )
        .select((w) => w.fn.min("work.due_at").as("due_at")),
    }))
    .where("lane", "=", lease.lane)
    .execute();
}
