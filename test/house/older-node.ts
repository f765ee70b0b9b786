/** What `verify` may not use, as it runs on Node 20 too. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Finds what Node 20 lacks. */
export const NEWER =
  /\b(?:Map|Object)\.groupBy\b|\bPromise\.(?:withResolvers|try)\b|\bArray\.fromAsync\b|\bIterator\.|\bRegExp\.escape\b|(?<!\bz\s*)\.(?:union|intersection|difference|symmetricDifference|isSubsetOf|isSupersetOf|isDisjointFrom)\(/u;

/** Every file that one imports, by whatever way, but for its types alone. */
export function reachedFrom(file: string): readonly string[] {
  const found = new Set([file]);
  for (const each of found) {
    const text = readFileSync(each, "utf8").replaceAll(/^(?:import|export) type [^;]*;/gmu, "");
    for (const [, path = ""] of text.matchAll(/(?:from|import\() ?"(\.[^"]+)"/gu))
      found.add(join(dirname(each), path));
  }
  return [...found];
}
