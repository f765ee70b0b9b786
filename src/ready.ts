/** Readiness to store what arrives: it is tried, not guessed. */

import { randomBytes } from "node:crypto";
import { ExternalError } from "./domain/values/external-error.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** GitHub hangs up after ten seconds: a store that takes longer is answered as a failure (ms). */
const STORE_PATIENCE = 8_000;

/** The store is tried no more often than this (ms). */
const EVERY = 5_000;

/** How much is stored to try it: about as much as a delivery, or as the largest one that could not be stored, within reason. */
const TRIED = { least: 8 * 1024, most: 1024 * 1024 } as const;

/** Tries the store when it is queried, at most every five seconds. */
export class ServerReadiness {
  readonly #ledger: Pick<Ledger, "tryToStore">;
  readonly #held: () => string | null;
  #latest: Promise<string | null> | null = null;
  #bytes: number = TRIED.least;

  /** `held`: why the App is not ready, however well it stores; null: it is. */
  constructor(ledger: Pick<Ledger, "tryToStore">, held: () => string | null) {
    this.#ledger = ledger;
    this.#held = held;
  }

  /** Returns why nothing can be stored now; null: it can. Never rejects. */
  async reason(): Promise<string | null> {
    const held = this.#held();
    if (held !== null) return held;
    this.#latest ??= this.#tried();
    return within(this.#latest, STORE_PATIENCE).catch(reasonOf);
  }

  /** Records that so many bytes could not be stored: the App is not ready until as many can be. */
  couldNotStore(bytes: number, error: unknown): void {
    this.#bytes = Math.min(Math.max(this.#bytes, bytes), TRIED.most);
    if (this.#latest !== null) this.#latest = Promise.resolve(reasonOf(error));
  }

  async #tried(): Promise<string | null> {
    const started = performance.now();
    try {
      // Random bytes do not shrink, wherever the store compresses.
      await this.#ledger.tryToStore(randomBytes(this.#bytes));
      this.#bytes = TRIED.least;
      return null;
    } catch (error) {
      return reasonOf(error);
    } finally {
      // However long it took, it is not tried again before it has ended.
      const rest = Math.max(0, EVERY - (performance.now() - started));
      setTimeout(() => (this.#latest = null), rest).unref();
    }
  }
}

/** Waits for the store no longer than GitHub waits for us. Rejects with ExternalError. */
export function storedInTime<T>(work: Promise<T>): Promise<T> {
  return within(work, STORE_PATIENCE);
}

function reasonOf(error: unknown): string {
  return error instanceof ExternalError ? error.message : "The evidence log does not answer.";
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new ExternalError("database-unreachable", "The database took too long to answer.")),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
