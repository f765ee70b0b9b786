/** The list of deployments. */

import { html } from "hono/html";

import { column, logColumns, personText, type Columns } from "../../domain/evidence/tables/table.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import type { HtmlColumn } from "../../pages/html-table.ts";
import { listPages } from "../lists/list-page.ts";
import type { Asked } from "../page/page.ts";
import { branchName, missedHtml, missedText, verdictHtml, whenHtml } from "../page/parts.ts";

type Row = LoggedEntry<"deployment">;

const shown = ({ link }: Asked): readonly HtmlColumn<Row>[] => [
  {
    head: "When (UTC)",
    cell: ({ at, subject }) =>
      html`<a href="${link(`/deployments/${encodeURIComponent(subject)}`)}">${whenHtml(at)}</a>`,
    whole: true,
  },
  {
    head: "Deployment",
    cell: ({ body: { deployment } }) =>
      html`<p class="line">
        ${deployment.repository.name} <code>${short(deployment.sha)}</code> of ${branchName(deployment.ref)}
        <span class="by">by ${deployment.creator?.login ?? "unknown"}</span>
      </p>`,
    wide: true,
  },
  { head: "Environment", cell: ({ body }) => oneLine(body.deployment.environment) },
  { head: "Kind", cell: ({ body }) => body.deployment.kind },
  { head: "Verdict", cell: ({ body }) => verdictHtml(body.assessment.verdict) },
  { head: "Controls that did not pass", cell: ({ body }) => missedHtml(body.assessment), wide: true },
];

const IN_FILE: Columns<Row> = {
  deployment_id: column.text(({ subject }) => subject, "Identity of the deployment."),
  deployed_at: column.time(({ at }) => at, "When it succeeded."),
  repository: column.text(
    ({ body: { deployment } }) => `${deployment.repository.owner}/${deployment.repository.name}`,
    "Owner and name of the repository.",
  ),
  environment: column.text(({ body }) => body.deployment.environment, "The environment."),
  kind: column.text(({ body }) => body.deployment.kind, "How it relates to the one before it."),
  ref: column.text(({ body }) => body.deployment.ref, "What was deployed, as it was named."),
  sha: column.digest(({ body }) => body.deployment.sha, "The commit that was deployed."),
  deployed_by: column.text(({ body }) => personText(body.deployment.creator), "Who deployed, login#id."),
  verdict: column.text(({ body }) => body.assessment.verdict, "What the controls come to."),
  controls_not_passed: column.list(({ body }) => missedText(body.assessment), "control;outcome;reason."),
  ...logColumns<Row>((row) => row),
};

/** Shows the deployments, by whatever they are filtered by. */
export const DEPLOYMENT_PAGES = listPages({
  kind: "deployment",
  path: "/deployments",
  title: "Deployments",
  place: "Environment",
  placeNamed: (typed) => typed,
  shown,
  inFile: IN_FILE,
});
