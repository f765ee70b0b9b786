/** The worker: leases lanes that have due work, a few at once, and works each until nothing is due. */

import { randomUUID } from "node:crypto";
import type { Logger } from "pino";
import type { Clock } from "./flows/ports.ts";
import type { Lease } from "./flows/work.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** What the worker needs. `work` does one lane's due work under its lease. */
export interface WorkerTools {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Logger;
  readonly work: (lease: Lease) => Promise<unknown>;
}

const LANES_AT_ONCE = 8;
const LEASE_MS = 60_000;
const POLL_MS = 500;

/** Works until stopped; wake it when something was stored. */
export class Worker {
  readonly #tools: WorkerTools;
  readonly #owner = randomUUID();
  readonly #running = new Map<string, Promise<void>>();
  #drain: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(tools: WorkerTools) {
    this.#tools = tools;
  }

  /** Looks for due work twice a second, besides being woken. */
  start(): void {
    this.#timer = setInterval(() => this.wake(), POLL_MS);
    this.#timer.unref();
    this.wake();
  }

  /** Looks for due work now. */
  wake(): void {
    void this.settle().catch((error: unknown) => {
      this.#tools.log.error({ err: error }, "The worker could not reach its queue");
    });
  }

  /** Resolves when no work is due any more. Rejects with Trouble when the queue cannot be reached. */
  settle(): Promise<void> {
    this.#again = true;
    this.#drain ??= this.#run().finally(() => {
      this.#drain = null;
    });
    return this.#drain;
  }

  /** Finishes what is under way and takes nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    await this.#drain?.catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#again = false;
      const free = LANES_AT_ONCE - this.#running.size;
      const claimed =
        free <= 0
          ? []
          : await this.#tools.ledger.queue.claim(this.#owner, this.#tools.clock.now(), LEASE_MS, free);
      for (const lane of claimed) {
        this.#running.set(
          lane,
          this.#workLane(lane).finally(() => this.#running.delete(lane)),
        );
      }
      if (this.#running.size > 0) await Promise.race(this.#running.values());
      else if (claimed.length === 0 && !this.#again) return;
    }
    await Promise.all(this.#running.values());
  }

  async #workLane(lane: string): Promise<void> {
    const { ledger, clock, log, work } = this.#tools;
    const { queue } = ledger;
    const lease: Lease = {
      owner: this.#owner,
      lane,
      extend: () => queue.extend(this.#owner, lane, clock.now(), LEASE_MS),
    };
    try {
      await work(lease);
    } catch (error) {
      log.error({ err: error, lane }, "A lane's work was broken off; it will be taken up again");
    }
    await queue.release(this.#owner, lane).catch((error: unknown) => {
      log.error({ err: error, lane }, "A lane could not be given back; its lease will run out");
    });
  }
}
