/** What a cache holds, to tell monitors of it. */

/** How many entries a cache has, how much memory they take and how much they may (bytes, roughly). */
export interface CacheUse {
  readonly entries: number;
  readonly bytes: number;
  readonly bound: number;
}
