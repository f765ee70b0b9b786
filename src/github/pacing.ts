/** Pacing: a request waits until GitHub's limits have room for it, the most important first. */

import { AsyncLocalStorage } from "node:async_hooks";
import { LRUCache } from "lru-cache";
import { Trouble } from "../domain/trouble.ts";
import { BUDGET_NAMES, BUDGETS, limits, type BudgetName, type Cost, type Limits } from "./limits.ts";

/** How important requests are, the most important first. `sweep`: whatever nobody waits for. */
export const IMPORTANCES = ["emergency", "check", "message", "sweep"] as const;

/** How important a request is. */
export type Importance = (typeof IMPORTANCES)[number];

/** A request waits here for so long at most (ms); what must wait longer goes back to the queue. */
const LONGEST_WAIT = 120_000;

/** After a refusal by a secondary limit, for so long (ms) one write is sent in so long (ms), as GitHub advises. */
const SLOW_FOR = 600_000;
const BETWEEN_SLOW_WRITES = 1_000;

/** So many installations' budgets are kept. */
const MOST_KEPT = 10_000;

const asking = new AsyncLocalStorage<Importance>();

/** Does work whose requests to GitHub are as important as given. */
export function ranked<Result>(importance: Importance, work: () => Result): Result {
  return asking.run(importance, work);
}

/** What the requests of one importance came to. */
export interface Paced {
  requests: number;
  /** How many of them had to wait, and how long in all (ms). */
  waits: number;
  waitedMs: number;
  /** How many GitHub refused by a limit. */
  refusals: number;
}

/** The leave to send one request. */
export interface Turn {
  /** Ends the request, whatever came of it. */
  end(): void;
  /** Ends it where it was not sent after all. */
  unsent(): void;
}

/** The budgets of all installations, and of the App itself (null). Time is real and goes forward only. */
export class Pacing {
  readonly #limits: Limits;
  readonly #usual: Importance;
  readonly #lines = new LRUCache<number | "app", Line>({ max: MOST_KEPT });
  #isStopped = false;
  /** What came of the requests so far. */
  readonly paced: Readonly<Record<Importance, Paced>> = {
    emergency: nothingPaced(),
    check: nothingPaced(),
    message: nothingPaced(),
    sweep: nothingPaced(),
  };

  /** `usual`: how important a request is that nobody ranked. */
  constructor(limits: Limits, usual: Importance = "check") {
    this.#limits = limits;
    this.#usual = usual;
  }

  /** Resolves when the request may be sent. Rejects with Trouble where it would wait too long, or the App stops. */
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
    const made = new Line(this.#limits);
    if (this.#isStopped) made.stop();
    this.#lines.set(key, made);
    return made;
  }
}

function nothingPaced(): Paced {
  return { requests: 0, waits: 0, waitedMs: 0, refusals: 0 };
}

/** A part of one budget that a request takes. */
type Part = readonly [budget: Budget, weight: number];

interface Waiter {
  readonly isWrite: boolean;
  readonly importance: Importance;
  readonly parts: readonly Part[];
  readonly until: number;
  readonly go: (turn: Turn) => void;
  readonly refuse: (trouble: Trouble) => void;
}

/** The requests of one installation. INVARIANT: no budget is ever overdrawn, and sweeps never hold more than half of one. */
class Line {
  readonly #whole: Readonly<Record<BudgetName, Budget>>;
  readonly #sweeps: Readonly<Record<BudgetName, Budget>>;
  readonly #slow = new Budget(1, BETWEEN_SLOW_WRITES);
  #slowUntil = Number.NEGATIVE_INFINITY;
  /** By importance, then by arrival. */
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(most: Limits) {
    this.#whole = budgets(most);
    this.#sweeps = budgets(limits((name) => Math.floor(most[name] / 2)));
  }

