/** The period at one look: how it stands and why, what happened in it, and what is overdue. */

import { html } from "hono/html";

import { figuresText, isDeviation } from "../../domain/monitoring/monthly.ts";
import { isLate, isOverdue } from "../../domain/emergency/retroactive-review.ts";
import { isSettled } from "../../domain/deviation/deviation.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import { countedMonths } from "../../domain/evidence/start-here.ts";
import type { Bodies } from "../../domain/records/entry.ts";
import { CONTROL_TITLES, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import { WITHHELD } from "../../domain/evidence/sample/source-words.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
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
import { collected, whenHtml, wholeSection, withheldHtml } from "../page/parts.ts";
import { daysOf, periodForm, periodOf, type ShownPeriod } from "../lists/period.ts";
import type { RepositoryKind } from "../page/records.ts";

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
  const { records, link, now } = asked;
  const deviations = await bodiesOf(asked, "deviation");
  const remediations = new Map((await bodiesOf(asked, "remediation")).map((each) => [each.deviation, each]));
  const open = deviations.filter((each) => isDeviation(each) && !isSettled(each.status));
  const today = dayOf(now);
  const late = open.filter(({ id }) => {
    const { due = null, done = null } = remediations.get(id) ?? {};
    return due !== null && due < today && done === null;
  });
  const ofPeriod = deviations.filter(({ happenedAt, listed }) =>
    [happenedAt, ...listed.map(({ at }) => at)].some((at) => isWithin(period, at)),
  );
  const reviews = await collected(records.entries("retroactive-review"));
  const due = reviews.filter(({ body }) => body.status === "due");
  const overdue = due.filter(({ body }) => isOverdue(body, now));
  const owed = reviews.filter(({ body: { openedAt, dueAt, decision } }) =>
    [openedAt, dueAt, decision?.at ?? null].some((at) => at !== null && isWithin(period, at)),
  );
  const emergencies = (await bodiesOf(asked, "emergency")).filter(({ steps }) =>
    steps.some(({ at }) => isWithin(period, at)),
  );
  const rows: readonly (readonly [name: string, count: number, href: string])[] = [
    ["Deviations that are not settled", open.length, link("/deviations")],
    ["of these past their target date", late.length, link("/deviations")],
    ["Deviations of the period", ofPeriod.length, link("/deviations")],
    ["Reviews that are due", due.length, link("/reviews")],
    ["of these overdue", overdue.length, link("/reviews")],
    ["Reviews of the period", owed.length, link("/reviews")],
    [
      "of these late or overdue",
      owed.filter(({ body }) => isLate(body) || isOverdue(body, now)).length,
      link("/reviews"),
    ],
    ["Emergencies of the period", emergencies.length, link("/emergencies")],
  ];
  return html`<section>
    <h2 id="open">Open and overdue</h2>
    ${overdue.length === 0 ? "" : html`<p><b class="overdue">${overdue.length === 1 ? "1 review is" : `${overdue.length} reviews are`} overdue</b>, ${overdue.length === 1 ? "due" : "the first due"} ${whenHtml(Math.min(...overdue.map(({ body }) => body.dueAt)))}: <a href="${link("/reviews")}">see the reviews</a>.</p>`}
    <div class="counts">
      ${tableOf(rows, [
        { head: "What", cell: ([name, , href]) => html`<a href="${href}">${name}</a>` },
        { head: "How many", cell: ([, count]) => count, number: true },
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

function isWithin({ from, to }: Span, at: Instant): boolean {
  return at >= from && at < to;
}

function total(counts: readonly MonthCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

async function bodiesOf<K extends RepositoryKind>(
  { records }: Asked,
  kind: K,
): Promise<readonly Bodies[K][]> {
  return (await collected(records.entries(kind))).map(({ body }) => body);
}
