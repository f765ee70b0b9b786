/** @module-tag long */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";

import * as fc from "fast-check";
import { expect, it, onTestFinished } from "vitest";

import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { rounds } from "../support/effort.ts";
import { describeOnBothStores } from "../support/stores.ts";
import { all, delivery, LEASE } from "./sample.ts";

const WORKER = fileURLToPath(new URL("kill-worker.ts", import.meta.url));
const DELIVERIES = 300;
const LANES = 12;
const KILLS = rounds(5, 10);

describeOnBothStores("a worker killed over and over", (open) => {
  it("loses nothing, doubles nothing and keeps the order of every lane", async () => {
    const steps = fc.sample(fc.integer({ min: 1, max: 40 }), { numRuns: KILLS });
    const { ledger, where } = await open();
    const store = (from: number, to: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: to - from }, (_, index) =>
          ledger.queue.store(
            delivery(`d${from + index}`, {
              lane: `repository:${1 + ((from + index) % LANES)}`,
              receivedAt: Date.now(),
            }),
          ),
        ),
      );

    await store(0, DELIVERIES / 2);
    let killedAtWork = 0;
    for (const [index, after] of steps.entries()) {
      const child = start(where, index, after + 3);
      await saysSteps(child, after);
      child.kill("SIGKILL");
      await once(child, "exit");
      if ((await ledger.queue.waiting()).deliveries > 0) killedAtWork += 1;
      await store(
        DELIVERIES / 2 + (index * DELIVERIES) / 2 / KILLS,
        DELIVERIES / 2 + ((index + 1) * DELIVERIES) / 2 / KILLS,
      );
    }
    expect(killedAtWork).toBe(KILLS);

    const last = start(where, KILLS, Number.MAX_SAFE_INTEGER);
    for (;;) {
      const { deliveries, actions } = await ledger.queue.waiting();
      if (deliveries + actions === 0) break;
      await sleep(20);
    }
    last.kill("SIGKILL");
    await once(last, "exit");

    const ids = Array.from({ length: DELIVERIES }, (_, index) => `d${index}`);
    const recorded = await all(ledger.log({ everyOrganization: true, kinds: ["tags"] }));
    expect(recorded.map((entry) => entry.subject).toSorted()).toEqual(ids.toSorted());
    const done = await ledger.queue.listActions({ status: "done", limit: 1_000 });
    expect(done.map((action) => action.key).toSorted()).toEqual(ids.toSorted());
    const arrived = (await ledger.queue.list({ status: "done", limit: 1_000 })).toReversed();
    for (const [lane, deliveries] of Map.groupBy(arrived, (listed) => listed.lane))
      expect(
        recorded.filter((entry) => entry.body.tags["lane"] === lane).map((entry) => entry.subject),
      ).toEqual(deliveries.map((listed) => listed.id));
    expect(await ledger.verifyLog()).toMatchObject({ ok: true, size: DELIVERIES });
  });
});

/** Starts the worker that comes after `index` others, which goes on for `most` steps. */
function start(where: StoreLocation, index: number, most: number): ChildProcess {
  const child = fork(
    WORKER,
    [JSON.stringify(where), `worker ${index}`, String(index * 2 * LEASE), String(most)],
    {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    },
  );
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Resolves when the child has said so many steps. */
function saysSteps(child: ChildProcess, steps: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = 0;
    child.once("exit", (code) => reject(new Error(`the worker ended by itself, with code ${code}`)));
    child.on("message", () => {
      said += 1;
      if (said === steps) resolve();
    });
  });
}
