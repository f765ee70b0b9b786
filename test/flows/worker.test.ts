import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";

import { workLane, type WorkLease, type Receive } from "../../src/flows/jobs/lane.ts";
import type { Tools } from "../../src/flows/context/tools.ts";
import { ranked } from "../../src/github/api/pacing.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import { taskEvent } from "../../src/domain/records/task.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { Worker } from "../../src/worker.ts";
import { entry } from "../ledger/sample.ts";
import { freshDatabase } from "../support/stores.ts";
import { claimed } from "../support/claimed.ts";
import type { End } from "../../src/ledger/queue/ends.ts";
import { ended } from "../support/ends.ts";

const log = pino({ level: "silent" });
const NOW = Date.parse("2026-07-06T09:00:00Z");
let now = NOW;
const clock = { now: () => now };
let ledger: Ledger;
let remove: () => Promise<void>;
const workers: Worker[] = [];
/** What lanes are held by until a test lets them go, or ends. */
const holds: PromiseWithResolvers<void>[] = [];

function hold(): PromiseWithResolvers<void> {
  const held = Promise.withResolvers<void>();
  holds.push(held);
  return held;
}

beforeEach(async () => {
  now = NOW;
  const database = await freshDatabase("sqlite");
  remove = database.remove;
  ledger = await openLedger(database.where);
});
afterEach(async () => {
  for (const held of holds.splice(0)) held.resolve();
  for (const worker of workers.splice(0)) await worker.stop();
  await ledger.close();
  await remove();
});

function workerOf(work: (lease: WorkLease) => Promise<readonly End[]>): Worker {
  const worker = new Worker({ ledger, clock, log, work });
  workers.push(worker);
  return worker;
}

async function due(lane: string, id = lane): Promise<void> {
  const body = Buffer.from(JSON.stringify({ repositoryId: 1 }));
  await ledger.queue.store({ id, lane, event: taskEvent("due"), action: null, receivedAt: now, body });
}

/** Everything that is due in the lane is done. */
async function finished(lease: WorkLease): Promise<readonly End[]> {
  return ended(await ledger.queue.deliveries(lease.lane, now, 100), "");
}

/** Works a lane and gives it back. */
async function workedOff(lease: WorkLease, receive: Receive): Promise<void> {
  const ends = await workLane(toolsOf(), lease, receive);
  await ledger.queue.release(lease.owner, lease.lane, ends, lease.now());
}

test("a lane that becomes due is worked on while another one takes long", async () => {
  const begun = Promise.withResolvers<void>();
  const long = Promise.withResolvers<void>();
  const short = Promise.withResolvers<void>();
  const worker = workerOf(async (lease) => {
    begun.resolve();
    if (lease.lane === "repository:1") await long.promise;
    if (lease.lane === "repository:2") short.resolve();
    return finished(lease);
  });
  await due("repository:1");
  worker.wake();
  await begun.promise;
  await due("repository:2");
  worker.wake();
  await short.promise;
  long.resolve();
  await worker.settle();
});

async function arrived(lane: string): Promise<void> {
  const body = new TextEncoder().encode("{}");
  await ledger.queue.store({ id: lane, lane, event: "push", action: null, receivedAt: now, body });
}

async function sweepDue(lane: string): Promise<void> {
  const body = Buffer.from(JSON.stringify({ repositoryId: 1, round: "r" }));
  await ledger.queue.store({
    id: `sweep ${lane}`,
    lane,
    event: taskEvent("sweep"),
    action: null,
    receivedAt: now - 1_000,
    body,
  });
}

test("a check is worked on while a census has more to sweep than there are places", async () => {
  const sweeps = hold();
  const checked = Promise.withResolvers<void>();
  const begun: string[] = [];
  const worker = workerOf(async (lease) => {
    begun.push(lease.lane);
    if (lease.lane === "repository:99") checked.resolve();
    else await sweeps.promise;
    return finished(lease);
  });
  for (let id = 1; id <= 20; id += 1) await sweepDue(`repository:${id}`);
  worker.wake();
  await expect.poll(() => begun.length).toBe(4);
  await arrived("repository:99");
  worker.wake();
  await checked.promise;
  expect(begun).toHaveLength(5);
  sweeps.resolve();
  await worker.settle();
  expect(begun).toHaveLength(21);
});

