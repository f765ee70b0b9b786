import { randomBytes } from "node:crypto";

import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { ExternalError } from "../../src/domain/values/external-error.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openStore } from "../../src/ledger/database/store.ts";
import { routes, WEBHOOK_PATH } from "../../src/server.ts";
import { freshDatabase } from "../support/stores.ts";
import { memory, toolsOn, webhookHeaders } from "./rig.ts";

async function told(app: ReturnType<typeof routes>): Promise<readonly [number, unknown]> {
  const answer = await app.request("/readyz");
  return [answer.status, await answer.json()];
}

describe("readiness", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => vi.useRealTimers());

  function open() {
    let tried = 0;
    let work: () => Promise<void> = () => Promise.resolve();
    const { ledger } = memory();
    const app = routes(
      toolsOn({
        ...ledger,
        tryToStore: () => {
          tried += 1;
          return work();
        },
      }),
    );
    return { app, tried: () => tried, does: (next: typeof work) => (work = next) };
  }

  test("is tried, at most every five seconds, however often it is asked for", async () => {
    const { app, tried, does } = open();
    expect(await told(app)).toEqual([200, { ready: true }]);
    does(() => Promise.reject(new ExternalError("not-writable", "The database at db:5432 is read-only.")));
    await told(app);
    expect(tried()).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await told(app)).toEqual([503, { ready: false, reason: "The database at db:5432 is read-only." }]);
    for (let count = 0; count < 50; count += 1) await told(app);
    expect(tried()).toBe(2);
    does(() => Promise.resolve());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await told(app)).toEqual([200, { ready: true }]);
  });

  test("is not tried again while a trial has not ended, and is no while it lasts", async () => {
    const { app, tried, does } = open();
    const { promise, resolve } = Promise.withResolvers<void>();
    does(() => promise);
    for (let count = 0; count < 5; count += 1) {
      const asked = told(app);
      await vi.advanceTimersByTimeAsync(8_000);
      expect(await asked).toEqual([503, { ready: false, reason: "The database took too long to answer." }]);
    }
    expect(tried()).toBe(1);
    resolve();
    await vi.advanceTimersByTimeAsync(1);
    expect((await told(app))[0]).toBe(200);
  });
});

test("a full disk is told by its code, readiness says no while a delivery does not fit, and yes once there is room", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  await (await openLedger(where)).close();
  const store = await openStore(where, { readOnly: false });
  const ledger = new Ledger(store);
  const pages = (count: number): Promise<unknown> =>
    store.transact((tx) => sql.raw(`pragma max_page_count = ${count}`).execute(tx));
  let missed = 0;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    const app = routes(toolsOn(ledger, { missed: () => (missed += 1) }));
    const body = JSON.stringify({ text: randomBytes(400_000).toString("base64") });
    const post = (): Response | Promise<Response> =>
      app.request(WEBHOOK_PATH, { method: "POST", body, headers: webhookHeaders(body, "d-1") });
    expect((await told(app))[0]).toBe(200);
    await pages(60);
    for (let count = 0; count < 3; count += 1) {
      expect((await post()).status).toBe(503);
      const [status, said] = await told(app);
      expect(status).toBe(503);
      expect((said as { reason: string }).reason).toContain("is full");
      await vi.advanceTimersByTimeAsync(5_000);
      // Nothing came meanwhile, and there is still no room for what came before.
      expect((await told(app))[0]).toBe(503);
    }
    expect(missed).toBe(3);
    await pages(1_000_000);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await told(app)).toEqual([200, { ready: true }]);
    expect((await post()).status).toBe(202);
  } finally {
    vi.useRealTimers();
    await ledger.close();
    await remove();
  }
});
