/** Files that are made while they are sent: a slow reader holds no more than the few rows it has not taken yet. */

import { ReadableStream } from "node:stream/web";

import { MINUTE } from "../domain/time/durations.ts";

/** Whoever has not taken a file by then (ms) is cut off, where nothing else is said. */
const LONGEST = MINUTE;

/** Bounds how many files are sent at once. */
export class Downloads {
  readonly #atOnce: number;
  readonly #longest: number;
  #open = 0;

  constructor(atOnce: number, longest = LONGEST) {
    this.#atOnce = atOnce;
    this.#longest = longest;
  }

  /** Returns text or bytes as a body; null: too many files are being sent. */
  body(content: AsyncIterable<string | Uint8Array>): ReadableStream<Uint8Array> | null {
    if (this.#open >= this.#atOnce) return null;
    this.#open += 1;
    const parts = content[Symbol.asyncIterator]();
    const encoder = new TextEncoder();
    let [isOpen, isLate] = [true, false];
    const end = async (): Promise<IteratorReturnResult<undefined>> => {
      if (isOpen) {
        isOpen = false;
        this.#open -= 1;
        clearTimeout(cut);
        await parts.return?.();
      }
      return { done: true, value: undefined };
    };
    const cut = setTimeout(() => {
      isLate = true;
      void end();
    }, this.#longest).unref();
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (isLate) throw new Error("the reader was too slow");
      try {
        const { done, value } = await parts.next();
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
}
