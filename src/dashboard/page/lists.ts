/** One page of a list: what the filters select, and the ways on and back. */

import { html } from "hono/html";

import type { ListedKind } from "../../domain/lists/listed.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { ListPlace } from "../../ledger/lists.ts";
import type { Html } from "../../pages/html-table.ts";
import { cursorOf, placeText, filteredSpan, type ListQuery } from "./list-query.ts";
import type { Asked } from "./page.ts";
import type { RecordsFilter } from "./records.ts";

/** Rows on one page. */
const ROWS = 50;

/** Describes a page of a list. */
export interface ListPage<K extends ListedKind> {
  readonly rows: readonly LoggedEntry<K>[];
  /** Where the rows before and after these are; null: there are none. */
  readonly previous: string | null;
  readonly next: string | null;
}

/** Holds the repositories of an organisation that the viewer may see: each name with its ids. */
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

/** Reads one page of a list. */
export async function listPage<K extends ListedKind>(
  { records, link }: Asked,
  {
    kind,
    path,
    filter,
    query,
  }: {
    readonly kind: K;
    readonly path: string;
    readonly filter: RecordsFilter;
    readonly query: ListQuery;
  },
): Promise<ListPage<K>> {
  const { order, place, isBackwards } = cursorOf(query);
  const reverse = order === "newest" ? "oldest" : "newest";
  // One row more than is shown: whether there are others.
  const read = await records.page(kind, filter, {
    order: isBackwards ? reverse : order,
    after: place,
    limit: ROWS + 1,
  });
  const isMore = read.length > ROWS;
  const rows = isBackwards ? read.slice(0, ROWS).toReversed() : read.slice(0, ROWS);
  const to = (which: "after" | "before", row: ListPlace | undefined): string | null =>
    row === undefined
      ? null
      : link(path, { ...query, after: undefined, before: undefined, [which]: placeText(row) });
  const isFirst = isBackwards ? !isMore : place === undefined;
  const isLast = isBackwards ? false : !isMore;
  return {
    rows,
    previous: isFirst ? null : to("before", rows[0]),
    next: isLast ? null : to("after", rows.at(-1)),
  };
}

/** Returns the ways on and back. */
export function paging({ previous, next }: Pick<ListPage<ListedKind>, "previous" | "next">): Html {
  if (previous === null && next === null) return html``;
  return html`<nav class="paging" aria-label="Parts of the list">
    ${previous === null ? "" : html`<a href="${previous}" rel="prev">Previous page</a>`}
    ${next === null ? "" : html`<a href="${next}" rel="next">Next page</a>`}
  </nav>`;
}
