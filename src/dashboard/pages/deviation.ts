/** The page of one deviation: what it needs now, its seven fields, the closing checklist, and its history. */

import { html } from "hono/html";

import { isSettled, worded } from "../../domain/deviation/deviation.ts";
import { settledLine } from "../../domain/deviation/issue.ts";
import { closingChecklist, MONTHS_OF_OPERATION } from "../../domain/deviation/remediation.ts";
import { deviationSections } from "../../domain/evidence/sample/log-source.ts";
import { deviationToDo } from "../../domain/deviation/to-do.ts";
import { isOfKind } from "../../domain/records/entry.ts";
import { writersOf } from "../../domain/deviation/response.ts";
import type { DeviationRecord, Person } from "../../domain/records/deviation.ts";
import type { RemediationRecord } from "../../domain/records/remediation.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import { factsHtml } from "../../pages/facts.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { sectionsHtml } from "../../pages/sections.ts";
import { writtenHtml } from "../../pages/written.ts";
import { linkedHere } from "../page/linked.ts";
import { WITHHELD } from "../../domain/evidence/sample/source-words.ts";
import { cleanMonthsSince, reviewedMonths, type ReviewedMonth } from "../../domain/deviation/operating.ts";
import { nothingObserved } from "../page/organization.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { ACT_ID, formsBelow, whenHtml, withheldHtml } from "../page/parts.ts";
import { DEVIATION_ACTS, deviationForms } from "./deviation-forms.ts";

/** Shows one deviation. */
export const DEVIATION_PAGE: DashboardPage = { path: "/deviations/:id", acts: DEVIATION_ACTS, show };

async function show(asked: Asked): Promise<PageContent> {
  const { records, whole, params, access, now, link } = asked;
  const { id = "" } = params;
  const entries = await records.history({ kinds: ["deviation", "remediation"], subjects: [id] });
  const deviation = entries.findLast((entry) => isOfKind(entry, "deviation"))?.body;
  const remediation = entries.findLast((entry) => isOfKind(entry, "remediation"))?.body ?? null;
  if (deviation === undefined || !("listed" in deviation))
    throw new PageProblem(404, "No deviation of this id is on record here.");
  const newest = entries.findLast((entry) => isOfKind(entry, "remediation"))?.seq ?? 0;
  const surroundings = {
    organizationId: access.organization.id,
    generatedAt: now,
    observedTime: (await whole?.observedTime()) ?? nothingObserved(now),
  };
  const changes = new Set(
    (await records.newestOf("change", deviation.subjects)).map(({ subject }) => subject),
  );
  const writers = writersOf(entries.flatMap((entry) => (isOfKind(entry, "remediation") ? [entry.body] : [])));
  const answer = remediation !== null && "deviation" in remediation ? remediation : null;
  const months = await monthsSince(asked, deviation, answer);
  return {
    title: oneLine(deviation.title),
    main: html`<p class="lead">
        ${deviation.id}, ${worded(deviation.status)}, severity ${deviation.severity}, in
        ${deviation.repository.owner}/${deviation.repository.name}. Happened at
        ${whenHtml(deviation.happenedAt)}.
      </p>
      <section class="now">
        <h2 id="now">What to do now</h2>
        ${
          isSettled(deviation.status)
            ? writtenHtml(`Nothing to do. ${settledLine(deviation, "UTC")}`)
            : deviationToDo({
                deviation,
                remediation: answer,
                months: months === "withheld" ? null : months,
              }).map(writtenHtml)
        }
        ${months === "withheld" && !isSettled(deviation.status) ? withheldHtml() : ""}
        ${isSettled(deviation.status) ? "" : formsBelow(asked)}
      </section>
      <section>
        <h2 id="what">What happened</h2>
        ${writtenHtml(deviation.description.replace(/\n\n\*\*What to do:\*\* [^\n]*/u, ""))}
        ${listedHtml(deviation, changes, link)}
      </section>
      <section>
        <h2 id="fields">What answers it</h2>
        ${factsHtml(fieldsOf(deviation, answer, writers))}
      </section>
      ${answer === null ? "" : boxesHtml(deviation, answer, months)}
      <section>
        <h2 id="${ACT_ID}">Record what is done about it</h2>
        ${deviationForms(asked, deviation, answer, newest)}
      </section>
      ${sectionsHtml(linkedHere(await deviationSections(entries, surroundings), link))}`,
  };
}

