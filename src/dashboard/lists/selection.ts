/** What the filters of a list select, with names instead of ids. */

import { filteredSpan, type ListQuery } from "./list-query.ts";
import { repositoriesFiltered } from "../page/named.ts";
import type { Asked } from "../page/page.ts";
import { collected } from "../page/parts.ts";
import type { RecordsFilter } from "../page/records.ts";

/** Returns the names of the repositories that the viewer may see. */
export async function knownNames({ records }: Asked): Promise<readonly string[]> {
  const all = await collected(records.entries("repository"));
  return [...new Set(all.map(({ body }) => body.repository.name))].toSorted((a, b) => (a < b ? -1 : 1));
}

/** Returns what the filters select. `placeNamed`: the full name of a branch or environment as it is typed. */
export async function selection(
  asked: Asked,
  query: ListQuery,
  placeNamed: (typed: string) => string,
): Promise<RecordsFilter> {
  const { repository, place, verdict, control, person, words } = query;
  return {
    ...(repository === undefined ? {} : { repositoryIds: await repositoriesFiltered(asked, repository) }),
    ...(place === undefined ? {} : { place: placeNamed(place) }),
    ...(verdict === undefined ? {} : { verdicts: [verdict] }),
    ...(control === undefined ? {} : { control }),
    ...(person === undefined ? {} : { person: person.replace(/^@/u, "") }),
    ...(words === undefined ? {} : { words }),
    ...filteredSpan(query),
  };
}
