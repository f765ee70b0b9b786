/** The period at one look: how it stands and why, what happened in it, and what is overdue. */

import { html } from "hono/html";

import { figuresText } from "../../domain/monitoring/monthly.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import { countedMonths } from "../../domain/evidence/start-here.ts";
import { CONTROL_TITLES, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import { WITHHELD } from "../../domain/evidence/sample/source-words.ts";
import type { MonthCount } from "../../ledger/lists.ts";
import { monthsChart } from "../../pages/chart.ts";
import { share } from "../../pages/figures.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { sentenceHtml } from "../../pages/written.ts";
import { monthsTable } from "../../pages/months.ts";
import { gapsTable } from "../page/gaps.ts";
import { LISTED_VERDICTS } from "../lists/list-query.ts";
import { nothingObserved, type OrganizationRecords } from "../page/organization.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml, wholeSection, withheldHtml } from "../page/parts.ts";
import type { RowCount } from "../lists/list-part.ts";
import { deviationCounts } from "./deviations.ts";
import { emergencyCount } from "./emergencies.ts";
import { reviewCounts } from "./reviews.ts";
import { daysOf, periodForm, periodOf, type ShownPeriod } from "../lists/period.ts";

const PATH = "/";

/** Shows how the period stands. */
export const OVERVIEW_PAGE: DashboardPage = { path: PATH, nav: "Overview", show };

const SITUATION = { id: "situation", title: "How it stands" };
const CONTROLS = { id: "controls", title: "Controls" };

async function show(asked: Asked): Promise<PageContent> {
  const period = await periodOf(asked);
  const until = Math.min(period.to, asked.now);
  const counts = {
    changes: await asked.records.months("change", { from: period.from, to: period.to }),
    deployments: await asked.records.months("deployment", { from: period.from, to: period.to }),
  };
  const judged = (whole: OrganizationRecords): Promise<AuditReadiness> =>
    whole.readiness({ from: period.from, to: until });
  return {
    title: period.name === null ? "Overview" : `Overview of ${period.name}`,
    main: html`${periodForm(asked, PATH, period)}
    ${await wholeSection(asked, SITUATION, async (whole) => situation(await judged(whole), period, asked))}
    ${await openSection(asked, period)} ${await eventsSection(asked, period, counts)}
    ${await wholeSection(asked, CONTROLS, async (whole) => controlsHtml(asked, period, await judged(whole)))}
    ${await seenSection(asked, period)}`,
  };
}

function situation(readiness: AuditReadiness, period: ShownPeriod, { now }: Asked): Html {
  const { findings, go } = readiness;
  const [reasons, notes] = [
    findings.filter(({ against }) => against),
    findings.filter(({ against }) => !against),
  ];
  const lines = (items: typeof findings): Html =>
    html`<ul>
      ${items.map(({ says, remedy }) => html`<li>${sentenceHtml(says)}${remedy === undefined ? "" : html` ${sentenceHtml(remedy)}`}</li>`)}
    </ul>`;
  const { statement, daysLeft } = readiness.period;
  return html`<p class="${go ? "go" : "no-go"}">
      <b
        >${
          go
            ? "Nothing recorded speaks against beginning an audit now."
            : `${reasons.length} ${reasons.length === 1 ? "reason speaks" : "reasons speak"} against beginning an audit now.`
        }</b
      >
    </p>
    ${reasons.length === 0 ? "" : lines(reasons)}
    ${period.name === null || period.to <= now ? "" : html`<p>${daysLeft} days left; ${statement.says}.</p>`}
    ${
      notes.length === 0
        ? ""
        : html`<details>
            <summary>${notes.length} more to know</summary>
            ${lines(notes)}
          </details>`
    }`;
}

async function openSection(asked: Asked, period: ShownPeriod): Promise<Html> {
  const deviations = await deviationCounts(asked, period);
  const reviews = await reviewCounts(asked, period);
  const rows: readonly (readonly [name: string, of: RowCount])[] = [
    ["Deviations and observations that are not settled", deviations.open],
    ["of these past their target date", deviations.overdue],
    ["Deviations of the period", deviations.ofPeriod],
    ["Reviews that are due", reviews.due],
    ["of these overdue", reviews.overdue],
    ["Reviews of the period", reviews.ofPeriod],
    ["of these late or overdue", reviews.lateOfPeriod],
    ["Emergencies of the period", await emergencyCount(asked, period)],
  ];
  const { overdue, overdueSince } = reviews;
  return html`<section>
    <h2 id="open">Open and overdue</h2>
    ${overdueSince === null ? "" : html`<p><b class="overdue">${overdue.count === 1 ? "1 review is" : `${overdue.count} reviews are`} overdue</b>, ${overdue.count === 1 ? "due" : "the first due"} ${whenHtml(overdueSince)}: <a href="${overdue.href}">see the reviews</a>.</p>`}
    <div class="counts">
      ${tableOf(rows, [
        { head: "What", cell: ([name, { href }]) => html`<a href="${href}">${name}</a>` },
        { head: "How many", cell: ([, { count }]) => count, number: true },
      ])}
    </div>
  </section>`;
}

async function eventsSection(
  { whole, link, now }: Asked,
  period: ShownPeriod,
  {
    changes,
    deployments,
  }: { readonly changes: readonly MonthCount[]; readonly deployments: readonly MonthCount[] },
): Promise<Html> {
  const observedTime = (await whole?.observedTime()) ?? nothingObserved(now);
  const months = [...new Set([...changes, ...deployments].map(({ month }) => month))].map((month) => {
    const own = changes.filter((each) => each.month === month);
    return {
      month,
      changes: total(own),
      by_verdict: Object.fromEntries(own.map(({ verdict, count }) => [verdict, count])),
      deployments: total(deployments.filter((each) => each.month === month)),
    };
  });
  const verdicts = LISTED_VERDICTS.filter((verdict) =>
    [...changes, ...deployments].some((each) => each.verdict === verdict),
  );
  const counted = countedMonths({ period, observedTime }, { months });
  const days = daysOf(period);
  const cell = (path: string, all: readonly MonthCount[], verdict: string): Html => {
    const count = total(all.filter((each) => each.verdict === verdict));
    const of = total(all.filter((each) => each.verdict !== "historic"));
    const text = verdict === "historic" ? String(count) : share(count, of, "0");
    return html`<a href="${link(path, { verdict, ...days })}">${text}</a>`;
  };
  return html`<section>
    <h2 id="verdicts">Changes and deployments</h2>
    <p>
      <a href="${link("/changes", days)}">${total(changes)} ${total(changes) === 1 ? "change" : "changes"}</a>
      and
      <a href="${link("/deployments", days)}"
        >${total(deployments)} ${total(deployments) === 1 ? "deployment" : "deployments"}</a
      >
      are recorded.
    </p>
    ${
      verdicts.length === 0
        ? ""
        : html`<div class="counts">
            ${tableOf(verdicts, [
              { head: "Verdict", cell: (verdict) => VERDICT_TITLES[verdict] },
              { head: "Changes", cell: (verdict) => cell("/changes", changes, verdict), number: true },
              {
                head: "Deployments",
                cell: (verdict) => cell("/deployments", deployments, verdict),
                number: true,
              },
            ])}
          </div>`
    }
    ${monthsChart(counted)}
    ${monthsTable(
      counted,
      verdicts.filter((verdict) => changes.some((each) => each.verdict === verdict)),
      { observed: whole !== null },
    )}
    ${whole === null ? html`<p>Which days were observed: ${WITHHELD}</p>` : ""}
  </section>`;
}

function controlsHtml({ link }: Asked, period: ShownPeriod, { controls }: AuditReadiness): Html {
  const days = daysOf(period);
  if (controls.length === 0) return html`<p>None was tested.</p>`;
  return html`${tableOf(controls, [
      {
        head: "Control",
        cell: ({ control }) =>
          html`<a href="${link("/changes", { control, ...days })}">${CONTROL_TITLES[control]}</a>`,
      },
      { head: "What it came to", cell: (each) => figuresText(each), wide: true },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ])}
    <p><a href="${link("/controls", days)}">Month by month, and what each control asks</a></p>`;
}

async function seenSection({ records, whole }: Asked, period: ShownPeriod): Promise<Html> {
  const { app, sweeps } = await records.lastSeen();
  const [oldest] = sweeps;
  return html`<section>
    <h2 id="seen">Gaps, and what was last seen</h2>
    <p>
      ${app === null ? "The App has not noted yet that it is there." : html`The App was last there ${whenHtml(app)}.`}
      ${oldest === undefined ? "" : html`Every repository was swept since ${whenHtml(oldest)}, or never.`}
    </p>
    ${whole === null ? withheldHtml() : await gapsHtml(whole, period)}
  </section>`;
}

async function gapsHtml(whole: OrganizationRecords, period: ShownPeriod): Promise<Html> {
  const { gaps } = await whole.observedTime();
  const touching = gaps.filter(({ from, to }) => from < period.to && (to ?? Infinity) > period.from);
  return html`<p>${touching.length} ${touching.length === 1 ? "gap touches" : "gaps touch"} the period.</p>
    ${gapsTable(touching)}`;
}

function total(counts: readonly MonthCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}
