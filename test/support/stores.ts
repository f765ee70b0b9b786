/** Runs one suite on both stores: a temporary SQLite file, and a schema of its own in PostgreSQL. */

import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Client } from "pg";
import { afterEach, describe, inject } from "vitest";

import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import { SQLITE_FILE } from "../../src/ledger/database/sqlite.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { dropping, giveBackSchema, takeSchema, urlOf } from "./migrated-schemas.ts";

// In memory where the system has such a folder: no test cuts the power, so none need wait for a disk.
const MEMORY = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** As long as SQLite waits for another (ms): the test ends first. */
const LONGEST = 2 ** 31 - 1;

/** Which store, where it is, and a way to open it once more; all is closed and removed after each test. */
export interface OpenedStore {
  readonly kind: "sqlite" | "postgres";
  readonly where: StoreLocation;
  readonly ledger: Ledger;
  /** Another ledger on the same database, as another process would open it. */
  readonly again: (options?: { readonly readOnly?: boolean }) => Promise<Ledger>;
  /** Runs SQL past the ledger, as whoever has the database's password could. */
  readonly sql: (...statements: readonly string[]) => Promise<void>;
}

type Suite = (open: () => Promise<OpenedStore>) => void;

/** Describes the suite twice; `open` gives each test a new, empty database. */
export function describeOnBothStores(name: string, suite: Suite): void {
  describeOn("sqlite", name, suite);
  describeOn("postgres", name, suite);
}

/** Describes a suite that takes long, and whose queries others try on PostgreSQL: `npm test` leaves it out there. */
export function describeLongOnBothStores(name: string, suite: Suite): void {
  describeOn("sqlite", name, suite);
  describeOn("postgres", name, suite, ["long"]);
}

function describeOn(
  kind: OpenedStore["kind"],
  name: string,
  suite: Suite,
  tags: readonly string[] = [],
): void {
  describe(`${name}, on ${kind}`, { tags: [...tags] }, () => {
    const cleanUp: (() => Promise<unknown>)[] = [];
    afterEach(async () => {
      for (const step of cleanUp.splice(0).toReversed()) await step();
    });
    suite(async () => {
      const { where, sql, remove } = await migratedDatabase(kind);
      cleanUp.push(remove);
      const again = async (options: { readonly readOnly?: boolean } = {}): Promise<Ledger> => {
        const ledger = await openLedger(where, options);
        let closed = false;
        const close = ledger.close.bind(ledger);
        ledger.close = async () => {
          if (!closed) await close();
          closed = true;
        };
        cleanUp.push(() => ledger.close());
        return ledger;
      };
      return { kind, where, ledger: await again(), again, sql };
    });
  });
}

/** A new, empty database of the kind; `remove` takes it away again. */
export async function freshDatabase(kind: "sqlite" | "postgres"): Promise<{
  readonly where: StoreLocation;
  readonly sql: OpenedStore["sql"];
  readonly remove: () => Promise<void>;
}> {
  if (kind === "sqlite") {
    const dataDir = mkdtempSync(join(MEMORY, "countersign-ledger-"));
    return {
      where: { dataDir },
      sql: async (...statements) => {
        const { DatabaseSync } = await import("node:sqlite");
        const database = new DatabaseSync(join(dataDir, SQLITE_FILE), { timeout: LONGEST });
        try {
          for (const statement of statements) database.exec(statement);
        } finally {
          database.close();
        }
      },
      remove: async () => rmSync(dataDir, { recursive: true, force: true }),
    };
  }
  const server = inject("databaseSocketUrl");
  const schema = `test_${randomUUID().replaceAll("-", "")}`;
  await runOnPostgres(server, [`create schema ${schema}`]);
  const databaseUrl = urlOf(server, schema);
  return {
    where: { databaseUrl },
    sql: (...statements) => runOnPostgres(databaseUrl, statements),
    remove: () => runOnPostgres(server, dropping(schema)),
  };
}

/** The file of a database with tables and no rows: to make it anew for each test takes longer than to copy it. */
let migratedFile: Promise<Buffer> | undefined;

async function migratedOnce(): Promise<Buffer> {
  const dataDir = mkdtempSync(join(MEMORY, "countersign-migrated-"));
  try {
    await (await openLedger({ dataDir })).close();
    return readFileSync(join(dataDir, SQLITE_FILE));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Such a database whose tables may be there already, as a ledger that was opened and closed leaves them. */
export async function migratedDatabase(
  kind: "sqlite" | "postgres",
): Promise<Awaited<ReturnType<typeof freshDatabase>>> {
  if (kind === "sqlite") {
    const fresh = await freshDatabase(kind);
    migratedFile ??= migratedOnce();
    if ("dataDir" in fresh.where) writeFileSync(join(fresh.where.dataDir, SQLITE_FILE), await migratedFile);
    return fresh;
  }
  const server = inject("databaseSocketUrl");
  const schema = await takeSchema(server);
  const databaseUrl = urlOf(server, schema);
  return {
    where: { databaseUrl },
    sql: (...statements) => runOnPostgres(databaseUrl, statements),
    remove: () => giveBackSchema(server, schema),
  };
}

async function runOnPostgres(url: string, statements: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
