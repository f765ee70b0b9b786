/** What the filters of a list select, with names instead of ids. */

import { filteredSpan, type ListQuery } from "./list-query.ts";
import type { Asked } from "../page/page.ts";
import type { RecordsFilter } from "../page/records.ts";

/** Returns the repositories that the viewer may see, by name, each with its ids. */
export async function knownRepositories({ records }: Asked): Promise<ReadonlyMap<string, readonly number[]>> {
  const found: { readonly name: string; readonly id: number }[] = [];
  for await (const { body } of records.entries("repository"))
    found.push({ name: body.repository.name, id: body.repository.id });
  const byName = Map.groupBy(
    found.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    ({ name }) => name,
  );
  return new Map([...byName].map(([name, of]) => [name, of.map(({ id }) => id)]));
}

/** Returns what the filters select. `placeNamed`: the full name of a branch or environment as it is typed. */
export function selection(
  query: ListQuery,
  repositories: ReadonlyMap<string, readonly number[]>,
  placeNamed: (typed: string) => string,
): RecordsFilter {
  const { repository, place, verdict, control, person, words } = query;
  const name = repository?.toLowerCase().split("/").at(-1);
  const ids =
    name === undefined
      ? undefined
      : [...repositories].flatMap(([each, own]) => (each.toLowerCase() === name ? own : []));
  return {
    ...(ids === undefined ? {} : { repositoryIds: ids }),
    ...(place === undefined ? {} : { place: placeNamed(place) }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(control === undefined ? {} : { control }),
    ...(person === undefined ? {} : { person: person.replace(/^@/u, "") }),
    ...(words === undefined ? {} : { words }),
    ...filteredSpan(query),
  };
}
