/** The sections of START-HERE.html that the report does not repeat. */

import { html } from "hono/html";

import type { StartHere } from "../../domain/evidence/start-here.ts";
import {
  captionOf,
  countsInWords,
  shareInWords,
  numbered,
  total,
} from "../../domain/evidence/copies/first-page.ts";
import type { Counts, SummaryDocument } from "../../domain/evidence/summary.ts";
import { timeText } from "../../domain/evidence/tables/table.ts";
import { monthsChart } from "../../pages/chart.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { monthsTable } from "../../pages/months.ts";

/** Shows the changes of each month, how they came about, and the monthly reviews. */
export function monthsSection({ months: all, summary }: StartHere): Html {
  // Packages that are made again must have the same bytes, their blanks included.
  const between = "\n    ";
  return html`${monthsChart(all)}${between}${monthsTable(all, Object.keys(summary.changes.by_verdict))}
    <p>
      ${numbered(summary.changes.total, "change", "changes")}, by kind of update:
      ${countsInWords(summary.changes.by_update)}. Found late, by a sweep or backfill: ${summary.changes.late}
      of ${summary.changes.total}. How their deciding facts are known:
      ${countsInWords(summary.changes.by_assurance)}.
    </p>
    <p>Monthly reviews: ${monthlyReviews(summary)}</p>`;
}

function monthlyReviews({ monthly_reviews: of }: SummaryDocument): Html {
  if (of.total === 0) return html`none.`;
  return html`${of.total}, one for each control and month, by status ${countsInWords(of.by_status)}. Signed
    off at a terminal, where nobody proves who they are: ${of.at_terminal} of ${of.total}. Each is in
    <code>monitoring.csv</code>.`;
}

const SHOWN_REPOSITORIES = 50;

/** Shows the changes of each repository, the busiest first. */
export function repositoriesSection({ summary }: StartHere): Html {
  const all = Object.entries(summary.repositories)
    .map(([name, counts]) => ({ name, ...counts }))
    .toSorted((a, b) => b.changes - a.changes || (a.name < b.name ? -1 : 1));
  if (all.length === 0) return html`<p>No repository has a change in this period.</p>`;
  const verdicts = Object.keys(summary.changes.by_verdict);
  const listed = { items: all.slice(0, SHOWN_REPOSITORIES), total: all.length };
  return tableOf(
    listed.items,
    [
      { head: "Repository", cell: ({ name }) => name },
      { head: "Changes", cell: ({ changes }) => changes, number: true },
      ...verdicts.map((verdict) => ({
        head: verdict,
        cell: ({ by_verdict }: (typeof all)[number]) => by_verdict[verdict] ?? 0,
        number: true,
      })),
    ],
    {
      caption: captionOf(
        listed,
        "summary.json",
        "The busiest first; repositories of scope.csv without a change are left out.",
      ),
    },
  );
}

/** Shows verdicts and controls with their rates. */
export function controlsSection({ summary, companyIds }: StartHere): Html {
  const { changes, deployments } = summary;
  const outcomes = ["pass", "fail", "waived", "unverifiable", "not-applicable"];
  return html`${tableOf(
    union(changes.by_verdict, deployments.by_verdict),
    [
      { head: "Verdict", cell: (verdict) => verdict, whole: true },
      { head: "Changes", cell: (verdict) => changes.by_verdict[verdict] ?? 0, number: true },
      { head: "Rate", cell: (verdict) => share(changes, verdict), number: true },
      { head: "Deployments", cell: (verdict) => deployments.by_verdict[verdict] ?? 0, number: true },
      { head: "Rate", cell: (verdict) => share(deployments, verdict), number: true },
    ],
    {
      caption: "Verdicts of changes and of deployments; historic ones are not in the denominators.",
      foot: ["all", changes.total, "", deployments.total, ""],
    },
  )}
  ${tableOf(
    Object.entries(summary.controls),
    [
      {
        head: "Control",
        cell: ([control]) =>
          `${control}${companyIds[control] === undefined ? "" : ` (${companyIds[control]})`}`,
      },
      ...outcomes.map((outcome) => ({
        head: outcome,
        cell: ([, { by_outcome }]: [string, SummaryDocument["controls"][string]]) => by_outcome[outcome] ?? 0,
        number: true,
      })),
      { head: "Passed", cell: ([, { passed }]) => shareInWords(passed), number: true },
    ],
    {
      caption:
        "Controls, each a requirement that the change or deployment was so; see controls.csv. Passed: among those it applies to, unverifiable and waived in the denominator.",
    },
  )}
  ${historicWords(summary)}`;
}

