/** Pacing: a request waits until GitHub's limits have room for it, the most important first. */

import { AsyncLocalStorage } from "node:async_hooks";
import { LRUCache } from "lru-cache";
import { atMost } from "../../domain/values/cache-use.ts";
import type { Claim, Share } from "../../domain/values/quota-share.ts";
import { Line, type Importance, type Turn } from "./request-line.ts";
import type { BudgetName, Cost, Limits } from "./rate-limits.ts";

/** So many installations' budgets are kept. */
const MOST_KEPT = 10_000;

const asking = new AsyncLocalStorage<Importance>();

/** Does work whose requests to GitHub are as important as given. */
export function ranked<Result>(importance: Importance, work: () => Result): Result {
  return asking.run(importance, work);
}

/** Returns the importance of the requests made now; without one given, that of a check. */
export function importanceNow(): Importance {
  return asking.getStore() ?? "check";
}

/** Counts the requests of one importance. */
export interface Paced {
  requests: number;
  /** How many of them had to wait, and how long in all (ms). */
  waits: number;
  waitedMs: number;
  /** How many GitHub refused by a limit. */
  refusals: number;
}

/** Leases shares of the limits for so long (ms), where several processes share them; rejects with ExternalError. */
export type LeaseShares = (claims: readonly Claim[], leaseMs: number) => Promise<ReadonlyMap<string, Share>>;

/** A share is leased for so long, and leased anew so often (ms). */
const LEASE_MS = 30_000;
const RENEWED_EVERY = 10_000;

/** Delays the next lease (ms), where others hold what is required, or no answer came. */
const ASKED_AGAIN = 500;
const TRIED_AGAIN = 1_000;

/**
 * Describes how requests are paced: their importance where none is given, and who leases shares of the limits. Null: they are
 * not shared.
 */
export interface PacingOptions {
  readonly usual?: Importance;
  readonly lease?: LeaseShares | null;
}

/** Holds the budgets of all installations, and of the App itself (null). Time is real and goes forward only. */
export class Pacing {
  readonly #limits: Limits;
  readonly #usual: Importance;
  readonly #lines = new LRUCache<number | "app", Line>(atMost(MOST_KEPT));
  readonly #lease: LeaseShares | null;
  #isStopped = false;
  #leasing: Promise<number | null> | null = null;
  #next: { readonly at: number; readonly timer: NodeJS.Timeout } | null = null;
  #pause = 0;
  /** What came of the requests so far. */
  readonly paced: Readonly<Record<Importance, Paced>> = {
    emergency: nothingPaced(),
    check: nothingPaced(),
    message: nothingPaced(),
    sweep: nothingPaced(),
  };

  constructor(limits: Limits, { usual = "check", lease = null }: PacingOptions = {}) {
    this.#limits = limits;
    this.#usual = usual;
    this.#lease = lease;
  }

  /** Resolves when the request may be sent. Rejects with ExternalError where it would wait too long, or the App stops. */
  async turn(asker: number | null, cost: Cost): Promise<Turn> {
    const importance = asking.getStore() ?? this.#usual;
    const paced = this.paced[importance];
    paced.requests += 1;
    const turn = this.#line(asker).turn(cost, importance);
    if (turn.isReady) return turn.turn;
    paced.waits += 1;
    const since = performance.now();
    try {
      return await turn.turn;
    } finally {
      paced.waitedMs += performance.now() - since;
    }
  }

  /** Notes that GitHub refused a request by a limit; by a `secondary` one, the asker's writes are slow for a while. */
  refused(asker: number | null, kind: "primary" | "secondary"): void {
    this.paced[asking.getStore() ?? this.#usual].refusals += 1;
    if (kind === "secondary") this.#line(asker).slowDown();
  }

  /** Refuses whatever waits, now and from now on; what has room is still sent. */
  stop(): void {
    this.#isStopped = true;
    for (const line of this.#lines.values()) line.stop();
  }

  /** Releases the shares it holds; nothing may be sent after it. Rejects with ExternalError. */
  async end(): Promise<void> {
    this.stop();
    if (this.#next !== null) clearTimeout(this.#next.timer);
    await this.#leasing;
    const claims = this.#claims();
    if (this.#lease !== null && claims.length > 0) await this.#lease(claims, 0);
  }

  /** Returns what is left of each budget that has a limit. */
  left(): readonly { readonly asker: number | null; readonly budget: BudgetName; readonly left: number }[] {
    return [...this.#lines.entries()].flatMap(([asker, line]) =>
      line
        .left()
        .filter(({ left }) => Number.isFinite(left))
        .map((each) => ({ asker: asker === "app" ? null : asker, ...each })),
    );
  }

  #line(asker: number | null): Line {
    const key = asker ?? "app";
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const made = new Line(this.#limits, this.#lease === null ? null : () => this.#renewIn(this.#pause));
    if (this.#isStopped) made.stop();
    this.#lines.set(key, made);
    return made;
  }

  #claims(): readonly Claim[] {
    return [...this.#lines.entries()].flatMap(([asker, line]) => {
      const wishes = line.wishes(this.#isStopped);
      return Object.keys(wishes).length === 0 ? [] : [{ asker: String(asker), wishes }];
    });
  }

  /** Leases shares anew after so long (ms), or earlier where that is planned. */
  #renewIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#isStopped || this.#leasing !== null || (this.#next !== null && this.#next.at <= at)) return;
    if (this.#next !== null) clearTimeout(this.#next.timer);
    const renew = async (): Promise<void> => {
      this.#next = null;
      this.#leasing = this.#renew();
      const again = await this.#leasing;
      this.#leasing = null;
      if (again !== null) this.#renewIn(again);
    };
    const timer = setTimeout(() => void renew(), ms);
    // A waiting request keeps the process alive, not this.
    timer.unref();
    this.#next = { at, timer };
  }

  /** Leases shares anew, and returns after how long it is to be done again (ms); null: when something is requested. */
  async #renew(): Promise<number | null> {
    const claims = this.#claims();
    if (this.#lease === null || claims.length === 0) return null;
    // By our clock the lease ends no later than by the database's, which counts from when it answers.
    const until = performance.now() + LEASE_MS;
    let shares: ReadonlyMap<string, Share>;
    try {
      shares = await this.#lease(claims, LEASE_MS);
    } catch {
      // Shares run out, and nothing is sent, until the database answers again.
      return (this.#pause = TRIED_AGAIN);
    }
    const came = [...this.#lines.entries()].map(([asker, line]) => {
      const share = shares.get(String(asker));
      return share === undefined ? "enough" : line.grant(share, until);
    });
    this.#pause = came.includes("stuck") && !came.includes("more") ? ASKED_AGAIN : 0;
    return came.every((each) => each === "enough") ? RENEWED_EVERY : this.#pause;
  }
}

function nothingPaced(): Paced {
  return { requests: 0, waits: 0, waitedMs: 0, refusals: 0 };
}