  turn(
    cost: Cost,
    importance: Importance,
  ):
    | { readonly isReady: true; readonly turn: Turn }
    | { readonly isReady: false; readonly turn: Promise<Turn> } {
    const now = performance.now();
    let given: Turn | null = null;
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const waiter: Waiter = {
      isWrite: cost.isWrite,
      importance,
      parts: [...partsOf(cost, this.#whole), ...(importance === "sweep" ? partsOf(cost, this.#sweeps) : [])],
      until: now + LONGEST_WAIT,
      go: (turn) => {
        given = turn;
        resolve(turn);
      },
      refuse: reject,
    };
    const rank = IMPORTANCES.indexOf(importance);
    const behind = this.#waiting.findIndex((each) => IMPORTANCES.indexOf(each.importance) > rank);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, waiter);
    this.#serve();
    if (given !== null) return { isReady: true, turn: given };
    const waitMs =
      Math.max(...this.#parts(waiter, now).map(([budget, weight]) => budget.roomAt(weight, now))) - now;
    if (this.#isStopped || waitMs > LONGEST_WAIT) {
      this.#waiting = this.#waiting.filter((each) => each !== waiter);
      this.#serve();
      reject(this.#isStopped ? stopping() : wouldBreak(waitMs));
    }
    return { isReady: false, turn: promise };
  }

  slowDown(): void {
    this.#slowUntil = performance.now() + SLOW_FOR;
  }

  stop(): void {
    this.#isStopped = true;
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(stopping());
    clearTimeout(this.#timer);
  }

  left(): readonly { readonly budget: BudgetName; readonly left: number }[] {
    const now = performance.now();
    return BUDGET_NAMES.map((budget) => ({ budget, left: this.#whole[budget].left(now) }));
  }

  /** Lets go whoever has room. What a more important request lacks is kept for it. */
  #serve(): void {
    if (this.#waiting.length === 0) return;
    const now = performance.now();
    const kept = new Set<Budget>();
    this.#waiting = this.#waiting.filter((waiter) => {
      const parts = this.#parts(waiter, now);
      const lacking = parts.filter(([budget, weight]) => kept.has(budget) || budget.left(now) < weight);
      if (lacking.length === 0) {
        for (const [budget, weight] of parts) budget.take(weight);
        waiter.go(this.#turn(parts));
        return false;
      }
      if (waiter.until <= now) {
        waiter.refuse(wouldBreak(LONGEST_WAIT / 2));
        return false;
      }
      for (const [budget] of lacking) kept.add(budget);
      return true;
    });
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const next = [
      ...[...kept].map((budget) => budget.nextAt(now)),
      ...this.#waiting.map(({ until }) => until),
    ];
    this.#timer = setTimeout(() => this.#serve(), Math.ceil(Math.min(...next) - now));
  }

  #turn(parts: readonly Part[]): Turn {
    let isOver = false;
    const end = (wasSent: boolean): void => {
      if (isOver) return;
      isOver = true;
      const now = performance.now();
      for (const [budget, weight] of parts) budget.end(weight, wasSent, now);
      this.#serve();
    };
    return { end: () => end(true), unsent: () => end(false) };
  }

  #parts({ isWrite, parts }: Waiter, now: number): readonly Part[] {
    return isWrite && now < this.#slowUntil ? [...parts, [this.#slow, 1]] : parts;
  }
}

function partsOf(cost: Cost, from: Readonly<Record<BudgetName, Budget>>): readonly Part[] {
  return [...cost.of].map(([name, weight]) => [from[name], weight]);
}

/**
 * What may be spent within any span of time. What a request took comes back a span after its answer: whenever within that time GitHub
 * counted it, and however it divides time, no more than the limit falls into one span.
 */
class Budget {
  readonly #limit: number;
  readonly #span: number;
  #used = 0;
  /** What was spent and still counts, oldest first. */
  readonly #spent: { readonly weight: number; readonly until: number }[] = [];

  constructor(limit: number, span: number) {
    this.#limit = limit;
    this.#span = span;
  }

  left(now: number): number {
    for (let oldest = this.#spent[0]; oldest !== undefined && oldest.until <= now; oldest = this.#spent[0]) {
      this.#used -= oldest.weight;
      this.#spent.shift();
    }
    return this.#limit - this.#used;
  }

  take(weight: number): void {
    this.#used += weight;
  }

  end(weight: number, wasSent: boolean, now: number): void {
    if (wasSent && this.#span > 0) this.#spent.push({ weight, until: now + this.#span });
    else this.#used -= weight;
  }

  /** Returns when something comes back next; infinite: when a request ends. */
  nextAt(now: number): number {
    this.left(now);
    return this.#spent[0]?.until ?? Number.POSITIVE_INFINITY;
  }

  /** Returns when there is room for a weight, as far as that is known: what is under way may end at once. */
  roomAt(weight: number, now: number): number {
    let left = this.left(now);
    if (left >= weight) return now;
    for (const spent of this.#spent) {
      left += spent.weight;
      if (left >= weight) return spent.until;
    }
    return now;
  }
}

function budgets(most: Limits): Readonly<Record<BudgetName, Budget>> {
  const budget = (name: BudgetName): Budget => new Budget(most[name], BUDGETS[name].span);
  return {
    "at-once": budget("at-once"),
    rest: budget("rest"),
    graphql: budget("graphql"),
    content: budget("content"),
    "content-hour": budget("content-hour"),
  };
}

function wouldBreak(waitMs: number): Trouble {
  return new Trouble("github-limited", "GitHub's limits leave no room for this request yet.", { waitMs });
}

function stopping(): Trouble {
  return new Trouble("github-limited", "The App stops: this request was not sent.", { waitMs: 0 });
}