/** How many are in no figure of a control, and why; nothing where there are none. */
function historicWords({ changes, deployments }: SummaryDocument): Html | string {
  const [ofChanges, ofDeployments] = [
    changes.by_verdict["historic"] ?? 0,
    deployments.by_verdict["historic"] ?? 0,
  ];
  if (ofChanges === 0 && ofDeployments === 0) return "";
  return html`<p>
    ${numbered(ofChanges, "change", "changes")} and ${numbered(ofDeployments, "deployment", "deployments")}
    happened before monitoring was agreed and are listed as historic: no figure of a control counts them
    (historic in control-tests.csv).
  </p>`;
}

/** Names the controls that no policy in force requires. */
export function unaskedSection({ unasked: all }: StartHere): Html {
  if (all.length === 0) return html`<p>None: the policy requires every control.</p>`;
  return html`<p>
      Nothing here shows that a change met them. Each would be required by a key of the policy file:
    </p>
    <ul>
      ${all.map(({ control, key }) => html`<li>${control}: <code>${key}</code></li>`)}
    </ul>`;
}

/** Shows the heads of the log on GitHub, those that do not agree with it first. */
export function headsSection({ heads }: StartHere): Html {
  const words = heads.words.map((sentence) => html`<p>${sentence}</p>`);
  if (heads.total === 0) return html`${words}`;
  return html`${words}
  ${tableOf(
    heads.shown,
    [
      { head: "Head", cell: ({ head }) => head.number, number: true },
      { head: "Entries", cell: ({ head }) => head.size, number: true },
      { head: "Hash of the last", cell: ({ head }) => html`<code>${head.hash.slice(0, 16)}…</code>` },
      {
        head: "Dated by GitHub",
        cell: ({ record }) => (record?.posted == null ? "" : timeText(record.posted.createdAt)),
        whole: true,
      },
      {
        head: "Where",
        cell: ({ record, findings: [finding] }) => linkTo(record?.posted?.url ?? finding?.url ?? null),
      },
      {
        head: "Found",
        cell: ({ record, findings, comparedAt }) => {
          if (findings.length > 0) return findings.map(({ code }) => code).join(", ");
          if (record?.posted != null) return comparedAt === null ? "not compared yet" : "no difference";
          return `not posted${record?.refused == null ? "" : `: ${record.refused}`}`;
        },
      },
    ],
    {
      caption: captionOf(
        { items: heads.shown, total: heads.total },
        "log/heads.csv",
        "Those that do not agree first, then the newest.",
      ),
    },
  )}`;
}

/** A comment on GitHub by its number there. */
function linkTo(url: string | null): Html | string {
  if (url === null || !/^https?:\/\//u.test(url)) return "";
  return html`<a href="${url}">${/\/issues\/(\d+)/u.exec(url)?.[0]?.slice(1) ?? "comment"}</a>`;
}

/** The share of a verdict, also where there is none of it. */
function share(of: SummaryDocument["changes" | "deployments"], verdict: string): string {
  if (verdict === "historic") return "not counted";
  const { by_verdict, rate_by_verdict } = of;
  const denominator = total(by_verdict) - (by_verdict["historic"] ?? 0);
  return shareInWords(rate_by_verdict[verdict] ?? { numerator: 0, denominator });
}

function union(...counts: readonly Counts[]): readonly string[] {
  return [...new Set(counts.flatMap((each) => Object.keys(each)))].toSorted();
}
