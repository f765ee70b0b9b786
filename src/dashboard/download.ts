/** Files that are made while they are sent: a slow reader holds no more than the few rows it has not taken yet. */

/** Whoever has not taken a file by then (ms) is cut off. */
const LONGEST = 60_000;

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
    let isOpen = true;
    const end = async (): Promise<void> => {
      if (!isOpen) return;
      isOpen = false;
      this.#open -= 1;
      clearTimeout(cut);
      await parts.return?.();
    };
    let cut: NodeJS.Timeout | undefined;
    return new ReadableStream<Uint8Array>({
      start(controller) {
        cut = setTimeout(() => {
          controller.error(new Error("the reader was too slow"));
          void end();
        }, LONGEST).unref();
      },
      async pull(controller) {
        try {
          const { done, value } = await parts.next();
          if (done !== true) return controller.enqueue(encoder.encode(value));
          await end();
          controller.close();
        } catch (error) {
          await end();
          controller.error(error);
        }
      },
      cancel: end,
    });
  }
}
