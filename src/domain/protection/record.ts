/** The bodies of the log's entries about protection: settings over time, spells of weaker protection, and how it was at first. */

import type { Actor, Instant, Repository } from "../change.ts";
import type { Place, SettingName, SettingValue } from "./settings.ts";
import type { Protection } from "./snapshot.ts";
import type { Weaker, WeakeningCause } from "./weakening.ts";

/** Entry `control-state`, subject `repositoryId:place:setting`: one setting and since when it is so. Earlier values are earlier entries. */
export interface ControlStateRecord {
  readonly repository: Repository;
  readonly place: Place;
  readonly setting: SettingName;
  /** Null: it cannot be observed, or the place is gone. */
  readonly value: SettingValue | null;
  readonly because: string | null;
  /** Since when it is known to be so: GitHub's time where it keeps one, else when we heard or read it. */
  readonly from: Instant;
  /** The reading before, at which it was otherwise; null: this is the first reading. */
  readonly notBefore: Instant | null;
  /** `observed`: told when it happened. `read-later`: found at a later reading. */
  readonly basis: "observed" | "read-later";
  /** Who was told to have changed it. */
  readonly by: Actor | null;
  /** The branch, ruleset or environment is no longer there. */
  readonly gone: boolean;
}

/** Entry `protection`, subject `repositoryId:read`: that everything was read again and is as the entry before it says. */
export interface ReadingRecord {
  readonly readAt: Instant;
  /** When all of it was last read: in between, what GitHub says it has not changed is not read again. */
  readonly wholeAt: Instant;
  /** When the people were last read; absent: with the whole. */
  readonly peopleAt?: Instant;
  /** SHA-256 of the canonical form of what was read. */
  readonly digest: string;
}

/** Tells a reading from what was read. */
export function isReading(body: Protection | ReadingRecord): body is ReadingRecord {
  return "digest" in body;
}

/** One setting that is weaker than it was, until it is restored. */
export interface WeakerSpell extends Weaker {
  readonly until: Instant | null;
}

/** Entry `exposure`, subject = its id: a spell in which a repository was protected less than before. */
export interface ExposureRecord {
  readonly id: string;
  /** The same for every repository that one change exposed. */
  readonly causeId: string;
  readonly repository: Repository;
  readonly cause: WeakeningCause;
  readonly items: readonly WeakerSpell[];
  readonly from: Instant;
  /** The last reading at which it still held; changes since then may have profited. */
  readonly notBefore: Instant;
  readonly to: Instant | null;
  readonly basis: "observed" | "read-later";
  readonly by: Actor | null;
}

/** Entry `baseline`, subject = installation id: what was weak when observation began. One for each installation, never a deviation. */
export interface BaselineRecord {
  readonly installationId: number;
  readonly at: Instant;
  readonly repositories: number;
  /** How many repositories have each weakness, with a few of their names. */
  readonly weaknesses: readonly {
    readonly weakness: string;
    readonly repositories: number;
    readonly names: readonly string[];
    readonly remedy: string;
  }[];
}
