/** Files that are made while they are sent: a slow reader holds no more than the few rows it has not taken yet. */

import { ReadableStream } from "node:stream/web";

import { MINUTE } from "../domain/time/durations.ts";

/** Whoever has not taken a file by then (ms) is cut off. */
const LONGEST = MINUTE;

/** Bounds how many files are sent at once. */
export class Downloads {
  readonly #atOnce: number;
  #open = 0;

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Returns the text as a body; null: too many files are being sent. */
  body(text: AsyncIterable<string>): ReadableStream<Uint8Array> | null {
    if (this.#open >= this.#atOnce) return null;
    this.#open += 1;
    const parts = text[Symbol.asyncIterator]();
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
    }, LONGEST).unref();
    const next = async (): Promise<IteratorResult<Uint8Array, undefined>> => {
      if (isLate) throw new Error("the reader was too slow");
      try {
        const { done, value } = await parts.next();
        return done === true ? await end() : { done: false, value: encoder.encode(value) };
      } catch (error) {
        await end();
        throw error;
      }
    };
    return ReadableStream.from({ [Symbol.asyncIterator]: () => ({ next, return: end }) });
  }
}
