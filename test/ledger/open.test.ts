import { randomBytes } from "node:crypto";
import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { sql } from "kysely";
import { beforeEach, describe, expect, inject, it } from "vitest";

import { ExternalError } from "../../src/domain/values/external-error.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { migrate, MIGRATIONS } from "../../src/ledger/migrate.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { openStore } from "../../src/ledger/database/store.ts";
import { describeOnBothStores } from "../support/stores.ts";
import { folderOfTest } from "../support/folders.ts";
import { action, all, delivery, entry } from "./sample.ts";

async function troubleOf(work: Promise<unknown>): Promise<ExternalError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ExternalError) return error;
  throw new Error("no trouble", { cause: error });
}

describeOnBothStores("opening the ledger", (open) => {
  it("makes the tables once, and finds everything again", async () => {
    const { ledger, again } = await open();
    await ledger.record({ entries: [entry("a", 1)], actions: [] }, 1);
    await ledger.close();
    const reopened = await again();
    expect((await reopened.state("tags", "a"))?.body.at).toBe(1);
    expect(await reopened.verifyLog()).toMatchObject({ ok: true, size: 1 });
  });

  it("lets several processes start on a new database at once", async () => {
    const { sql: run, kind, again, ledger } = await open();
    await ledger.close();
    await run(
      ...[
        "log",
        "log_head",
        "state",
        "delivery",
        "action",
        "lane",
        "heartbeat",
        "trial",
        "share",
        "listed",
        "listed_bits",
        "listed_day",
        "listed_mark",
        "listing",
        "session",
        "form",
        "migration",
      ].map((table) => `drop table ${table}`),
      ...(kind === "postgres" ? ["drop function log_is_append_only"] : []),
    );
    const opened = await Promise.all([again(), again(), again()]);
    for (const one of opened) expect(await one.head()).toMatchObject({ size: 0 });
  });

  it("refuses an edited, a missing and an unknown migration, and says so", async () => {
    const { again, sql: run } = await open();
    const name = "0001-log-and-queue";
    for (const [change, undo, says] of [
      [
        "update migration set digest = 'x' || digest where name like '0001%'",
        "update migration set digest = substr(digest, 2) where name like '0001%'",
        "edited",
      ],
      [
        "insert into migration values ('0009-later', 'x', 1)",
        "delete from migration where name = '0009-later'",
        "newer version (0009-later)",
      ],
      [
        `update migration set name = '0000-before' where name = '${name}'`,
        `update migration set name = '${name}' where name = '0000-before'`,
        "newer version (0000-before)",
      ],
    ] as const) {
      await run(change);
      for (const readOnly of [false, true]) {
        const trouble = await troubleOf(again({ readOnly }));
        expect(trouble.code).toBe("database-version");
        expect(trouble.message).toContain(says);
      }
      await run(undo);
    }
    expect(await (await again()).head()).toMatchObject({ size: 0 });
  });

  it("names the migration that is missing between two that ran", async () => {
    const { where } = await open();
    const store = await openStore(where, { readOnly: false });
    const two = [...MIGRATIONS, later("0102-b"), later("0103-c")];
    await store.transact((tx) => migrate(tx, store.kind, 1, two));
    await store.transact((tx) => tx.deleteFrom("migration").where("name", "=", "0102-b").execute());
    const trouble = await troubleOf(store.transact((tx) => migrate(tx, store.kind, 2, two)));
    expect(trouble.message).toContain("its migration 0102-b is missing");
    await store.close();
  });

  it("remembers the last moment an App said it was there", async () => {
    const { ledger, again } = await open();
    expect(await ledger.lastBeat()).toBeNull();
    await ledger.beat(5);
    await (await again()).beat(7);
    expect(await ledger.lastBeat()).toBe(7);
  });

  it("applies a new migration to a database full of rows, all of it or nothing", async () => {
    const { ledger, where } = await open();
    await ledger.record({ entries: [entry("a", 1), entry("b", 2)], actions: [action("k", 1)] }, 1);
    await ledger.queue.store(delivery("d1"));
    const store = await openStore(where, { readOnly: false });
    const broken = {
      name: "0102-x",
      statements: () => ["alter table state add column extra text", "nonsense"],
    };
    await expect(store.transact((tx) => migrate(tx, store.kind, 2, [...MIGRATIONS, broken]))).rejects.toThrow(
      "nonsense",
    );
    const applied = await store.transact((tx) =>
      migrate(tx, store.kind, 2, [...MIGRATIONS, later("0102-x")]),
    );
    expect(applied).toEqual(["0102-x"]);
    expect(await all(ledger.states("tags", { everyOrganization: true }))).toHaveLength(2);
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: 1, actions: 1 });
    expect(await ledger.verifyLog()).toMatchObject({ ok: true });
    await store.close();
  });

  it("reads, and writes nothing, when opened read-only", async () => {
    const { ledger, again } = await open();
    await ledger.record({ entries: [entry("a", 1)], actions: [] }, 1);
    const reader = await again({ readOnly: true });
    expect(await all(reader.log({ everyOrganization: true }))).toHaveLength(1);
    const trouble = await troubleOf(reader.record({ entries: [entry("b", 1)], actions: [] }, 2));
    expect(trouble.code).toBe("not-writable");
  });
});

