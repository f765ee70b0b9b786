/** Files that are made while they are sent: a slow reader holds no more than the few rows it has not taken yet, and its own place. */

import { ReadableStream } from "node:stream/web";

import { MINUTE } from "../domain/time/durations.ts";
import type { Instant } from "../domain/time/instant.ts";

/** Whoever has not taken a file by then (ms) is cut off, where nothing else is said. */
const LONGEST = MINUTE;

/** Whether the file is still for its reader is asked again after so long: what GitHub took away is known four minutes later. */
const ASKED = MINUTE;

/** Bounds how many files are sent at once. */
interface Bounds {
  readonly atOnce: number;
  /** After so long (ms) a reader is cut off. */
  readonly longest?: number;
}

/** Describes who reads a file. */
export interface Reader {
  readonly name: string;
  /** So many files are sent to this reader at once. */
  readonly places: number;
  /** Returns whether the file is still for them. */
  readonly isStillShown: () => Promise<boolean>;
}

/** Sends files, so many at once, and fewer to each reader: nobody slow takes the places of others. */
export class Downloads {
  readonly #bounds: Bounds;
  readonly #clock: { now(): Instant };
  readonly #open = new Map<string, number>();

  constructor(bounds: Bounds, clock: { now(): Instant }) {
    this.#bounds = bounds;
    this.#clock = clock;
  }

  /** Returns text or bytes as a body; null: too many files are being sent. It ends with an error once it is not for its reader. */
  body(
    content: AsyncIterable<string | Uint8Array>,
    { name, places, isStillShown }: Reader,
  ): ReadableStream<Uint8Array> | null {
    const all = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    if (all >= this.#bounds.atOnce || this.#count(name) >= places) return null;
    this.#open.set(name, this.#count(name) + 1);
    const parts = content[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    let [isOpen, isLate] = [true, false];
    let askedAt = this.#clock.now();
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      if (isOpen) {
        isOpen = false;
        this.#leave(name);
        clearTimeout(cut);
        await parts.return?.();
      }
      return { done: true, value: undefined };
    };
    const cut = setTimeout(() => {
      isLate = true;
      void end();
    }, this.#bounds.longest ?? LONGEST).unref();
    const ask = async (): Promise<void> => {
      const now = this.#clock.now();
      if (now < askedAt + ASKED) return;
      if (!(await isStillShown())) throw new Error("the file is not shown to its reader any more");
      askedAt = now;
    };
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (isLate) throw new Error("the reader was too slow");
      try {
        const { done, value } = await parts.next();
        // Asked last: making the next part may have taken long.
        await ask();
        return done === true
          ? await end()
          : { done: false, value: typeof value === "string" ? encoder.encode(value) : value };
      } catch (error) {
        await end();
        throw error;
      }
    };
    return ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next, return: end }) });
  }

  #count(name: string): number {
    return this.#open.get(name) ?? 0;
  }

  #leave(name: string): void {
    const left = this.#count(name) - 1;
    if (left > 0) this.#open.set(name, left);
    else this.#open.delete(name);
  }
}
