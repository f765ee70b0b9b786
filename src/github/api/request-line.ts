/** The requests of one installation: each waits until all budgets it takes from have room, the more important first. */

import type { Share, ShareRequest } from "../../domain/values/quota-share.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import {
  BUDGET_NAMES,
  BUDGETS,
  limits,
  LOWEST_LIMIT,
  type BudgetName,
  type Cost,
  type Limits,
} from "./rate-limits.ts";

/** Lists the importance of requests, the most important first. `sweep`: no person waits for it. */
export const IMPORTANCES = ["emergency", "check", "message", "sweep"] as const;

/** Names how important a request is. */
export type Importance = (typeof IMPORTANCES)[number];

/** A request waits here for so long at most (ms); what must wait longer goes back to the queue. */
const LONGEST_WAIT = 120_000;

/** After a refusal by a secondary limit, for so long (ms) one write is sent in so long (ms), as GitHub advises. */
const SLOW_FOR = 600_000;
const BETWEEN_SLOW_WRITES = 1_000;

/** Extends a requested share by so much of a limit beyond what was used, and again while a request waits for it. */
const SOME = 1 / 20;
const MORE = 1 / 10;

/** Renews a share for so long after the last request (ms). */
const IN_USE_FOR = 600_000;

/** Permits to send one request. */
export interface Turn {
  /** Ends the request, whatever came of it. */
  end(): void;
  /** Ends it where it was not sent after all. */
  unsent(): void;
}

/** A part of one budget that a request takes. */
type Part = readonly [budget: Budget, weight: number];

interface Waiter {
  readonly isWrite: boolean;
  readonly importance: Importance;
  readonly parts: readonly Part[];
  readonly until: number;
  readonly go: (turn: Turn) => void;
  readonly refuse: (error: ExternalError) => void;
}

/** Holds the requests of one installation. INVARIANT: no budget is ever overdrawn, and sweeps never hold more than half of one. */
export class Line {
  readonly #whole: Readonly<Record<BudgetName, Budget>>;
  readonly #sweeps: Readonly<Record<BudgetName, Budget>>;
  /** Those that are shared with other processes, each under the name of its share. */
  readonly #shared: ReadonlyMap<string, Budget>;
  readonly #isShort: (() => void) | null;
  /** Holds the budgets that a request waits for. */
  #lacked: ReadonlySet<Budget> = new Set();
  #askedAt = Number.NEGATIVE_INFINITY;
  readonly #slow = new Budget(1, BETWEEN_SLOW_WRITES);
  #slowUntil = Number.NEGATIVE_INFINITY;
  /** By importance, then by arrival. */
  #waiting: Waiter[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** `isShort`: called while a request waits for more than its share; null: nothing is shared. */
  constructor(most: Limits, isShort: (() => void) | null = null) {
    this.#whole = budgets(most);
    this.#sweeps = budgets(limits((name) => Math.floor(most[name] / 2)));
    this.#isShort = isShort;
    const all = BUDGET_NAMES.flatMap((name) => [
      [name, this.#whole[name]] as const,
      [`${name} of sweeps`, this.#sweeps[name]] as const,
    ]);
    this.#shared = new Map(isShort === null ? [] : all.filter(([, { limit }]) => Number.isFinite(limit)));
    // Until it is given a share it has none.
    for (const budget of this.#shared.values()) budget.grant(0, Number.POSITIVE_INFINITY);
  }

  turn(
    cost: Cost,
    importance: Importance,
  ):
    | { readonly isReady: true; readonly turn: Turn }
    | { readonly isReady: false; readonly turn: Promise<Turn> } {
    const now = performance.now();
    this.#askedAt = now;
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

  /**
   * Returns what it requires of everything that is shared; `isOver`: nothing more. Empty where nothing was requested in a
   * while. From now on it uses no more than that, because what it had beyond is released.
   */
  wishes(isOver: boolean): Readonly<Record<string, ShareRequest>> {
    const now = performance.now();
    const isUsed = [...this.#shared.values()].some((budget) => budget.used(now) > 0);
    if (!isUsed && now - this.#askedAt > IN_USE_FOR) return {};
    return Object.fromEntries(
      [...this.#shared].map(([name, budget]) => {
        const part = this.#lacked.has(budget) ? MORE : SOME;
        const want = isOver ? 0 : Math.max(LOWEST_LIMIT, Math.ceil(budget.limit * part));
        const used = budget.used(now);
        budget.giveBackOver(used + want);
        return [name, { limit: budget.limit, span: budget.span, used, want }];
      }),
    );
  }

  /**
   * Takes the shares it was given until a moment. Returns whether a request waits for more, and whether there was more of that
   * just now.
   */
  grant(share: Share, until: number): "enough" | "more" | "stuck" {
    let hasMore = false;
    for (const [name, budget] of this.#shared) {
      const hasGrown = budget.grant(share[name] ?? 0, until);
      if (hasGrown && this.#lacked.has(budget)) hasMore = true;
    }
    this.#serve();
    return this.#lacked.size === 0 ? "enough" : hasMore ? "more" : "stuck";
  }

  /** Releases the requests that have room. What a more important request lacks is kept for it. */
  #serve(): void {
    if (this.#waiting.length === 0) {
      this.#lacked = new Set();
      return;
    }
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
    this.#lacked = new Set([...kept].filter((budget) => budget.isShare));
    clearTimeout(this.#timer);
    if (this.#lacked.size > 0) this.#isShort?.();
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
  readonly limit: number;
  readonly span: number;
  /** How much of the limit may be used here, and until when. */
  #share: number;
  #shareUntil = Number.POSITIVE_INFINITY;
  #used = 0;
  /** What was spent and still counts, oldest first. */
  readonly #spent: { readonly weight: number; readonly until: number }[] = [];

  constructor(limit: number, span: number) {
    this.limit = limit;
    this.span = span;
    this.#share = limit;
  }

  /** Returns whether others may hold a part of it. */
  get isShare(): boolean {
    return this.#share < this.limit;
  }

  /** Sets how much of it may be used here until a moment; returns whether that is more than before. */
  grant(share: number, until: number): boolean {
    const hasGrown = share > this.#share;
    this.#share = share;
    this.#shareUntil = until;
    return hasGrown;
  }

  giveBackOver(most: number): void {
    this.#share = Math.min(this.#share, most);
  }

  left(now: number): number {
    return (now < this.#shareUntil ? this.#share : 0) - this.used(now);
  }

  used(now: number): number {
    for (let oldest = this.#spent[0]; oldest !== undefined && oldest.until <= now; oldest = this.#spent[0]) {
      this.#used -= oldest.weight;
      this.#spent.shift();
    }
    return this.#used;
  }

  take(weight: number): void {
    this.#used += weight;
  }

  end(weight: number, wasSent: boolean, now: number): void {
    if (wasSent && this.span > 0) this.#spent.push({ weight, until: now + this.span });
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

function wouldBreak(waitMs: number): ExternalError {
  return new ExternalError("github-limited", "GitHub's limits leave no room for this request yet.", {
    waitMs,
  });
}

function stopping(): ExternalError {
  return new ExternalError("github-limited", "The App stops: this request was not sent.", { waitMs: 0 });
}
