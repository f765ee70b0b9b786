/** What the two drivers and the file system say when they fail, told as Trouble. */

import { Trouble } from "../domain/trouble.ts";
import type { TroubleCode } from "../domain/trouble.ts";

/** Node's, PostgreSQL's and SQLite's codes, each with what it means to us; a prefix of two characters stands for its class. */
const MEANING: Readonly<Record<string, TroubleCode>> = {
  ECONNREFUSED: "database-unreachable",
  ECONNRESET: "database-unreachable",
  ENOTFOUND: "database-unreachable",
  EAI_AGAIN: "database-unreachable",
  ETIMEDOUT: "database-unreachable",
  EHOSTUNREACH: "database-unreachable",
  ENETUNREACH: "database-unreachable",
  EPIPE: "database-unreachable",
  "08": "database-unreachable",
  "57": "database-unreachable",
  "28": "database-refused",
  "3D": "database-refused",
  "42501": "database-refused",
  "53100": "disk-full",
  "53": "database-busy",
  "55P03": "database-busy",
  "40": "database-busy",
  "25006": "not-writable",
  "42P01": "database-version",
  ENOSPC: "disk-full",
  EDQUOT: "disk-full",
  EACCES: "not-writable",
  EPERM: "not-writable",
  EROFS: "not-writable",
  ENOTDIR: "not-writable",
  EEXIST: "not-writable",
  SQLITE_5: "database-busy",
  SQLITE_6: "database-busy",
  SQLITE_8: "not-writable",
  SQLITE_10: "disk-full",
  SQLITE_11: "database-damaged",
  SQLITE_13: "disk-full",
  SQLITE_14: "not-writable",
  SQLITE_26: "database-damaged",
};

/** A failed call told as Trouble; what is a bug, or Trouble already, comes back as it is. `place`: host and port, or the folder. */
export function troubleOf(error: unknown, place: string): unknown {
  if (!(error instanceof Error) || error instanceof Trouble) return error;
  const code = meaningOf(error);
  return code === null ? error : new Trouble(code, sentence(code, place), { cause: error });
}

/** Whether the same transaction may succeed in a moment: a serialization failure, a deadlock, or SQLite's lock held elsewhere. */
export function isPassing(error: unknown): boolean {
  const code = codeOf(error);
  return code === "40001" || code === "40P01" || code === "SQLITE_5";
}

function meaningOf(error: Error): TroubleCode | null {
  const code = codeOf(error);
  // The pool's own errors carry no code.
  if (code === null)
    return /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/.test(
      error.message,
    )
      ? "database-unreachable"
      : null;
  if (code === "SQLITE_1" && error.message.startsWith("no such table")) return "database-version";
  return MEANING[code] ?? (/^[0-9A-Z]{5}$/.test(code) ? (MEANING[code.slice(0, 2)] ?? null) : null);
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "string")
    return error instanceof AggregateError ? codeOf(error.errors[0]) : null;
  // SQLite's extended codes hold the primary one in their lowest byte.
  if (error.code === "ERR_SQLITE_ERROR" && "errcode" in error) return `SQLITE_${Number(error.errcode) & 255}`;
  return error.code;
}

function sentence(code: TroubleCode, place: string): string {
  switch (code) {
    case "database-unreachable":
      return `The database at ${place} cannot be reached: check DATABASE_URL and that the server is running.`;
    case "database-refused":
      return `The database at ${place} refused us: check user, password, database name and rights in DATABASE_URL.`;
    case "database-busy":
      return `The database at ${place} is busy: another process holds its lock.`;
    case "disk-full":
      return `The store at ${place} is full or failing: free some space; what waits is kept and tried again.`;
    case "not-writable":
      return `The store at ${place} cannot be written: check that the folder exists and belongs to the user Countersign runs as.`;
    case "database-damaged":
      return `The database file in ${place} is damaged or is no SQLite database: restore a backup.`;
    default:
      return `The database at ${place} holds no evidence log of this version: run \`countersign log migrate\`.`;
  }
}
