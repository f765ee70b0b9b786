/** The sections of START-HERE.html that show figures and lists. */

import { html } from "hono/html";

import { isLate, isOverdue } from "../../domain/emergency/retroactive-review.ts";
import type {
  Attribution,
  EmergencyRecord,
  RetroactiveReviewRecord,
} from "../../domain/records/emergency.ts";
import type { FirstOf } from "../../domain/evidence/front-lists.ts";
import type { StartHere } from "../../domain/evidence/start-here.ts";
import type { Counts, Rate, SummaryDocument } from "../../domain/evidence/summary.ts";
import { timeText } from "../../domain/evidence/tables/table.ts";
import { monthsChart } from "./chart.ts";
import { share as shareText } from "../pages/figures.ts";
import { tableOf, type Html } from "../pages/html-table.ts";

/** Shows how many of how many, before everything else. */
export function answersSection({ answers: all, scopeWords }: StartHere): Html {
  return html`<p>
      ${scopeWords.map(({ says }) => says).join(" ")} <code>scope.csv</code> lists every repository the App
      could see, in scope or not, with the reason. What these figures mean for an opinion is for the auditor
      to say.
    </p>
    ${tableOf(all, [
      { head: "What", cell: ({ what }) => what },
      {
        head: "How many",
        cell: ({ number, of }) => rate({ numerator: number, denominator: of }, "there were none"),
        number: true,
      },
      { head: "Listed in", cell: ({ file }) => html`<a href="${file}">${file}</a>` },
    ])}`;
}

/** Lists the deviations, with what answers them. */
export function deviationsSection({ deviations: listed, summary }: StartHere): Html {
  if (listed.total === 0) return html`<p>None. ${unlisted(summary)}</p>`;
  const { by_type: types, by_severity: severities, by_source: sources } = summary.deviations;
  return html`<p>
      ${some(listed.total, "deviation", "deviations")}: by type ${counted(types)}; by severity
      ${counted(severities)}; by source ${counted(sources)} (app: found here; auditor: entered from a report).
      ${unlisted(summary)}
    </p>
    ${tableOf(
      listed.items,
      [
        {
          head: "Happened",
          cell: ({ deviation }) => timeText(deviation.happenedAt).slice(0, 10),
          whole: true,
        },
        { head: "Where", cell: ({ deviation: { repository, pull } }) => placeOf(repository, pull) },
        { head: "What", cell: ({ deviation }) => deviation.title, wide: true },
        { head: "Cause", cell: ({ deviation }) => deviation.cause },
        { head: "Type", cell: ({ deviation }) => deviation.type },
        { head: "Severity", cell: ({ deviation }) => deviation.severity },
        { head: "Owner", cell: ({ owner }) => owner?.login ?? "nobody yet" },
        { head: "Due", cell: ({ due }) => due ?? "not set", whole: true },
        { head: "Status", cell: ({ deviation }) => deviation.status },
      ],
      { caption: captionOf(listed, "deviations.csv", "Those not settled first, by severity.") },
    )}`;
}

/** Lists the emergencies, with what became of the review each owes. */
export function emergenciesSection({ emergencies: listed, summary }: StartHere): Html {
  if (listed.total === 0) return html`<p>None.</p>`;
  const of = summary.emergencies;
  return html`<p>
      ${some(listed.total, "emergency", "emergencies")}: by status ${counted(of.by_status)}; by authorisation
      ${counted(of.by_authorisation)}. Retroactive reviews by status ${counted(of.reviews_by_status)};
      ${of.reviews_late_or_overdue} of ${total(of.reviews_by_status)} late or overdue.
    </p>
    ${tableOf(
      listed.items,
      [
        { head: "Opened", cell: ({ emergency }) => timeText(emergency.body.opened.at), whole: true },
        {
          head: "Where",
          cell: ({ emergency: { body } }) =>
            body.deployment === null
              ? placeOf(body.repository, body.pull)
              : `${placeOf(body.repository, body.pull)}, ${body.deployment.environment}`,
        },
        { head: "Reason", cell: ({ emergency }) => emergency.body.reason ?? "none given", wide: true },
        { head: "Declared by", cell: ({ emergency }) => who(emergency.body.declared) },
        { head: "Authorised by", cell: ({ emergency }) => authoriser(emergency.body) },
        { head: "Status", cell: ({ emergency }) => emergency.body.status },
        { head: "Review", cell: ({ review, at }) => reviewWords(review?.body ?? null, at), wide: true },
      ],
      { caption: captionOf(listed, "emergency-changes.csv", "In the order they were opened.") },
    )}`;
}

function authoriser({ authorised, confirmed }: EmergencyRecord): string {
  if (authorised === null) return "nobody";
  if (authorised.confirmBy === null) return authorised.by.login;
  return `${authorised.by.login}, alone; ${confirmed === null ? "not confirmed" : `confirmed by ${who(confirmed)}`}`;
}

function who(attribution: Attribution | null): string {
  if (attribution === null) return "nobody";
  return attribution.by?.login ?? "unknown";
}

function reviewWords(review: RetroactiveReviewRecord | null, at: number): string {
  if (review === null) return "none owed";
  const { decision, dueAt, status } = review;
  if (decision === null) return `${isOverdue(review, at) ? "overdue: was due" : "due"} ${timeText(dueAt)}`;
  return `${status} by ${decision.by.login} ${timeText(decision.at)}${isLate(review) ? `, late: was due ${timeText(dueAt)}` : ""}`;
}

