/** One way to write and one way to read, over both stores; every driver's error becomes an ExternalError. */

import { Kysely, PostgresDialect, sql, SqliteDialect } from "kysely";
import type { ControlledTransaction, Transaction } from "kysely";

import { isPassing, storeError } from "./failure.ts";
import type { StoreKind, Tables } from "./schema.ts";
import { openSqlite, SYNCHRONOUS, type SqliteFile } from "./sqlite.ts";

/** Names where the ledger is: a PostgreSQL address, or the folder of the embedded file. */
export type StoreLocation = { readonly databaseUrl: string } | { readonly dataDir: string };

/** Describes a database that is only read. */
export interface Readable {
  /** Reads outside any transaction of a writer. Throws ExternalError. */
  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>;
}

type Transacted<T> = (tx: Transaction<Tables>) => Promise<T>;

/** Describes an open database. */
export interface Store extends Readable {
  readonly kind: StoreKind;
  /** Returns a number that differs after any other writer than this store's own has written; null: that cannot be known. */
  othersWrote(): number | null;
  /**
   * Runs one transaction, all or nothing; tried again where the database requires it, so `work` must touch nothing else.
   * `lasts`: from when it outlives a loss of power, at once (the default), or with the next one that does, for what is then
   * only done again. A loss of power takes the last ones alone, never one before another. Throws ExternalError.
   */
  transact<T>(work: Transacted<T>, lasts?: "at once" | "with the next"): Promise<T>;
  /** Reads the database as it is at one moment, however long that takes; writers do not wait for it. Throws ExternalError. */
  snapshot<T>(work: (moment: Readable) => Promise<T>): Promise<T>;
  /** Runs one transaction that may take as long as it needs, before the store is used otherwise. Throws ExternalError. */
  migrate<T>(work: (tx: Transaction<Tables>) => Promise<T>): Promise<T>;
  /** Returns how many transactions it has committed since it was opened. */
  committed(): number;
  close(): Promise<void>;
}

/** Describes how a store is opened. */
export interface StoreOptions {
  readonly readOnly: boolean;
  /** Read in a moment, and without the files that SQLite puts beside its own. */
  readonly tracelessly?: boolean;
  /** How long a server's answer is waited for (ms); default: 20 seconds. */
  readonly patienceMs?: number;
}

/** Opens the store alone, without reading its tables. Rejects with ExternalError. */
export async function openStore(where: StoreLocation, options: StoreOptions): Promise<Store> {
  const place = "databaseUrl" in where ? hostAndPort(where.databaseUrl) : where.dataDir;
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, place);
    }
  };
  const { kind, db, lightly, patiently, apart, othersWrote } =
    "databaseUrl" in where ? await postgres(where.databaseUrl, options) : sqlite(where.dataDir, options);
  let committed = 0;
  const transact: Store["transact"] = async (work, lasts = "at once") => {
    const done = await guard(() =>
      again(() => (lasts === "at once" ? db.transaction().execute(work) : lightly(work))),
    );
    committed += 1;
    return done;
  };
  return {
    kind,
    othersWrote,
    committed: () => committed,
    transact,
    migrate: (work) => patiently(() => transact(work)),
    read: (work) => guard(() => again(() => work(db))),
    async snapshot(work) {
      const own = apart();
      try {
        const moment = await guard(() => again(() => begin(own.db, kind)));
        try {
          return await work({ read: (reading) => guard(() => reading(moment)) });
        } finally {
          // Nothing was written; a connection that was lost has nothing left to end.
          await moment
            .rollback()
            .execute()
            .catch(() => undefined);
        }
      } finally {
        await own.close();
      }
    },
    close: () => db.destroy(),
  };
}

interface Connections {
  readonly kind: StoreKind;
  readonly db: Kysely<Tables>;
  /** One transaction that waits for no disk. */
  readonly lightly: <T>(work: Transacted<T>) => Promise<T>;
  readonly patiently: <T>(work: () => Promise<T>) => Promise<T>;
  /** Connections that a long read does not take from others. */
  readonly apart: () => { readonly db: Kysely<Tables>; readonly close: () => Promise<void> };
  readonly othersWrote: () => number | null;
}

/** Begins to read at one moment: the first statement fixes it. */
async function begin(db: Kysely<Tables>, kind: StoreKind): Promise<ControlledTransaction<Tables>> {
  if (kind === "sqlite") {
    const moment = await db.startTransaction().execute();
    await moment.selectFrom("log_head").select("size").execute();
    return moment;
  }
  const moment = await db
    .startTransaction()
    .setIsolationLevel("repeatable read")
    .setAccessMode("read only")
    .execute();
  // Files are written and sorted between two reads.
  await sql`set local idle_in_transaction_session_timeout = 0`.execute(moment);
  await moment.selectFrom("log_head").select("size").execute();
  return moment;
}

function sqlite(dataDir: string, { readOnly, tracelessly }: StoreOptions): Connections {
  const open = (only: boolean, opened?: (file: SqliteFile) => void): Kysely<Tables> =>
    new Kysely<Tables>({
      dialect: new SqliteDialect({
        // Opened at the first query, so that a failure occurs where all failures are converted.
        database: async () => {
          const file = openSqlite(dataDir, only, tracelessly);
          opened?.(file);
          return file;
        },
      }),
    });
  let written: SqliteFile | null = null;
  // One connection reads and writes: whatever one of two wrote, the other would read from the file anew.
  const db = open(readOnly, (file) => (written = file));
  return {
    kind: "sqlite",
    db,
    lightly: (work) =>
      db.connection().execute(async (own) => {
        await sql.raw(SYNCHRONOUS.normal).execute(own);
        try {
          return await own.transaction().execute(work);
        } finally {
          await sql.raw(SYNCHRONOUS.full).execute(own);
        }
      }),
    patiently: (work) => work(),
    apart: () => {
      const own = open(true);
      return { db: own, close: () => own.destroy() };
    },
    othersWrote: () => written?.othersWrote() ?? null,
  };
}

async function postgres(databaseUrl: string, options: StoreOptions): Promise<Connections> {
  // Its driver takes memory that the embedded file has no use for.
  const { Postgres } = await import("./postgres.ts");
  const pool = new Postgres(databaseUrl, options);
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return {
    kind: "postgres",
    db,
    lightly: (work) =>
      db.transaction().execute(async (tx) => {
        await sql`set local synchronous_commit = off`.execute(tx);
        return work(tx);
      }),
    patiently: (work) => pool.patiently(work),
    apart: () => ({ db, close: () => Promise.resolve() }),
    othersWrote: () => null,
  };
}

/** How long a transaction is tried again while another process holds the lock, in milliseconds. */
const PATIENCE = 5_000;

async function again<T>(work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() - start > PATIENCE) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.min(attempt * 2, 25)));
    }
  }
}

function hostAndPort(databaseUrl: string): string {
  const url = URL.parse(databaseUrl);
  if (url === null) return "the address in DATABASE_URL";
  return `${url.hostname || url.searchParams.get("host") || "localhost"}:${url.port || "5432"}`;
}
