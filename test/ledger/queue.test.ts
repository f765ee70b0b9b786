import * as fc from "fast-check";
import { expect, it } from "vitest";

import { taskId, type Task } from "../../src/domain/records/task.ts";
import { LeaseLost, ExternalError } from "../../src/domain/values/external-error.ts";
import type { Delivery } from "../../src/ledger/queue/deliveries.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { describeOnBothStores } from "../support/stores.ts";
import { action, delivery, entry } from "./sample.ts";
import { claimed } from "../support/claimed.ts";
import { ended, failed } from "../support/ends.ts";
import { rounds } from "../support/effort.ts";

const LANE = "repository:1";

/** Claims everything due as ann, for a long time. */
async function claim(ledger: Ledger, now = 1_000): Promise<readonly string[]> {
  return claimed(ledger.queue, "ann", now, 1_000_000, 100);
}

/** The waiting delivery of this id, as it arrived. */
async function arrived(ledger: Ledger, id: string): Promise<Delivery> {
  const found = (await ledger.queue.deliveries(LANE, 1_000_000, 100)).find((each) => each.id === id);
  if (found === undefined) throw new Error(`${id} does not wait`);
  return found;
}

const DUE: Task = { kind: "due", repositoryId: 1, dueAt: 1_000 };

describeOnBothStores("what was never tried", (open) => {
  it("is known of keys first stored under a lease, and of no other", async () => {
    const { ledger } = await open();
    await ledger.queue.store(delivery("d1"));
    await claim(ledger);
    const under = async (payload: unknown, key = "k"): Promise<readonly string[]> => {
      const untried = new Set<string>();
      await ledger.record({ actions: [action(key, payload)] }, 1_000, { owner: "ann", lane: LANE, untried });
      return [...untried];
    };
    expect(await under({ says: 1 })).toEqual(["k"]);
    // Waiting, and perhaps tried.
    expect(await under({ says: 2 })).toEqual([]);
    const [waiting] = await ledger.queue.actions(LANE, 1_000, 10);
    if (waiting === undefined) throw new Error("nothing waits");
    const refused = { of: "action", id: waiting.id, as: "never", error: "refused" } as const;
    await ledger.queue.end("ann", LANE, [refused], 1_000);
    // Given up, and perhaps done all the same.
    expect(await under({ says: 3 })).toEqual([]);
    expect(await under({ says: 1 }, "other")).toEqual(["other"]);
  });
});

