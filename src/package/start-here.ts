/** START-HERE.html: the page an auditor opens first. No script, nothing from outside, everything escaped. */

import { html, raw } from "hono/html";

import { GLOSSARY, type StartHere } from "../domain/evidence/start-here.ts";
import type { Counts, Rate, SummaryDocument } from "../domain/evidence/summary.ts";
import { timeText } from "../domain/evidence/tables/table.ts";
import { monthsChart } from "./chart.ts";

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light; --ink: #1d2125; --soft: #5c6670; --line: #d9dee3; --paper: #fff; --band: #f5f7f8; --accent: #1f6f54; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2.5rem 1.5rem 4rem; font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; color: var(--ink); background: var(--paper); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .6rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 .4rem; }
p, ul, ol, dl { margin: .5rem 0; max-width: 46rem; }
li { margin: .3rem 0; }
.lead { color: var(--soft); margin: 0 0 1.25rem; }
.note { border-left: 4px solid #e0a030; background: #fdf8ec; padding: .75rem 1.1rem; margin: .5rem 0; }
.note > :first-child { margin-top: 0; } .note > :last-child { margin-bottom: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .6rem 0; }
caption { text-align: left; color: var(--soft); font-size: .88rem; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--ink); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
.files { table-layout: fixed; } .files .path { width: 38%; } .files .rows { width: 5rem; } .files th { overflow-wrap: anywhere; padding-right: .7rem; }
.stacked .why { min-width: 14rem; } .t { white-space: nowrap; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font: .88em/1.5 ui-monospace, "SFMono-Regular", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; }
pre { background: var(--band); border: 1px solid var(--line); border-radius: 6px; padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; max-width: 100%; }
figure { margin: 1rem 0; } figure > svg { width: 100%; max-width: 46rem; height: auto; display: block; }
svg text { font: 12px system-ui, sans-serif; fill: #5c6670; } .grid { stroke: #d9dee3; stroke-width: 1; }
figcaption { font-size: .88rem; color: var(--soft); } .key { margin-right: 1rem; white-space: nowrap; } .key svg { width: .7em; height: .7em; margin-right: .35em; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0 0 .2rem; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; max-width: none; }
a { color: #14507d; } 
@media (max-width: 40rem) { body { padding: 1.5rem 1rem 3rem; } caption { max-width: calc(100vw - 2rem); } figure { overflow-x: auto; } figure > svg { min-width: 34rem; } .note ul { padding-left: 1.1rem; } .files, .files tbody, .files tr, .files th, .files td, .stacked, .stacked tbody, .stacked tr, .stacked td { display: block; width: auto; } .files thead, .stacked thead { display: none; } .files tr, .stacked tr { border-bottom: 1px solid var(--line); padding: .4rem 0; } .files tbody th, .files td, .stacked td { border: 0; padding: .1rem 0; } .files td.n { text-align: left; } .files td.n:empty { display: none; } .files td.n::before { content: "rows: "; } .stacked td::before { content: attr(data-label) ": "; color: var(--soft); } }
@page { margin: 18mm 16mm; }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } nav { display: none; } h2, h3, caption { break-after: avoid; } tr, .note, figure, pre, dt { break-inside: avoid; } thead { display: table-header-group; } .scroll { overflow: visible; } a { color: inherit; text-decoration: none; } }
`;

/** Returns the page as text. The same content gives the same bytes. */
export function renderStartHere(content: StartHere): string {
  const { organization, period } = content;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        ${raw(META)}
        <title>Change evidence of ${organization.login}, ${period.name}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>Change evidence of ${organization.login}, ${period.name}</h1>
          <p class="lead">
            ${instant(period.from)} up to, not including, ${instant(period.to)} (UTC). Generated
            ${instant(content.generatedAt)} by ${content.generator.name} ${content.generator.version}. Package
            <code>${content.packageId}</code>.
          </p>
          <nav aria-label="Contents">
            <ul>
              ${SECTIONS.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${heading("limitations")}
          <div class="note">
            <ul>
              ${content.limitations.map((sentence) => html`<li>${sentence}</li>`)}
            </ul>
          </div>
          ${heading("gaps")} ${gapsTable(content)} ${heading("scope")} ${scope(content)} ${heading("summary")}
          ${summarySection(content)} ${heading("completeness")}
          ${content.completenessWords.map(({ says }) => html`<p>${says}</p>`)} ${branches(content)}
          ${heading("verify")}
          <p>
            In a terminal, in the folder of this package, with nothing but
            <code>sha256sum</code> and <code>openssl</code>:
          </p>
          <pre>
sha256sum -c SHA256SUMS
sh verify.sh
sh verify.sh ${content.fingerprint}</pre>
          <p>
            The first compares every file with its digest. The second also checks the signature and that
            nothing was added or removed. The third also checks who signed, if you replace the fingerprint
            with the one the company gave you by another way; the one shown here comes with the package and
            proves nothing by itself.
            <code>verify.sh</code> cannot vouch for itself: compare its digest with the one published in the
            documentation, or run <code>countersign verify</code>, which also makes every row and page again
            from the log in this package.
          </p>
          ${heading("re-perform")} ${rePerform(content)} ${heading("glossary")}
          <dl>
            ${GLOSSARY.map(
              ([word, meaning]) =>
                html`<dt>${word}</dt>
                  <dd>${meaning}</dd>`,
            )}
          </dl>
          ${heading("files")}
          <div class="scroll">
            <table class="files">
              <colgroup>
                <col class="path" />
                <col class="rows" />
                <col />
              </colgroup>
              <thead>
                <tr>
                  <th scope="col">File</th>
                  <th scope="col" class="n">Rows</th>
                  <th scope="col">What it holds</th>
                </tr>
              </thead>
              <tbody>
                ${filesListed(content).map(
                  (file) =>
                    html`<tr>
                      <th scope="row">
                        <a href="${file.path}">${file.path}</a>
                      </th>
                      <td class="n">${file.rows ?? ""}</td>
                      <td>${file.description}</td>
                    </tr>`,
                )}
              </tbody>
            </table>
          </div>
          ${raw(FORM_OF_FILES)}
        </main>
      </body>
    </html> `;
  if (page instanceof Promise) throw new Error("nothing on this page is awaited");
  return page.toString();
}

