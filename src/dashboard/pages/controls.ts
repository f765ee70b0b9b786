/** The controls: what each asks, who owns it, and how often it passed in each month of a period. */

import { html } from "hono/html";

import { CONTROLS } from "../../domain/assessment/assess.ts";
import type { Control } from "../../domain/controls/control.ts";
import type { AuditReadiness } from "../../domain/evidence/readiness.ts";
import { ASKED_BY, unasked } from "../../domain/policy/asked-controls.ts";
import { currentPolicies, organizationsOwn } from "../../domain/policy/current.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { MonthlyFigures } from "../../domain/records/monitoring.ts";
import { CONTROL_TITLES, plainInCell } from "../../domain/texts/wording.ts";
import { CONTROL_NAMES, type ControlName } from "../../domain/values/result.ts";
import { factsHtml } from "../../pages/facts.ts";
import { share } from "../../pages/figures.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import type { OrganizationRecords } from "../page/organization.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { collected, wholeSection } from "../page/parts.ts";
import { daysOf, periodForm, periodOf, type ShownPeriod } from "../lists/period.ts";

const PATH = "/controls";

/** Months that stand side by side; of a longer period the newest. */
const MOST_MONTHS = 12;

/** Shows the controls with their pass rates. */
export const CONTROLS_PAGE: DashboardPage = { path: PATH, nav: "Controls", show };

async function show(asked: Asked): Promise<PageContent> {
  const period = await periodOf(asked);
  return {
    title: period.name === null ? "Controls" : `Controls in ${period.name}`,
    main: html`${periodForm(asked, PATH, period)}
      ${await wholeSection(asked, { id: "rates", title: "How often each passed" }, (whole) =>
        ratesHtml(asked, whole, period),
      )}
      ${await wholeSection(asked, { id: "in-force", title: "In force" }, inForceHtml)}
      <section>
        <h2 id="asked">What each asks</h2>
        ${CONTROL_NAMES.map(askedHtml)}
      </section>`,
  };
}

type Tested = AuditReadiness["controls"][number];

async function ratesHtml(asked: Asked, whole: OrganizationRecords, period: ShownPeriod): Promise<Html> {
  const span = { from: period.from, to: Math.min(period.to, asked.now) };
  const { controls } = await whole.readiness(span);
  if (controls.length === 0) return html`<p>None was tested.</p>`;
  const months = (controls[0]?.months ?? []).map(({ month }) => month);
  const shown = months.slice(-MOST_MONTHS);
  const missed = await missedIn(asked, period);
  return html`<p>
      Passed, of the changes and deployments that it applied to; waived and unverifiable ones are among these.
      What happened before monitoring was agreed is not counted.
    </p>
    ${tableOf<Tested>(controls, [
      { head: "Control", cell: ({ control }) => nameHtml(control) },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
      ...shown.map((month): HtmlColumn<Tested> => ({
        head: month,
        cell: (each) => rateOf(each.months.find((other) => other.month === month)),
        number: true,
      })),
      { head: "Whole period", cell: (each) => rateOf(each), number: true },
      { head: "Waived", cell: ({ waived }) => waived, number: true },
      { head: "Unverifiable", cell: ({ unverifiable }) => unverifiable, number: true },
      { head: "Deviations", cell: ({ deviations }) => deviations, number: true },
      { head: "Did not pass", cell: ({ control }) => missedHtml(asked, control, period, missed) },
    ])}
    ${months.length > MOST_MONTHS ? html`<p>The newest ${MOST_MONTHS} of ${months.length} months are shown.</p>` : ""}`;
}

function rateOf(figures: MonthlyFigures | undefined): string {
  return figures === undefined ? "" : share(figures.passed, figures.population, "none");
}

function nameHtml(control: ControlName): Html {
  return html`<a href="#${control}">${CONTROL_TITLES[control]}</a>`;
}

const LISTS = [
  { kind: "change", path: "/changes" },
  { kind: "deployment", path: "/deployments" },
] as const;

/** How many rows of each list each control did not pass on. */
type Missed = ReadonlyMap<(typeof LISTS)[number]["kind"], ReadonlyMap<string, number>>;

async function missedIn({ records }: Asked, { from, to }: ShownPeriod): Promise<Missed> {
  const counts = LISTS.map(async ({ kind }) => [kind, await records.controls(kind, { from, to })] as const);
  return new Map(await Promise.all(counts));
}

/** Leads to the rows of the lists on which a control failed, was waived or could not be tested. */
function missedHtml({ link }: Asked, control: ControlName, period: ShownPeriod, missed: Missed): Html {
  const days = daysOf(period);
  const found = LISTS.flatMap(({ kind, path }) => {
    const count = missed.get(kind)?.get(control) ?? 0;
    if (count === 0) return [];
    const what = `${count} ${kind}${count === 1 ? "" : "s"}`;
    return [html`<p class="line"><a href="${link(path, { control, ...days })}">${what}</a></p>`];
  });
  return found.length === 0 ? html`none` : html`${found}`;
}

async function inForceHtml(whole: OrganizationRecords): Promise<Html> {
  const recorded = await collected(whole.entries("policy"));
  const inForce = currentPolicies(recorded).map(({ body }) => body.effective);
  if (inForce.length === 0) return html`<p>No policy was ever read, so nothing is required.</p>`;
  const own = organizationsOwn(recorded)?.body.effective ?? null;
  const missing = unasked(inForce);
  const required = CONTROL_NAMES.filter((control) => !missing.includes(control));
  const words = (control: ControlName): Policy["controls"][ControlName] => own?.controls[control];
  return html`${tableOf(required, [
    { head: "Control", cell: nameHtml },
    { head: "The company's number", cell: (control) => words(control)?.id ?? "none" },
    { head: "The company's words", cell: (control) => words(control)?.text ?? "none", wide: true },
  ])}
  ${
    missing.length === 0
      ? ""
      : html`<p>No policy in force requires these, and nothing shows that a change met them:</p>
          <ul>
            ${missing.map(
              (control) =>
                html`<li>${nameHtml(control)}, by the key <code>${ASKED_BY[control] ?? "policy"}</code></li>`,
            )}
          </ul>`
  }`;
}

function askedHtml(name: ControlName): Html {
  const control = CONTROLS.find((each) => each.name === name);
  return control === undefined
    ? html``
    : html`<h3 id="${name}">${CONTROL_TITLES[name]} (${name})</h3>
        ${factsHtml(documented(control))}`;
}

function documented(control: Control): readonly (readonly [term: string, text: string])[] {
  return [
    ["Objective", plainInCell(control.objective)],
    ["How it is tested", plainInCell(control.test)],
    ["What to do when it fails", plainInCell(control.remediation)],
    ["Outside criteria", control.criteria.join("; ")],
    ["Kind", control.kind],
  ];
}