describeOnBothStores("the queue", (open) => {
  it("stores a delivery once by its id and hands back the very bytes", async () => {
    const { ledger } = await open();
    const body = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
    expect(await ledger.queue.store(delivery("d1", { body, action: "opened" }))).toBe("stored");
    expect(await ledger.queue.store(delivery("d1", { body: Buffer.from("other") }))).toBe("repeated");
    const [found, ...more] = await ledger.queue.deliveries(LANE, 1_000, 10);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ id: "d1", event: "push", action: "opened", lane: LANE, attempts: 0 });
    expect(Buffer.compare(found?.body ?? Buffer.alloc(0), body)).toBe(0);
  });

  it("stores a done delivery no second time", async () => {
    const { ledger } = await open();
    await ledger.queue.store(delivery("d1"));
    await claim(ledger);
    await ledger.queue.end(
      "ann",
      LANE,
      ended([await arrived(ledger, "d1")], "ignored: nothing to do"),
      1_001,
    );
    expect(await ledger.queue.store(delivery("d1"))).toBe("repeated");
    expect((await ledger.queue.waiting()).deliveries).toBe(0);
    expect(await ledger.queue.list({ limit: 10 })).toMatchObject([
      { id: "d1", status: "done", note: "ignored: nothing to do", doneAt: 1_001 },
    ]);
  });

  it("tells the one that was stored from its repetitions when they come in one group", async () => {
    const { ledger } = await open();
    const answers = await Promise.all(["a", "b", "a", "a"].map((id) => ledger.queue.store(delivery(id))));
    expect(answers.filter((answer) => answer === "stored")).toHaveLength(2);
    expect((await ledger.queue.waiting()).deliveries).toBe(2);
  });

  it("commits a group whole or not at all, and says so to each of it", async () => {
    const { ledger, sql, kind } = await open();
    const refuse = {
      sqlite: [
        "create trigger refuse before insert on delivery when new.id = 'bad' begin select raise(abort, 'refused'); end",
      ],
      postgres: [
        "create function refuse() returns trigger language plpgsql as 'begin raise exception ''refused''; end'",
        "create trigger refuse before insert on delivery for each row when (new.id = 'bad') execute function refuse()",
      ],
    };
    await sql(...refuse[kind]);
    const answers = await Promise.allSettled(
      ["a", "b", "bad", "c"].map((id) => ledger.queue.store(delivery(id))),
    );
    const stored = (await ledger.queue.list({ limit: 10 })).map((listed) => listed.id);
    const acknowledged = ["a", "b", "bad", "c"].filter((_, index) => answers[index]?.status === "fulfilled");
    expect(stored.toSorted()).toEqual(acknowledged);
    expect(acknowledged).not.toContain("bad");
    expect(await ledger.queue.store(delivery("later"))).toBe("stored");
  });

  it("stores a task of the timetable once, due when it says", async () => {
    const { ledger } = await open();
    const task: Task = { kind: "census", round: "5", dueAt: 5_000 };
    await ledger.queue.enqueue([task, { ...task, round: "6", dueAt: 6_000 }], 4_000);
    await ledger.queue.enqueue([task], 5_500);
    expect(await claim(ledger, 4_999)).toEqual([]);
    expect(await ledger.queue.waiting(5_000)).toMatchObject({
      deliveries: 2,
      dueDeliveries: 1,
      nextDueAt: 5_000,
    });
    expect(await claim(ledger, 5_000)).toEqual(["app"]);
    const due = await ledger.queue.deliveries("app", 5_000, 10);
    expect(due.map(({ id, event, body }) => [id, event, Buffer.from(body).toString()])).toEqual([
      [taskId(task), "countersign.census", `{"round":"5"}`],
    ]);
    await ledger.queue.end("ann", "app", ended(due, "swept"), 5_001);
    await ledger.queue.release("ann", "app");
    expect(await claim(ledger, 5_999)).toEqual([]);
    expect(await claim(ledger, 6_000)).toEqual(["app"]);
  });

  it("stores a decision's tasks with its entries, or neither", async () => {
    const { ledger, sql } = await open();
    const refuse = {
      sqlite: ["create trigger refuse before insert on delivery begin select raise(abort, 'no room'); end"],
      postgres: [
        "create function refuse() returns trigger language plpgsql as 'begin raise exception ''no room''; end'",
        "create trigger refuse before insert on delivery for each row execute function refuse()",
      ],
    };
    await sql(...refuse[ledger.kind]);
    const decision = { entries: [entry("a", 1)], actions: [action("k", 1)], tasks: [DUE] };
    await expect(ledger.record(decision, 1_000)).rejects.toThrow("no room");
    expect(await ledger.head()).toMatchObject({ size: 0 });
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: 0, actions: 0 });
  });

  it("keeps a task that is asked for twice once, until it may have been begun", async () => {
    const { ledger } = await open();
    const later: Task = { ...DUE, dueAt: 9_000 };
    await ledger.record({ tasks: [DUE, later] }, 1_000);
    await ledger.record({ tasks: [DUE, later] }, 1_000);
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: 2 });
    await claim(ledger);
    const begun = await ledger.queue.deliveries(LANE, 1_000, 10);
    expect(begun).toHaveLength(1);
    // What it read may be older than what is stored with it now.
    await ledger.record({ tasks: [DUE] }, 1_000);
    await ledger.queue.end("ann", LANE, ended(begun, "done"), 1_001);
    expect(await ledger.queue.deliveries(LANE, 1_000, 10)).toMatchObject([{ id: begun[0]?.id }]);
  });

  it("does a task of a round once for good", async () => {
    const { ledger } = await open();
    const task: Task = { kind: "sweep", repositoryId: 1, round: "census 1", dueAt: 1_000 };
    await ledger.record({ tasks: [task] }, 1_000);
    await claim(ledger);
    await ledger.queue.end("ann", LANE, ended([await arrived(ledger, taskId(task))], "done"), 1_001);
    await ledger.record({ tasks: [{ ...task, dueAt: 2_000 }] }, 2_000);
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: 0 });
  });

  it("gives a lane to one worker at a time, and to another when the lease has run out", async () => {
    const { ledger } = await open();
    await ledger.queue.store(delivery("d1"));
    await ledger.queue.store(delivery("d2", { lane: "repository:2" }));
    expect(await claimed(ledger.queue, "ann", 1_000, 100, 1)).toHaveLength(1);
    expect(await claimed(ledger.queue, "bob", 1_000, 100, 5)).toHaveLength(1);
    expect(await claimed(ledger.queue, "cem", 1_099, 100, 5)).toEqual([]);
    expect(await claimed(ledger.queue, "cem", 1_100, 100, 5)).toHaveLength(2);
  });

  it("prolongs a living lease, and no dead one", async () => {
    const { ledger } = await open();
    await ledger.queue.store(delivery("d1"));
    await claimed(ledger.queue, "ann", 1_000, 100, 1);
    await ledger.queue.extend("ann", LANE, 1_090, 100);
    expect(await claimed(ledger.queue, "bob", 1_150, 100, 1)).toEqual([]);
    await expect(ledger.queue.extend("ann", LANE, 1_190, 100)).rejects.toThrow(LeaseLost);
    await expect(ledger.queue.extend("bob", LANE, 1_150, 100)).rejects.toThrow(LeaseLost);
  });

  it("refuses every write of a worker that lost its lane", async () => {
    const { ledger } = await open();
    const { queue } = ledger;
    await queue.store(delivery("d1"));
    await ledger.record({ entries: [], actions: [action("k", 1)] }, 1_000);
    const [act] = await queue.actions(LANE, 1_000, 1);
    const id = act?.id ?? 0;
    const d1 = await arrived(ledger, "d1");
    await claimed(queue, "ann", 1_000, 100, 1);
    await claimed(queue, "bob", 1_100, 100, 1);
    for (const [owner, now] of [
      ["ann", 1_101],
      ["bob", 1_200],
    ] as const)
      for (const write of await Promise.allSettled([
        queue.end(owner, LANE, ended([d1], "done"), now),
        queue.end(owner, LANE, failed(d1, { as: "later", dueAt: 2_000, error: "no" }), now),
        queue.end(owner, LANE, failed(d1, { as: "never", error: "no" }), now),
        queue.end(owner, LANE, [{ of: "action", id, as: "done", outcome: 1 }], now),
        queue.end(owner, LANE, [{ of: "action", id, as: "later", dueAt: 2_000, error: "no" }], now),
        queue.end(owner, LANE, [{ of: "action", id, as: "never", error: "no" }], now),
        queue.release(owner, LANE, ended([d1], "done"), now),
      ])) {
        const error: unknown = write.status === "rejected" ? write.reason : undefined;
        expect(error).toBeInstanceOf(LeaseLost);
        expect(error).toMatchObject({ code: "lease-lost", retry: true });
        expect(error).toBeInstanceOf(ExternalError);
      }
    await queue.release("ann", LANE);
    expect(await claimed(queue, "cem", 1_150, 100, 1), "ann cannot give away bob's lane").toEqual([]);
    expect(await queue.waiting(1_200)).toMatchObject({ dueDeliveries: 1, dueActions: 1 });
  });

  it("tries a failed delivery again when it says, counts the attempts, and keeps the dead ones", async () => {
    const { ledger } = await open();
    const { queue } = ledger;
    await queue.store(delivery("d1"));
    await queue.store(delivery("d2"));
    await claim(ledger);
    await queue.end(
      "ann",
      LANE,
      failed(await arrived(ledger, "d1"), { as: "later", dueAt: 3_000, error: "GitHub is away" }),
      1_001,
    );
    expect((await queue.deliveries(LANE, 1_001, 10)).map(({ id }) => id)).toEqual(["d2"]);
    await queue.end("ann", LANE, ended([await arrived(ledger, "d2")], "done"), 1_002);
    await queue.release("ann", LANE);
    expect(await queue.waiting(2_999)).toEqual({
      deliveries: 1,
      actions: 0,
      dueDeliveries: 0,
      dueActions: 0,
      nextDueAt: 3_000,
    });
    expect(await claim(ledger, 2_999)).toEqual([]);
    expect(await claim(ledger, 3_000)).toEqual([LANE]);
    expect(await queue.deliveries(LANE, 3_000, 10)).toMatchObject([{ id: "d1", attempts: 1 }]);
    await queue.end(
      "ann",
      LANE,
      failed(await arrived(ledger, "d1"), { as: "never", error: "broken payload" }),
      3_001,
    );
    await queue.release("ann", LANE);
    expect((await queue.waiting()).deliveries).toBe(0);
    expect(await queue.list({ status: "dead", limit: 5 })).toMatchObject([
      { id: "d1", attempts: 2, error: "broken payload" },
    ]);
    expect(await queue.replay(["d1", "unknown"], 4_000)).toBe(1);
    expect(await claim(ledger, 4_000)).toEqual([LANE]);
    expect(await queue.deliveries(LANE, 4_000, 10)).toMatchObject([{ id: "d1", attempts: 0 }]);
  });

  it("wakes a lane that is being worked on for what arrives meanwhile", async () => {
    const { ledger } = await open();
    await ledger.queue.store(delivery("d1"));
    await claim(ledger);
    await ledger.queue.store(delivery("d2", { receivedAt: 1_500 }));
    await ledger.queue.end("ann", LANE, ended([await arrived(ledger, "d1")], "done"), 1_600);
    await ledger.queue.release("ann", LANE);
    expect(await claim(ledger, 1_600)).toEqual([LANE]);
    expect(await ledger.queue.deliveries(LANE, 1_600, 5)).toMatchObject([{ id: "d2" }]);
    await ledger.queue.end("ann", LANE, ended([await arrived(ledger, "d2")], "done"), 1_601);
    await ledger.queue.release("ann", LANE);
    expect(await claim(ledger, 9_000)).toEqual([]);
  });

  it("carries out only the newest waiting action of a key, in the lane of its repository", async () => {
    const { ledger } = await open();
    const { queue } = ledger;
    await ledger.record({ entries: [], actions: [action("check:1", "old"), action("check:2", "x")] }, 1_000);
    await ledger.record({ entries: [], actions: [action("check:1", "new")] }, 1_001);
    await ledger.record({ entries: [], actions: [action("issue:1", "y", { repositoryId: 0 })] }, 1_002);
    expect(await queue.waiting(1_001)).toMatchObject({ actions: 3, dueActions: 2, nextDueAt: 1_000 });
    const found = await queue.actions(LANE, 1_001, 10);
    expect(found.map(({ key, payload }) => [key, payload])).toEqual([
      ["check:2", "x"],
      ["check:1", "new"],
    ]);
    expect(await queue.actions("installation:5", 1_002, 10)).toMatchObject([
      { key: "issue:1", organizationId: 9, installationId: 5, attempts: 0, storedAt: 1_002 },
    ]);
    expect(await queue.listActions({ status: "superseded", limit: 5 })).toMatchObject([
      { key: "check:1", payload: "old", doneAt: 1_001 },
    ]);
  });

  it("hands the outcome of the last done action of a key to the next one", async () => {
    const { ledger } = await open();
    const { queue } = ledger;
    const decide = (payload: unknown, at: number) =>
      ledger.record({ entries: [], actions: [action("check:1", payload)] }, at);
    await decide({ title: "waiting" }, 1_000);
    await claim(ledger);
    const [first] = await queue.actions(LANE, 1_000, 5);
    expect(first?.previous).toBeUndefined();
    await queue.end(
      "ann",
      LANE,
      [{ of: "action", id: first?.id ?? 0, as: "done", outcome: { checkRun: 77 } }],
      1_001,
    );
    await decide({ title: "waiting" }, 1_002);
    expect(await queue.actions(LANE, 1_002, 5), "equal to the newest done one").toEqual([]);
    await decide({ title: "approved" }, 1_003);
    const [second] = await queue.actions(LANE, 1_003, 5);
    expect(second).toMatchObject({ previous: { checkRun: 77 }, payload: { title: "approved" } });
    await queue.end(
      "ann",
      LANE,
      [{ of: "action", id: second?.id ?? 0, as: "later", dueAt: 1_500, error: "rate limit" }],
      1_004,
    );
    expect(await queue.actions(LANE, 1_499, 5)).toEqual([]);
    expect(await queue.actions(LANE, 1_500, 5)).toMatchObject([{ attempts: 1, dueAt: 1_500 }]);
    await queue.end("ann", LANE, [{ of: "action", id: second?.id ?? 0, as: "never", error: "gone" }], 1_600);
    expect(await queue.listActions({ status: "dead", limit: 5 })).toMatchObject([
      { error: "gone", attempts: 2 },
    ]);
    await decide({ title: "approved" }, 1_700);
    expect(await queue.actions(LANE, 1_700, 5), "a dead action may be asked for again").toHaveLength(1);
  });

  it("notes the outcome of an action that was superseded while it was on its way", async () => {
    const { ledger } = await open();
    await ledger.record({ entries: [], actions: [action("check:1", 1)] }, 1_000);
    await claim(ledger);
    const [sent] = await ledger.queue.actions(LANE, 1_000, 5);
    await ledger.record({ entries: [], actions: [action("check:1", 2)] }, 1_001);
    await ledger.queue.end(
      "ann",
      LANE,
      [{ of: "action", id: sent?.id ?? 0, as: "done", outcome: "made" }],
      1_002,
    );
    expect(await ledger.queue.actions(LANE, 1_002, 5)).toMatchObject([{ payload: 2, previous: "made" }]);
  });

  it("loses nothing, doubles nothing and keeps the order under three workers whose leases run out at any moment", async () => {
    const { ledger, again } = await open();
    const workers = [ledger, await again(), await again()];
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 12 }),
        fc.array(
          fc.record({
            who: fc.integer({ min: 0, max: 2 }),
            lease: fc.integer({ min: 1, max: 30 }),
            works: fc.integer({ min: 0, max: 30 }),
            takes: fc.integer({ min: 1, max: 4 }),
            fails: fc.boolean(),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        async (lanes, turns) => {
          round += 1;
          const ids = lanes.map((_, index) => `${round}:${index}`);
          await Promise.all(
            ids.map((id, index) =>
              (workers[index % 3] ?? ledger).queue.store(
                delivery(id, { lane: `r${round}:${lanes[index]}`, receivedAt: 0 }),
              ),
            ),
          );
          const arrived = (await ledger.queue.list({ limit: ids.length })).toReversed();
          const done: { id: string; lane: string }[] = [];
          const work = async (
            turn: { who: number; lease: number; works: number; takes: number; fails: boolean },
            start: number,
          ): Promise<void> => {
            const queue = (workers[turn.who] ?? ledger).queue;
            const owner = `worker ${turn.who} from ${start}`;
            for (const lane of await claimed(queue, owner, start, turn.lease, 2)) {
              const due = await queue.deliveries(lane, start, turn.takes);
              if (turn.fails) continue;
              try {
                await queue.release(owner, lane, ended(due, "done"), start + turn.works);
                done.push(...due);
              } catch (error) {
                if (!(error instanceof LeaseLost)) throw error;
              }
            }
          };
          let now = 1_000;
          for (let step = 0; step < turns.length; step += 3) {
            const begin = now;
            await Promise.all(turns.slice(step, step + 3).map((turn, index) => work(turn, begin + index)));
            now += 10;
          }
          // Whatever is left is done by someone with time.
          for (now += 100; (await ledger.queue.waiting()).deliveries > 0; now += 100)
            await work({ who: 0, lease: 50, works: 1, takes: 4, fails: false }, now);
          expect(done.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
          for (const lane of new Set(arrived.map((one) => one.lane)))
            expect(done.filter((one) => one.lane === lane).map(({ id }) => id)).toEqual(
              arrived.filter((one) => one.lane === lane).map(({ id }) => id),
            );
        },
      ),
      { numRuns: rounds(8, 20) },
    );
  });
});
