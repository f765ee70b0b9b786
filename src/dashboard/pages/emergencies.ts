/** The list of emergencies: those that wait for someone or hold now, then those that are over. */

import { html } from "hono/html";

import { emergencyToDo, type ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import { isOpen } from "../../domain/records/emergency.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import { isOverdue } from "../../domain/emergency/retroactive-review.ts";
import type { Span } from "../../domain/time/span.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { writtenHtml } from "../../pages/written.ts";
import { dayFields, getForm } from "../lists/get-form.ts";
import { everyIn, isInSpan, partOf, type RowCount } from "../lists/list-part.ts";
import { filteredSpan, listQuery } from "../lists/list-query.ts";
import { daysOf } from "../lists/period.ts";
import { repositoryLink } from "../page/named.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";
import { commentNote, EMERGENCY_ACTS, emergencyForms } from "./comment-forms.ts";

const PATH = "/emergencies";

/** Shows the emergencies by how they stand. */
export const EMERGENCIES_PAGE: DashboardPage = {
  path: PATH,
  nav: "Emergencies",
  acts: EMERGENCY_ACTS,
  show,
};

/** An emergency under the name it is recorded by. */
type NamedEmergency = ReviewedEmergency & { readonly subject: string };

async function show(asked: Asked): Promise<PageContent> {
  const all = selected(await emergenciesIn(asked), filteredSpan(listQuery(asked.query)));
  const part = partOf(asked, PATH, all);
  const open = part.rows.filter(({ record }) => isOpen(record));
  const over = part.rows.filter(({ record }) => !isOpen(record));
  const columns = columnsOf(asked);
  return {
    title: "Emergencies",
    main: html`${form(asked)}
      <section>
        <h2 id="open">Declared, and not over</h2>
        ${commentNote(asked)}
        ${all.some(({ record }) => isOpen(record)) ? "" : html`<p>No emergency waits for anyone or is in force.</p>`}
        ${open.length === 0 ? "" : tableOf(open, columns)}
      </section>
      <section>
        <h2 id="over">Used, withdrawn or expired</h2>
        ${all.every(({ record }) => isOpen(record)) ? html`<p>None is on record.</p>` : ""}
        ${over.length === 0 ? "" : tableOf(over, columns)}
      </section>
      ${part.nav}`,
  };
}

/** Those that something happened to in a span: what is not over first, the newest first. */
function selected(all: readonly NamedEmergency[], span: Partial<Span>): readonly NamedEmergency[] {
  return all
    .filter(({ record }) => record.steps.some(({ at }) => isInSpan(span, at)))
    .toSorted(
      (a, b) =>
        Number(isOpen(b.record)) - Number(isOpen(a.record)) || b.record.opened.at - a.record.opened.at,
    );
}

/** Returns how many emergencies something happened to in a period. */
export async function emergencyCount(asked: Asked, period: Span): Promise<RowCount> {
  const days = daysOf(period);
  return {
    count: selected(await emergenciesIn(asked), filteredSpan(days)).length,
    href: asked.link(PATH, days),
  };
}

async function emergenciesIn(asked: Asked): Promise<readonly NamedEmergency[]> {
  const found = await everyIn(asked, "emergency", "any");
  const subjects = found.map(({ subject }) => subject);
  const reviews = new Map(
    (await asked.records.newestOf("retroactive-review", subjects)).map(({ subject, body }) => [
      subject,
      body,
    ]),
  );
  return found.map(({ subject, body }) => ({ subject, record: body, review: reviews.get(subject) ?? null }));
}

function form(asked: Asked): Html {
  const own = dayFields(Object.fromEntries(asked.query));
  return getForm(asked, { path: PATH, label: "Filters", own: ["from", "to"] }, own);
}

function columnsOf(asked: Asked): readonly HtmlColumn<NamedEmergency>[] {
  const { link, now } = asked;
  return [
    { head: "Opened (UTC)", cell: ({ record }) => whenHtml(record.opened.at), whole: true },
    { head: "For", cell: (each) => subjectHtml(each, link) },
    { head: "State", cell: ({ record }) => record.status },
    {
      head: "Reason",
      cell: ({ record: { reason, declared } }) =>
        html`<p>${reason ?? "none was given"}</p>
          ${declared === null ? "" : html`<p class="by">by ${declared.by?.login ?? "an unknown account"}</p>`}`,
      wide: true,
    },
    {
      head: "Authorised",
      cell: ({ record: { authorised } }) =>
        authorised === null
          ? "not authorised"
          : html`by ${authorised.by.login}, until ${whenHtml(authorised.until)}`,
    },
    { head: "Review owed", cell: ({ review }) => reviewStateHtml(review, now) },
    {
      head: "What to do now",
      cell: (each) =>
        html`${emergencyToDo(each, "UTC", now).map(writtenHtml)} ${emergencyForms(asked, each.subject, each)}`,
      wide: true,
    },
  ];
}

/** Returns what an emergency is for, with the way there. */
export function subjectHtml({ record }: ReviewedEmergency, link: Asked["link"]): Html {
  const { name } = record.repository;
  if (record.pull !== null)
    return html`<a href="${repositoryLink(link, "pulls", record.repository, `/${record.pull}`)}"
      >${name}#${record.pull}</a
    >`;
  const { environment = "", sha = "" } = record.deployment ?? {};
  return html`${name}, ${oneLine(environment)}, ${short(sha)}`;
}

/** Returns how a review stands. */
export function reviewStateHtml(review: ReviewedEmergency["review"], now: number): Html {
  if (review === null) return html`none`;
  const { status, dueAt } = review;
  if (status !== "due") return html`${status}`;
  return html`due ${whenHtml(dueAt)}${isOverdue(review, now) ? html` <b class="overdue">overdue</b>` : ""}`;
}