test("a sweep finds its place while more is asked of checks than there are places", async () => {
  const checks = hold();
  const swept = Promise.withResolvers<void>();
  const worker = workerOf(async (lease) => {
    if (lease.lane === "repository:99") swept.resolve();
    else await checks.promise;
    return finished(lease);
  });
  for (let id = 1; id <= 20; id += 1) await arrived(`repository:${id}`);
  worker.wake();
  await sweepDue("repository:99");
  worker.wake();
  await swept.promise;
  checks.resolve();
  await worker.settle();
});

test("a repository with something told about it is no sweep, though one is due there too", async () => {
  const begun: string[] = [];
  const held = hold();
  const worker = workerOf(async (lease) => {
    begun.push(lease.lane);
    await held.promise;
    return finished(lease);
  });
  for (let id = 1; id <= 6; id += 1) {
    await sweepDue(`repository:${id}`);
    await arrived(`repository:${id}`);
  }
  worker.wake();
  await expect.poll(() => begun.length).toBe(6);
  held.resolve();
  await worker.settle();
});

test("a worker stops only after what it had begun, and begins nothing more", async () => {
  const begun = Promise.withResolvers<void>();
  const end = Promise.withResolvers<void>();
  const seen: string[] = [];
  const worker = workerOf(async (lease) => {
    begun.resolve();
    await end.promise;
    seen.push(`${lease.lane} ${lease.isStopping?.()}`);
    return finished(lease);
  });
  await due("repository:1");
  worker.wake();
  await begun.promise;
  await due("repository:2");
  const stopped = worker.stop().then(() => seen.push("stopped"));
  end.resolve();
  await stopped;
  expect(seen).toEqual(["repository:1 true", "stopped"]);
});

test("a lane whose work breaks off is not spun on", async () => {
  let tries = 0;
  const worker = workerOf(() => {
    tries += 1;
    return Promise.reject(new Error("broken off"));
  });
  await due("repository:1");
  worker.wake();
  await due("repository:2");
  worker.wake();
  await expect.poll(() => tries).toBe(2);
  for (let wakes = 0; wakes < 50; wakes += 1) {
    worker.wake();
    await ledger.head();
  }
  expect(tries).toBe(2);
});

test("a stopping worker leaves waiting what it did not come to", async () => {
  await due("repository:1", "a");
  await due("repository:1", "b");
  const [lane = ""] = await claimed(ledger.queue, "me", Date.now(), 60_000, 1, now);
  let heard = 0;
  const lease = { owner: "me", lane, now: () => Date.now(), isStopping: () => heard > 0 };
  const payload = new TextEncoder().encode("{}");
  await ledger.queue.store({ id: "c", lane, event: "push", action: null, receivedAt: now, body: payload });
  await ledger.queue.store({ id: "d", lane, event: "push", action: null, receivedAt: now, body: payload });
  await workedOff(lease, () => {
    heard += 1;
    return Promise.resolve({ note: "heard", subjects: [], installationId: null });
  });
  const left = await ledger.queue.deliveries(lane, now, 100);
  expect(left.map(({ id }) => id)).toEqual(["a", "b", "d"]);
});

test("what GitHub does not know any more is put aside with its reason after ten minutes, and never taken for done", async () => {
  const lane = "repository:1";
  const payload = new TextEncoder().encode("{}");
  const began = now;
  await ledger.queue.store({ id: "c", lane, event: "push", action: null, receivedAt: now, body: payload });
  const ages: number[] = [];
  while (now - began < 3_600_000 && (await ledger.queue.waiting()).deliveries > 0) {
    await claimed(ledger.queue, "me", Date.now(), 60_000, 1, now);
    const lease = { owner: "me", lane, now: () => Date.now() };
    await workedOff(lease, () => {
      ages.push(now - began);
      return Promise.reject(
        new ExternalError("github-refused", "GitHub knows no pull request acme/web#9.", { gone: true }),
      );
    });
    now += 60_000;
  }
  // The first look after ten minutes is the last one.
  expect(ages.map((age) => age >= 10 * 60_000)).toEqual(ages.map((_, index) => index === ages.length - 1));
  const [ended] = await ledger.queue.list({ limit: 1 });
  expect(ended).toMatchObject({
    status: "dead",
    error: "GitHub knows no pull request acme/web#9.",
  });
});