describe("a database that cannot be used", () => {
  let folder = "";
  beforeEach(() => {
    folder = folderOfTest("open");
  });

  it("is named by host and port when nobody answers, without the password", async () => {
    const port = await closedPort();
    const trouble = await troubleOf(openLedger({ databaseUrl: `postgres://ann:hush@127.0.0.1:${port}/x` }));
    expect(trouble).toMatchObject({ code: "database-unreachable", retry: true });
    expect(trouble.message).toBe(
      `The database at 127.0.0.1:${port} cannot be reached: check DATABASE_URL and that the server is running.`,
    );
  });

  it("is told apart when it answers but refuses us", async () => {
    const url = new URL(inject("databaseUrl"));
    url.pathname = "/no_such_database";
    const trouble = await troubleOf(openLedger({ databaseUrl: url.href }));
    expect(trouble).toMatchObject({ code: "database-refused", retry: false });
    expect(trouble.message).not.toContain(url.password);
  });

  it("is not made by someone who only reads", async () => {
    const trouble = await troubleOf(openLedger({ dataDir: join(folder, "data") }, { readOnly: true }));
    expect(trouble.message).toContain("There is no evidence log at");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused when its folder cannot be made", async () => {
    writeFileSync(join(folder, "file"), "");
    const trouble = await troubleOf(openLedger({ dataDir: join(folder, "file", "data") }));
    expect(trouble).toMatchObject({ code: "not-writable", retry: false });
  });

  it("is refused when the file is something else", async () => {
    writeFileSync(
      join(folder, "countersign.sqlite"),
      "not a database, but long enough to be taken for one".repeat(20),
    );
    expect(await troubleOf(openLedger({ dataDir: folder }))).toMatchObject({ code: "database-damaged" });
  });

  it("says that it is full, acknowledges nothing then, and goes on when there is room", async () => {
    const where = { dataDir: folder };
    await (await openLedger(where)).close();
    const store = await openStore(where, { readOnly: false });
    const ledger = new Ledger(store);
    const pages = (count: number): Promise<unknown> =>
      store.transact((tx) => sql.raw(`pragma max_page_count = ${count}`).execute(tx));
    await pages(40);
    // Random bytes do not shrink: far more than forty pages.
    const big = delivery("big", { body: randomBytes(400_000) });
    expect(await troubleOf(ledger.queue.store(big))).toMatchObject({ code: "disk-full", retry: true });
    expect(await ledger.queue.bodyOf("big")).toBeNull();
    await pages(1_000_000);
    expect(await ledger.queue.store(big)).toBe("stored");
    await ledger.close();
  });
});

function later(name: string): (typeof MIGRATIONS)[number] {
  return { name, statements: () => [`alter table state add column c${name.slice(0, 4)} text`] };
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
