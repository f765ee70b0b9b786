/** The use of a cache, for monitors. */

/** Describes how many entries a cache has, how much memory they take and how much they may (bytes, roughly). */
export interface CacheUse {
  readonly entries: number;
  readonly bytes: number;
  readonly bound: number;
}

/** Bounds a cache of lru-cache's to so many entries. With its own `max` it takes the room for all of them at once. */
export function atMost(entries: number): { readonly maxSize: number; readonly sizeCalculation: () => 1 } {
  return { maxSize: entries, sizeCalculation: () => 1 };
}

/** Returns what a cache of lru-cache's holds; what is too old is dropped first and not counted. */
export function useOf(cache: {
  readonly size: number;
  readonly calculatedSize: number;
  readonly maxSize: number;
  purgeStale(): unknown;
}): CacheUse {
  cache.purgeStale();
  return { entries: cache.size, bytes: cache.calculatedSize, bound: cache.maxSize };
}
