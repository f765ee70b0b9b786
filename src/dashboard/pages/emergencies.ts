/** The list of emergencies: those that wait for someone or hold now, then those that are over. */

import { html } from "hono/html";

import { emergencyToDo, type ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import { EMERGENCY_STATES, type EmergencyState } from "../../domain/records/emergency.ts";
import { oneLine, short } from "../../domain/texts/wording.ts";
import { isOverdue } from "../../domain/emergency/retroactive-review.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { writtenHtml } from "../../pages/written.ts";
import { repositoryLink } from "../page/named.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";
import { commentNote, EMERGENCY_ACTS, emergencyForms } from "./comment-forms.ts";

/** So many emergencies of each state are shown. */
const MOST = 100;

/** Shows the emergencies by how they stand. */
export const EMERGENCIES_PAGE: DashboardPage = {
  path: "/emergencies",
  nav: "Emergencies",
  acts: EMERGENCY_ACTS,
  show,
};

/** An emergency under the name it is recorded by. */
type NamedEmergency = ReviewedEmergency & { readonly subject: string };

const OPEN: readonly EmergencyState[] = ["awaiting-reason", "waiting", "authorised"];

async function show(asked: Asked): Promise<PageContent> {
  const open = await emergenciesIn(asked, OPEN);
  const over = await emergenciesIn(
    asked,
    EMERGENCY_STATES.filter((each) => !OPEN.includes(each)),
  );
  const columns = columnsOf(asked);
  return {
    title: "Emergencies",
    main: html`<section>
        <h2 id="open">Declared, and not over</h2>
        ${commentNote(asked)}
        ${open.length === 0 ? html`<p>No emergency waits for anyone or is in force.</p>` : tableOf(open, columns)}
      </section>
      <section>
        <h2 id="over">Used, withdrawn or expired</h2>
        ${over.length === 0 ? html`<p>None is on record.</p>` : tableOf(over, columns)}
        <p class="from">The newest ${MOST} of each state are shown.</p>
      </section>`,
  };
}

async function emergenciesIn(
  { records }: Asked,
  states: readonly EmergencyState[],
): Promise<readonly NamedEmergency[]> {
  const found = [];
  for (const verdict of states)
    found.push(...(await records.page("emergency", { verdict }, { limit: MOST })));
  const subjects = found.map(({ subject }) => subject);
  const reviews = new Map(
    (await records.newestOf("retroactive-review", subjects)).map(({ subject, body }) => [subject, body]),
  );
  return found
    .map(({ subject, body }) => ({ subject, record: body, review: reviews.get(subject) ?? null }))
    .toSorted((a, b) => b.record.opened.at - a.record.opened.at);
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
