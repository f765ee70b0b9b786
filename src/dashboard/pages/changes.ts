/** The list of changes. */

import { html } from "hono/html";

import { personText } from "../../domain/evidence/tables/table.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { filterForm } from "../page/filters.ts";
import { listQuery } from "../page/list-query.ts";
import { listPage, paging, knownRepositories, selection } from "../page/lists.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { missedHtml, outsideHtml, verdictHtml, whenHtml } from "../page/parts.ts";

const PATH = "/changes";

type Row = LoggedEntry<"change">;

const COLUMNS: readonly HtmlColumn<Row>[] = [
  { head: "When (UTC)", cell: ({ at }) => whenHtml(at), whole: true },
  { head: "Change", cell: ({ body }) => changeHtml(body), wide: true },
  {
    head: "Branch",
    cell: ({ body: { change } }) => html`${change.repository.name} ${branchName(change.update.ref)}`,
  },
  { head: "Verdict", cell: ({ body }) => verdictHtml(body.assessment.verdict) },
  { head: "Controls that did not pass", cell: ({ body }) => missedHtml(body.assessment), wide: true },
];

/** Shows the changes, by whatever they are filtered by. */
export const CHANGES_PAGE: DashboardPage = { path: PATH, nav: "Changes", show };

async function show(asked: Asked): Promise<PageContent> {
  const query = listQuery(asked.query);
  const repositories = await knownRepositories(asked);
  const filter = selection(query, repositories, (typed) =>
    typed.startsWith("refs/") ? typed : `refs/heads/${typed}`,
  );
  const page = await listPage(asked, { kind: "change", path: PATH, filter, query });
  const form = filterForm(asked, {
    path: PATH,
    place: "Branch",
    query,
    repositories: [...repositories.keys()],
  });
  return {
    title: "Changes",
    main: html`${form}
    ${page.rows.length === 0 ? html`<p>No change is recorded that these filters select.</p>` : tableOf(page.rows, COLUMNS)}
    ${paging(page)}`,
  };
}

function changeHtml({ change }: Row["body"]): Html {
  const { update, pullRequests, repository } = change;
  if (pullRequests.length > 0)
    return html`${pullRequests.map(
      ({ number, title, url, author }) =>
        html`<p>
          ${outsideHtml(url, `${repository.name}#${number}`)} ${oneLine(title)}
          <span class="by">by ${personText(author)}</span>
        </p>`,
    )}`;
  return html`<p>
    ${update.kind} of <code>${short(update.after)}</code>
    <span class="by">by ${personText(update.actor)}</span>
  </p>`;
}

function branchName(ref: string): string {
  return oneLine(ref).replace(/^refs\/heads\//u, "");
}
