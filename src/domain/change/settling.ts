/** How long GitHub's answers may lag behind its webhooks, and when to ask again. */

import type { NotShown } from "./review.ts";
import { MINUTE } from "../time/durations.ts";
import type { Instant } from "../time/instant.ts";
/** GitHub's answers lag behind its webhooks; nothing is concluded from their silence before this long (ms). */
export const SETTLING = 10 * MINUTE;

/** How soon a stale answer is first asked for again (ms). */
const FIRST = 2_000;

/** When to ask again for what is awaited: after 2, 4, 8 ... seconds, up to ten minutes after it was told; null: no more. */
export function nextRetry(awaited: readonly NotShown[], now: Instant): Instant | null {
  const open = awaited.filter(({ since }) => now - since < SETTLING);
  if (open.length === 0) return null;
  const looks = open.map(({ since }) => Math.min(now + Math.max(FIRST, now - since), since + SETTLING));
  return Math.min(...looks);
}
