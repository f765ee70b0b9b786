/** Words nobody has heard of, in place of those GitHub would say. */

import type { World } from "./world.ts";

/** A text that stands under a key, or the word said in its place, in capitals where the text is. */
export function wordFor(world: World, key: string, text: string): string {
  const odd = world.oddWords.find(
    (one) =>
      one.key === key &&
      (one.was === null || one.was === text.toLowerCase()) &&
      (one.until === null || world.now() < one.until),
  );
  if (odd === undefined) return text;
  return text !== text.toLowerCase() && text === text.toUpperCase() ? odd.says.toUpperCase() : odd.says;
}

/** A JSON value as it goes out: itself, or with other words in it. */
export function withOddWords(world: World, value: unknown): unknown {
  if (world.oddWords.length === 0) return value;
  if (Array.isArray(value)) return value.map((one) => withOddWords(world, one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      typeof one === "string" ? wordFor(world, key, one) : withOddWords(world, one),
    ]),
  );
}
