/** A process that works the queue and says each step to its parent, to be killed in the middle of it. `node kill-worker.ts WHERE OWNER LEASE` */

import { setTimeout as sleep } from "node:timers/promises";

import { LeaseLost } from "../../src/domain/trouble.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { Where } from "../../src/ledger/store.ts";
import { action, entry } from "./sample.ts";

const [, , where = "", owner = "", lease = "0"] = process.argv;
const ledger = await openLedger(JSON.parse(where) as Where);
const { queue } = ledger;
process.once("disconnect", () => process.exit(0));

function say(step: string): void {
  process.send?.(step);
}

async function workLane(lane: string): Promise<void> {
  for (const delivery of await queue.deliveries(lane, Date.now(), 5)) {
    const { id } = delivery;
    const decision = {
      entries: [entry(id, { lane })],
      actions: [action(id, { lane }, { repositoryId: Number(lane.split(":")[1]) })],
    };
    await ledger.record(decision, Date.now(), { owner, lane });
    say("recorded");
    await queue.delivered(owner, lane, [delivery], "done", Date.now());
    say("delivered");
  }
  for (const { id, key } of await queue.actions(lane, Date.now(), 5)) {
    await queue.acted(owner, lane, id, { sent: key }, Date.now());
    say("acted");
  }
  await queue.release(owner, lane);
}

for (;;) {
  const lanes = await queue.claim(owner, Date.now(), Number(lease), 3);
  if (lanes.length === 0) await sleep(10);
  await Promise.all(
    lanes.map((lane) =>
      workLane(lane).catch((error: unknown) => {
        if (!(error instanceof LeaseLost)) throw error;
      }),
    ),
  );
}
