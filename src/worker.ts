/** The worker: leases lanes that have due work, a few at once, and works each until nothing is due. */

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type { Logger } from "pino";
import { SWEEP_EVENTS } from "./flows/jobs/priorities.ts";
import type { Clock } from "./flows/context/tools.ts";
import type { WorkLease } from "./flows/jobs/lane.ts";
import { logged } from "./domain/values/external-error.ts";
import type { LeaseClock } from "./ledger/queue/lease-clock.ts";
import type { End } from "./ledger/queue/ends.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** Holds what the worker needs. `work` does one lane's due work under its lease, and returns what ended last and is not stored yet. */
export interface WorkerTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly work: (lease: WorkLease) => Promise<readonly End[]>;
  /** How long a lane is leased (ms, real time); prolonged while it is worked on. Default: 30 seconds. */
  readonly leaseMs?: number;
}

const LANES_AT_ONCE = 8;
/** So many of them where nothing but sweeps is due, so that what people wait for finds a place; one is kept for them. */
const SWEEPS_AT_ONCE = 4;
const LEASE_MS = 30_000;
const POLL_MS = 500;
const RETRY_MS = 50;
/** Delays the release of a lane whose work broke off (ms), so that no worker spins on it. */
const AFTER_FAILURE_MS = 1_000;

/** Works until stopped; wake it when something was stored. */
export class Worker {
  readonly #tools: WorkerTools;
  readonly #id = randomUUID();
  #claims = 0;
  readonly #leaseMs: number;
  readonly #leaseClock: LeaseClock;
  readonly #running = new Map<string, Promise<void>>();
  /** The lanes that were taken for sweeps alone. */
  readonly #sweeping = new Set<string>();
  #drain: Promise<void> | null = null;
  #again = false;
  #woken = Promise.withResolvers<void>();
  readonly #stopping = new AbortController();
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;
  /** Holds when it was last logged that the queue cannot be reached; null: it can. */
  #complainedAt: number | null = null;

  constructor(tools: WorkerTools) {
    this.#tools = tools;
    this.#leaseClock = tools.ledger.leaseClock();
    this.#leaseMs = tools.leaseMs ?? LEASE_MS;
  }

  /** Looks for due work twice a second, besides being woken. */
  start(): void {
    this.#timer = setInterval(() => this.wake(), POLL_MS);
    this.#timer.unref();
    this.wake();
  }

  /** Looks for due work now. */
  wake(): void {
    this.#drained().then(
      () => this.#reached(),
      (error: unknown) => this.#complain(error),
    );
  }

  /** Logs at most once a minute that the queue cannot be reached, though it is tried twice a second. */
  #complain(error: unknown): void {
    const now = performance.now();
    if (this.#complainedAt !== null && now - this.#complainedAt < MINUTE) return;
    this.#complainedAt = now;
    this.#tools.log.error(logged(error), "The worker cannot reach its queue; it goes on trying");
  }

  #reached(): void {
    if (this.#complainedAt !== null) this.#tools.log.info("The worker reaches its queue again");
    this.#complainedAt = null;
  }

  /**
   * Resolves when no work is due any more, also none that another worker has leased. Rejects with ExternalError when the queue
   * cannot be reached.
   */
  async settle(): Promise<void> {
    const { ledger, clock } = this.#tools;
    while (!this.#stopped) {
      await this.#drained();
      if (!(await ledger.queue.mayBeDue(clock.now()))) return;
      const { dueDeliveries, dueActions } = await ledger.queue.waiting(clock.now());
      if (dueDeliveries + dueActions === 0) return;
      await setTimeout(RETRY_MS);
    }
  }

  #drained(): Promise<void> {
    this.#again = true;
    this.#woken.resolve();
    this.#drain ??= this.#run().finally(() => {
      this.#drain = null;
    });
    return this.#drain;
  }

  /** Finishes what is under way and takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopping.abort();
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#drain?.catch(() => undefined);
    await Promise.all(this.#running.values());
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#again = false;
      this.#woken = Promise.withResolvers<void>();
      await this.#leaseClock.sync();
      const claimed = await this.#claim();
      // Whatever becomes due in another lane does not wait for those that are worked on.
      if (this.#running.size > 0) await Promise.race([...this.#running.values(), this.#woken.promise]);
      else if (claimed === 0 && !this.#again) return;
    }
    await Promise.all(this.#running.values());
  }

  /** Takes lanes as there are places: those that have more due than sweeps before the others. Returns how many. */
  async #claim(): Promise<number> {
    const free = LANES_AT_ONCE - this.#running.size;
    if (free <= 0) return 0;
    const kept = this.#sweeping.size === 0 ? 1 : 0;
    const more = { limit: free - kept, which: { have: "more", events: SWEEP_EVENTS } } as const;
    const nothingMore = {
      limit: SWEEPS_AT_ONCE - this.#sweeping.size,
      which: { have: "nothing more", events: SWEEP_EVENTS },
    } as const;
    // Each claim is an owner of its own: what was begun under a lease that ran out is refused, though the same worker has a new one.
    this.#claims += 1;
    const owner = `${this.#id}/${this.#claims}`;
    const { ledger, clock } = this.#tools;
    const [pressing = [], sweeps = []] = await ledger.queue.claim({
      owner,
      now: this.#leaseClock.now(),
      leaseMs: this.#leaseMs,
      dueBy: clock.now(),
      most: free,
      wanted: [more, nothingMore],
    });
    for (const lane of sweeps) this.#sweeping.add(lane);
    for (const lane of [...pressing, ...sweeps]) this.#begin(lane, owner);
    return pressing.length + sweeps.length;
  }

  /** Works a lane; where work on it is still under way, by a lease that ran out, after that has ended. */
  #begin(lane: string, owner: string): void {
    const before = this.#running.get(lane) ?? Promise.resolve();
    const run = before.then(() => this.#workLane(lane, owner));
    this.#running.set(lane, run);
    void run.finally(() => {
      if (this.#running.get(lane) !== run) return;
      this.#running.delete(lane);
      this.#sweeping.delete(lane);
    });
  }

  async #workLane(lane: string, owner: string): Promise<void> {
    const { ledger, log, work } = this.#tools;
    const { queue } = ledger;
    // Leases run by a clock of their own: another process cannot know what time it is in a story.
    const now = (): number => this.#leaseClock.now();
    const lease: WorkLease = { owner, lane, now, isStopping: () => this.#stopped, untried: new Set() };
    const heart = setInterval(() => {
      queue.extend(owner, lane, now(), this.#leaseMs).catch((error: unknown) => {
        log.warn({ ...logged(error), lane }, "A lane's lease could not be prolonged");
      });
    }, this.#leaseMs / 3);
    try {
      const ends = await work(lease);
      // Given back with what ended last, so that it costs no transaction of its own.
      await queue.release(owner, lane, ends, now());
      return;
    } catch (error) {
      log.error({ ...logged(error), lane }, "A lane's work was broken off; it will be taken up again");
      const { signal } = this.#stopping;
      await setTimeout(Math.min(AFTER_FAILURE_MS, this.#leaseMs / 20), undefined, { signal }).catch(
        () => undefined,
      );
    } finally {
      clearInterval(heart);
    }
    await queue.release(owner, lane).catch((error: unknown) => {
      log.error({ ...logged(error), lane }, "A lane could not be given back; its lease will run out");
    });
  }
}
