/** Bodies of entries on their way into the log and out of it. */

import { BODIES, type EntryKind } from "./entry.ts";

/** Throws where a body is not as its schema says: it could not be read again, and the log forgets nothing. */
export function checkBody(kind: EntryKind, subject: string, body: unknown): void {
  const { error } = BODIES[kind].schema.safeParse(body);
  const [issue] = error?.issues ?? [];
  if (issue !== undefined)
    throw new Error(
      `the ${kind} ${subject} is not as it is stored: ${issue.path.join(".")}: ${issue.message}`,
    );
}
