/** Bodies of entries on their way into the log, in today's version, and out of it, whichever version they were recorded in. */

import { BODIES, type Bodies, type EntryKind, type LoggedEntry, type Recorded } from "./entry.ts";
import { ExternalError } from "../values/external-error.ts";

/** Throws where a body does not fit its schema: it could not be read again, and the log forgets nothing. */
export function checkBody(kind: EntryKind, subject: string, body: unknown): void {
  const problem = problemOf(kind, body);
  if (problem !== null) throw new Error(`the ${kind} ${subject} is not as it is stored: ${problem}`);
}

/**
 * Raises a body to today's version, and keeps what was recorded beside it where that was an older one. Throws
 * ExternalError `database-version` for what a newer version of Countersign recorded.
 */
export function raised<K extends EntryKind>(
  { seq, kind, version }: { readonly seq: number; readonly kind: K; readonly version: number },
  body: unknown,
): { readonly body: Bodies[K]; readonly recorded?: Recorded } {
  const known = Object.hasOwn(BODIES, kind) ? BODIES[kind].version : 0;
  if (version > known)
    throw new ExternalError(
      "database-version",
      `Entry ${seq} of the evidence log, a ${kind} of version ${version}, was recorded by a newer version of Countersign, and this one cannot read it. Start the version that recorded it.`,
    );
  // INVARIANT: what has today's version was checked when it was recorded.
  if (version === known) return { body: body as Bodies[K] };
  const now = BODIES[kind].upgrades
    .slice(version - 1)
    .reduce<unknown>((older, upgrade) => upgrade(older as Readonly<Record<string, unknown>>), body);
  const problem = problemOf(kind, now);
  if (problem !== null)
    throw new Error(`entry ${seq}, a ${kind} of version ${version}, is not raised to ${known}: ${problem}`);
  return { body: now as Bodies[K], recorded: { version, body } };
}

/** Describes an entry as its line of the log has it, in its recorded version. That is what its hash covers. */
export interface LogLine extends Omit<LoggedEntry, "body" | "recorded"> {
  /** Absent: 1. */
  readonly version?: number;
  readonly body: unknown;
}

/** Returns the line of the log that an entry was read from. */
export function lineOf(entry: LoggedEntry): LogLine {
  const { recorded, ...line } = entry;
  const version = recorded?.version ?? BODIES[entry.kind].version;
  return { ...line, ...(version === 1 ? {} : { version }), body: recorded?.body ?? entry.body };
}

/** Returns the entry that a line of the log holds, its body raised to today's version. Throws as {@link raised} does. */
export function entryOf<K extends EntryKind>({ version = 1, body, kind, ...rest }: LogLine): LoggedEntry<K> {
  const known = kind as K;
  return { ...rest, kind: known, ...raised({ seq: rest.seq, kind: known, version }, body) };
}

function problemOf(kind: EntryKind, body: unknown): string | null {
  const { error } = BODIES[kind].schema.safeParse(body);
  const [issue] = error?.issues ?? [];
  return issue === undefined ? null : `${issue.path.join(".")}: ${issue.message}`;
}
