/** The list of reviews owed after emergencies: overdue ones first, then those that are due, then what was decided. */

import { html } from "hono/html";

import { isLate } from "../../domain/emergency/retroactive-review.ts";
import { emergencyToDo, type ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import type { ReviewState } from "../../domain/records/emergency.ts";
import { tableOf, type HtmlColumn } from "../../pages/html-table.ts";
import { writtenHtml } from "../../pages/written.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";
import { commentNote, EMERGENCY_ACTS, emergencyForms } from "./comment-forms.ts";
import { reviewStateHtml, subjectHtml } from "./emergencies.ts";

/** So many reviews are shown of what is due, and of what was decided. */
const MOST = 200;

/** Shows the reviews owed after emergencies. */
export const REVIEWS_PAGE: DashboardPage = { path: "/reviews", nav: "Reviews", acts: EMERGENCY_ACTS, show };

type Owed = ReviewedEmergency & { readonly subject: string } & {
  readonly review: NonNullable<ReviewedEmergency["review"]>;
};

async function show(asked: Asked): Promise<PageContent> {
  const due = (await reviewsIn(asked, ["due"])).toSorted((a, b) => a.review.dueAt - b.review.dueAt);
  const decided = (await reviewsIn(asked, ["approved", "follow-up", "rejected"])).toSorted(
    (a, b) => (b.review.decision?.at ?? 0) - (a.review.decision?.at ?? 0),
  );
  const overdue = due.filter(({ review }) => asked.now > review.dueAt).length;
  return {
    title: "Reviews after emergencies",
    main: html`<section>
        <h2 id="due">Due</h2>
        <p class="lead">${due.length} due, ${overdue} of them overdue.</p>
        ${commentNote(asked)} ${due.length === 0 ? "" : tableOf(due, dueColumns(asked))}
      </section>
      <section>
        <h2 id="decided">Decided</h2>
        ${decided.length === 0 ? html`<p>None is on record.</p>` : tableOf(decided, decidedColumns(asked))}
        <p class="from">The newest ${MOST} of each state are shown.</p>
      </section>`,
  };
}

async function reviewsIn({ records }: Asked, states: readonly ReviewState[]): Promise<readonly Owed[]> {
  const found = [];
  for (const verdict of states)
    found.push(...(await records.page("retroactive-review", { verdict }, { limit: MOST })));
  const subjects = found.map(({ subject }) => subject);
  const emergencies = new Map(
    (await records.newestOf("emergency", subjects)).map(({ subject, body }) => [subject, body]),
  );
  return found.flatMap(({ subject, body }) => {
    const record = emergencies.get(subject);
    return record === undefined ? [] : [{ subject, record, review: body }];
  });
}

function dueColumns(asked: Asked): readonly HtmlColumn<Owed>[] {
  const { link, now } = asked;
  return [
    { head: "Due (UTC)", cell: ({ review }) => reviewStateHtml(review, now) },
    { head: "For", cell: (each) => subjectHtml(each, link) },
    { head: "Reason of the emergency", cell: ({ record }) => record.reason ?? "none was given", wide: true },
    { head: "Owed since", cell: ({ review }) => whenHtml(review.openedAt), whole: true },
    {
      head: "What to do now",
      cell: (each) =>
        html`${emergencyToDo(each, "UTC", now).map(writtenHtml)} ${emergencyForms(asked, each.subject, each)}`,
      wide: true,
    },
  ];
}

function decidedColumns({ link, now }: Asked): readonly HtmlColumn<Owed>[] {
  return [
    {
      head: "Decided (UTC)",
      cell: ({ review: { decision } }) => (decision === null ? "" : whenHtml(decision.at)),
      whole: true,
    },
    { head: "For", cell: (each) => subjectHtml(each, link) },
    {
      head: "Decision",
      cell: ({ review }) => html`${review.status}${isLate(review) ? html` <b class="overdue">late</b>` : ""}`,
    },
    { head: "By", cell: ({ review: { decision } }) => decision?.by.login ?? "" },
    { head: "Note", cell: ({ review: { decision } }) => decision?.note ?? "", wide: true },
    {
      head: "What to do now",
      cell: (each) => html`${emergencyToDo(each, "UTC", now).map(writtenHtml)}`,
      wide: true,
    },
  ];
}
