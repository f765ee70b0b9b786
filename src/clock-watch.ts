/** Notices that the machine's clock was set back: what was due by it must not wait until it is that late again. */

import type { Instant } from "./domain/time/instant.ts";
import type { Clock } from "./flows/context/tools.ts";
import type { Queue } from "./ledger/queue/queue.ts";

/** Ignores steps smaller than this (ms): clocks are set by so much all the time. */
const SLACK = 2_000;

/** Compares the clock with one that only goes forward. */
export class ClockWatch {
  readonly #clock: Clock;
  readonly #queue: Pick<Queue, "clockWentBack">;
  /** The latest moment there was, and when it was, by the clock that only goes forward. */
  #latest: { readonly at: Instant; readonly since: number };

  /** `latest`: the latest moment known from before this process; null: there is none. */
  constructor(clock: Clock, queue: Pick<Queue, "clockWentBack">, latest: Instant | null) {
    this.#clock = clock;
    this.#queue = queue;
    this.#latest = { at: latest ?? clock.now(), since: performance.now() };
  }

  /** Compares once, and has the queue follow a clock that went back. Rejects with ExternalError; the next call tries again. */
  async check(): Promise<void> {
    const at = this.#clock.now();
    const since = performance.now();
    const expected = this.#latest.at + (since - this.#latest.since);
    if (at < expected - SLACK) await this.#queue.clockWentBack(Math.ceil(expected), at);
    this.#latest = { at, since };
  }
}
