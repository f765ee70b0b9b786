/** Who was there: only a serving App that was itself away says so, by the database's clock. */

import { expect, test } from "vitest";

import type { Ledger } from "../../src/ledger/ledger.ts";
import { smallLog } from "../evidence/fixture.ts";
import { startApp } from "../support/app.ts";
import { describeOnBothStores } from "../support/stores.ts";

const NOON = Date.parse("2026-07-06T12:00:00Z");
const HOUR = 3_600_000;
const nobody = (): Promise<Response> => Promise.reject(new TypeError("fetch failed"));

async function downtimes(ledger: Ledger): Promise<number> {
  let count = 0;
  for await (const { body } of ledger.states("coverage-gap", { everyOrganization: true }))
    if (body.cause === "app-down") count += 1;
  return count;
}

describeOnBothStores("who was there", (open) => {
  const known = smallLog().filter(({ kind }) => kind === "repository");

  test("is not said by a command, whatever its clock says", async () => {
    const { ledger, where } = await open();
    await ledger.record({ entries: known }, NOON);
    await ledger.beat(NOON);
    const command = await startApp(where, NOON + HOUR, { role: "command", fetch: nobody });
    await command.stop();
    expect(await downtimes(ledger)).toBe(0);
    expect(await ledger.lastBeat()).toBe(NOON);
    expect((await ledger.head()).size).toBe(known.length);
  });

  test("is said by a serving App that was away", async () => {
    const { ledger, where } = await open();
    await ledger.record({ entries: known }, NOON);
    await ledger.beat(NOON);
    const app = await startApp(where, NOON + HOUR, { fetch: nobody });
    await app.stop();
    expect(await downtimes(ledger)).toBe(1);
    expect(await ledger.lastBeat()).toBe(NOON + HOUR);
  });

  test("is not said by a replica whose machine's clock is ahead", async () => {
    const { ledger, where, kind } = await open();
    await ledger.record({ entries: known }, NOON);
    await ledger.beat((await ledger.time()) ?? Date.now());
    // One machine has the embedded store for itself, and no other clock than its own.
    const ahead = { now: () => Date.now() + (kind === "sqlite" ? 0 : HOUR) };
    const replica = await startApp(where, 0, { fetch: nobody, clock: ahead, timetable: "system" });
    await replica.stop();
    expect(await downtimes(ledger)).toBe(0);
  });
});
