/** Migrates the tables to this version's form, in one transaction; refuses gaps, edits and what a newer version made. */

import { sql } from "kysely";
import type { Kysely, Transaction } from "kysely";

import { sha256 } from "../domain/values/digest.ts";
import { ExternalError } from "../domain/values/external-error.ts";
import { logAndQueue } from "./migrations/0001-log-and-queue.ts";
import { heartbeat } from "./migrations/0002-heartbeat.ts";
import { trial } from "./migrations/0005-trial.ts";
import { bodyVersion } from "./migrations/0006-body-version.ts";
import { sweeps } from "./migrations/0007-sweeps.ts";
import { shares } from "./migrations/0008-shares.ts";
import { lists } from "./migrations/0009-lists.ts";
import { sessions } from "./migrations/0010-sessions.ts";
import { forms } from "./migrations/0011-forms.ts";
import { listMarks } from "./migrations/0012-list-marks.ts";
import { formAttempts } from "./migrations/0013-form-attempts.ts";
import { listDays } from "./migrations/0014-list-days.ts";
import type { StoreKind, Tables } from "./database/schema.ts";
import { takeTurn } from "./database/turns.ts";

/** Describes one step of the schema's history: a name that sorts by age, and the statements for each store. */
export interface Migration {
  readonly name: string;
  readonly statements: (store: StoreKind) => readonly string[];
}

/** Lists the migrations, oldest first. */
export const MIGRATIONS: readonly Migration[] = [
  { name: "0001-log-and-queue", statements: logAndQueue },
  { name: "0002-heartbeat", statements: heartbeat },
  { name: "0005-trial", statements: trial },
  { name: "0006-body-version", statements: bodyVersion },
  { name: "0007-sweeps", statements: sweeps },
  { name: "0008-shares", statements: shares },
  { name: "0009-lists", statements: lists },
  { name: "0010-sessions", statements: sessions },
  { name: "0011-forms", statements: forms },
  { name: "0012-list-marks", statements: listMarks },
  { name: "0013-form-attempts", statements: formAttempts },
  { name: "0014-list-days", statements: listDays },
];

/**
 * Applies what is missing, within the transaction given; returns the names applied. `at`: the time to note. Throws
 * ExternalError `database-version` where the history of the database is not the beginning of ours.
 */
export async function migrate(
  tx: Transaction<Tables>,
  store: StoreKind,
  at: number,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> {
  // Two replicas may start at once; SQLite's `begin immediate` has settled who goes first already.
  if (store === "postgres") await takeTurn(tx, "migrate");
  await tx.schema
    .createTable("migration")
    .ifNotExists()
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("digest", "text", (column) => column.notNull())
    .addColumn("applied_at", "bigint", (column) => column.notNull())
    .execute();
  const missing = await missingMigrations(tx, store, migrations);
  for (const { name, statements } of missing) {
    const texts = statements(store);
    for (const text of texts) await sql.raw(text).execute(tx);
    await tx
      .insertInto("migration")
      .values({ name, digest: digestOf(texts), applied_at: at })
      .execute();
  }
  return missing.map((migration) => migration.name);
}

/** Returns the migrations not applied yet, oldest first; throws as {@link migrate} does. */
export async function missingMigrations(
  tx: Kysely<Tables>,
  store: StoreKind,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly Migration[]> {
  const applied = await tx.selectFrom("migration").select(["name", "digest"]).orderBy("name").execute();
  applied.forEach((row, index) => {
    const known = migrations[index];
    if (known === undefined || migrations.every((migration) => migration.name !== row.name))
      throw outdated(`it was migrated by a newer version (${row.name})`);
    if (known.name !== row.name) throw outdated(`its migration ${known.name} is missing`);
    if (digestOf(known.statements(store)) !== row.digest)
      throw outdated(`its migration ${row.name} was edited after it ran`);
  });
  return migrations.slice(applied.length);
}

function digestOf(statements: readonly string[]): string {
  return sha256(statements.join(";\n"));
}

function outdated(because: string): ExternalError {
  return new ExternalError(
    "database-version",
    `The database does not fit this version of Countersign: ${because}. Start the version that made it, or restore a backup.`,
  );
}
