/** The list of reviews owed after emergencies: overdue ones first, then those that are due, then what was decided. */

import { html } from "hono/html";

import { isLate, isOverdue } from "../../domain/emergency/retroactive-review.ts";
import { emergencyToDo, type ReviewedEmergency } from "../../domain/deviation/to-do.ts";
import type { ReviewState } from "../../domain/records/emergency.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { writtenHtml } from "../../pages/written.ts";
import { dayFields, getForm, selectField } from "../lists/get-form.ts";
import { everyIn, isInSpan, partOf, type RowCount } from "../lists/list-part.ts";
import { filteredSpan, listQuery } from "../lists/list-query.ts";
import { daysOf } from "../lists/period.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";
import { commentNote, EMERGENCY_ACTS, emergencyForms } from "./comment-forms.ts";
import { reviewStateHtml, subjectHtml } from "./emergencies.ts";

const PATH = "/reviews";

/** Shows the reviews owed after emergencies. */
export const REVIEWS_PAGE: DashboardPage = { path: PATH, nav: "Reviews", acts: EMERGENCY_ACTS, show };

type Owed = ReviewedEmergency & { readonly subject: string } & {
  readonly review: NonNullable<ReviewedEmergency["review"]>;
};

/** Names what reviews are filtered by. */
const SHOWN = ["due", "overdue", "late"] as const;

const SHOWN_TITLES = { due: "due", overdue: "overdue", late: "late or overdue" } as const;

interface ReviewQuery {
  /** Null: all. */
  readonly only: (typeof SHOWN)[number] | null;
  /** When one was opened, due or decided. */
  readonly span: Partial<Span>;
}

async function show(asked: Asked): Promise<PageContent> {
  const wanted = queryOf(asked.query);
  const rows = selected(await reviewsIn(asked, statesOf(wanted)), wanted, asked.now);
  const part = partOf(asked, PATH, rows);
  const [due, decided] = [part.rows.filter(isDue), part.rows.filter((each) => !isDue(each))];
  const overdue = rows.filter(({ review }) => isOverdue(review, asked.now)).length;
  return {
    title: "Reviews after emergencies",
    main: html`${form(asked, wanted)}
      <section>
        <h2 id="due">Due</h2>
        <p class="lead">${rows.filter(isDue).length} due, ${overdue} of them overdue.</p>
        ${commentNote(asked)} ${due.length === 0 ? "" : tableOf(due, dueColumns(asked))}
      </section>
      ${
        wanted.only === "due" || wanted.only === "overdue"
          ? ""
          : html`<section>
              <h2 id="decided">Decided</h2>
              <p>${rows.filter((each) => !isDue(each)).length} decided.</p>
              ${decided.length === 0 ? "" : tableOf(decided, decidedColumns(asked))}
            </section>`
      }
      ${part.nav}`,
  };
}

function isDue({ review }: Owed): boolean {
  return review.status === "due";
}

function queryOf(query: URLSearchParams): ReviewQuery {
  return {
    only: SHOWN.find((each) => each === query.get("only")) ?? null,
    span: filteredSpan(listQuery(query)),
  };
}

function statesOf({ only }: ReviewQuery): readonly ReviewState[] | "any" {
  return only === "due" || only === "overdue" ? ["due"] : "any";
}

/** What is due first, of that what was due first; then what was decided, the newest decision first. */
function selected(all: readonly Owed[], { only, span }: ReviewQuery, now: Instant): readonly Owed[] {
  return all
    .filter(({ review }) => only !== "due" || review.status === "due")
    .filter(({ review }) => only !== "overdue" || isOverdue(review, now))
    .filter(({ review }) => only !== "late" || isLate(review) || isOverdue(review, now))
    .filter(({ review: { openedAt, dueAt, decision } }) =>
      [openedAt, dueAt, decision?.at ?? null].some((at) => at !== null && isInSpan(span, at)),
    )
    .toSorted(
      ({ review: a }, { review: b }) =>
        (b.decision?.at ?? Infinity) - (a.decision?.at ?? Infinity) || a.dueAt - b.dueAt,
    );
}

/** Describes how many reviews are due and since when, and how many a period has. */
interface ReviewCounts {
  readonly due: RowCount;
  readonly overdue: RowCount;
  /** When the first that is overdue was due; null: none is. */
  readonly overdueSince: Instant | null;
  readonly ofPeriod: RowCount;
  readonly lateOfPeriod: RowCount;
}

/** Returns how many reviews there are of each kind. */
export async function reviewCounts(asked: Asked, period: Span): Promise<ReviewCounts> {
  const all = await reviewsIn(asked, "any");
  const of = (query: Readonly<Record<string, string>>): readonly Owed[] =>
    selected(all, queryOf(new URLSearchParams(query)), asked.now);
  const count = (query: Readonly<Record<string, string>>): RowCount => ({
    count: of(query).length,
    href: asked.link(PATH, query),
  });
  return {
    due: count({ only: "due" }),
    overdue: count({ only: "overdue" }),
    overdueSince: of({ only: "overdue" })[0]?.review.dueAt ?? null,
    ofPeriod: count(daysOf(period)),
    lateOfPeriod: count({ only: "late", ...daysOf(period) }),
  };
}

async function reviewsIn(
  asked: Pick<Asked, "records">,
  states: readonly ReviewState[] | "any",
): Promise<readonly Owed[]> {
  const found = await everyIn(asked, "retroactive-review", states);
  const subjects = found.map(({ subject }) => subject);
  const emergencies = new Map(
    (await asked.records.newestOf("emergency", subjects)).map(({ subject, body }) => [subject, body]),
  );
  return found.flatMap(({ subject, body }) => {
    const record = emergencies.get(subject);
    return record === undefined ? [] : [{ subject, record, review: body }];
  });
}

function form(asked: Asked, { only }: ReviewQuery): Html {
  return getForm(
    asked,
    { path: PATH, label: "Filters", own: ["only", "from", "to"] },
    html`${selectField(
      { name: "only", label: "Reviews", any: "all", values: SHOWN, chosen: only },
      (each) => SHOWN_TITLES[each],
    )}
    ${dayFields(Object.fromEntries(asked.query), "Opened, due or decided from day (UTC)")}`,
  );
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
