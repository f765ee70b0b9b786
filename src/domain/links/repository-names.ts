/** Which repository a name means: repositories are renamed, and the names of those that are gone are used again. */

import type { LoggedEntry } from "../records/entry.ts";
import type { RepositoryRecord } from "../records/repository.ts";

/** Returns the repository that has a name (`owner/name`). One that is there goes before others, then the one that left last. */
export function repositoryCalled(
  records: readonly RepositoryRecord[],
  called: string,
): RepositoryRecord | null {
  const named = records.filter(({ repository }) => isCalled(repository, called));
  const [found] = named.toSorted((a, b) => (b.removedAt ?? Infinity) - (a.removedAt ?? Infinity));
  return found ?? null;
}

/** Returns the repository that had a name last, by every entry of repositories; null: none had it. */
export function repositoryOnceCalled(
  history: readonly LoggedEntry<"repository">[],
  called: string,
): RepositoryRecord | null {
  const last = history
    .toSorted((a, b) => a.seq - b.seq)
    .findLast(({ body }) => isCalled(body.repository, called));
  return history.findLast(({ subject }) => subject === last?.subject)?.body ?? null;
}

/** Returns the id of the organisation that had a login last, by every entry of repositories; null: none had it. */
export function organizationOnceCalled(
  history: readonly LoggedEntry<"repository">[],
  login: string,
): number | null {
  const owned = history.filter(({ body }) => body.repository.owner.toLowerCase() === login.toLowerCase());
  return owned.toSorted((a, b) => a.seq - b.seq).at(-1)?.body.repository.ownerId ?? null;
}

function isCalled({ owner, name }: RepositoryRecord["repository"], called: string): boolean {
  return `${owner}/${name}`.toLowerCase() === called.toLowerCase();
}
