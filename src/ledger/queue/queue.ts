/** The queue: deliveries in, actions out, worked lane by lane by the holder of the lane's lease. */

import { gunzipSync } from "node:zlib";

import { sql } from "kysely";

import type { Instant } from "../../domain/time/instant.ts";
import { isTaskEvent, type Task } from "../../domain/records/task.ts";
import { LeaseLost } from "../../domain/values/external-error.ts";
import { doneKeys, dueActions, listedAction } from "./actions.ts";
import type { ActionStatus, ListedAction, StoredAction } from "./actions.ts";
import { deliveryRow, dueDeliveries, listDeliveries, storeRows, storeTasks } from "./deliveries.ts";
import type { Delivery, DeliveryRow, DeliveryStatus, ListedDelivery, NewDelivery } from "./deliveries.ts";
import { writeEnds, type End } from "./ends.ts";
import { GroupCommit } from "../database/group-commit.ts";
import { areLanesDue, claimLanes, releaseLane, wakeLanes, type Claiming } from "./lanes.ts";
import { prepared } from "../database/prepared-statements.ts";
import type { Store } from "../database/store.ts";

/** Counts what waits; "due" is what waits and may be worked on at the given moment. */
export interface Waiting {
  readonly deliveries: number;
  readonly actions: number;
  readonly dueDeliveries: number;
  readonly dueActions: number;
  /** When the earliest of all that waits is or was due; null when nothing waits. */
  readonly nextDueAt: Instant | null;
}

/** Counts what is dead: webhooks, tasks of our own, and actions. */
export interface Dead {
  readonly deliveries: number;
  readonly tasks: number;
  readonly actions: number;
}

const knownDeliveries = prepared((db, { ids }: { ids: readonly string[] }) =>
  db.selectFrom("delivery").select("id").where("id", "in", ids),
);

const anyDue = prepared((db, { now }: { now: Instant }) =>
  db.selectFrom("lane").select("lane").where("due_at", "<=", now).limit(sql.lit(1)),
);

const allOfKey = prepared((db, { key }: { key: string }) =>
  db.selectFrom("action").selectAll().where("key", "=", key).orderBy("id"),
);

const doneOfKey = prepared((db, { key }: { key: string }) =>
  db
    .selectFrom("action")
    .selectAll()
    .where("key", "=", key)
    .where("status", "=", sql.lit("done"))
    .orderBy("id"),
);

/**
 * Holds deliveries and actions, each in the lane of its repository. INVARIANT: what is written about a lane's work is written
 * only by the holder of an unexpired lease (LeaseLost otherwise), so nothing is done by two at once. Every method throws
 * ExternalError.
 */
export class Queue {
  readonly #store: Store;
  readonly #incoming: GroupCommit<DeliveryRow>;

