/** What was in scope in a period: by every version of each repository on record, not by the newest one alone. */

import type { LoggedEntry } from "../../records/entry.ts";
import type { RepositoryRecord } from "../../records/repository.ts";
import { DAY } from "../../time/durations.ts";
import type { Instant } from "../../time/instant.ts";
import type { Span } from "../../time/span.ts";
import type { ReadSource, Stated } from "./population.ts";

/** Describes a repository the App could see in a period; its entry is the newest. */
export interface SeenRepository extends Stated<"repository"> {
  /** Every version of it on record, oldest first. */
  readonly versions: readonly LoggedEntry<"repository">[];
  /** Since when its changes are on record: observed, or filled in from GitHub's lists. */
  readonly recordedFrom: Instant;
  /** Whether it was made, or moved in, when observation of it began: there was nothing to see before. */
  readonly isNew: boolean;
  /** The production branches that were in scope at any moment of the period, each with the end of that. */
  readonly branches: ReadonlyMap<string, Instant>;
}

/** Returns the repositories the App could see at some time before the period ended and after it began, by number. */
export async function repositoriesSeen(source: ReadSource): Promise<readonly SeenRepository[]> {
  const { organizationId, period } = source;
  const bySubject = new Map<string, LoggedEntry<"repository">[]>();
  for (const entry of await source.history("repository", organizationId))
    bySubject.set(entry.subject, [...(bySubject.get(entry.subject) ?? []), entry]);
  const seen = [...bySubject.values()].flatMap((versions) => {
    const entry = versions.at(-1);
    if (entry === undefined) return [];
    const { body } = entry;
    const recordedFrom = Math.min(body.installedFrom, body.backfilledFrom ?? Infinity);
    if (recordedFrom >= period.to || (body.removedAt ?? Infinity) <= period.from) return [];
    return [
      {
        entry,
        body,
        versions,
        recordedFrom,
        isNew: isNew(body),
        branches: branchesInScope(versions, period),
      },
    ];
  });
  return seen.toSorted((a, b) => a.body.repository.id - b.body.repository.id);
}

/** Returns whether any branch of a repository was in scope in the period, or the repository is now. */
export function isInScope({ body, branches }: Pick<SeenRepository, "body" | "branches">): boolean {
  return body.inScope || branches.size > 0;
}

function isNew({ madeBy, movedInAt, installedFrom }: RepositoryRecord): boolean {
  // GitHub reports that a repository was made only to whom it shows it from then on.
  if (madeBy !== undefined) return true;
  // One that moved in long after it was met had been there before, and came back.
  return movedInAt !== undefined && Math.abs(installedFrom - movedInAt) < DAY;
}

type Versions = readonly LoggedEntry<"repository">[];

/**
 * Returns the production branches that were in scope at any moment of a span, each with the end of that. A version holds until
 * the next was recorded; what was so before the first is not known, and taken to be the same.
 */
export function branchesInScope(versions: Versions, span: Span): ReadonlyMap<string, Instant> {
  const ends = new Map<string, Instant>();
  for (const [index, { body, recordedAt }] of versions.entries()) {
    const next = versions[index + 1];
    const from = index === 0 ? -Infinity : recordedAt;
    const gone = Math.min(body.removedAt ?? Infinity, next?.body.removedAt ?? Infinity);
    const to = Math.min(next?.recordedAt ?? Infinity, gone);
    if (!body.inScope || from >= span.to || to <= span.from || to <= from) continue;
    for (const ref of refsAt(versions, index)) ends.set(ref, Math.max(to, ends.get(ref) ?? 0));
  }
  return ends;
}

/** The branches of a version. A repository is recorded before they are read: then those of the next version that has any. */
function refsAt(versions: Versions, index: number): readonly string[] {
  const read = versions
    .slice(index)
    .find(({ body: { inScope, productionRefs } }) => !inScope || productionRefs.length > 0)?.body;
  return read?.inScope === true ? read.productionRefs : [];
}
