/** What a running App does by the clock: it notes that it is there, keeps the timetable, and requests what it turned away. */

import type { Logger } from "pino";
import { ClockWatch } from "../clock-watch.ts";
import type { Instant } from "../domain/time/instant.ts";
import { MINUTE } from "../domain/time/durations.ts";
import { logged } from "../domain/values/external-error.ts";
import { recordDowntime } from "../flows/records/coverage-gaps.ts";
import { lostStore } from "../flows/repositories/lost-store.ts";
import type { Clock, Tools } from "../flows/context/tools.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { appointments, lastAppointment, queueAppointment, queueMissed, queuePoll } from "../timetable.ts";
import type { Worker } from "../worker.ts";

/** So often the App notes that it is there. */
const BEAT = MINUTE / 4;

/** Keeps the App's own schedule: begun once, when its store is the right one. */
export class Schedule {
  readonly #tools: Tools;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #worker: Worker;
  readonly #isServing: boolean;
  readonly #isDriven: boolean;
  readonly #pollMs: number | null;
  readonly #timers: NodeJS.Timeout[] = [];
  #beatAt = performance.now();
  /** Since when deliveries were turned away that GitHub may have sent, and nobody has asked for again. */
  #missedSince: Instant | null = null;
  #askedForMissedAt = Number.NEGATIVE_INFINITY;
  #held: string | null = null;
  #hasEnded = false;

  /**
   * `isDriven`: its clock stands still, and nothing is done by timers. `isServing`: it notes that it is there. `pollMs`: how
   * often GitHub's log is read; null: webhooks arrive.
   */
  constructor(
    tools: Tools,
    worker: Worker,
    {
      isServing,
      isDriven,
      pollMs,
    }: { readonly isServing: boolean; readonly isDriven: boolean; readonly pollMs: number | null },
  ) {
    this.#tools = tools;
    this.#ledger = tools.ledger;
    this.#clock = tools.clock;
    this.#log = tools.log;
    this.#worker = worker;
    this.#isServing = isServing;
    this.#isDriven = isDriven;
    this.#pollMs = pollMs;
  }

  /** Returns why the App may not begin; null: it may, or has begun. */
  get held(): string | null {
    return this.#held;
  }

  /** Notes that a delivery may have been turned away that GitHub sent: it is asked for again. */
  missed(): void {
    this.#missedSince ??= this.#clock.now();
  }

