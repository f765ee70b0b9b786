/** Claims lanes as tests do that care for no sort of them. */

import type { Instant } from "../../src/domain/time/instant.ts";
import type { Queue } from "../../src/ledger/queue/queue.ts";

/** Leases up to `limit` lanes with work due at `dueBy` until `now + leaseMs`. */
export async function claimed(
  queue: Queue,
  owner: string,
  now: Instant,
  leaseMs: number,
  limit: number,
  dueBy: Instant = now,
): Promise<readonly string[]> {
  const wanted = [{ limit, which: null }];
  return (await queue.claim({ owner, now, leaseMs, dueBy, most: limit, wanted })).flat();
}
