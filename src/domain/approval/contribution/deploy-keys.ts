/** Deploy keys: what anyone pushes with one looks like a push of whoever added it. */

import type { Actor, KeyHolder } from "../../change/people.ts";
import type { Instant } from "../../time/instant.ts";

/** Describes a deploy key with write access as GitHub lists it today. GitHub names who added it by login only. */
export interface ListedKey {
  readonly id: number;
  /** Null: GitHub names nobody, or nobody has that login any more. */
  readonly addedBy: Actor | null;
  readonly createdAt: Instant;
}

/** Describes a deploy key with write access that a webhook reported: added, or deleted at `goneAt`. */
export interface ObservedKey extends ListedKey {
  readonly goneAt: Instant | null;
}

/**
 * Lists who added deploy keys with write access, and for how long each was there. A key that nobody is known to have
 * added has a holder without an actor. A key that a webhook reported and
 * that is not listed any more counts until `now`, unless its deletion was reported too.
 */
export function keyHolders(
  listed: readonly ListedKey[],
  reported: readonly ObservedKey[],
  now: Instant,
): readonly KeyHolder[] {
  const ids = new Set([...listed, ...reported].map(({ id }) => id));
  return [...ids].flatMap((id): readonly KeyHolder[] => {
    const today = listed.find((key) => key.id === id);
    const reports = reported.filter((key) => key.id === id);
    const all = [...reports, ...(today === undefined ? [] : [today])];
    const from = Math.min(...all.map(({ createdAt }) => createdAt));
    const ends = reports.flatMap(({ goneAt }) => goneAt ?? []);
    const until = ends.length > 0 ? Math.max(...ends) : today === undefined ? now : null;
    // A login may have passed to another account since: everyone it ever meant is taken for the one who added the key.
    const people = new Map(all.flatMap(({ addedBy }) => (addedBy === null ? [] : [[addedBy.id, addedBy]])));
    const actors = people.size === 0 ? [null] : [...people.values()];
    return actors.map((actor) => ({ actor, from, until }));
  });
}

/** Returns why a push may be anyone's. Its actor added a deploy key, or nobody is known to have added one. */
export function keyBehind(
  holders: readonly KeyHolder[],
  actor: Actor,
  at: Instant,
): "named" | "unnamed" | null {
  const there = holders.filter(({ from, until }) => from <= at && at <= (until ?? Infinity));
  if (there.some((holder) => holder.actor?.id === actor.id)) return "named";
  return there.some((holder) => holder.actor === null) ? "unnamed" : null;
}
