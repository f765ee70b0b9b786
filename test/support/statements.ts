/** What the embedded store is asked to do in this process: every statement it runs, by its text. */

import { StatementSync } from "node:sqlite";

const WAYS = ["all", "get", "run", "iterate"] as const;

/** Statements by their text, each with how often it was run. */
export class Statements {
  readonly #run = new Map<string, number>();
  readonly #stop: () => void;

  /** Counts from here until it is stopped. `before`: told of each statement before it runs. */
  constructor(before: (text: string) => void = () => undefined) {
    const { prototype } = StatementSync;
    const kept = WAYS.map((way) => [way, Object.getOwnPropertyDescriptor(prototype, way)] as const);
    const count = (text: string): void => {
      before(text);
      this.#run.set(text, (this.#run.get(text) ?? 0) + 1);
    };
    for (const [way, described] of kept) {
      const run: unknown = described?.value;
      if (typeof run !== "function") throw new TypeError(`a statement cannot ${way}`);
      Object.defineProperty(prototype, way, {
        ...described,
        value(this: StatementSync, ...given: readonly unknown[]): unknown {
          count(this.sourceSQL);
          return Reflect.apply(run, this, given);
        },
      });
    }
    this.#stop = () => {
      for (const [way, described] of kept)
        if (described !== undefined) Object.defineProperty(prototype, way, described);
    };
  }

  /** Every text that was run. */
  get texts(): readonly string[] {
    return [...this.#run.keys()];
  }

  /** How many statements were run so far, without the looks at whether another process wrote; and how many of them were commits. */
  counted(): { readonly statements: number; readonly commits: number } {
    let statements = 0;
    for (const [text, times] of this.#run) if (!text.startsWith("pragma ")) statements += times;
    return { statements, commits: this.#run.get("commit") ?? 0 };
  }

  stop(): void {
    this.#stop();
  }
}
