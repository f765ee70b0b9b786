import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { sql } from "kysely";
import { Client } from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";

import { ExternalError, type ExternalErrorCode } from "../../src/domain/values/external-error.ts";
import { storeError } from "../../src/ledger/database/failure.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openStore, type Store } from "../../src/ledger/database/store.ts";
import { sample } from "../support/effort.ts";
import { startProxy, type Proxy } from "../support/proxy.ts";
import { freshDatabase } from "../support/stores.ts";
import { delivery } from "./sample.ts";

/** What a promise was rejected with. */
async function rejected(work: Promise<unknown>): Promise<ExternalError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ExternalError) return error;
  throw new Error("no trouble", { cause: error });
}

/** Returns whether there was an answer; anything but one that came too late is thrown. */
async function answered(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (error instanceof ExternalError && error.retry) return false;
    throw error;
  }
}

/** So long is any answer waited for, however busy the machine is (ms). */
const PATIENCE = 600_000;

/** So long where it is tested that something waits no longer. */
const SHORT = 1_500;

describe("PostgreSQL", () => {
  const cleanUp: (() => Promise<unknown>)[] = [];
  let url: URL;
  let proxy: Proxy;
  let store: Store;
  let ledger: Ledger;
  beforeEach(async () => {
    const { where, remove } = await freshDatabase("postgres");
    cleanUp.push(remove);
    url = new URL("databaseUrl" in where ? where.databaseUrl : "");
    proxy = await startProxy(Number(url.port));
    cleanUp.push(() => proxy.close());
    url.hostname = "127.0.0.1";
    url.port = String(proxy.port);
    await (await openLedger({ databaseUrl: url.href })).close();
    await use(PATIENCE);
  });
  afterEach(async () => {
    for (const step of cleanUp.splice(0).toReversed()) await step();
  });

  /** Opens the ledger through the proxy; no answer is waited for longer than `patienceMs`. */
  async function use(patienceMs: number): Promise<void> {
    store = await openStore({ databaseUrl: url.href }, { readOnly: false, patienceMs });
    const opened = new Ledger(store);
    ledger = opened;
    cleanUp.push(() => opened.close());
  }

  /** Another session, past the proxy. */
  async function session(): Promise<Client> {
    const direct = new URL(inject("databaseUrl"));
    direct.search = url.search;
    const client = new Client({ connectionString: direct.href });
    await client.connect();
    cleanUp.push(() => client.end());
    return client;
  }

  test("connections cut while a query runs are told as unreachable, end nothing else, and are replaced", async () => {
    const asleep = Array.from({ length: 4 }, () =>
      store.transact((tx) => sql`select pg_sleep(3600)`.execute(tx)),
    );
    const told = Promise.all(asleep.map(rejected));
    const other = await session();
    const ended = new Set<unknown>();
    await expect
      .poll(async () => {
        const { rows } = await other.query(
          "select pid, pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(3600)%'",
        );
        for (const { pid } of rows as readonly { readonly pid: number }[]) ended.add(pid);
        return ended.size;
      })
      .toBe(4);
    expect((await told).map(({ code }) => code)).toEqual(
      Array.from({ length: 4 }, () => "database-unreachable"),
    );
    expect(await ledger.queue.store(delivery("d1"))).toBe("stored");
  });

  test("a connection cut by the network between two statements of a transaction leaves nothing of it", async () => {
    const trouble = await rejected(
      store.transact(async (tx) => {
        await tx.insertInto("heartbeat").values({ id: 1, at: 1 }).execute();
        proxy.cut();
        await sleep(50);
        await tx.updateTable("heartbeat").set({ at: 2 }).execute();
      }),
    );
    expect(trouble).toMatchObject({ code: "database-unreachable", retry: true });
    expect(await ledger.lastBeat()).toBeNull();
  });

  test(
    "a network that swallows everything is told as unreachable in bounded time, and over when it is over",
    { tags: ["long"] },
    async () => {
      await use(SHORT);
      // On a busy machine an answer may come too late.
      const sound = (): Promise<boolean> =>
        answered(Promise.all(Array.from({ length: 8 }, () => ledger.head())));
      await expect.poll(sound).toBe(true);
      proxy.swallow(true);
      const all = await Promise.all(Array.from({ length: 12 }, () => rejected(ledger.head())));
      expect(new Set(all.map(({ code }) => code))).toEqual(new Set(["database-unreachable"]));
      proxy.swallow(false);
      // No connection from before is trusted any more.
      await expect.poll(sound).toBe(true);
      expect((await ledger.head()).size).toBe(0);
    },
  );

  test("a server that only reads is told so, and left for one that writes", async () => {
    const other = await session();
    const role = `reader_${randomUUID().replaceAll("-", "")}`;
    await other.query(`create role ${role} superuser login password 'x'`);
    cleanUp.push(() => other.query(`drop role ${role}`));
    // Every session that begins now only reads, as on a standby.
    await other.query(`alter role ${role} set default_transaction_read_only = on`);
    url.username = role;
    url.password = "x";
    const onStandby = new Ledger(await openStore({ databaseUrl: url.href }, { readOnly: false }));
    cleanUp.push(() => onStandby.close());
    const trouble = await rejected(onStandby.tryToStore(Buffer.from("x")));
    expect(trouble).toMatchObject({ code: "not-writable", retry: true });
    expect(trouble.message).toContain("read-only");
    expect(trouble.message).not.toContain("folder");
    await other.query(`alter role ${role} reset default_transaction_read_only`);
    // The session that began then would only read for ever.
    await onStandby.tryToStore(Buffer.from("x"));
  });

  test.each(sample(["log", "log_head", "state", "delivery", "action", "lane", "heartbeat", "trial"], 2))(
    "a long lock on %s is told as busy in bounded time, holds nothing up afterwards, and leaves no session waiting",
    async (table) => {
      const other = await session();
      await other.query("begin");
      await other.query(`lock table ${table} in access exclusive mode`);
      await use(SHORT);
      const look = (): Promise<unknown> =>
        store.transact((tx) => sql.raw(`select 1 from ${table}`).execute(tx));
      // On a busy machine what the server says of it may come too late.
      await expect
        .poll(() => rejected(look()))
        .toMatchObject({ code: "database-busy", message: expect.stringContaining("lock") });
      // Of this table alone: other tests use the same server.
      const waiting = `select 1 from pg_locks where relation = '${table}'::regclass and not granted`;
      await expect.poll(async () => (await other.query(waiting)).rowCount).toBe(0);
      await other.query("rollback");
      await expect.poll(() => answered(look())).toBe(true);
    },
  );
});

