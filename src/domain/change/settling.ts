/** The lag of GitHub's answers behind its webhooks, and when to read again. */

import type { NotShown } from "./review.ts";
import { MINUTE } from "../time/durations.ts";
import type { Instant } from "../time/instant.ts";
/** Limits how long GitHub's answers may lag behind its webhooks (ms). Nothing is concluded from their silence before. */
export const SETTLING = 10 * MINUTE;

/** How soon a stale answer is first read again (ms). */
const FIRST = 2_000;

/**
 * Returns when to read again what is awaited, or null: no more. That is after 2, 4, 8 ... seconds, up to ten minutes
 * after it was reported.
 */
export function nextRetry(awaited: readonly NotShown[], now: Instant): Instant | null {
  const open = awaited.filter(({ since }) => now - since < SETTLING);
  if (open.length === 0) return null;
  const retries = open.map(({ since }) => Math.min(now + Math.max(FIRST, now - since), since + SETTLING));
  return Math.min(...retries);
}
