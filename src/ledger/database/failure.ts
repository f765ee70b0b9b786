/** The failures of the two drivers and the file system, as external errors. */

import { ExternalError } from "../../domain/values/external-error.ts";
import type { ExternalErrorCode } from "../../domain/values/external-error.ts";

/** Describes a driver's code: our code, and the message about a place. */
interface Meaning {
  readonly code: ExternalErrorCode;
  readonly message: (place: string) => string;
  /** Is true where it may be over by itself, and the code alone does not show that. */
  readonly retry?: boolean;
}

const UNREACHABLE: Meaning = {
  code: "database-unreachable",
  message: (place) =>
    `The database at ${place} cannot be reached: check DATABASE_URL and that the server is running.`,
};
const REFUSED: Meaning = {
  code: "database-refused",
  message: (place) =>
    `The database at ${place} refused us: check user, password, database name and rights in DATABASE_URL.`,
};
const DISK_FULL: Meaning = {
  code: "disk-full",
  message: (place) =>
    `The store at ${place} is full or failing: free some space; what waits is kept and tried again.`,
};
const NOT_WRITABLE: Meaning = {
  code: "not-writable",
  message: (place) =>
    `The store at ${place} cannot be written: check that the folder exists and belongs to the user Countersign runs as.`,
};
const DAMAGED: Meaning = {
  code: "database-damaged",
  message: (place) => `The database file in ${place} is damaged or is no SQLite database: restore a backup.`,
};
const DAMAGED_SERVER: Meaning = {
  code: "database-damaged",
  message: (place) => `A page of the database at ${place} is damaged: restore a backup, or a replica.`,
};
const OUTDATED: Meaning = {
  code: "database-version",
  message: (place) =>
    `The database at ${place} holds no evidence log of this version: run \`countersign log migrate\`.`,
};

function busy(because: string): Meaning {
  return { code: "database-busy", message: (place) => `The database at ${place} is busy: ${because}.` };
}

const LOCKED = busy("another process holds its lock");

/** Maps Node's, PostgreSQL's and SQLite's codes to their meaning; a prefix of two characters covers its class. */
const MEANING: Readonly<Record<string, Meaning>> = {
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EPIPE: UNREACHABLE,
  "08": UNREACHABLE,
  "57": UNREACHABLE,
  "57014": busy("a statement took too long and was stopped"),
  "28": REFUSED,
  "3D": REFUSED,
  "42501": REFUSED,
  "53100": DISK_FULL,
  "58": DISK_FULL,
  "53": busy("it has reached a limit of its own"),
  "53200": busy("it is out of memory"),
  "53300": busy("it has no connection free; raise max_connections, or lower what else uses it"),
  "55P03": busy("another session holds a lock we need"),
  "40": busy("too much was written at once"),
  "25006": {
    code: "not-writable",
    message: (place) =>
      `The database at ${place} is read-only: it is a standby, or set so; let DATABASE_URL lead to the one that is written to.`,
    // A failover to it makes it writable.
    retry: true,
  },
  XX001: DAMAGED_SERVER,
  XX002: DAMAGED_SERVER,
  "42P01": OUTDATED,
  ENOSPC: DISK_FULL,
  EDQUOT: DISK_FULL,
  EACCES: NOT_WRITABLE,
  EPERM: NOT_WRITABLE,
  EROFS: NOT_WRITABLE,
  ENOTDIR: NOT_WRITABLE,
  EEXIST: NOT_WRITABLE,
  SQLITE_5: LOCKED,
  SQLITE_6: LOCKED,
  SQLITE_8: NOT_WRITABLE,
  SQLITE_10: DISK_FULL,
  SQLITE_11: DAMAGED,
  SQLITE_13: DISK_FULL,
  SQLITE_14: NOT_WRITABLE,
  SQLITE_26: DAMAGED,
};

/**
 * Converts the error of a failed call to an ExternalError; a bug, or an ExternalError, is returned unchanged. `place`: host
 * and port, or the folder.
 */
export function storeError(error: unknown, place: string): unknown {
  if (!(error instanceof Error) || error instanceof ExternalError) return error;
  const meaning = meaningOf(error);
  if (meaning === null) return error;
  const { code, message, retry } = meaning;
  return new ExternalError(code, message(place), { cause: error, ...(retry === undefined ? {} : { retry }) });
}

/**
 * Returns true where the same transaction may succeed in a moment. That is a serialization failure, a deadlock, or SQLite's lock
 * held elsewhere.
 */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01" || code === "SQLITE_5";
}

/** Returns true where the connection that failed is lost, with all it had begun. */
export function isLost(error: unknown): error is Error {
  return error instanceof Error && meaningOf(error) === UNREACHABLE;
}

/** Returns true where the server that answers only reads. */
export function isReadOnly(error: unknown): boolean {
  return codeOf(error) === "25006";
}

function meaningOf(error: Error): Meaning | null {
  const code = codeOf(error);
  // The pool's own errors carry no code.
  if (code === null)
    return /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/.test(
      error.message,
    )
      ? UNREACHABLE
      : null;
  if (code === "SQLITE_1" && error.message.startsWith("no such table")) return OUTDATED;
  return MEANING[code] ?? (/^[0-9A-Z]{5}$/.test(code) ? (MEANING[code.slice(0, 2)] ?? null) : null);
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "string")
    return error instanceof AggregateError ? codeOf(error.errors[0]) : null;
  // SQLite's extended codes hold the primary one in their lowest byte.
  if (error.code === "ERR_SQLITE_ERROR" && "errcode" in error) return `SQLITE_${Number(error.errcode) & 255}`;
  return error.code;
}
