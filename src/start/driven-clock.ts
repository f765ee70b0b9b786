/** A clock that stands still until it is driven, as rehearsals do, and what is due on the way. */

import type { Instant } from "../domain/time/instant.ts";
import type { Clock } from "../flows/context/tools.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { firstAndLast, queueAppointment, type Recurring } from "../timetable.ts";
import type { Worker } from "../worker.ts";

/** Keeps a time that stands still until it is moved. */
export class DrivenClock implements Clock {
  #now: Instant;

  constructor(now: Instant) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  /** Moves forward to `to`, never back. */
  forward(to: Instant): void {
    this.#now = Math.max(this.#now, to);
  }
}

/** Does what is asked for out of turn, and what is due while a driven clock is moved. */
export class Driver {
  readonly #clock: Clock;
  readonly #ledger: Ledger;
  readonly #worker: Worker;
  /** Up to when a driven clock's appointments were kept: one that failed is kept when the clock is driven again. */
  #kept: Instant;
  #asked = 0;

  /** Begins at the clock's present moment. */
  constructor(clock: Clock, ledger: Ledger, worker: Worker) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#worker = worker;
    this.#kept = clock.now();
  }

  /** Returns a name for one more request: asked for twice at one moment, it is done twice. */
  request(): string {
    this.#asked += 1;
    return `${this.#clock.now()}:${process.pid}:${this.#asked}`;
  }

  /** Does one thing of the timetable now. */
  async doNow(kind: Recurring): Promise<void> {
    await queueAppointment(this.#ledger, { kind, at: this.#clock.now() }, this.request());
    await this.#worker.settle();
  }

  /** Moves a driven clock to `to`, doing what is due on the way, oldest first. */
  async advance(clock: DrivenClock, to: Instant): Promise<void> {
    for (const each of firstAndLast(this.#kept, to)) {
      await this.#passUntil(clock, each.at);
      clock.forward(each.at);
      await this.doNow(each.kind);
      this.#kept = each.at;
    }
    await this.#passUntil(clock, to);
    clock.forward(to);
    this.#kept = clock.now();
  }

  /** Does at its own moment what the App itself put off until then: what expires, is due, or must be read again. */
  async #passUntil(clock: DrivenClock, to: Instant): Promise<void> {
    for (;;) {
      const next = await this.#ledger.queue.nextTask(clock.now(), to);
      if (next === null) return;
      clock.forward(next);
      await this.#worker.settle();
    }
  }
}