function responseText({ response }: RemediationRecord, writers: readonly Person[]): string | null {
  const by = response?.writers ?? writers;
  if (by.length === 0) return null;
  const approved =
    response === null
      ? "approved by nobody yet"
      : `approved by ${response.by?.login ?? ""}: ${response.text}`;
  return `written by ${by.map(({ login }) => login).join(" and ")}; ${approved}`;
}

/** The seven fields of a remediation plan, and the response that is made of them. */
function fieldsOf(
  { title }: DeviationRecord,
  remediation: RemediationRecord | null,
  writers: readonly Person[],
): readonly (readonly [name: string, value: string | null])[] {
  const { rootCause = null, evidence = [] } = remediation ?? {};
  return [
    ["Finding", remediation?.finding ?? title],
    ["Root cause", rootCause === null ? null : `${rootCause.category}: ${rootCause.text}`],
    ["Action", remediation?.action ?? null],
    ["Owner", remediation?.owner?.login ?? null],
    ["Due", remediation?.due ?? null],
    ["Evidence", evidence.length === 0 ? null : evidence.map(({ text }) => text).join("; ")],
    ["How it is verified", remediation?.method ?? null],
    ["Response", remediation === null ? null : responseText(remediation, writers)],
  ];
}

const BOXES = {
  "root-cause-understood": "The root cause is understood",
  sustainable: "The solution is sustainable",
  operated: "It has operated, with evidence",
  "applied-elsewhere": "Where else it applies was looked at",
} as const;

/** The monthly reviews, where clean months decide what comes next; they are the organisation's. */
async function monthsSince(
  { whole }: Asked,
  { type }: DeviationRecord,
  remediation: RemediationRecord | null,
): Promise<readonly ReviewedMonth[] | "withheld"> {
  if (type !== "operating" || remediation?.done == null) return [];
  if (whole === null) return "withheld";
  const { reviews, figures } = await whole.monthlyReviews();
  return reviewedMonths(reviews, figures);
}

function boxesHtml(
  deviation: DeviationRecord,
  remediation: RemediationRecord,
  months: readonly ReviewedMonth[] | "withheld",
): Html {
  const { done } = remediation;
  const clean =
    months === "withheld" || done === null ? 0 : cleanMonthsSince(months, deviation.controls, done.at);
  return html`<section>
    <h2 id="boxes">Closing checklist</h2>
    <ul>
      ${closingChecklist(remediation, deviation, clean).map(({ name, ticked, missing }) => {
        const awaitsMonths = name === "operated" && done !== null && !ticked && missing.length === 0;
        const state = ticked
          ? "yes"
          : awaitsMonths
            ? months === "withheld"
              ? `${MONTHS_OF_OPERATION} clean monthly reviews in a row are needed since it was done. ${WITHHELD}`
              : `no: ${clean} of ${MONTHS_OF_OPERATION} clean monthly reviews in a row since it was done`
            : `no${missing.length === 0 ? "" : `: lacks ${missing.map(({ what }) => what).join(", ")}`}`;
        return html`<li>${BOXES[name]}: ${state}</li>`;
      })}
    </ul>
  </section>`;
}

function listedHtml({ listed }: DeviationRecord, changes: ReadonlySet<string>, link: Asked["link"]): Html {
  if (listed.length === 0) return html``;
  const pathOf = (subject: string): string =>
    `/${changes.has(subject) ? "changes" : "deployments"}/${subject}`;
  return tableOf(listed, [
    { head: "When (UTC)", cell: ({ at }) => whenHtml(at), whole: true },
    {
      head: "What it lists",
      cell: ({ subject, title }) => html`<a href="${link(pathOf(subject))}">${oneLine(title)}</a>`,
      wide: true,
    },
    { head: "Controls", cell: ({ controls }) => controls.join(", ") },
  ]);
}
