/** A clock that is driven, as in rehearsals: an appointment that could not be kept is kept when the clock is driven again. */

import { expect, test } from "vitest";

import { openLedger } from "../../src/ledger/open.ts";
import { startApp } from "../support/app.ts";
import { freshDatabase } from "../support/stores.ts";
import { FailingStore } from "./failed-writes/failing-store.ts";

test("a month that begins while nothing can be stored is asked for afterwards", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  const store = new FailingStore();
  const app = await startApp(where, Date.parse("2026-08-01T05:04:00Z"), {
    openLedger: (of) => store.open(of),
    fetch: () => Promise.resolve(Response.json([])),
  });
  const later = Date.parse("2026-08-01T05:06:00Z");
  store.arm({ kind: "fail", first: 1, every: 1_000_000 });
  await expect(app.advance(later)).rejects.toMatchObject({ code: "database-unreachable" });
  await app.advance(later);
  const ledger = await openLedger(where, { readOnly: true });
  const listed = await ledger.queue.list({ limit: 100 });
  const months = listed.filter(
    ({ event, receivedAt }) => event === "countersign.monthly" && receivedAt >= later - 60_000,
  );
  expect(months).toHaveLength(1);
  await ledger.close();
  await app.stop();
  await remove();
});