  constructor(store: Store) {
    this.#store = store;
    this.#incoming = new GroupCommit((rows) =>
      store.transact(async (tx) => {
        const isNew = new Set(await storeRows(tx, rows));
        // The second of two equal ids in one group is a repetition as well.
        return rows.map((row) => isNew.delete(row.id));
      }),
    );
  }

  /**
   * Stores a delivery durably, once by id; concurrent calls share a transaction, and none resolves before it is committed.
   * `ignored`: the note of a delivery with nothing to do, which is done as it is stored.
   */
  async store(delivery: NewDelivery, ignored: string | null = null): Promise<"stored" | "repeated"> {
    return (await this.#incoming.add(await deliveryRow(delivery, ignored))) ? "stored" : "repeated";
  }

  /** Returns which of these deliveries are stored, whatever became of them; at most a hundred ids. */
  async storedOf(ids: readonly string[]): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    const rows = await this.#store.read((db) => knownDeliveries(db, { ids: [...new Set(ids)] }));
    return new Set(rows.map((row) => row.id));
  }

  /** Stores what the timetable has due at `at`, each once, all or none. What follows from a decision is recorded with it instead. */
  async enqueue(tasks: readonly Task[], at: Instant): Promise<void> {
    await this.#store.transact((tx) => storeTasks(tx, tasks, at));
  }

  /** Leases lanes as a {@link Claiming} describes; returns those for each of its wishes. */
  async claim(claiming: Claiming): Promise<readonly (readonly string[])[]> {
    // Idle workers look often: they should not take the writer's lock to find nothing.
    if (!(await this.#store.read((db) => areLanesDue(db, claiming)))) return claiming.wanted.map(() => []);
    // A lane whose lease is lost is free.
    return this.#store.transact((tx) => claimLanes(tx, claiming), "with the next");
  }

  /**
   * Follows a clock that was set back: what was due by it stays due, and a retry after a while is still made after that while.
   * What is due at a date waits for its date.
   */
  async clockWentBack(from: Instant, to: Instant): Promise<void> {
    await this.#store.transact(async (tx) => {
      for (const table of ["delivery", "action"] as const) {
        const waiting = tx.updateTable(table).where("status", "=", sql.lit("waiting"));
        await waiting.set({ due_at: to }).where("due_at", ">", to).where("due_at", "<=", from).execute();
        await waiting
          .set((eb) => ({ due_at: eb("due_at", "-", from - to) }))
          .where("attempts", ">", 0)
          .where("due_at", ">", from)
          .execute();
      }
      // The worker that takes a lane finds out when its work is due.
      await tx.updateTable("lane").set({ due_at: to }).where("due_at", ">", to).execute();
    });
  }

  /** Prolongs an unexpired lease until `now + leaseMs`. */
  async extend(owner: string, lane: string, now: Instant, leaseMs: number): Promise<void> {
    const { numUpdatedRows } = await this.#store.transact(
      (tx) =>
        tx
          .updateTable("lane")
          .set({ lease_until: now + leaseMs })
          .where("lane", "=", lane)
          .where("owner", "=", owner)
          .where("lease_until", ">", now)
          .executeTakeFirstOrThrow(),
      "with the next",
    );
    if (numUpdatedRows === 0n) throw new LeaseLost(lane, owner);
  }

  /**
   * Releases the lane, with what ended last; what of it still waits keeps its own due time. Does nothing if the lane is no
   * longer ours and nothing ended; throws LeaseLost where something did.
   */
  async release(owner: string, lane: string, ends: readonly End[] = [], now: Instant = 0): Promise<void> {
    await this.#store.transact(async (tx) => {
      if (ends.length > 0) await writeEnds(tx, { owner, lane }, ends, now);
      await releaseLane(tx, { owner, lane });
    }, lastingOf(ends));
  }

  /** Returns the lane's due deliveries, in order of arrival. */
  deliveries(lane: string, now: Instant, limit: number): Promise<readonly Delivery[]> {
    return this.#store.read((db) => dueDeliveries(db, lane, now, limit));
  }

  /** Returns true where a comment waits in the lane to be read: it may be a command whose author waits for a reply. */
  commandWaits(lane: string, now: Instant): Promise<boolean> {
    return this.#store.read(async (db) => {
      const row = await db
        .selectFrom("delivery")
        .select("id")
        .where("lane", "=", lane)
        .where("status", "=", sql.lit("waiting"))
        .where("event", "=", "issue_comment")
        .where("due_at", "<=", now)
        .limit(sql.lit(1))
        .executeTakeFirst();
      return row !== undefined;
    });
  }

  /** The lane's due waiting actions, in the order they were stored. */
  actions(lane: string, now: Instant, limit: number): Promise<readonly StoredAction[]> {
    return this.#store.read((db) => dueActions(db, lane, now, limit));
  }

  /** Writes down how things of the lane ended, all or none. */
  async end(owner: string, lane: string, ends: readonly End[], now: Instant): Promise<void> {
    if (ends.length === 0) return;
    await this.#store.transact((tx) => writeEnds(tx, { owner, lane }, ends, now), lastingOf(ends));
  }

  /** The bytes of a delivery, or the payload of a task; null: none of this id was ever stored. */
  async bodyOf(id: string): Promise<Uint8Array | null> {
    const row = await this.#store.read((db) =>
      db.selectFrom("delivery").select("body").where("id", "=", id).executeTakeFirst(),
    );
    return row === undefined ? null : gunzipSync(row.body);
  }

  /** Counts what is dead. */
  dead(): Promise<Dead> {
    return this.#store.read(async (db) => {
      const rows = await db
        .selectFrom("delivery")
        .select((eb) => ["event", eb.fn.countAll<number>().as("count")])
        .where("status", "=", sql.lit("dead"))
        .groupBy("event")
        .execute();
      const { count } = await db
        .selectFrom("action")
        .select((eb) => eb.fn.countAll<number>().as("count"))
        .where("status", "=", sql.lit("dead"))
        .executeTakeFirstOrThrow();
      const sum = (ofTasks: boolean): number =>
        rows.reduce((all, row) => all + (isTaskEvent(row.event) === ofTasks ? row.count : 0), 0);
      return { deliveries: sum(false), tasks: sum(true), actions: count };
    });
  }

  /** Returns true where any lane may have work that is due at `now`; a lane whose work was broken off may have none. */
  mayBeDue(now: Instant): Promise<boolean> {
    return this.#store.read(async (db) => {
      return (await anyDue(db, { now })).length > 0;
    });
  }

  /** Counts what waits, and how much of it is due at `now` (left out: all of it counts as due). */
  waiting(now: Instant = Number.MAX_SAFE_INTEGER): Promise<Waiting> {
    return this.#store.read(async (db) => {
      const counted = async (table: "delivery" | "action") =>
        db
          .selectFrom(table)
          .select((eb) => [
            eb.fn.countAll<number>().as("all"),
            eb.fn.count<number>(sql`case when due_at <= ${now} then 1 end`).as("due"),
            eb.fn.min("due_at").as("next"),
          ])
          .where("status", "=", sql.lit("waiting"))
          .executeTakeFirstOrThrow();
      const deliveries = await counted("delivery");
      const actions = await counted("action");
      const next = [deliveries.next, actions.next].filter((due): due is number => due !== null);
      return {
        deliveries: deliveries.all,
        actions: actions.all,
        dueDeliveries: deliveries.due,
        dueActions: actions.due,
        nextDueAt: next.length === 0 ? null : Math.min(...next),
      };
    });
  }

  /** Returns when the next of our own tasks that was never tried is due, after one moment and up to another; null when none is. */
  nextTask(after: Instant, upTo: Instant): Promise<Instant | null> {
    return this.#store.read(async (db) => {
      const row = await db
        .selectFrom("delivery")
        .select((eb) => eb.fn.min("due_at").as("next"))
        .where("status", "=", sql.lit("waiting"))
        .where("event", "like", sql.lit("countersign.%"))
        .where("attempts", "=", 0)
        .where("due_at", ">", after)
        .where("due_at", "<=", upTo)
        .executeTakeFirstOrThrow();
      return row.next;
    });
  }

  /** The newest deliveries first, without their bodies. */
  list(filter: {
    readonly status?: DeliveryStatus;
    readonly limit: number;
  }): Promise<readonly ListedDelivery[]> {
    return this.#store.read((db) => listDeliveries(db, filter.status, filter.limit));
  }

  /** The newest actions first. */
  async listActions(filter: {
    readonly status?: ActionStatus;
    readonly limit: number;
  }): Promise<readonly ListedAction[]> {
    const { status, limit } = filter;
    const rows = await this.#store.read((db) => {
      const query = db.selectFrom("action").selectAll().orderBy("id", "desc").limit(sql.lit(limit));
      return (status === undefined ? query : query.where("status", "=", sql.lit(status))).execute();
    });
    return rows.map(listedAction);
  }

  /** Every action of one key, whatever became of it, in the order they were stored. */
  async ofKey(key: string): Promise<readonly ListedAction[]> {
    const rows = await this.#store.read((db) => allOfKey(db, { key }));
    return rows.map(listedAction);
  }

  /** Returns the actions of one key that were executed, in the order they were stored. */
  async completedOf(key: string): Promise<readonly ListedAction[]> {
    const rows = await this.#store.read((db) => doneOfKey(db, { key }));
    return rows.map(listedAction);
  }

  /** The keys of done actions that begin with `prefix` and whose outcome holds `part`, a piece of its JSON without `%` or `_`; at most `limit`. */
  doneKeys(prefix: string, part: string, limit: number): Promise<readonly string[]> {
    return this.#store.read((db) => doneKeys(db, prefix, part, limit));
  }

  /** Makes done or dead deliveries wait again, due at `now`; returns how many of the ids were found. */
  replay(ids: readonly string[], now: Instant): Promise<number> {
    if (ids.length === 0) return Promise.resolve(0);
    return this.#store.transact(async (tx) => {
      const rows = await tx
        .updateTable("delivery")
        .set({ status: "waiting", due_at: now, attempts: 0, error: null, note: null, done_at: null })
        .where("id", "in", [...ids])
        .returning("lane")
        .execute();
      await wakeLanes(tx, new Map(rows.map((row) => [row.lane, now])));
      return rows.length;
    });
  }

  /** Resolves once everything handed to `store` so far is committed or refused. */
  settle(): Promise<void> {
    return this.#incoming.settle();
  }
}

/** A delivery whose end is lost is read again with the same result; what was sent would be sent again. */
function lastingOf(ends: readonly End[]): "at once" | "with the next" {
  return ends.some(({ of }) => of === "action") ? "at once" : "with the next";
}
