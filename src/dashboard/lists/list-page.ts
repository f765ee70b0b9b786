/** A list as a page and as a file: the same filters, the same rows. */

import { setImmediate } from "node:timers/promises";
import { html } from "hono/html";

import { cellsOf, type Columns } from "../../domain/evidence/tables/table.ts";
import type { ListedKind } from "../../domain/lists/listed.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import type { ListPlace } from "../../ledger/list-filter.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { filterForm } from "./filters.ts";
import { cursorOf, listQuery, placeText, type ListQuery } from "./list-query.ts";
import { knownNames, selection } from "./selection.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import type { RecordsFilter } from "../page/records.ts";

/** Rows on one page. */
const ROWS = 50;

/** Rows of a file: more are refused, never cut off. */
const MOST_IN_FILE = 10_000;

/** Rows read at once for a file: other requests are answered in between. */
const BLOCK = 200;

const HOW_WORDS_ARE_FOUND =
  "Words are found as typed, in any case, in titles, branches, names and numbers; a commit or another id by its first 4 characters or more.";

/** Describes a list. */
export interface ListForm<K extends ListedKind> {
  readonly kind: K;
  readonly path: string;
  readonly title: string;
  /** What a row happened at, and its full name as one is typed. */
  readonly place: string;
  readonly placeNamed: (typed: string) => string;
  readonly shown: (asked: Asked) => readonly HtmlColumn<LoggedEntry<K>>[];
  readonly inFile: Columns<LoggedEntry<K>>;
}

/** Returns the page of a list, and its file. */
export function listPages<K extends ListedKind>(form: ListForm<K>): readonly DashboardPage[] {
  return [
    { path: form.path, nav: form.title, show: (asked) => show(asked, form) },
    { path: `${form.path}.csv`, show: (asked) => file(asked, form) },
  ];
}

async function show<K extends ListedKind>(asked: Asked, form: ListForm<K>): Promise<PageContent> {
  const { path, title, place, shown } = form;
  const query = listQuery(asked.query);
  const repositories = await knownNames(asked);
  const filter = await selection(asked, query, form.placeNamed);
  const page = await pageOf(asked, form, filter, query);
  const whole = { ...query, order: undefined, after: undefined, before: undefined };
  return {
    title,
    main: html`${filterForm(asked, { path, place, query, repositories })}
    ${
      page.rows.length === 0
        ? html`<p>Nothing is recorded that these filters select.</p>
            ${query.words === undefined ? "" : html`<p>${HOW_WORDS_ARE_FOUND}</p>`}`
        : html`${tableOf(page.rows, shown(asked))}
            <p class="file"><a href="${asked.link(`${path}.csv`, whole)}">The whole list as CSV</a></p>`
    }
    ${paging(page)}`,
  };
}

interface ListPage<K extends ListedKind> {
  readonly rows: readonly LoggedEntry<K>[];
  /** Where the rows before and after these are; null: there are none. */
  readonly previous: string | null;
  readonly next: string | null;
}

async function pageOf<K extends ListedKind>(
  { records, link }: Asked,
  { kind, path }: ListForm<K>,
  filter: RecordsFilter,
  query: ListQuery,
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
  return {
    rows,
    previous: isFirst ? null : to("before", rows[0]),
    next: isBackwards || isMore ? to("after", rows.at(-1)) : null,
  };
}

function paging({ previous, next }: Pick<ListPage<ListedKind>, "previous" | "next">): Html {
  if (previous === null && next === null) return html``;
  return html`<nav class="paging" aria-label="Parts of the list">
    ${previous === null ? "" : html`<a href="${previous}" rel="prev">Previous page</a>`}
    ${next === null ? "" : html`<a href="${next}" rel="next">Next page</a>`}
  </nav>`;
}

async function file<K extends ListedKind>(asked: Asked, form: ListForm<K>): Promise<PageContent> {
  const { records } = asked;
  const query = listQuery(asked.query);
  const filter = await selection(asked, query, form.placeNamed);
  const counts = await records.months(form.kind, filter);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  if (total > MOST_IN_FILE)
    throw new PageProblem(
      400,
      `${total} rows are selected, and a file has at most ${MOST_IN_FILE}: choose a shorter span or other filters. The evidence package has all of them (countersign export).`,
    );
  const columns = Object.entries(form.inFile);
  return {
    name: `${form.path.slice(1)}.csv`,
    columns: columns.map(([name]) => name),
    rows: cells(
      records,
      form,
      filter,
      columns.map(([, column]) => column),
    ),
  };
}

async function* cells<K extends ListedKind>(
  records: Asked["records"],
  { kind }: ListForm<K>,
  filter: RecordsFilter,
  columns: readonly ListForm<K>["inFile"][string][],
): AsyncIterable<readonly string[]> {
  for (let after: ListPlace | undefined; ;) {
    const rows = await records.page(kind, filter, { after, limit: BLOCK });
    for (const row of rows) yield cellsOf(columns, row);
    if (rows.length < BLOCK) return;
    after = rows.at(-1);
    await setImmediate();
  }
}