/** It loads nothing from anywhere. */
const META = `<meta charset="utf-8" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
        />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="no-referrer" />`;

/** What holds for every file. */
const FORM_OF_FILES = `<p>
            CSV files are RFC 4180 in UTF-8, times in UTC, rows sorted by their ids. A cell that a spreadsheet
            would take for a formula begins with an apostrophe. In a cell with several values, plain ones are
            separated by a space; values of several parts by <code> | </code>, their parts by <code>;</code>.
            What each column holds is in <code>schemas/</code>. A repository has the same repository_id under
            each name it had; a row gives the name it had when the row was recorded.
          </p>`;

const SECTIONS = [
  ["limitations", "Limitations"],
  ["gaps", "Monitoring gaps"],
  ["scope", "Scope"],
  ["summary", "Summary"],
  ["completeness", "Completeness"],
  ["verify", "How to verify"],
  ["re-perform", "How to re-perform an extraction"],
  ["glossary", "Glossary"],
  ["files", "Files"],
] as const;

function heading(id: (typeof SECTIONS)[number][0]): Html {
  return html`<h2 id="${id}">${SECTIONS.find(([each]) => each === id)?.[1] ?? ""}</h2>`;
}

function gapsTable({ gaps, gapsWords, summary }: StartHere): Html {
  const { total } = summary.coverage_gaps;
  const words = gapsWords.map(({ says }) => html`<p>${says}</p>`);
  if (total === 0) return html`${words}`;
  return html`${words}
    ${gaps.length < total ? html`<p>The first ${gaps.length} are shown, all are in coverage-gaps.csv.</p>` : ""}
    <div class="scroll">
      <table class="stacked">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col">What</th>
            <th scope="col">Cause</th>
            <th scope="col">Why</th>
            <th scope="col">Read afterwards</th>
          </tr>
        </thead>
        <tbody>
          ${gaps.map(
            (gap) =>
              html`<tr>
                <td class="t" data-label="From">${timeText(gap.from)}</td>
                <td class="t" data-label="To">${gap.to === null ? "not ended" : timeText(gap.to)}</td>
                <td data-label="What">${gap.scope}</td>
                <td class="t" data-label="Cause">${gap.cause}</td>
                <td class="why" data-label="Why">${gap.because}</td>
                <td data-label="Read afterwards">${gap.backfilled ? "yes" : "no"}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function scope({ scopeWords }: StartHere): Html {
  return html`<p>
    ${scopeWords.map(({ says }) => says).join(" ")} <code>scope.csv</code> lists every repository the App
    could see, in scope or not, with the reason.
  </p>`;
}

function summarySection({ summary, months, companyIds }: StartHere): Html {
  return html`<p>
      Rates are shown with their numerators and denominators. What they mean for an opinion is for the auditor
      to say.
    </p>
    <div class="scroll">
      <table>
        <caption>
          Verdicts of changes and of deployments; historic ones are not in the denominators.
        </caption>
        <thead>
          <tr>
            <th scope="col">Verdict</th>
            <th scope="col" class="n">Changes</th>
            <th scope="col" class="n">Rate</th>
            <th scope="col" class="n">Deployments</th>
            <th scope="col" class="n">Rate</th>
          </tr>
        </thead>
        <tbody>
          ${union(summary.changes.by_verdict, summary.deployments.by_verdict).map(
            (verdict) =>
              html`<tr>
                <th scope="row" class="t">${verdict}</th>
                <td class="n">${summary.changes.by_verdict[verdict] ?? 0}</td>
                <td class="n">${share(summary.changes, verdict)}</td>
                <td class="n">${summary.deployments.by_verdict[verdict] ?? 0}</td>
                <td class="n">${share(summary.deployments, verdict)}</td>
              </tr>`,
          )}
          <tr>
            <th scope="row">all</th>
            <td class="n">${summary.changes.total}</td>
            <td></td>
            <td class="n">${summary.deployments.total}</td>
            <td></td>
          </tr>
        </tbody>
      </table>
    </div>
    <div class="scroll">
      <table>
        <caption>
          Controls, each a requirement that the change or deployment was so; see controls.csv. Passed: among
          those it applies to, unverifiable and waived in the denominator.
        </caption>
        <thead>
          <tr>
            <th scope="col">Control</th>
            <th scope="col" class="n">Pass</th>
            <th scope="col" class="n">Fail</th>
            <th scope="col" class="n">Waived</th>
            <th scope="col" class="n">Unverifiable</th>
            <th scope="col" class="n">Not applicable</th>
            <th scope="col" class="n">Passed</th>
          </tr>
        </thead>
        <tbody>
          ${Object.entries(summary.controls).map(
            ([control, { by_outcome: of, passed }]) =>
              html`<tr>
                <th scope="row">
                  ${control}${companyIds[control] === undefined ? "" : ` (${companyIds[control]})`}
                </th>
                ${["pass", "fail", "waived", "unverifiable", "not-applicable"].map((outcome) => html`<td class="n">${of[outcome] ?? 0}</td>`)}
                <td class="n">${rate(passed)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <h3>By month</h3>
    ${byMonth(months, summary)}
    <h3>How the changes came about</h3>
    <p>
      ${count(summary.changes.total, "change", "changes")}, by kind of update:
      ${counted(summary.changes.by_update)}. Found late, by a sweep or backfill: ${summary.changes.late} of
      ${summary.changes.total}. How their deciding facts are known: ${counted(summary.changes.by_assurance)}.
    </p>
    <h3>Deviations</h3>
    <p>
      ${summary.deviations.total === 0 ? "None." : html`${count(summary.deviations.total, "deviation", "deviations")}: by source ${counted(summary.deviations.by_source)} (app: found here; auditor: entered from a report); by type ${counted(summary.deviations.by_type)}; by severity ${counted(summary.deviations.by_severity)}; by status ${counted(summary.deviations.by_status)}. Each is in <code>deviations.csv</code>.`}
    </p>
    <p>${unlisted(summary)}</p>
    <h3>Monthly reviews</h3>
    <p>${monthlyReviews(summary)}</p>
    <h3>Emergencies</h3>
    <p>
      ${summary.emergencies.total === 0 ? "None." : html`${count(summary.emergencies.total, "emergency", "emergencies")}: by status ${counted(summary.emergencies.by_status)}; by authorisation ${counted(summary.emergencies.by_authorisation)}. Retroactive reviews by status ${counted(summary.emergencies.reviews_by_status)}; ${summary.emergencies.reviews_late_or_overdue} of ${total(summary.emergencies.reviews_by_status)} late or overdue. Each is in <code>emergency-changes.csv</code> and <code>retroactive-reviews.csv</code>.`}
    </p>`;
}

/** How the non-compliant ones and the deviations meet: one deviation may list several, and what was only observed has none. */
function unlisted({ changes, deployments }: SummaryDocument): string {
  const failed = (changes.by_verdict["non-compliant"] ?? 0) + (deployments.by_verdict["non-compliant"] ?? 0);
  if (failed === 0) return "";
  const without = changes.without_deviation + deployments.without_deviation;
  return `Non-compliant changes and deployments: ${failed}. With a deviation that lists them, or what they carry or repeat (deviation_id): ${failed - without} of ${failed}. With none, and why (without_deviation_because): ${without} of ${failed}.`;
}

function monthlyReviews({ monthly_reviews: of }: SummaryDocument): Html {
  if (of.total === 0) return html`None.`;
  return html`${count(of.total, "review", "reviews")}, one for each control and month, by status
    ${counted(of.by_status)}. Signed off at a terminal, where nobody proves who they are: ${of.at_terminal} of
    ${of.total}. Each is in <code>monitoring.csv</code>.`;
}

function byMonth(months: StartHere["months"], summary: SummaryDocument): Html {
  const verdicts = Object.keys(summary.changes.by_verdict);
  return html`${monthsChart(months)}
    <div class="scroll">
      <table>
        <caption>
          Days observed: days on which the App was there, or of which everything was read afterwards. That
          nothing is counted for other days does not say that nothing happened.
        </caption>
        <thead>
          <tr>
            <th scope="col">Month</th>
            <th scope="col" class="n">Days observed</th>
            <th scope="col" class="n">Changes</th>
            ${verdicts.map((verdict) => html`<th scope="col" class="n">${verdict}</th>`)}
            <th scope="col" class="n">Deployments</th>
          </tr>
        </thead>
        <tbody>
          ${months.map(
            (month) =>
              html`<tr>
                <th scope="row" class="t">${month.month}</th>
                <td class="n">${month.daysSeen} of ${month.days}</td>
                <td class="n">${month.changes}</td>
                ${verdicts.map((verdict) => html`<td class="n">${month.by_verdict[verdict] ?? 0}</td>`)}
                <td class="n">${month.deployments}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function branches({ completeness }: StartHere): Html {
  const shown = completeness.branches.slice(0, 100);
  if (shown.length === 0) return html``;
  return html`<div class="scroll">
    <table>
      ${
        shown.length < completeness.branches.length
          ? html`<caption>
              The first ${shown.length}; all are in completeness.json.
            </caption>`
          : ""
      }
      <thead>
        <tr>
          <th scope="col">Repository</th>
          <th scope="col">Branch</th>
          <th scope="col">Proven</th>
          <th scope="col" class="n">Updates</th>
          <th scope="col" class="n">In proven spans</th>
          <th scope="col" class="n">No pull request</th>
          <th scope="col" class="n">Differences</th>
          <th scope="col" class="n">Unexplained</th>
        </tr>
      </thead>
      <tbody>
        ${shown.map(
          (branch) =>
            html`<tr>
              <th scope="row">${branch.repository}</th>
              <td>${branch.branch}</td>
              <td>${branch.proven ? "yes" : "no"}</td>
              <td class="n">${branch.updates}</td>
              <td class="n">${branch.updates_matched}</td>
              <td class="n">${branch.without_pull_request}</td>
              <td class="n">${branch.differences}</td>
              <td class="n">${branch.unexplained}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function rePerform({ completeness, apiUrl, period }: StartHere): Html {
  const sample = completeness.branches[0];
  const repository = sample?.repository ?? "OWNER/REPOSITORY";
  const ref = encodeURIComponent(sample?.branch ?? "refs/heads/main");
  const url = `${apiUrl}/repos/${repository}/activity?ref=${ref}&time_period=year&per_page=100`;
  return html`<ol>
    <li>
      Choose a branch of
      <code>ref-updates.csv</code
      >${sample === undefined ? "" : html`, for example ${sample.branch} of ${sample.repository}`}.
    </li>
    <li>
      Ask GitHub for its own list of that branch's updates, with a token of your own or at the company's
      screen (GitHub keeps it for a year):
      <pre>curl -H "Authorization: Bearer $TOKEN" "${url}"</pre>
    </li>
    <li>
      Follow the <code>Link: rel="next"</code> headers to the end, keep the rows with
      <code>timestamp</code> from ${timeText(period.from)} and before ${timeText(period.to)}, and compare
      <code>id</code>, <code>before</code>, <code>after</code> and <code>activity_type</code> with the columns
      activity_id, before_sha, after_sha and update. The counts must be equal, and each
      <code>before</code> the <code>after</code> of the update before it.
    </li>
    <li>
      For one change, open the address in pull_request_url of
      <code>changes.csv</code> and compare reviews, their commits and the merge with the row. What was
      dismissed or deleted since can no longer be seen on GitHub; <code>log/entries.jsonl</code> holds it as
      it was.
    </li>
  </ol>`;
}

function filesListed({ files }: StartHere): StartHere["files"] {
  const more = (path: string, description: string): StartHere["files"][number] => ({
    path,
    description,
    sha256: "",
    bytes: 0,
    rows: null,
    schema: null,
  });
  const last = [
    ["manifest.json", "Every file with digest, size, rows and schema."],
    ["SHA256SUMS", "Digest of every file but itself and the seal, in the form sha256sum reads."],
    ["manifest.dsse.json", "The seal: an in-toto statement over every other file, in a DSSE envelope."],
  ].map(([path = "", description = ""]) => more(path, description));
  const isPolicy = (path: string): boolean => path.startsWith("policies/") && path !== "policies/index.csv";
  const policies = files.filter(({ path }) => isPolicy(path)).length;
  const own = files.filter(({ path }) => !path.startsWith("schemas/") && !isPolicy(path));
  const index = own.findIndex(({ path }) => path === "policies/index.csv");
  const grouped =
    policies === 0
      ? []
      : [
          {
            ...more(
              "policies/",
              `${policies} more files: DIGEST.json, a policy version (what was in force and the files it came from), and beside it the source text of each file, as it was read.`,
            ),
          },
        ];
  return [...own.slice(0, index + 1), ...grouped, ...own.slice(index + 1), ...last];
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

/** The share of a verdict, also where there is none of it. */
function share(of: SummaryDocument["changes" | "deployments"], verdict: string): string {
  if (verdict === "historic") return "not counted";
  const { by_verdict, rate_by_verdict } = of;
  const denominator = total(by_verdict) - (by_verdict["historic"] ?? 0);
  return rate(rate_by_verdict[verdict] ?? { numerator: 0, denominator, rate: null });
}

function instant(at: number): Html {
  return html`<span class="t">${timeText(at)}</span>`;
}

function counted(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, number]) => `${name}: ${number}`)
    .join(", ");
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function rate({ numerator, denominator }: Rate): string {
  return denominator === 0
    ? "applies to none"
    : `${numerator} of ${denominator} (${((100 * numerator) / denominator).toFixed(1)} %)`;
}

function union(...counts: readonly Counts[]): readonly string[] {
  return [...new Set(counts.flatMap((each) => Object.keys(each)))].toSorted();
}