  /** Begins, or waits until the store is the right one. `isNewStore`: an empty one is meant so. */
  async begin(isNewStore: boolean): Promise<void> {
    // A story begins where it begins: its store is its own.
    const isAsked = this.#isServing && !this.#isDriven && !isNewStore;
    this.#held = isAsked ? await lostStore(this.#tools) : null;
    if (this.#held === null) return this.#begin();
    this.#log.error({ reason: this.#held }, "The App does not begin");
    this.#askAgain();
  }

  /** Has GitHub's log read now, where webhooks come from there. */
  async poll(): Promise<void> {
    if (this.#pollMs === null || !this.#isServing) return;
    // A driven clock stands still, and much may happen meanwhile.
    await queuePoll(this.#ledger, this.#clock.now(), this.#isDriven ? null : this.#pollMs);
    this.#worker.wake();
  }

  /** Ends every timer. */
  end(): void {
    this.#hasEnded = true;
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  #askAgain(): void {
    let isAsking = false;
    const asking = setInterval(() => {
      if (isAsking) return;
      if (this.#held === null) return clearInterval(asking);
      isAsking = true;
      // What fails is asked again, and until then nothing begins.
      void this.#checkStore()
        .catch(() => undefined)
        .finally(() => (isAsking = false));
    }, BEAT);
    asking.unref();
    this.#timers.push(asking);
  }

  async #checkStore(): Promise<void> {
    const reason = await lostStore(this.#tools);
    if (reason === null) {
      await this.#begin();
      this.#log.info("The App begins");
    }
    // Ready no earlier than it has begun.
    this.#held = reason;
  }

  async #begin(): Promise<void> {
    const last = await this.#ledger.lastBeat();
    if (this.#isServing) {
      await this.#beat();
      // The first of a month, or a Monday, may have passed while nobody was there.
      for (const kind of ["monthly", "weekly"] as const) {
        const missed = lastAppointment(kind, this.#clock.now());
        if (missed !== undefined) await queueAppointment(this.#ledger, missed);
      }
    }
    if (!this.#isDriven) await this.#startTimers(last);
  }

  /** Queues on arrival, and once a minute, everything the timetable had due since; replicas queue the same things once. */
  async #startTimers(lastBeat: Instant | null): Promise<void> {
    const clock = this.#clock;
    let done = clock.now() - MINUTE;
    await queueAppointment(this.#ledger, { kind: "redeliver", at: clock.now() });
    await queueAppointment(this.#ledger, { kind: "census", at: clock.now() });
    const tick = async (): Promise<void> => {
      const until = clock.now();
      for (const each of appointments(done, until)) await queueAppointment(this.#ledger, each);
      done = until;
      this.#worker.wake();
    };
    const watch = new ClockWatch(clock, this.#ledger.queue, lastBeat === null ? null : lastBeat + BEAT);
    await watch.check();
    this.#timers.push(
      // While nothing can be stored these fail too, and are tried again.
      setInterval(() => void this.#askForMissed().catch(() => undefined), MINUTE / 12),
      setInterval(() => void watch.check().catch(() => undefined), MINUTE / 60),
      setInterval(() => {
        tick().catch((error: unknown) =>
          this.#log.error(logged(error), "The timetable could not be queued; it is tried again in a minute"),
        );
      }, MINUTE),
      setInterval(() => this.#catchUpLists(), MINUTE),
      setInterval(() => {
        // A clock that is set forward is no absence: the time that went by in this process counts as well.
        this.#beat(performance.now() - this.#beatAt).catch((error: unknown) => {
          const message = "The heartbeat could not be noted; a gap will be recorded if this lasts";
          this.#log.warn(logged(error), message);
        });
      }, BEAT),
    );
    this.#catchUpLists();
    if (this.#pollMs !== null)
      this.#timers.push(
        setInterval(() => {
          this.poll().catch((error: unknown) =>
            this.#log.error(logged(error), "Reading GitHub's log could not be queued; it is tried again"),
          );
        }, this.#pollMs),
      );
    this.#worker.start();
  }

  /** What the pages list is made beforehand: after an update of the program that takes minutes. */
  #catchUpLists(): void {
    this.#ledger.lists.catchUp().catch((error: unknown) => {
      if (!this.#hasEnded)
        this.#log.warn(
          logged(error),
          "The lists of the pages could not catch up with the log; it is tried again",
        );
    });
  }

  /** Notes that the App is there. Where nobody did for longer than `atMost` at least (ms), nobody was there. */
  async #beat(atMost = Number.POSITIVE_INFINITY): Promise<void> {
    // The database's clock, where it has one: those of the machines that share it differ.
    const stored = this.#isDriven ? null : await this.#ledger.time();
    const at = stored ?? this.#clock.now();
    const before = await this.#ledger.lastBeat();
    if (before !== null && Math.min(at - before, atMost) > MINUTE)
      await recordDowntime(this.#tools, before, at);
    await this.#ledger.beat(at);
    this.#beatAt = performance.now();
  }

  /** Requests what was turned away as soon as something can be stored again, at most once a minute. */
  async #askForMissed(): Promise<void> {
    const since = this.#missedSince;
    if (since === null || performance.now() - this.#askedForMissedAt < MINUTE) return;
    const now = this.#clock.now();
    await queueMissed(this.#ledger, Math.min(since, now), now);
    this.#askedForMissedAt = performance.now();
    if (this.#missedSince === since) this.#missedSince = null;
    this.#worker.wake();
  }
}
