/** The paths a pull request touches, prepared for the queries of hundreds of rules. */

import { globStart, type GlobUse } from "../patterns/glob.ts";
import { matcherOf, type Pattern } from "../patterns/pattern.ts";

/** Holds some paths in order and, for each pattern queried, which of them fit: many rules name the same. */
export class Paths {
  readonly all: readonly string[];
  readonly #known = new Map<string, Uint8Array>();

  constructor(paths: readonly string[]) {
    this.all = paths.toSorted();
  }

  /** For each path, in the order of `all`, whether it fits: 1 or 0. */
  fitting(pattern: Pattern, use: GlobUse): Uint8Array {
    const key = typeof pattern === "string" ? `glob ${use} ${pattern}` : `expression ${pattern.matches}`;
    const made = this.#known.get(key) ?? this.#match(pattern, use);
    this.#known.set(key, made);
    return made;
  }

  #match(pattern: Pattern, use: GlobUse): Uint8Array {
    const fits = matcherOf(pattern, use);
    const start = typeof pattern === "string" ? globStart(pattern) : "";
    const made = new Uint8Array(this.all.length);
    // In order, the paths of one folder are adjacent.
    for (let index = this.#firstFrom(start); index < made.length; index += 1) {
      const path = this.all[index] ?? "";
      if (!path.startsWith(start)) break;
      if (fits(path)) made[index] = 1;
    }
    return made;
  }

  /** The place of the first path that is not before a text. */
  #firstFrom(text: string): number {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if ((this.all[middle] ?? "") < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
