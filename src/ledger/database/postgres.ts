/** PostgreSQL through `pg`: no connection is trusted after it failed, and no answer is waited for without end. */

import { Socket } from "node:net";

import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import { Pool, types, type PoolClient } from "pg";

import { isLost, isReadOnly } from "./failure.ts";
import { storable } from "./storable.ts";

/** Limits the time for an answer (ms). The server gives up a little before us, so that it can give the reason. */
const PATIENCE = 20_000;

/** Limits the time for a connection (ms), or a quarter of the time for an answer where that is longer. */
const CONNECTION_PATIENCE = 5_000;

/** Limits the time for a lock (ms): the work is tried again later, and nothing queues behind a long lock. */
const LOCK_PATIENCE = 5_000;

/** Describes how the database is used. */
export interface PostgresOptions {
  readonly readOnly: boolean;
  /** How long an answer may take (ms); default: 20 seconds. */
  readonly patienceMs?: number | undefined;
}

/** Holds the connections to one database, in the shape Kysely's PostgreSQL dialect requires. */
export class Postgres implements PostgresPool {
  readonly options = {};
  readonly #databaseUrl: string;
  readonly #readOnly: boolean;
  readonly #patience: number;
  readonly #limited = new WeakSet<PoolClient>();
  #generation: Generation;
  /** Is true while the tables are migrated: answers are then waited for without end. */
  #isPatient = false;

  constructor(databaseUrl: string, { readOnly, patienceMs = PATIENCE }: PostgresOptions) {
    this.#databaseUrl = databaseUrl;
    this.#readOnly = readOnly;
    this.#patience = patienceMs;
    this.#generation = this.#open();
  }

  /** Does work that may take long, while these connections have no other user. */
  async patiently<T>(work: () => Promise<T>): Promise<T> {
    this.#isPatient = true;
    try {
      return await work();
    } finally {
      this.#isPatient = false;
      // Connections keep the limits they began with.
      this.#onDone(this.#generation);
    }
  }

  async connect(): Promise<PostgresPoolClient> {
    const generation = this.#generation;
    const client = await generation.pool.connect();
    const connection = new Connection(client, this.#isPatient ? null : this.#patience, () =>
      this.#onDone(generation),
    );
    if (this.#limited.has(client)) return connection;
    this.#limited.add(client);
    try {
      await connection.query(this.#limits(), []);
      return connection;
    } catch (error) {
      connection.release();
      throw error;
    }
  }

  async end(): Promise<void> {
    // A server that does not answer will not close the connection either.
    const cut = setTimeout(() => this.#generation.cut(), this.#patience);
    await this.#generation.pool.end();
    clearTimeout(cut);
  }

  /**
   * Opens new connections from now on. Where one is silent the others are, and those to a server that only reads since
   * another took its place would go on reading for ever.
   */
  #onDone(generation: Generation): void {
    if (generation !== this.#generation) return;
    this.#generation = this.#open();
    // What is under way on the old ones has its time to end.
    generation.pool.end().catch(() => undefined);
    setTimeout(() => generation.cut(), this.#patience).unref();
  }

  #open(): Generation {
    const sockets = new Set<Socket>();
    const pool = new Pool({
      connectionString: this.#databaseUrl,
      max: 8,
      connectionTimeoutMillis: Math.min(this.#patience, Math.max(CONNECTION_PATIENCE, this.#patience / 4)),
      keepAlive: true,
      application_name: "countersign",
      // Counts and instants are far below 2^53.
      types: {
        getTypeParser: (oid, format) =>
          oid === types.builtins.INT8 ? Number : types.getTypeParser(oid, format),
      },
      stream: () => {
        const socket = new Socket();
        sockets.add(socket);
        socket.once("close", () => sockets.delete(socket));
        return socket;
      },
    });
    // A connection may break while it is idle, and while it is used: unhandled, either would end the process.
    pool.on("error", () => undefined);
    pool.on("connect", (client) => client.on("error", () => undefined));
    return {
      pool,
      cut: () => {
        for (const socket of sockets) socket.destroy();
      },
    };
  }

  /** The limits of a session: by statements and not at its start, where a pooler in between may refuse them. */
  #limits(): string {
    return [
      ...(this.#isPatient
        ? []
        : [
            `set statement_timeout = ${Math.ceil(this.#patience * 0.8)}`,
            `set lock_timeout = ${Math.min(LOCK_PATIENCE, Math.ceil(this.#patience * 0.5))}`,
            `set idle_in_transaction_session_timeout = ${this.#patience * 2}`,
          ]),
      ...(this.#readOnly ? ["set default_transaction_read_only = on"] : []),
      "select 1",
    ].join("; ");
  }
}

/** Connections that are trusted or left together. */
interface Generation {
  readonly pool: Pool;
  /** Ends them, whatever they are doing. */
  readonly cut: () => void;
}

/** Wraps one connection while it is in use. */
class Connection implements PostgresPoolClient {
  readonly #client: PoolClient;
  readonly #patience: number | null;
  readonly #onDone: () => void;
  #lost: Error | undefined = undefined;

  constructor(client: PoolClient, patience: number | null, onDone: () => void) {
    this.#client = client;
    this.#patience = patience;
    this.#onDone = onDone;
  }

  query<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>>;
  query(cursor: never): never;
  async query<R>(sql: string, parameters: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
    if (this.#lost !== undefined) {
      // The server has rolled back what a lost connection began; failing at that would hide why it was lost.
      if (sql === "rollback") return { command: "ROLLBACK", rowCount: 0, rows: [] };
      throw this.#lost;
    }
    try {
      return await this.#answer<R>(sql, parameters);
    } catch (error) {
      if (isLost(error)) this.#lost = error;
      if (error instanceof TooLate || isReadOnly(error)) this.#onDone();
      throw error;
    }
  }

  release(): void {
    this.#client.release(this.#lost);
  }

  async #answer<R>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<R>> {
    const answer = this.#client.query(sql, parameters.map(storable)) as Promise<unknown>;
    if (this.#patience === null) return (await answer) as PostgresQueryResult<R>;
    // An answer after its time is of no use.
    answer.catch(() => undefined);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new TooLate()), this.#patience ?? 0);
    });
    try {
      return (await Promise.race([answer, late])) as PostgresQueryResult<R>;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** No answer came in time: the connection is as good as lost. */
class TooLate extends Error {
  readonly code = "ETIMEDOUT";

  constructor() {
    super("no answer came in time");
  }
}
