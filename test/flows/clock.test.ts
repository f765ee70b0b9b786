import { afterEach, beforeEach, expect, test } from "vitest";
import { pino } from "pino";

import { ClockWatch } from "../../src/clock-watch.ts";
import type { WorkLease } from "../../src/flows/jobs/lane.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { Worker } from "../../src/worker.ts";
import { describeOnBothStores, type OpenedStore } from "../support/stores.ts";
import { action, delivery } from "../ledger/sample.ts";
import { claimed } from "../support/claimed.ts";
import { ended, failed } from "../support/ends.ts";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const NOON = Date.parse("2026-07-06T12:00:00Z");

describeOnBothStores("a clock that is set back an hour", (open) => {
  let ledger: Ledger;
  let sql: OpenedStore["sql"];
  const workers: Worker[] = [];
  beforeEach(async () => {
    ({ ledger, sql } = await open());
  });
  afterEach(async () => {
    for (const worker of workers.splice(0)) await worker.stop();
  });

  function workerAt(now: () => number, done: string[]): Worker {
    const worker = new Worker({
      ledger,
      clock: { now },
      log: pino({ level: "silent" }),
      work: async (lease: WorkLease) => {
        const all = await ledger.queue.deliveries(lease.lane, now(), 100);
        done.push(...all.map(({ id }) => id));
        return ended(all, "");
      },
    });
    workers.push(worker);
    return worker;
  }

  test("between a kill and a restart holds up nothing that was due, and no lane whose worker died", async () => {
    await ledger.queue.store(delivery("d1", { receivedAt: NOON }));
    await ledger.beat(NOON);
    // The dead process held the lane, by a machine's clock that was an hour ahead of ours.
    await sql(`update lane set owner = 'the dead', lease_until = ${Date.now() + HOUR + 20_000}`);
    const now = (): number => NOON - HOUR;
    await new ClockWatch({ now }, ledger.queue, await ledger.lastBeat()).check();
    const done: string[] = [];
    await workerAt(now, done).settle();
    expect(done).toEqual(["d1"]);
  });

  test("while the App runs holds up nothing that was due", async () => {
    let at = NOON;
    const now = (): number => at;
    const watch = new ClockWatch({ now }, ledger.queue, null);
    await ledger.queue.store(delivery("d1", { receivedAt: NOON }));
    at = NOON - HOUR;
    await watch.check();
    const done: string[] = [];
    await workerAt(now, done).settle();
    expect(done).toEqual(["d1"]);
  });

  test("moves what is tried again in a while, and leaves what is due at a date", async () => {
    const owner = "ann";
    await ledger.queue.store(delivery("again", { receivedAt: NOON, lane: "repository:1" }));
    await ledger.queue.store(delivery("later", { receivedAt: NOON + 3 * HOUR, lane: "repository:2" }));
    await ledger.record({ entries: [], actions: [action("k", 1, { repositoryId: 3 })] }, NOON);
    const [lane = ""] = await claimed(ledger.queue, owner, NOON, MINUTE, 1, NOON);
    const [due] = await ledger.queue.deliveries(lane, NOON, 1);
    if (due === undefined) throw new Error("nothing is due");
    await ledger.queue.end(
      owner,
      lane,
      failed(due, { as: "later", dueAt: NOON + 10 * MINUTE, error: "GitHub asks to wait" }),
      NOON,
    );
    await ledger.queue.release(owner, lane);

    await ledger.queue.clockWentBack(NOON, NOON - HOUR);
    const listed = await ledger.queue.list({ limit: 10 });
    expect(Object.fromEntries(listed.map(({ id, dueAt }) => [id, dueAt]))).toEqual({
      again: NOON - HOUR + 10 * MINUTE,
      later: NOON + 3 * HOUR,
    });
    const [asked] = await ledger.queue.actions("repository:3", NOON - HOUR, 5);
    expect(asked).toBeDefined();
    await sql("update action set status = 'done'");
    // Whoever looks takes every lane, and gives it back for when its work is due.
    const done: string[] = [];
    let at = NOON - HOUR;
    const worker = workerAt(() => at, done);
    await worker.settle();
    expect(done).toEqual([]);
    at += 10 * MINUTE;
    await worker.settle().catch(() => undefined);
    expect(done).toEqual(["again"]);
  });

  test("moves nothing when it goes forward, or back by a second", async () => {
    let moved = 0;
    let at = NOON;
    const queue = { clockWentBack: async () => void (moved += 1) };
    const watch = new ClockWatch({ now: () => at }, queue, NOON);
    for (const step of [HOUR, 0, -1_000, 5_000]) {
      at += step;
      await watch.check();
    }
    expect(moved).toBe(0);
    at -= 3_000;
    await watch.check();
    expect(moved).toBe(1);
  });
});
