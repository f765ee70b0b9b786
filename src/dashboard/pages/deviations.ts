/** The list of deviations: what is not settled first, and of that what is overdue. */

import { html } from "hono/html";

import { DEVIATION_STATES, isSettled, worded } from "../../domain/deviation/deviation.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import type { AnsweredDeviation } from "../../domain/deviation/to-do.ts";
import type { DeviationRecord, DeviationStatus } from "../../domain/records/deviation.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Span } from "../../domain/time/span.ts";
import { dayFields, getForm, selectField } from "../lists/get-form.ts";
import { everyIn, isInSpan, partOf, type RowCount } from "../lists/list-part.ts";
import { filteredSpan, listQuery } from "../lists/list-query.ts";
import { daysOf } from "../lists/period.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";

const PATH = "/deviations";

/** Shows the deviations by state, owner and due date. */
export const DEVIATIONS_PAGE: DashboardPage = { path: PATH, nav: "Deviations", show };

/** Holds what deviations are filtered by, as addresses have it. */
interface DeviationQuery {
  /** Null: every one that is not settled. */
  readonly state: DeviationStatus | "any" | null;
  readonly owner: string;
  readonly isOverdue: boolean;
  /** A day before which it is due. */
  readonly dueBefore: string | null;
  /** When it happened, or one of what it lists. */
  readonly span: Partial<Span>;
}

async function show(asked: Asked): Promise<PageContent> {
  const wanted = queryOf(asked.query);
  const rows = selected(await deviationsIn(asked, statesOf(wanted)), wanted, asked.now);
  const today = dayOf(asked.now);
  const overdue = rows.filter((row) => isOverdue(row, today)).length;
  const part = partOf(asked, PATH, rows);
  return {
    title: "Deviations",
    main: html`${form(asked, wanted)}
      <p class="lead">
        ${rows.length} ${stateText(wanted.state)}${wanted.owner === "" ? "" : ` of ${wanted.owner}`},
        ${overdue} past the target date.
      </p>
      ${rows.length === 0 ? "" : tableOf(part.rows, columnsOf(asked, today))} ${part.nav}`,
  };
}

function stateText(state: DeviationQuery["state"]): string {
  if (state === "any") return "in any state";
  return state === null ? "not settled" : worded(state);
}

function queryOf(query: URLSearchParams): DeviationQuery {
  const { "due-before": dueBefore = null, state, owner = "", due } = Object.fromEntries(query);
  return {
    state: STATES.find((each) => each === state) ?? null,
    owner: owner.trim().replace(/^@/u, "").slice(0, 100),
    isOverdue: due === "overdue",
    dueBefore: /^\d{4}-\d{2}-\d{2}$/u.test(dueBefore ?? "") ? dueBefore : null,
    span: filteredSpan(listQuery(query)),
  };
}

const STATES = ["any", ...DEVIATION_STATES] as const;

function statesOf({ state }: Pick<DeviationQuery, "state">): readonly DeviationStatus[] | "any" {
  if (state === "any") return "any";
  return state === null ? DEVIATION_STATES.filter((each) => !isSettled(each)) : [state];
}

/** Returns the deviations in some states, each with what answers it. */
async function deviationsIn(
  asked: Pick<Asked, "records">,
  states: readonly DeviationStatus[] | "any",
): Promise<readonly AnsweredDeviation[]> {
  const found = await everyIn(asked, "deviation", states);
  const subjects = found.map(({ subject }) => subject);
  const remediations = await asked.records.newestOf("remediation", subjects);
  const bySubject = new Map(remediations.map(({ subject, body }) => [subject, body]));
  return found.map(({ subject, body }) => ({
    deviation: body,
    remediation: bySubject.get(subject) ?? null,
  }));
}

