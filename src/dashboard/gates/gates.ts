/** The page of a deployment that GitHub asks the gate about: what it waits for, who asked, and what was answered. */

import { html } from "hono/html";

import { entriesOfLog } from "../../domain/evidence/sample/log-source.ts";
import { logSection } from "../../domain/evidence/sample/shared-sections.ts";
import { OF_LOG } from "../../domain/evidence/sample/source-words.ts";
import type { DeploymentGateRecord } from "../../domain/records/deployment.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import { factsHtml } from "../../pages/facts.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { sectionsHtml } from "../../pages/sections.ts";
import { writtenHtml } from "../../pages/written.ts";
import { repositoryFilter } from "../page/named.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { branchName, outsideHtml, RESULT_COLUMNS, whenHtml } from "../page/parts.ts";

/** Shows what the gate was asked about one deployment, and its answers. */
export const GATE_PAGE: DashboardPage = { path: "/gates/:repository/:deployment/:environment", show };

async function show(asked: Asked): Promise<PageContent> {
  const { repository = "", deployment = "", environment = "" } = asked.params;
  const entries = /^\d+#\d+:[^\p{Cc}]*$/u.test(`${repository}#${deployment}:${environment}`)
    ? await asked.records.history({
        kinds: ["deployment-gate"],
        subjects: [`${repository}#${deployment}:${environment}`],
      })
    : [];
  const last = entries.at(-1);
  if (last === undefined)
    throw new PageProblem(
      404,
      "The gate was asked nothing about this deployment, as far as is on record here.",
    );
  const { body } = last;
  return {
    title: `Gate of ${oneLine(body.environment)}`,
    main: html`${leadHtml(asked, body)}
      <section class="now">
        <h2 id="now">What to do now</h2>
        ${isUnanswered(body, asked.now) ? html`<p>${UNANSWERED}</p>` : ""} ${writtenHtml(body.comment)}
        <p class="from">As answered on the run's page at ${whenHtml(last.recordedAt)}.</p>
      </section>
      <section>
        <h2 id="asked">What was asked</h2>
        ${askedHtml(body)}
      </section>
      <section>
        <h2 id="controls">Controls</h2>
        ${body.assessment.results.length === 0 ? html`<p>None was required.</p>` : tableOf(body.assessment.results, RESULT_COLUMNS)}
      </section>
      <section>
        <h2 id="answers">Answers</h2>
        ${tableOf<LoggedEntry<"deployment-gate">>(entries.toReversed(), ANSWERS)}
      </section>
      ${sectionsHtml([logSection({ entries: entriesOfLog(entries) }, { words: OF_LOG })])}`,
  };
}

const UNANSWERED =
  "It was to be answered for good by now, and no such answer is on record: the run's page shows whether it still waits.";

function isUnanswered({ answer, deadline }: DeploymentGateRecord, now: number): boolean {
  return answer === "waiting" && now > deadline;
}

function leadHtml(
  { web, link }: Asked,
  { repository, run, environment, sha, ref }: DeploymentGateRecord,
): Html {
  const { owner, name } = repository;
  const text = `run ${run} of ${owner}/${name}`;
  const own = { repository: repositoryFilter(repository), place: environment };
  return html`<p class="lead">
      ${web === null ? text : outsideHtml(`${web}/${owner}/${name}/actions/runs/${run}`, text)} is to deploy
      <code>${short(sha)}</code> of ${branchName(ref)} to ${oneLine(environment)}.
    </p>
    <p><a href="${link("/deployments", own)}">What was deployed there</a></p>`;
}

function askedHtml({ requestedAt, deadline, creator, mode, answer }: DeploymentGateRecord): Html {
  return factsHtml([
    ["Answer", answer],
    ["Asked (UTC)", whenHtml(requestedAt)],
    ["Asked by", askedBy(creator)],
    ["Waits at most until (UTC)", whenHtml(deadline)],
    ["Mode of the policy", mode],
  ]);
}

/** Of a workflow's deployments GitHub names its own account. */
function askedBy(creator: DeploymentGateRecord["creator"]): string {
  if (creator === undefined) return "not on record: the run's page shows who started it";
  const login = creator?.login ?? "an unknown account";
  return creator?.type === "User" ? login : `${login}: the run's page shows who started it`;
}

const ANSWERS: readonly HtmlColumn<LoggedEntry<"deployment-gate">>[] = [
  { head: "When (UTC)", cell: ({ recordedAt }) => whenHtml(recordedAt), whole: true },
  { head: "Answer", cell: ({ body }) => body.answer },
  { head: "Comment", cell: ({ body }) => writtenHtml(body.comment), wide: true },
];
