/** The repository that an address names: for good by its id, else by its name now, else by one it had. */

import type { Repository } from "../../domain/change/repository.ts";
import {
  everyRepositoryCalled,
  repositoryCalled,
  repositoryOnceCalled,
} from "../../domain/links/repository-names.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { Asked } from "./page.ts";
import { collected } from "./parts.ts";

const ID = "id";

/** Returns the address of a repository's page, or of a pull request there. It names no other, whatever becomes of the name. */
export function repositoryLink(
  link: Asked["link"],
  of: "repositories" | "pulls",
  { id, owner, name }: Pick<Repository, "id" | "owner" | "name">,
  rest = "",
): string {
  return link(`/${of}/${owner}/${name}${rest}`, { [ID]: String(id) });
}

/**
 * Returns the repository that the address names; null: none of those shown is or was called so. A name now goes before a former one:
 * links stay right after a rename, until another repository takes the name.
 */
export async function repositoryNamed({
  records,
  params,
  query,
}: Pick<Asked, "records" | "params" | "query">): Promise<RepositoryRecord | null> {
  const id = query.get(ID);
  if (id !== null)
    return /^[1-9]\d{0,14}$/u.test(id) ? ((await records.entry("repository", id))?.body ?? null) : null;
  const { owner = "", repo = "" } = params;
  const called = `${owner}/${repo}`;
  const known = (await collected(records.entries("repository"))).map(({ body }) => body);
  const found = repositoryCalled(known, called);
  if (found?.removedAt === null) return found;
  return repositoryOnceCalled(await everyNameIn(records), called);
}

/** Returns the text that the filter of a list names one repository by, for good. */
export function repositoryFilter({ name, id }: Pick<Repository, "name" | "id">): string {
  return `${name}, id ${id}`;
}

/** Returns the ids of the repositories a filter means: that of its id, else all that ever had the name. */
export async function repositoriesFiltered(
  { records }: Pick<Asked, "records">,
  filter: string,
): Promise<readonly number[]> {
  const [, id] = /, id ([1-9]\d{0,14})$/u.exec(filter) ?? [];
  return id === undefined ? everyRepositoryCalled(await everyNameIn(records), filter) : [Number(id)];
}

function everyNameIn(records: Asked["records"]): Promise<readonly LoggedEntry<"repository">[]> {
  return records.history({ kinds: ["repository"], beginning: "" });
}
