/** Small entries, actions and deliveries for the ledger's tests. */

import type { Action, Entry, LoggedEntry } from "../../src/domain/records/entry.ts";
import type { TagsRecord } from "../../src/domain/records/deployment.ts";
import type { NewDelivery } from "../../src/ledger/queue/deliveries.ts";

/** How long a lane is leased (ms): longer than any test takes. */
export const LEASE = 3_600_000;

/** An entry of kind `tags` about repository 1, unless `more` says otherwise: no body is smaller. A number is when they were read. */
export function entry(
  subject: string,
  value: number | TagsRecord["tags"],
  more: Partial<Entry<"tags">> = {},
): Entry<"tags"> {
  const body = typeof value === "number" ? { tags: {}, at: value } : { tags: value, at: 0 };
  return { kind: "tags", subject, repositoryId: 1, organizationId: 9, at: 1_000, body, ...more };
}

/** A check run on repository 1 by installation 5. */
export function action(key: string, payload: unknown, more: Partial<Action> = {}): Action {
  return { key, kind: "check-run", repositoryId: 1, organizationId: 9, installationId: 5, payload, ...more };
}

/** A delivery in the lane of repository 1. */
export function delivery(id: string, more: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id,
    event: "push",
    action: null,
    lane: "repository:1",
    receivedAt: 1_000,
    body: Buffer.from(`{"id":"${id}"}`),
    ...more,
  };
}

/** Everything an iterable gives. */
export async function all<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of source) found.push(one);
  return found;
}

/** Just the subjects. */
export function subjects(entries: readonly LoggedEntry[]): readonly string[] {
  return entries.map((logged) => logged.subject);
}
