/** Answers about people's authority, kept for a while and forgotten when a webhook reports that they may have changed. */

import { LRUCache } from "lru-cache";

import type { Instant } from "../../domain/time/instant.ts";
import { useOf, type CacheUse } from "../../domain/values/cache-use.ts";
import { IMPORTANCES, type Importance } from "./request-line.ts";
import { importanceNow } from "./pacing.ts";
import { HOUR, MINUTE } from "../../domain/time/durations.ts";

/** Names the tags under which remembered answers are forgotten; a signal's `stale` holds such names. */
export const tags = {
  permission: (repositoryId: number): string => `permission:${repositoryId}`,
  team: (slug: string): string => `team:${slug.toLowerCase()}`,
  /** The policy in force in a repository. */
  policy: (repositoryId: number): string => `policy:${repositoryId}`,
  /** The policies in force in all repositories of an owner. */
  policyOf: (ownerId: number): string => `policy-of:${ownerId}`,
  /** The deploy keys of a repository. */
  deployKeys: (repositoryId: number): string => `deploy-keys:${repositoryId}`,
  /** Who pushed what to any branch of a repository. */
  pushes: (repositoryId: number): string => `pushes:${repositoryId}`,
  /** Names the pushes of one account to any branch of a repository. */
  pushesBy: (repositoryId: number, login: string): string =>
    `pushes-by:${repositoryId}:${login.toLowerCase()}`,
  /** The names of a repository's branches. */
  branches: (repositoryId: number): string => `branches:${repositoryId}`,
  installation: (installationId: number): string => `installation:${installationId}`,
  organization: (login: string): string => `organization:${login.toLowerCase()}`,
} as const;

/**
 * Holds the options of {@link Lookups}. They are a clock, how long an answer may be believed (ms), how many are kept, and their
 * memory (bytes, roughly).
 */
export interface LookupOptions {
  readonly now: () => Instant;
  readonly timeToLive?: number;
  readonly most?: number;
  readonly mostBytes?: number;
}

/** Drops an answer that was not used for so long, whatever it is (ms of real time). */
const IDLE = HOUR;
/** Estimates the size of an answer while it is waited for, and beside its content (bytes). */
const EACH = 500;

interface Remembered {
  readonly answer: Promise<unknown>;
  readonly tags: readonly string[];
  readonly until: Instant;
  /** How important the request is that is waited for; null: it is answered. */
  pending: Importance | null;
}

/** Remembers answers of GitHub by key, each under tags that make it forgettable. An answer that failed is not kept. */
export class Lookups {
  readonly #options: Required<LookupOptions>;
  readonly #remembered: LRUCache<string, Remembered>;

  /** Without `timeToLive`, answers are believed for ten minutes; without the others, 20,000 are kept in 32 MB. */
  constructor(options: LookupOptions) {
    this.#options = { timeToLive: 10 * MINUTE, most: 20_000, mostBytes: 32_000_000, ...options };
    this.#remembered = new LRUCache({
      maxSize: this.#options.mostBytes,
      ttl: IDLE,
      updateAgeOnGet: true,
    });
  }

  /** Returns how much is remembered. */
  use(): CacheUse {
    return useOf(this.#remembered);
  }

  /** The App's time. */
  now(): Instant {
    return this.#options.now();
  }

  /**
   * Returns the answer to `key`, requested only if it is not remembered; two callers at once share one request, unless the
   * second is the more important.
   */
  remember<Answer>(key: string, under: readonly string[], ask: () => Promise<Answer>): Promise<Answer> {
    return this.#keep(key, under, this.#options.now() + this.#options.timeToLive, ask);
  }

  /** The same for an answer that can never change, such as one about commits by their SHAs, where it is `final`. */
  rememberForever<Answer>(
    key: string,
    ask: () => Promise<Answer>,
    final: (answer: Answer) => boolean = () => true,
  ): Promise<Answer> {
    const answer = this.#keep(key, [], Number.POSITIVE_INFINITY, ask);
    return answer.then((given) => {
      if (!final(given)) this.#remembered.delete(key);
      return given;
    });
  }

  /** The answer to `key` where it is remembered. */
  known<Answer>(key: string): Promise<Answer> | undefined {
    const known = this.#remembered.get(key);
    if (known === undefined || known.until <= this.#options.now() || isTooSlow(known)) return undefined;
    return known.answer as Promise<Answer>;
  }

  /** Forgets every answer under any of these tags. */
  forget(stale: readonly string[]): void {
    if (stale.length === 0) return;
    const names = new Set(stale);
    for (const [key, remembered] of this.#remembered) {
      if (remembered.tags.some((tag) => names.has(tag))) this.#remembered.delete(key);
    }
  }

  #keep<Answer>(
    key: string,
    under: readonly string[],
    until: Instant,
    ask: () => Promise<Answer>,
  ): Promise<Answer> {
    // INVARIANT: a key always has one type of answer, because it names the question.
    const known = this.known<Answer>(key);
    if (known !== undefined) return known;
    const answer = ask();
    const remembered: Remembered = { answer, tags: under, until, pending: importanceNow() };
    this.#remembered.set(key, remembered, { size: EACH });
    // With a maximum of its own, the cache would take the room for all of them at once.
    if (this.#remembered.size > this.#options.most) this.#remembered.pop();
    answer.then(
      (given) => this.#answered(key, remembered, given),
      () => {
        if (this.#remembered.peek(key) === remembered) this.#remembered.delete(key);
      },
    );
    return answer;
  }

  /** Sets the size of an answer, which is known only now; one that takes more than all may is dropped. */
  #answered(key: string, remembered: Remembered, given: unknown): void {
    remembered.pending = null;
    if (this.#remembered.peek(key) !== remembered) return;
    // The cache takes the size of a value it does not hold yet only.
    const sized = { ...remembered };
    this.#remembered.set(key, sized, { size: EACH + bytesOf(given, this.#options.mostBytes) });
  }
}

/** Returns whether an answer is still waited for by what is less important than what is done now: it may wait for long. */
function isTooSlow({ pending }: Remembered): boolean {
  return pending !== null && IMPORTANCES.indexOf(pending) > IMPORTANCES.indexOf(importanceNow());
}

/** Returns roughly how many bytes a value takes; counts no further than `most`. */
function bytesOf(value: unknown, most: number): number {
  const seen = new Set<object>();
  const open: unknown[] = [value];
  let sum = 0;
  while (open.length > 0 && sum <= most) {
    const each = open.pop();
    if (typeof each === "string") sum += 24 + each.length;
    else if (typeof each !== "object" || each === null) sum += 8;
    else if (!seen.has(each)) {
      seen.add(each);
      const parts: readonly unknown[] =
        each instanceof Map ? [...each].flat() : each instanceof Set ? [...each] : Object.values(each);
      sum += 24 + 8 * parts.length;
      for (const part of parts) open.push(part);
    }
  }
  return sum;
}
