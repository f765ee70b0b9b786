/** The clock that leases run by: it is never set, and all who share a database read the same. */

import type { Instant } from "../../domain/time/instant.ts";
import { MINUTE } from "../../domain/time/durations.ts";

/** Limits the time between two readings of the database's time (ms). */
const SYNC_EVERY = MINUTE;

/** Continues from a moment by a clock that only goes forward. It is the database's moment where there is a server, else this machine's. */
export class LeaseClock {
  readonly #ask: (() => Promise<Instant>) | null;
  #ahead = Date.now() - performance.now();
  #syncedAt = Number.NEGATIVE_INFINITY;

  /** `ask`: reads the database's time; null where one machine has the database for itself. */
  constructor(ask: (() => Promise<Instant>) | null) {
    this.#ask = ask;
  }

  now(): Instant {
    return Math.floor(performance.now() + this.#ahead);
  }

  /** Sets the clock by the database, if it is time to. Rejects with ExternalError; the clock goes on as it was. */
  async sync(): Promise<void> {
    const sentAt = performance.now();
    if (this.#ask === null || sentAt - this.#syncedAt < SYNC_EVERY) return;
    const there = await this.#ask();
    const answered = performance.now();
    this.#ahead = there - (sentAt + answered) / 2;
    this.#syncedAt = answered;
  }
}
