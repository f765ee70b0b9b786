/**
 * A process that works the queue and says each step to its parent, to be killed in the middle of it: `node kill-worker.ts WHERE
 * OWNER AHEAD MOST`. Its clock is AHEAD ms ahead, so that no lease of those before it is alive. After MOST steps it only waits to be
 * killed: however late that comes, there is work left.
 */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { LeaseLost } from "../../src/domain/values/external-error.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { action, entry, LEASE } from "./sample.ts";
import { claimed } from "../support/claimed.ts";
import { ended } from "../support/ends.ts";

const [, , where = "", owner = "", ahead = "0", most = "0"] = process.argv;
const ledger = await openLedger(JSON.parse(where) as StoreLocation);
const { queue } = ledger;
process.once("disconnect", () => process.exit(0));

const now = (): number => Date.now() + Number(ahead);
let said = 0;

async function say(step: string): Promise<void> {
  said += 1;
  process.send?.(step);
  if (said >= Number(most)) await once(process, "disconnect");
}

async function workLane(lane: string): Promise<void> {
  for (const delivery of await queue.deliveries(lane, now(), 5)) {
    const { id } = delivery;
    const decision = {
      entries: [entry(id, { lane })],
      actions: [action(id, { lane }, { repositoryId: Number(lane.split(":")[1]) })],
    };
    await ledger.record(decision, now(), { owner, lane });
    await say("recorded");
    await queue.end(owner, lane, ended([delivery], "done"), now());
    await say("delivered");
  }
  for (const { id, key } of await queue.actions(lane, now(), 5)) {
    await queue.end(owner, lane, [{ of: "action", id, as: "done", outcome: { sent: key } }], now());
    await say("acted");
  }
  await queue.release(owner, lane);
}

for (;;) {
  const lanes = await claimed(queue, owner, now(), LEASE, 3);
  if (lanes.length === 0) await sleep(10);
  await Promise.all(
    lanes.map((lane) =>
      workLane(lane).catch((error: unknown) => {
        if (!(error instanceof LeaseLost)) throw error;
      }),
    ),
  );
}
