/** How a repository is protected, as the log has it: GitHub is not asked. */

import { diagnose, type ProtectionRemark } from "../../domain/protection/diagnosis.ts";
import type { ControlStateRecord, ExposureRecord } from "../../domain/protection/record.ts";
import { weaknessesOf, type Weakness } from "../../domain/protection/words.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Asked } from "./page.ts";
import { collected } from "./parts.ts";

/** Describes a weakness with the moment since when it is known. */
export interface DatedWeakness extends Weakness {
  readonly since: Instant;
}

/** Describes the protection of one repository. */
export interface KnownProtection {
  /** When all of it was last found to be as it is known; null: it was never read. */
  readonly readAt: Instant | null;
  /** What `doctor` finds in what was read last. */
  readonly remarks: readonly ProtectionRemark[];
  readonly weaknesses: readonly DatedWeakness[];
  /** Each value of each setting, newest first. */
  readonly settings: readonly ControlStateRecord[];
  /** Times in which it was protected less than before, newest first. */
  readonly exposures: readonly ExposureRecord[];
}

/** Returns what is on record of a repository's protection. */
export async function protectionOn(
  { records, appId }: Asked,
  { repository }: RepositoryRecord,
): Promise<KnownProtection> {
  const { id } = repository;
  const states = await records.history({ kinds: ["control-state"], beginning: `${id}:` });
  const snapshot = (await records.entry("protection", String(id)))?.body;
  const reading = (await records.entry("protection", `${id}:read`))?.body;
  const exposures = await collected(records.entries("exposure", { repositoryId: id }));
  const protection = snapshot?.kind === "snapshot" ? snapshot.protection : null;
  return {
    readAt: protection === null ? null : reading?.kind === "reading" ? reading.readAt : protection.readAt,
    remarks: protection === null ? [] : diagnose({ repository, protection }, appId).remarks,
    weaknesses: datedWeaknesses(states),
    settings: states.map(({ body }) => body).toReversed(),
    exposures: exposures.map(({ body }) => body).toSorted((a, b) => b.from - a.from),
  };
}

/** Returns what is weak by the newest value of each setting. */
export function datedWeaknesses(states: readonly LoggedEntry<"control-state">[]): readonly DatedWeakness[] {
  const newest = [...new Map(states.map((entry) => [entry.subject, entry.body])).values()];
  const there = newest.filter(({ gone }) => !gone);
  return weaknessesOf(there).map((each) => {
    const own = there.find(
      ({ place, setting }) =>
        setting === each.setting && place.kind === each.place.kind && place.id === each.place.id,
    );
    return { ...each, since: own?.from ?? 0 };
  });
}
