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

/** Returns the repository that had a name last; null: none had it. `history`: every entry of repositories, oldest first. */
export function repositoryOnceCalled(
  history: readonly LoggedEntry<"repository">[],
  called: string,
): RepositoryRecord | null {
  const last = history.findLast(({ body }) => isCalled(body.repository, called));
  return history.findLast(({ subject }) => subject === last?.subject)?.body ?? null;
}

/** Returns the ids of all repositories that have or had a name, with or without its owner. `history`: every entry of theirs. */
export function everyRepositoryCalled(
  history: readonly LoggedEntry<"repository">[],
  called: string,
): readonly number[] {
  const named = history.filter(({ body: { repository } }) =>
    called.includes("/") ? isCalled(repository, called) : isSame(repository.name, called),
  );
  return [...new Set(named.map(({ body }) => body.repository.id))];
}

/** Returns the id of the organisation that had a login last; null: none had it. `history`: every entry of repositories, oldest first. */
export function organizationOnceCalled(
  history: readonly LoggedEntry<"repository">[],
  login: string,
): number | null {
  return (
    history.findLast(({ body }) => isSame(body.repository.owner, login))?.body.repository.ownerId ?? null
  );
}

function isCalled({ owner, name }: RepositoryRecord["repository"], called: string): boolean {
  return isSame(`${owner}/${name}`, called);
}

/** GitHub's names are the same in any case. */
function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}
