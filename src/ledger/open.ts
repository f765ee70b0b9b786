/** Opens the ledger on one of the two stores and migrates its tables. */

import { sql, type Kysely } from "kysely";

import { ExternalError } from "../domain/values/external-error.ts";
import { Ledger } from "./ledger.ts";
import { migrate, missingMigrations } from "./migrate.ts";
import type { StoreKind, Tables } from "./database/schema.ts";
import { storeError } from "./database/failure.ts";
import { hasWritableSqlite } from "./database/sqlite.ts";
import { openStore } from "./database/store.ts";
import type { StoreLocation } from "./database/store.ts";

/**
 * Opens the ledger and migrates its tables (with `readOnly`: refuses tables that are not). Throws ExternalError
 * `database-unreachable`, `database-refused`, `database-version`, `not-writable`, ...
 */
export async function openLedger(
  where: StoreLocation,
  options: { readonly readOnly?: boolean } = {},
): Promise<Ledger> {
  const readOnly = options.readOnly ?? false;
  const store = await openStore(where, { readOnly });
  try {
    if (readOnly) await store.read((db) => refuseOutdated(db, store.kind));
    else await store.migrate((tx) => migrate(tx, store.kind, Date.now()));
  } catch (error) {
    await store.close();
    throw error;
  }
  return new Ledger(store);
}

/**
 * Opens a ledger to read it, where one is; null: there is none yet. Makes and migrates nothing. Throws as {@link openLedger}
 * does, also where it could not be written.
 */
export async function openIfThere(where: StoreLocation): Promise<Ledger | null> {
  if ("dataDir" in where && !hasWritableFile(where.dataDir)) return null;
  const store = await openStore(where, { readOnly: true, tracelessly: true });
  try {
    if (store.kind === "postgres") await store.read(refuseStandby);
    if (await store.read((db) => hasTables(db, store.kind))) {
      await store.read((db) => refuseOutdated(db, store.kind));
      return new Ledger(store);
    }
  } catch (error) {
    await store.close();
    throw error;
  }
  await store.close();
  return null;
}

function hasWritableFile(dataDir: string): boolean {
  try {
    return hasWritableSqlite(dataDir);
  } catch (error) {
    throw storeError(error, dataDir);
  }
}

async function refuseStandby(db: Kysely<Tables>): Promise<void> {
  const { rows } = await sql<{ readonly standby: boolean }>`select pg_is_in_recovery() as standby`.execute(
    db,
  );
  // The code with which it would refuse a write.
  if (rows[0]?.standby === true) throw Object.assign(new Error("a standby"), { code: "25006" });
}

/** Returns whether the tables are where queries look for them: another schema of the database may have one of that name. */
async function hasTables(db: Kysely<Tables>, kind: StoreKind): Promise<boolean> {
  if (kind === "sqlite") return (await db.introspection.getTables()).some(({ name }) => name === "migration");
  const { rows } = await sql<{
    readonly there: boolean;
  }>`select to_regclass('migration') is not null as there`.execute(db);
  return rows[0]?.there === true;
}

/** Opens a ledger to write in it where one is already: a mistyped place makes no new one. Throws as {@link openLedger} does. */
export async function openExistingLedger(where: StoreLocation): Promise<Ledger> {
  const store = await openStore(where, { readOnly: true });
  try {
    await store.read(async (db) => {
      if (await hasTables(db, store.kind)) return;
      throw new ExternalError(
        "database-unreachable",
        "There is no evidence log in this database: start the App once, or correct the settings that name the database.",
        { retry: false },
      );
    });
  } finally {
    await store.close();
  }
  return openLedger(where);
}

async function refuseOutdated(db: Kysely<Tables>, kind: StoreKind): Promise<void> {
  const missing = await missingMigrations(db, kind);
  if (missing.length === 0) return;
  throw new ExternalError(
    "database-version",
    `The database is older than this version of Countersign (${missing[0]?.name} is missing): run \`countersign log migrate\`.`,
  );
}