test("a worker whose lease ran out is never in its lane twice, and records nothing by the old lease once it has a new one", async () => {
  const { where, sql, remove: removeIt } = await freshDatabase("sqlite");
  const own = await openLedger(where);
  const claim = own.queue.claim.bind(own.queue);
  let claims = 0;
  own.queue.claim = async (...given) => {
    const lanes = await claim(...given);
    claims += lanes.flat().length;
    return lanes;
  };
  const end = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let inside = 0;
  let most = 0;
  let runs = 0;
  const refused: unknown[] = [];
  const worker = new Worker({
    ledger: own,
    clock,
    log,
    async work(lease) {
      runs += 1;
      const first = runs === 1;
      inside += 1;
      most = Math.max(most, inside);
      begun.resolve();
      if (first) {
        await end.promise;
        await own
          .record({ entries: [entry("a", 1)], actions: [] }, now, lease)
          .catch((error: unknown) => refused.push((error as ExternalError).code));
      } else {
        const all = await own.queue.deliveries(lease.lane, now, 100);
        await own.queue.end(lease.owner, lease.lane, ended(all, ""), lease.now());
      }
      inside -= 1;
      return [];
    },
  });
  try {
    const body = Buffer.from("{}");
    await own.queue.store({
      id: "d",
      lane: "repository:1",
      event: "push",
      action: null,
      receivedAt: now,
      body,
    });
    worker.wake();
    await begun.promise;
    // As after a lock on the lanes that was held for longer than the lease.
    await sql("update lane set lease_until = 0");
    worker.wake();
    await expect.poll(() => claims).toBe(2);
    end.resolve();
    await worker.settle();
    expect({ most, runs, refused }).toEqual({ most: 1, runs: 2, refused: ["lease-lost"] });
  } finally {
    await worker.stop();
    await own.close();
    await removeIt();
  }
});

/** Tools of which only the queue is reached. */
function toolsOf(): Tools {
  return {
    ledger,
    clock,
    log,
    appId: 1,
    github: { ranked } as Tools["github"],
    sendNotification: async () => undefined,
    skew: () => null,
    version: "0",
  };
}

test("what an emergency waits for is said first, and a command that arrives meanwhile is read before the rest is said", async () => {
  const order: string[] = [];
  const lane = "repository:1";
  const check = (name: string, urgent: boolean) => ({
    key: `check:${name}`,
    kind: "check-run" as const,
    repositoryId: 1,
    organizationId: 2,
    installationId: 3,
    payload: { name, ...(urgent ? { urgent: true } : {}) },
  });
  await ledger.record(
    { entries: [], actions: [check("a", false), check("b", false), check("c", true)] },
    now,
  );
  const tools = {
    clock,
    ledger,
    log,
    github: {
      ranked,
      octokits: { installation: () => Promise.resolve(null) },
      async carryOut(_: unknown, { payload }: { readonly payload: { readonly name: string } }) {
        order.push(payload.name);
        if (payload.name === "a") {
          const body = new TextEncoder().encode("{}");
          await ledger.queue.store({
            id: "d1",
            lane,
            event: "issue_comment",
            action: "created",
            body,
            receivedAt: now,
          });
        }
        return { id: 1, url: "" };
      },
    },
  } as unknown as Tools;
  await workerOf((lease) =>
    workLane(tools, lease, () => {
      order.push("command");
      return Promise.resolve({ note: "", subjects: [], installationId: null });
    }),
  ).settle();
  expect(order).toEqual(["c", "a", "command", "b"]);
});
