/** How far two clocks differ, by an answer that names the other's time. */

import type { Instant } from "./instant.ts";

/** Describes one answer that names the time at which GitHub gave it. */
export interface TimedAnswer {
  /** GitHub's time, in whole seconds. */
  readonly date: Instant;
  /** When it arrived, by our clock. */
  readonly receivedAt: Instant;
  /** How long it was awaited (ms): it was given at some moment within. */
  readonly ms: number;
}

/** What was awaited for longer than this (ms) shows nothing of the clocks. */
const LONGEST = 10_000;

const SECOND = 1_000;

/** Returns how far GitHub's clock is ahead of ours (ms). 0: they may agree. Null: the answer does not show it. */
export function skewOf({ date, receivedAt, ms }: TimedAnswer): number | null {
  if (ms > LONGEST) return null;
  const least = date - receivedAt;
  const most = date + SECOND - (receivedAt - ms);
  return least <= 0 && most >= 0 ? 0 : date + SECOND / 2 - receivedAt;
}
