/** The monthly reviews: which are due or missing, who signed off what with which comment, and which months are clean. */

import { html } from "hono/html";
import { z } from "zod";

import type { KnownReviews } from "../../domain/deviation/monthly/month-count.ts";
import { cleanMonthsSince, reviewedMonths } from "../../domain/deviation/operating.ts";
import { monthlyStatus, monthStatement, type MonthlyStatus } from "../../domain/monitoring/monthly.ts";
import type { MonthlyReviewRecord } from "../../domain/records/monitoring.ts";
import { CONTROL_TITLES } from "../../domain/texts/wording.ts";
import { CONTROL_NAMES, type ControlName } from "../../domain/values/result.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import { mayBeSignedOffBy, type OwnedReviews } from "../page/organization.ts";
import { getForm, selectField } from "../lists/get-form.ts";
import { actOf, PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { outsideHtml, whenHtml, wholeSection, withheldHtml } from "../page/parts.ts";
import { monthSpan } from "../../domain/time/month.ts";

const PATH = "/months";

/** Reviews that are shown of those that are signed off. */
const MOST = 200;

const SIGN_OFF = actOf(
  "sign-off",
  z.object({
    control: z.enum(CONTROL_NAMES),
    month: z.string().max(20),
    text: z.string().max(4_000, "Write at most 4000 characters.").meta({ title: "What you saw" }),
  }),
  async ({ control, month, text }, sent) => {
    const { reviews } = await sent.asked.reviews();
    const isShown = reviews.some((each) => each.control === control && each.month === month);
    // What is refused to someone is about the organisation as well.
    if (sent.asked.whole === null && !isShown)
      throw new PageProblem(404, "This review of the organisation is not shown to you.");
    const result = await sent.tools.signOff({ control, month }, text, sent);
    return result.refused === null ? result : { refused: result.refused, field: "text" };
  },
);

/** Shows the monthly reviews by owner and control. */
export const MONTHS_PAGE: DashboardPage = { path: PATH, nav: "Months", acts: [SIGN_OFF], show };

/** A review, with how it stands now. */
interface ShownReview {
  readonly review: MonthlyReviewRecord;
  readonly status: MonthlyStatus;
  /** What its month is known to be now, in words. */
  readonly says: string;
  readonly isClean: boolean;
  /** Whether the viewer may sign it off. */
  readonly isOwn: boolean;
}

async function show(asked: Asked): Promise<PageContent> {
  const owner = (asked.query.get("owner") ?? "").trim().replace(/^@/u, "").slice(0, 100);
  const control = CONTROL_NAMES.find((each) => each === asked.query.get("control")) ?? null;
  const reviews = shownReviews(await asked.reviews(), asked).filter(
    ({ review }) =>
      (owner === "" || review.owner?.toLowerCase() === owner.toLowerCase()) &&
      (control === null || review.control === control),
  );
  return {
    title: "Monthly reviews",
    main: html`${form(asked, owner, control)}
    ${reviewsSection(asked, { id: "open", title: "To be signed off" }, reviews, openHtml)}
    ${await wholeSection(asked, { id: "clean", title: "Clean months in a row" }, async (whole) =>
      cleanHtml(await whole.monthlyReviews(), control),
    )}
    ${reviewsSection(asked, { id: "signed-off", title: "Signed off" }, reviews, signedOffHtml)}`,
  };
}

/** Someone who does not see all of the organisation sees what they may sign off, and that it is not all. */
function reviewsSection(
  asked: Asked,
  { id, title }: { readonly id: string; readonly title: string },
  reviews: readonly ShownReview[],
  make: (asked: Asked, reviews: readonly ShownReview[]) => Html,
): Html {
  const isPart = asked.whole === null;
  return html`<section>
    <h2 id="${id}">${title}</h2>
    ${isPart ? withheldHtml() : ""}
    ${isPart && reviews.length > 0 ? html`<p>Of the controls you own:</p>` : ""}
    ${isPart && reviews.length === 0 ? "" : make(asked, reviews)}
  </section>`;
}

function shownReviews(known: OwnedReviews, { now, person }: Asked): readonly ShownReview[] {
  const { reviews, figures, seen } = known;
  return reviews
    .map((review): ShownReview => {
      const count = figures(review.month, review.control);
      return {
        review,
        status: monthlyStatus(review, now, count),
        says: monthStatement(count ?? review.figures, seen(review.month)).says,
        isClean: count?.clean === true,
        isOwn: mayBeSignedOffBy(person, review, known),
      };
    })
    .toSorted(
      (a, b) =>
        (a.review.month === b.review.month ? 0 : a.review.month < b.review.month ? 1 : -1) ||
        CONTROL_NAMES.indexOf(a.review.control) - CONTROL_NAMES.indexOf(b.review.control),
    );
}

function form(asked: Asked, owner: string, chosen: ControlName | null): Html {
  return getForm(
    asked,
    { path: PATH, label: "Filters", own: ["owner", "control"] },
    html`<label>Owner <input name="owner" value="${owner}" maxlength="100" /></label> ${selectField(
        { name: "control", label: "Control", any: "any", values: CONTROL_NAMES, chosen },
        (each) => CONTROL_TITLES[each],
      )}`,
  );
}

/** Nobody signed these off, or what was signed off is known to be otherwise now. */
function openHtml(asked: Asked, reviews: readonly ShownReview[]): Html {
  const open = reviews.filter(({ status }) => ["due", "missing", "changed"].includes(status));
  const missing = open.filter(({ status }) => status === "missing").length;
  const changed = open.filter(({ status }) => status === "changed").length;
  return html`<p class="lead">
      ${open.length - missing - changed} due, ${missing} missing (their date has passed), ${changed} changed
      (the month is known to be otherwise than it was signed off).
    </p>
    ${open.length === 0 ? "" : tableOf(open, openColumns(asked))}`;
}

function openColumns(asked: Asked): readonly HtmlColumn<ShownReview>[] {
  return [
    ...ABOUT,
    {
      head: "Due (UTC)",
      cell: ({ review, status }) =>
        html`${whenHtml(review.dueAt)}${status === "due" ? "" : html` <b class="overdue">${status}</b>`}`,
    },
    { head: "Owner", cell: ({ review }) => review.owner ?? "nobody" },
    {
      head: "What to do now",
      cell: ({ review, isOwn }) =>
        html`${toDoHtml(review, asked.web)} ${isOwn ? signOffForm(asked, review) : ""}`,
      wide: true,
    },
  ];
}

function signOffForm({ forms }: Asked, { control, month }: MonthlyReviewRecord): Html {
  if (forms === null) return html``;
  return forms.form(
    "sign-off",
    { control, month },
    (each) => each.field("text", "What you saw", { kind: "area", required: true }),
    "Sign off",
  );
}

function toDoHtml({ control, owner, issueIn }: MonthlyReviewRecord, web: string | null): Html {
  const who = owner ?? "whoever owns the control";
  const command = html`<code>/countersign approve ${control}: &lt;what you saw&gt;</code>`;
  if (issueIn === null)
    return html`No issue asks for it${owner === null ? ", as the policy names no owner of the control" : ""}.
      An operator can record it with <code>countersign monitoring sign-off</code>.`;
  const issue = outsideHtml(web === null ? "" : `${web}/${issueIn}/issues`, issueIn);
  return html`${who}: comment ${command} on the issue of the month in ${issue}.`;
}

const ABOUT: readonly HtmlColumn<ShownReview>[] = [
  { head: "Month", cell: ({ review }) => review.month, whole: true },
  { head: "Control", cell: ({ review }) => CONTROL_TITLES[review.control] },
  { head: "What it came to, as known now", cell: ({ says }) => says, wide: true },
  { head: "Clean", cell: ({ isClean }) => (isClean ? "yes" : "no") },
];

function signedOffHtml(_: Asked, reviews: readonly ShownReview[]): Html {
  const signed = reviews.filter(({ review }) => review.signedOff !== null);
  if (signed.length === 0) return html`<p>None is on record.</p>`;
  return html`${tableOf(signed.slice(0, MOST), SIGNED_OFF)}
  ${signed.length > MOST ? html`<p>The newest ${MOST} of ${signed.length} are shown.</p>` : ""}`;
}

const SIGNED_OFF: readonly HtmlColumn<ShownReview>[] = [
  ...ABOUT,
  {
    head: "Signed off (UTC)",
    cell: ({ review: { signedOff }, status }) =>
      signedOff === null
        ? ""
        : html`${whenHtml(signedOff.at)}${status === "signed-off" ? "" : html` <b class="overdue">${status}</b>`}`,
  },
  {
    head: "By",
    cell: ({ review: { signedOff } }) =>
      signedOff === null
        ? ""
        : `${signedOff.by.login}${signedOff.via === "terminal" ? ", at a terminal, where nobody proves who they are" : ""}`,
  },
  {
    head: "Comment",
    cell: ({ review: { signedOff, earlier } }) =>
      html`<p>${signedOff?.comment ?? ""}</p>
        ${signedOff?.remark == null ? "" : html`<p>On record: ${signedOff.remark}.</p>`}
        ${earlier.map(({ by, at, comment }) => html`<p>Before, by ${by.login} at ${whenHtml(at)}: ${comment}</p>`)}`,
    wide: true,
  },
];

/** Counted as the remediation of a deviation counts them when it is closed. */
function cleanHtml(known: KnownReviews, chosen: ControlName | null): Html {
  const months = reviewedMonths(known.reviews, known.figures);
  const first = months.map(({ month }) => month).toSorted()[0];
  const controls = CONTROL_NAMES.filter(
    (each) => (chosen === null || each === chosen) && known.reviews.some(({ control }) => control === each),
  );
  if (first === undefined || controls.length === 0) return html`<p>No month was signed off yet.</p>`;
  return html`<p>
      A month is clean if nothing failed, no deviation happened, all of it was observed, and its owner signed
      it off as what it is known to be now. They are counted up to the newest month that was signed off.
    </p>
    ${tableOf(controls, [
      { head: "Control", cell: (control) => CONTROL_TITLES[control] },
      {
        head: "In a row",
        cell: (control) => cleanMonthsSince(months, [control], monthSpan(first).from),
        number: true,
      },
    ])}`;
}
