/** The embedded store: one SQLite file through node:sqlite, durable at every commit, one writer. */

import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import type { SQLInputValue, StatementSync } from "node:sqlite";

import type { SqliteDatabase, SqliteStatement } from "kysely";

import { ExternalError } from "../../domain/values/external-error.ts";
import { storable } from "./storable.ts";

/** Names the file within the data folder. */
export const SQLITE_FILE = "countersign.sqlite";

/**
 * Maps how durable a commit is to its pragma. Full: one fsync for each commit. Normal: durable with the next full one; until
 * then a loss of power takes it, and all that came after it.
 */
export const SYNCHRONOUS = {
  full: "pragma synchronous = full",
  normal: "pragma synchronous = normal",
} as const;

/** Describes an open file. */
export interface SqliteFile extends SqliteDatabase {
  /** Returns a number that differs after any other connection has written; null: the file is closed. */
  othersWrote(): number | null;
}

/**
 * Opens the file in the shape Kysely's SQLite dialect requires, making folder and file unless `readOnly`. `tracelessly`: reads a
 * file that nobody has open without the files that SQLite puts beside it. Throws ExternalError.
 */
export function openSqlite(dataDir: string, readOnly: boolean, tracelessly = false): SqliteFile {
  const file = join(dataDir, SQLITE_FILE);
  if (readOnly && !existsSync(file))
    throw new ExternalError(
      "database-unreachable",
      `There is no evidence log at ${file}: start the App once, or set COUNTERSIGN_DATA_DIR to its data folder.`,
      { retry: false },
    );
  if (!readOnly) mkdirSync(dataDir, { recursive: true });
  accessSync(dataDir, readOnly ? constants.R_OK : constants.R_OK | constants.W_OK);
  const isUnused = tracelessly && readOnly && !existsSync(`${file}-wal`);
  const database = new DatabaseSync(isUnused ? immutable(file) : file, { readOnly, timeout: 5_000 });
  if (!readOnly) {
    database.exec("pragma journal_mode = wal");
    // With normal, an acknowledged delivery could vanish with the power.
    database.exec(SYNCHRONOUS.full);
    // Larger than the default, so that bursts of deliveries are not interrupted every 4 MB.
    database.exec("pragma wal_autocheckpoint = 4000");
  }
  // SQLite's own waiting for a lock stops the event loop: from here on, the caller waits and tries again.
  database.exec("pragma busy_timeout = 0");
  return inKyselysShape(database, readOnly);
}

/** Returns the address under which SQLite takes it that nobody writes the file. */
function immutable(file: string): URL {
  const url = pathToFileURL(file);
  url.searchParams.set("immutable", "1");
  return url;
}

/** Returns whether the file is there. Throws where it, or the folder it is made in, cannot be written. Makes nothing. */
export function hasWritableSqlite(dataDir: string): boolean {
  const file = join(dataDir, SQLITE_FILE);
  const isThere = existsSync(file);
  if (isThere) accessSync(file, constants.R_OK | constants.W_OK);
  let folder = resolve(dataDir);
  while (!existsSync(folder)) folder = dirname(folder);
  accessSync(folder, constants.W_OK | constants.X_OK);
  return isThere;
}

/**
 * Keeps statements by their text. SQLite plans one anew, ten times the work of running it, whenever another value is bound to
 * its LIMIT, to a LIKE or to what a partial index's condition compares; therefore our queries contain those values as text.
 */
function inKyselysShape(database: DatabaseSync, readOnly: boolean): SqliteFile {
  const statements = new Map<string, SqliteStatement>();
  const dataVersion = database.prepare("pragma data_version");
  dataVersion.setReturnArrays(true);
  return {
    othersWrote: () => (database.isOpen ? Number(dataVersion.get()?.[0]) : null),
    close: () => database.close(),
    prepare(given) {
      // A read first and a write later in one deferred transaction can fail for good when another process wrote between.
      const text = given === "begin" && !readOnly ? "begin immediate" : given;
      // SQLite may have rolled back by itself, as when the disk is full: failing at that would hide why.
      if (text === "rollback" && !database.isTransaction) return NOTHING;
      // It takes effect when it is prepared, not when it is run.
      if (text === SYNCHRONOUS.full || text === SYNCHRONOUS.normal)
        return { ...NOTHING, run: () => (database.exec(text), NOTHING.run([])) };
      const known = statements.get(text);
      if (known !== undefined) return known;
      const statement = shape(database.prepare(text));
      if (statements.size >= 500) statements.clear();
      statements.set(text, statement);
      return statement;
    },
  };
}

const NOTHING: SqliteStatement = {
  reader: false,
  all: () => [],
  run: () => ({ changes: 0, lastInsertRowid: 0 }),
  iterate: () => [][Symbol.iterator](),
};

function shape(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...held(parameters)),
    run: (parameters) => statement.run(...held(parameters)),
    iterate: (parameters) => statement.iterate(...held(parameters)),
  };
}

function held(parameters: readonly unknown[]): readonly SQLInputValue[] {
  return parameters.map(storable) as readonly SQLInputValue[];
}
