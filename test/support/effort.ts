/** How much a run tests: a sample of what takes long, or all of it. TEST_EFFORT and TEST_SEED decide, see CONTRIBUTING.md. */

import * as fc from "fast-check";

/** Tells that everything is tested, as in `npm run test:all` and every night. */
export const isWhole = process.env["TEST_EFFORT"] === "all";

/** The seed of whatever is drawn in this run. `vitest.config.ts` chooses it, and the run prints it first. */
export const SEED = Number(process.env["TEST_SEED"]);

/** Leaves the failing case as it was drawn, unless TEST_SHRINK asks for the smallest one, which takes many more plays. */
export const endOnFailure = process.env["TEST_SHRINK"] === undefined;

/** Draws `count` members of a list by the seed, in the list's order; all of them when everything is tested. */
export function sample<Member>(list: readonly Member[], count: number): readonly Member[] {
  if (isWhole || list.length <= count) return list;
  const drawn = fc.subarray([...list], { minLength: count, maxLength: count });
  return fc.sample(drawn, { seed: SEED, numRuns: 1 })[0] ?? [];
}

/** Answers how many rounds to play: the first number, or the second when everything is tested. */
export function rounds(usual: number, whole: number): number {
  return isWhole ? whole : usual;
}
