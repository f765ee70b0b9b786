/** The period at one look: how it stands and why, what happened in it, and what is overdue. */

import { html } from "hono/html";

import { figuresText, isDeviation } from "../../domain/monitoring/monthly.ts";
import { isLate, isOverdue } from "../../domain/emergency/retroactive-review.ts";
import { isSettled } from "../../domain/deviation/deviation.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import { periodAt, type AuditReadiness } from "../../domain/evidence/readiness.ts";
import { countedMonths } from "../../domain/evidence/start-here.ts";
import { organizationsOwn } from "../../domain/policy/current.ts";
import type { Bodies, EntryKind } from "../../domain/records/entry.ts";
import { CONTROL_TITLES, VERDICT_TITLES, time } from "../../domain/texts/wording.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
import type { MonthCount } from "../../ledger/lists.ts";
import { monthsChart } from "../../pages/chart.ts";
import { share } from "../../pages/figures.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { monthsTable } from "../../pages/months.ts";
import { filteredSpan, LISTED_VERDICTS, listQuery } from "../page/list-query.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";

/** Shows how the period stands. */
export const OVERVIEW_PAGE: DashboardPage = { path: "/", nav: "Overview", show };

interface ShownPeriod extends Span {
  /** Null: it was chosen by its days. */
  readonly name: string | null;
}

async function show(asked: Asked): Promise<PageContent> {
  const period = await periodOf(asked);
  const until = Math.min(period.to, asked.now);
  const counts = {
    changes: await asked.records.months("change", { from: period.from, to: period.to }),
    deployments: await asked.records.months("deployment", { from: period.from, to: period.to }),
  };
  const readiness = asked.readiness === null ? null : await asked.readiness({ from: period.from, to: until });
  return {
    title: period.name === null ? "Overview" : `Overview of ${period.name}`,
    main: html`${periodForm(asked, period)} ${situation(readiness, period, asked)}
    ${await openSection(asked, period)} ${await eventsSection(asked, period, counts)}
    ${readiness === null ? "" : controlsSection(asked, period, readiness)} ${await seenSection(asked, period)}`,
  };
}

/** The period that is named by its days, else the running observation period. */
async function periodOf({ query, records, now }: Asked): Promise<ShownPeriod> {
  const { from, to } = filteredSpan(listQuery(query));
  const policies = await collected(records.entries("policy"));
  const running = periodAt(organizationsOwn(policies)?.body.effective ?? null, now);
  if (from === undefined && to === undefined) return running;
  const chosen = { from: from ?? running.from, to: to ?? running.to, name: null };
  if (chosen.from >= chosen.to || chosen.from > now)
    throw new PageProblem(400, "The period must begin before it ends, and not in the future.");
  if (chosen.to - chosen.from > 5 * 366 * DAY)
    throw new PageProblem(400, "A period of more than five years cannot be shown.");
  return chosen;
}

function periodForm({ link }: Asked, period: ShownPeriod): Html {
  const hidden = new URL(link("/"), "http://page").searchParams;
  return html`<p class="lead">${time(period.from)} up to, not including, ${time(period.to)} (UTC).</p>
    <form class="filters" method="get" action="/" aria-label="Period">
      ${[...hidden].map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
      <label>From day (UTC) <input type="date" name="from" value="${dayOf(period.from)}" /></label>
      <label>To day (UTC), included <input type="date" name="to" value="${dayOf(period.to - 1)}" /></label>
      <p class="actions"><button>Show</button> <a href="${link("/")}">The running period</a></p>
    </form>`;
}