/** Returns what a filter selects, in the order of the list. */
function selected(
  all: readonly AnsweredDeviation[],
  { owner, isOverdue: onlyOverdue, dueBefore, span }: DeviationQuery,
  now: Instant,
): readonly AnsweredDeviation[] {
  const today = dayOf(now);
  return all
    .filter((row) => owner === "" || row.remediation?.owner?.login.toLowerCase() === owner.toLowerCase())
    .filter((row) => !onlyOverdue || isOverdue(row, today))
    .filter(({ remediation }) => dueBefore === null || (remediation?.due ?? "9") < dueBefore)
    .filter(({ deviation }) => happenedIn(deviation, span))
    .toSorted((a, b) => compared(a, b, today));
}

function happenedIn({ happenedAt, listed }: DeviationRecord, span: Partial<Span>): boolean {
  return [happenedAt, ...listed.map(({ at }) => at)].some((at) => isInSpan(span, at));
}

/** Returns how many deviations are not settled, how many of them are overdue, and how many a period has. */
export async function deviationCounts(
  asked: Asked,
  period: Span,
): Promise<{ readonly open: RowCount; readonly overdue: RowCount; readonly ofPeriod: RowCount }> {
  const all = await deviationsIn(asked, "any");
  const count = (query: Readonly<Record<string, string>>): RowCount => {
    const wanted = queryOf(new URLSearchParams(query));
    const states = statesOf(wanted);
    const rows = selected(
      all.filter(({ deviation }) => states === "any" || states.includes(deviation.status)),
      wanted,
      asked.now,
    );
    return { count: rows.length, href: asked.link(PATH, query) };
  };
  return {
    open: count({}),
    overdue: count({ due: "overdue" }),
    ofPeriod: count({ state: "any", ...daysOf(period) }),
  };
}

/** What is done only waits to be found effective. */
function isOverdue({ deviation, remediation }: AnsweredDeviation, today: string): boolean {
  return (
    remediation?.due != null &&
    remediation.due < today &&
    remediation.done === null &&
    !isSettled(deviation.status)
  );
}

/** Overdue ones first, then by target date, then those without one; of equals the older first. */
function compared(a: AnsweredDeviation, b: AnsweredDeviation, today: string): number {
  const [dueA, dueB] = [a.remediation?.due ?? "9", b.remediation?.due ?? "9"];
  return (
    Number(isOverdue(b, today)) - Number(isOverdue(a, today)) ||
    (dueA < dueB ? -1 : dueA > dueB ? 1 : a.deviation.happenedAt - b.deviation.happenedAt)
  );
}

function columnsOf({ link }: Asked, today: string): readonly HtmlColumn<AnsweredDeviation>[] {
  return [
    {
      head: "Deviation",
      cell: ({ deviation: { id } }) => html`<a href="${link(`${PATH}/${id}`)}">${id}</a>`,
      whole: true,
    },
    { head: "What happened", cell: ({ deviation }) => oneLine(deviation.title), wide: true },
    { head: "State", cell: ({ deviation }) => worded(deviation.status) },
    { head: "Severity", cell: ({ deviation }) => deviation.severity },
    { head: "Owner", cell: ({ remediation }) => remediation?.owner?.login ?? "nobody" },
    {
      head: "Due",
      cell: (row) =>
        html`${row.remediation?.due ?? "no date"}${isOverdue(row, today) ? html` <b class="overdue">overdue</b>` : ""}`,
    },
    { head: "Happened (UTC)", cell: ({ deviation }) => whenHtml(deviation.happenedAt), whole: true },
  ];
}

function form(asked: Asked, { state, owner, isOverdue: onlyOverdue, dueBefore }: DeviationQuery): Html {
  return getForm(
    asked,
    { path: PATH, label: "Filters", own: ["state", "owner", "due", "due-before", "from", "to"] },
    html`${selectField({ name: "state", label: "State", any: "not settled", values: STATES, chosen: state }, worded)}
      <label>Owner <input name="owner" value="${owner}" maxlength="100" autocomplete="off" /></label>
      ${selectField({
        name: "due",
        label: "Due",
        any: "at any time",
        values: ["overdue"],
        chosen: onlyOverdue ? "overdue" : null,
      })}
      <label>Due before day <input type="date" name="due-before" value="${dueBefore ?? ""}" /></label>
      ${dayFields(Object.fromEntries(asked.query), "Happened from day (UTC)")}`,
  );
}
