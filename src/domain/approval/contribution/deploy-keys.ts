/** Whose pushes may be another's: what anybody pushes with a deploy key looks like a push of whoever added it. */

import type { Actor, KeyHolder } from "../../change/people.ts";
import type { Instant } from "../../time/instant.ts";

/** A deploy key with write access as GitHub lists it today; GitHub names who added it by login only. */
export interface ListedKey {
  readonly id: number;
  /** Null: GitHub names nobody, or nobody is called so any more. */
  readonly addedBy: Actor | null;
  readonly createdAt: Instant;
}

/** A deploy key with write access as a webhook told of it: added, or deleted at `goneAt`. */
export interface ToldKey extends ListedKey {
  readonly goneAt: Instant | null;
}

/**
 * Lists who added deploy keys with write access, and for how long each was there. A key that was told and is not listed any more
 * counts until `now`, unless its deletion was told too.
 */
export function keyHolders(
  listed: readonly ListedKey[],
  told: readonly ToldKey[],
  now: Instant,
): readonly KeyHolder[] {
  const ids = new Set([...listed, ...told].map(({ id }) => id));
  return [...ids].flatMap((id): readonly KeyHolder[] => {
    const today = listed.find((key) => key.id === id);
    const tellings = told.filter((key) => key.id === id);
    const all = [...tellings, ...(today === undefined ? [] : [today])];
    const from = Math.min(...all.map(({ createdAt }) => createdAt));
    const ends = tellings.flatMap(({ goneAt }) => goneAt ?? []);
    const until = ends.length > 0 ? Math.max(...ends) : today === undefined ? now : null;
    // A login may have passed to another account since: everyone it ever meant is taken for the one who added the key.
    const people = new Map(all.flatMap(({ addedBy }) => (addedBy === null ? [] : [[addedBy.id, addedBy]])));
    return [...people.values()].map((actor) => ({ actor, from, until }));
  });
}
