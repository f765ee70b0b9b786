/** The clock leases run by: nobody sets it, and all who share a database read the same. */

import type { Instant } from "../../domain/time/instant.ts";
import { MINUTE } from "../../domain/time/durations.ts";

/** So often the database is asked for its time anew (ms). */
const SYNC_EVERY = MINUTE;

/** Runs on from a moment by a clock that only goes forward: the database's moment where there is a server, else this machine's. */
export class LeaseClock {
  readonly #ask: (() => Promise<Instant>) | null;
  #ahead = Date.now() - performance.now();
  #syncedAt = Number.NEGATIVE_INFINITY;

  /** `ask`: the database's time; null where one machine has it for itself. */
  constructor(ask: (() => Promise<Instant>) | null) {
    this.#ask = ask;
  }

  now(): Instant {
    return Math.floor(performance.now() + this.#ahead);
  }

  /** Sets the clock by the database, if it is time to. Rejects with Trouble; the clock goes on as it was. */
  async sync(): Promise<void> {
    const asked = performance.now();
    if (this.#ask === null || asked - this.#syncedAt < SYNC_EVERY) return;
    const there = await this.#ask();
    const answered = performance.now();
    this.#ahead = there - (asked + answered) / 2;
    this.#syncedAt = answered;
  }
}
