/** The list of deviations: what is not settled first, and of that what is overdue. */

import { html } from "hono/html";

import { DEVIATION_STATES, isSettled, worded } from "../../domain/deviation/deviation.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import type { AnsweredDeviation } from "../../domain/deviation/to-do.ts";
import type { DeviationStatus } from "../../domain/records/deviation.ts";
import { oneLine } from "../../domain/texts/wording.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";
import type { Asked, DashboardPage, PageContent } from "../page/page.ts";
import { whenHtml } from "../page/parts.ts";

const PATH = "/deviations";

/** So many deviations are shown. */
const MOST = 200;

/** So many of each state are read to find what is overdue: of what is not settled, the oldest. */
const READ = 500;

/** Shows the deviations by state and owner. */
export const DEVIATIONS_PAGE: DashboardPage = { path: PATH, nav: "Deviations", show };

async function show(asked: Asked): Promise<PageContent> {
  const state = DEVIATION_STATES.find((each) => each === asked.query.get("state")) ?? null;
  const owner = (asked.query.get("owner") ?? "").trim().replace(/^@/u, "").slice(0, 100);
  const states = state === null ? DEVIATION_STATES.filter((each) => !isSettled(each)) : [state];
  const read = await deviationsIn(asked, states);
  const all = read.filter(
    ({ remediation }) => owner === "" || remediation?.owner?.login.toLowerCase() === owner.toLowerCase(),
  );
  const today = dayOf(asked.now);
  const rows = all.toSorted((a, b) => compared(a, b, today));
  const overdue = rows.filter((row) => isOverdue(row, today)).length;
  return {
    title: "Deviations",
    main: html`${form(state, owner)}
      <p class="lead">
        ${rows.length} ${state === null ? "not settled" : worded(state)}${owner === "" ? "" : ` of ${owner}`},
        ${overdue} past the target date.${rows.length > MOST ? ` The first ${MOST} are shown.` : ""}
        ${isCut(read) ? `There may be more: ${READ} of each state are read, of what is not settled the oldest.` : ""}
      </p>
      ${rows.length === 0 ? "" : tableOf(rows.slice(0, MOST), columnsOf(asked, today))}`,
  };
}

async function deviationsIn(
  { records }: Asked,
  states: readonly DeviationStatus[],
): Promise<readonly AnsweredDeviation[]> {
  const found = [];
  for (const verdict of states) {
    const order = isSettled(verdict) ? "newest" : "oldest";
    found.push(...(await records.page("deviation", { verdict }, { order, limit: READ })));
  }
  const remediations = new Map(
    (
      await records.newestOf(
        "remediation",
        found.map(({ subject }) => subject),
      )
    ).map(({ subject, body }) => [subject, body]),
  );
  return found.map(({ subject, body }) => ({
    deviation: body,
    remediation: remediations.get(subject) ?? null,
  }));
}

function isCut(read: readonly AnsweredDeviation[]): boolean {
  const ofEach = Map.groupBy(read, ({ deviation }) => deviation.status);
  return [...ofEach.values()].some((each) => each.length >= READ);
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

function form(state: DeviationStatus | null, owner: string): Html {
  return html`<form method="get" action="${PATH}" class="filters">
    <p>
      <label for="state">State</label>
      <select id="state" name="state">
        <option value="">not settled</option>
        ${DEVIATION_STATES.map(
          (each) =>
            html`<option value="${each}" ${each === state ? html`selected` : ""}>${worded(each)}</option>`,
        )}
      </select>
    </p>
    <p>
      <label for="owner">Owner</label>
      <input id="owner" name="owner" value="${owner}" maxlength="100" autocomplete="off" />
    </p>
    <p><button type="submit">Show</button></p>
  </form>`;
}
