/** The list of changes. */

import { html } from "hono/html";

import { column, groupsText, listText, logColumns, personText } from "../../domain/evidence/tables/table.ts";
import type { Columns } from "../../domain/evidence/tables/table.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import type { Html, HtmlColumn } from "../../pages/html-table.ts";
import { listPages } from "../lists/list-page.ts";
import type { Asked } from "../page/page.ts";
import { branchName, missedHtml, missedText, outsideHtml, verdictHtml, whenHtml } from "../page/parts.ts";

type Row = LoggedEntry<"change">;

const shown = ({ link }: Asked): readonly HtmlColumn<Row>[] => [
  {
    head: "When (UTC)",
    cell: ({ at, subject }) =>
      html`<a href="${link(`/changes/${encodeURIComponent(subject)}`)}">${whenHtml(at)}</a>`,
    whole: true,
  },
  { head: "Change", cell: ({ body }) => changeHtml(body), wide: true },
  {
    head: "Branch",
    cell: ({ body: { change } }) => `${change.repository.name} ${branchName(change.update.ref)}`,
  },
  { head: "Verdict", cell: ({ body }) => verdictHtml(body.assessment.verdict) },
  { head: "Controls that did not pass", cell: ({ body }) => missedHtml(body.assessment), wide: true },
];

const IN_FILE: Columns<Row> = {
  change_id: column.digest(({ subject }) => subject, "Identity of the change."),
  updated_at: column.time(({ at }) => at, "When the branch was updated."),
  repository: column.text(
    ({ body: { change } }) => `${change.repository.owner}/${change.repository.name}`,
    "Owner and name of the repository.",
  ),
  branch: column.text(({ body }) => body.change.update.ref, "Full name of the branch."),
  update: column.text(({ body }) => body.change.update.kind, "How the branch was updated."),
  after_sha: column.digest(({ body }) => body.change.update.after, "Commit the branch named after."),
  pull_request: column.list(
    ({ body }) => listText(body.change.pullRequests.map(({ number }) => String(number))),
    "Numbers of the pull requests it landed.",
  ),
  pull_request_title: column.list(
    ({ body }) => groupsText(body.change.pullRequests.map(({ title }) => [title])),
    "Their titles.",
  ),
  pull_request_author: column.list(
    ({ body }) => listText(body.change.pullRequests.map(({ author }) => personText(author))),
    "Their authors, login#id.",
  ),
  updated_by: column.text(({ body }) => personText(body.change.update.actor), "Who updated the branch."),
  verdict: column.text(({ body }) => body.assessment.verdict, "What the controls come to."),
  controls_not_passed: column.list(({ body }) => missedText(body.assessment), "control;outcome;reason."),
  ...logColumns<Row>((row) => row),
};

/** Shows the changes, by whatever they are filtered by. */
export const CHANGE_PAGES = listPages({
  kind: "change",
  path: "/changes",
  title: "Changes",
  place: "Branch",
  placeNamed: (typed) => (typed.startsWith("refs/") ? typed : `refs/heads/${typed}`),
  shown,
  inFile: IN_FILE,
});

function changeHtml({ change }: Row["body"]): Html {
  const { update, pullRequests, repository } = change;
  if (pullRequests.length > 0)
    return html`${pullRequests.map(
      ({ number, title, url, author }) =>
        html`<p class="line">
          ${outsideHtml(url, `${repository.name}#${number}`)} ${oneLine(title)}
          <span class="by">by ${author?.login ?? "unknown"}</span>
        </p>`,
    )}`;
  return html`<p class="line">
    ${update.kind} of <code>${short(update.after)}</code>
    <span class="by">by ${update.actor?.login ?? "unknown"}</span>
  </p>`;
}