function situation(readiness: AuditReadiness | null, period: ShownPeriod, { now }: Asked): Html {
  if (readiness === null) return html``;
  const { findings, go } = readiness;
  const [reasons, notes] = [
    findings.filter(({ against }) => against),
    findings.filter(({ against }) => !against),
  ];
  const lines = (items: typeof findings): Html =>
    html`<ul>
      ${items.map(({ says, remedy }) => html`<li>${says}${remedy === undefined ? "" : ` ${remedy}`}</li>`)}
    </ul>`;
  const { statement, daysLeft } = readiness.period;
  return html`<section>
    <h2 id="situation">How it stands</h2>
    <p class="${go ? "go" : "no-go"}">
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
    }
  </section>`;
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
    ${tableOf(rows, [
      { head: "What", cell: ([name, , href]) => html`<a href="${href}">${name}</a>` },
      { head: "How many", cell: ([, count]) => count, number: true },
    ])}
  </section>`;
}

async function eventsSection(
  { records, link, now }: Asked,
  period: ShownPeriod,
  {
    changes,
    deployments,
  }: { readonly changes: readonly MonthCount[]; readonly deployments: readonly MonthCount[] },
): Promise<Html> {
  const observedTime = await records.observedTime(now);
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
  const days = { from: dayOf(period.from), to: dayOf(period.to - 1) };
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
        : tableOf(verdicts, [
            { head: "Verdict", cell: (verdict) => VERDICT_TITLES[verdict] },
            { head: "Changes", cell: (verdict) => cell("/changes", changes, verdict), number: true },
            {
              head: "Deployments",
              cell: (verdict) => cell("/deployments", deployments, verdict),
              number: true,
            },
          ])
    }
    ${monthsChart(counted)}
    ${monthsTable(
      counted,
      verdicts.filter((verdict) => changes.some((each) => each.verdict === verdict)),
    )}
  </section>`;
}

function controlsSection({ link }: Asked, period: ShownPeriod, { controls }: AuditReadiness): Html {
  const days = { from: dayOf(period.from), to: dayOf(period.to - 1) };
  return html`<section>
    <h2 id="controls">Controls</h2>
    ${
      controls.length === 0
        ? html`<p>None was tested.</p>`
        : tableOf(controls, [
            {
              head: "Control",
              cell: ({ control }) =>
                html`<a href="${link("/changes", { control, ...days })}">${CONTROL_TITLES[control]}</a>`,
            },
            { head: "What it came to", cell: (each) => figuresText(each), wide: true },
            { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
          ])
    }
  </section>`;
}

async function seenSection(asked: Asked, period: ShownPeriod): Promise<Html> {
  const { gaps } = await asked.records.observedTime(asked.now);
  const touching = gaps
    .filter(({ from, to }) => from < period.to && (to ?? Infinity) > period.from)
    .toSorted((a, b) => b.from - a.from);
  const { app, sweeps } = await asked.records.lastSeen();
  const [oldest] = sweeps;
  return html`<section>
    <h2 id="seen">Gaps, and what was last seen</h2>
    <p>
      ${app === null ? "The App has not noted yet that it is there." : html`The App was last there ${whenHtml(app)}.`}
      ${oldest === undefined ? "" : html`Every repository was swept since ${whenHtml(oldest)}, or never.`}
    </p>
    <p>${touching.length} ${touching.length === 1 ? "gap touches" : "gaps touch"} the period.</p>
    ${
      touching.length === 0
        ? ""
        : tableOf(touching.slice(0, GAPS), [
            { head: "From (UTC)", cell: ({ from }) => whenHtml(from), whole: true },
            { head: "To (UTC)", cell: ({ to }) => (to === null ? "not ended" : whenHtml(to)), whole: true },
            { head: "What", cell: ({ scope }) => scope },
            { head: "Why", cell: ({ because }) => because, wide: true },
            { head: "Read afterwards", cell: ({ backfilled }) => (backfilled ? "yes" : "no") },
          ])
    }
    ${touching.length > GAPS ? html`<p>The newest ${GAPS} are shown.</p>` : ""}
  </section>`;
}

/** Gaps that are shown; the evidence package lists all. */
const GAPS = 20;

function isWithin({ from, to }: Span, at: Instant): boolean {
  return at >= from && at < to;
}

function total(counts: readonly MonthCount[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0);
}

async function bodiesOf<K extends EntryKind>({ records }: Asked, kind: K): Promise<readonly Bodies[K][]> {
  return (await collected(records.entries(kind))).map(({ body }) => body);
}

async function collected<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const each of all) found.push(each);
  return found;
}