/** Lists the monitoring gaps. */
export function gapsSection({ gaps: shown, gapsWords, summary }: StartHere): Html {
  const listed = { items: shown, total: summary.coverage_gaps.total };
  const words = gapsWords.map(({ says }) => html`<p>${says}</p>`);
  if (listed.total === 0) return html`${words}`;
  return html`${words}
  ${tableOf(
    shown,
    [
      { head: "From", cell: ({ from }) => timeText(from), whole: true },
      { head: "To", cell: ({ to }) => (to === null ? "not ended" : timeText(to)), whole: true },
      { head: "What", cell: ({ scope }) => scope },
      { head: "Cause", cell: ({ cause }) => cause, whole: true },
      { head: "Why", cell: ({ because }) => because, wide: true },
      { head: "Read afterwards", cell: ({ backfilled }) => (backfilled ? "yes" : "no") },
    ],
    { caption: captionOf(listed, "coverage-gaps.csv") },
  )}`;
}

/** Shows the changes of each month, how they came about, and the monthly reviews. */
export function monthsSection({ months: all, summary }: StartHere): Html {
  const verdicts = Object.keys(summary.changes.by_verdict);
  return html`${monthsChart(all)}
    ${tableOf(
      all,
      [
        { head: "Month", cell: ({ month }) => month, whole: true },
        { head: "Days observed", cell: ({ days, daysSeen }) => `${daysSeen} of ${days}`, number: true },
        { head: "Changes", cell: ({ changes }) => changes, number: true },
        ...verdicts.map((verdict) => ({
          head: verdict,
          cell: (month: StartHere["months"][number]) => month.by_verdict[verdict] ?? 0,
          number: true,
        })),
        { head: "Deployments", cell: ({ deployments }) => deployments, number: true },
      ],
      {
        caption:
          "Days observed: days on which the App was there, or of which everything was read afterwards. That nothing is counted for other days does not say that nothing happened.",
      },
    )}
    <p>
      ${some(summary.changes.total, "change", "changes")}, by kind of update:
      ${counted(summary.changes.by_update)}. Found late, by a sweep or backfill: ${summary.changes.late} of
      ${summary.changes.total}. How their deciding facts are known: ${counted(summary.changes.by_assurance)}.
    </p>
    <p>Monthly reviews: ${monthlyReviews(summary)}</p>`;
}

function monthlyReviews({ monthly_reviews: of }: SummaryDocument): Html {
  if (of.total === 0) return html`none.`;
  return html`${of.total}, one for each control and month, by status ${counted(of.by_status)}. Signed off at a
    terminal, where nobody proves who they are: ${of.at_terminal} of ${of.total}. Each is in
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
      { head: "Passed", cell: ([, { passed }]) => rate(passed), number: true },
    ],
    {
      caption:
        "Controls, each a requirement that the change or deployment was so; see controls.csv. Passed: among those it applies to, unverifiable and waived in the denominator.",
    },
  )}`;
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

/** Shows how complete the population is, branch by branch. */
export function completenessSection({ completeness: { branches }, completenessWords }: StartHere): Html {
  const words = completenessWords.map(({ says }) => html`<p>${says}</p>`);
  const listed = { items: branches.slice(0, 100), total: branches.length };
  if (listed.total === 0) return html`${words}`;
  return html`${words}
  ${tableOf(
    listed.items,
    [
      { head: "Repository", cell: ({ repository }) => repository },
      { head: "Branch", cell: ({ branch }) => branch },
      { head: "Proven", cell: ({ proven }) => (proven ? "yes" : "no") },
      { head: "Updates", cell: ({ updates }) => updates, number: true },
      { head: "In proven spans", cell: ({ updates_matched: matched }) => matched, number: true },
      { head: "No pull request", cell: ({ without_pull_request: without }) => without, number: true },
      { head: "Differences", cell: ({ differences }) => differences, number: true },
      { head: "Unexplained", cell: ({ unexplained }) => unexplained, number: true },
    ],
    { caption: captionOf(listed, "completeness.json") },
  )}`;
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

/** How the non-compliant ones and the deviations meet: one deviation may list several, and what was only observed has none. */
function unlisted({ changes, deployments }: SummaryDocument): string {
  const failed = (changes.by_verdict["non-compliant"] ?? 0) + (deployments.by_verdict["non-compliant"] ?? 0);
  if (failed === 0) return "";
  const without = changes.without_deviation + deployments.without_deviation;
  return `Non-compliant changes and deployments: ${failed}. With a deviation that lists them, or what they carry or repeat (deviation_id): ${failed - without} of ${failed}. With none, and why (without_deviation_because): ${without} of ${failed}.`;
}

/** Says where the rest of a list is, and in which order this is. */
function captionOf<Item>({ items, total: all }: FirstOf<Item>, file: string, order = ""): string {
  return `${items.length < all ? `The first ${items.length} of ${all}; all are in ${file}. ` : ""}${order}`.trim();
}

function placeOf(
  { owner, name }: { readonly owner: string; readonly name: string },
  pull: number | null,
): string {
  return `${owner}/${name}${pull === null ? "" : `#${pull}`}`;
}

/** The share of a verdict, also where there is none of it. */
function share(of: SummaryDocument["changes" | "deployments"], verdict: string): string {
  if (verdict === "historic") return "not counted";
  const { by_verdict, rate_by_verdict } = of;
  const denominator = total(by_verdict) - (by_verdict["historic"] ?? 0);
  return rate(rate_by_verdict[verdict] ?? { numerator: 0, denominator });
}

function rate({ numerator, denominator }: Omit<Rate, "rate">, none?: string): string {
  return shareText(numerator, denominator, none);
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

function counted(counts: Counts): string {
  const parts = Object.entries(counts).map(([name, number]) => `${name}: ${number}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}

function some(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function union(...counts: readonly Counts[]): readonly string[] {
  return [...new Set(counts.flatMap((each) => Object.keys(each)))].toSorted();
}