describe("what failed is told as what it was", () => {
  const told = (code: string, message = "it failed"): ExternalError => {
    const trouble = storeError(Object.assign(new Error(message), { code }), "db:5432");
    if (trouble instanceof ExternalError) return trouble;
    throw new Error(`${code} is no trouble`);
  };

  test.each<readonly [string, ExternalErrorCode, RegExp, boolean]>([
    ["53300", "database-busy", /no connection free/u, true],
    ["53400", "database-busy", /limit/u, true],
    ["53200", "database-busy", /memory/u, true],
    ["53100", "disk-full", /full/u, true],
    ["58030", "disk-full", /failing/u, true],
    ["55P03", "database-busy", /lock/u, true],
    ["57014", "database-busy", /too long/u, true],
    ["57P01", "database-unreachable", /cannot be reached/u, true],
    ["57P03", "database-unreachable", /cannot be reached/u, true],
    ["25006", "not-writable", /read-only/u, true],
    ["40001", "database-busy", /at once/u, true],
    ["XX001", "database-damaged", /damaged/u, false],
    ["XX002", "database-damaged", /damaged/u, false],
    ["28P01", "database-refused", /refused/u, false],
    ["42P01", "database-version", /log migrate/u, false],
  ])("%s as %s", (code, as, says, retry) => {
    expect(told(code)).toMatchObject({ code: as, retry });
    expect(told(code).message).toMatch(says);
    expect(told(code).message).not.toMatch(/folder|holds its lock/u);
  });

  test.each<readonly [number, ExternalErrorCode, RegExp]>([
    [5, "database-busy", /another process holds its lock/u],
    [8, "not-writable", /belongs to the user/u],
    [13, "disk-full", /free some space/u],
    [10 + 256 * 3, "disk-full", /failing/u],
    [11, "database-damaged", /restore a backup/u],
    [26, "database-damaged", /restore a backup/u],
  ])("SQLite's %i as %s", (errcode, as, says) => {
    const trouble = storeError(
      Object.assign(new Error("it failed"), { code: "ERR_SQLITE_ERROR", errcode }),
      "/data",
    );
    expect(trouble).toMatchObject({ code: as });
    expect((trouble as ExternalError).message).toMatch(says);
  });
});

test("SQLite's own rollback of a transaction does not hide why it was rolled back", async () => {
  const { where, remove } = await freshDatabase("sqlite");
  await (await openLedger(where)).close();
  const store = await openStore(where, { readOnly: false });
  try {
    const trouble = await rejected(
      store.transact(async (tx) => {
        // As SQLite does by itself when the disk is full at the commit.
        await sql.raw("rollback").execute(tx);
        throw Object.assign(new Error("database or disk is full"), { code: "ERR_SQLITE_ERROR", errcode: 13 });
      }),
    );
    expect(trouble.code).toBe("disk-full");
  } finally {
    await store.close();
    await remove();
  }
});
