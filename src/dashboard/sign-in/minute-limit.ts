/** A bound on how often something is done in a minute. */

import { MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Counts by key, in minutes of the clock; what it keeps is forgotten with each minute. */
export class MinuteLimit {
  readonly #most: number;
  #minute = 0;
  #counts = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts one more; returns whether that is still within the bound. */
  take(key: string, now: Instant): boolean {
    const minute = Math.floor(now / MINUTE);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#counts = new Map();
    }
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count <= this.#most;
  }
}
