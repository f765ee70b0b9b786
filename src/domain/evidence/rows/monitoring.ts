/** The rows of monitoring.csv and waiting-times.csv. */

import { countMonths, figuresNow } from "../../deviation/monthly/month-count.ts";
import type { MonthlyFigures } from "../../records/monitoring.ts";
import { monthlyStatus } from "../../monitoring/monthly.ts";
import { waitsOf, type Waits } from "../../deviation/monthly/waiting-times.ts";
import { statesOf, type EvidenceSource, type Stated } from "../tables/population.ts";
import { column, groupsText, personText, table, timeText } from "../tables/table.ts";
import { monthOf } from "../../time/month.ts";

interface ReviewRow extends Stated<"monthly-review"> {
  readonly generatedAt: number;
  /** What the month is known to be now. */
  readonly now: MonthlyFigures | undefined;
}

/** Lists one row for each month of each control that was asked for or signed off. */
export const MONTHLY_REVIEWS_TABLE = table<ReviewRow>({
  path: "monitoring.csv",
  description: "Monthly reviews: what each control came to in each month, and who signed it off when.",
  columns: {
    review_id: column.text(({ entry }) => entry.subject, "Identity: organisation, control and month."),
    control: column.text(({ body }) => body.control, "The control's name; see controls.csv."),
    month: column.text(({ body }) => body.month, "YYYY-MM, UTC."),
    status: column.text(
      ({ body, generatedAt, now }) => monthlyStatus(body, generatedAt, now),
      "When this was generated: due, signed-off, late (signed off after its date), missing (not signed off, and its date has passed) or changed (signed off as something else than the month is known to be now).",
      "months",
    ),
    owner: column.text(
      ({ body }) => (body.owner === null ? null : personText({ login: body.owner, id: body.ownerId })),
      "Login the policy named when it was asked for; login#id where it was found out whose it was.",
    ),
    asked_at: column.time(({ body }) => body.askedAt, "When it was asked for."),
    due_at: column.time(({ body }) => body.dueAt, "By when it was due."),
    signed_off_by: column.text(
      ({ body }) =>
        body.signedOff === null
          ? null
          : `${body.signedOff.by.login}${body.signedOff.by.id === null ? "" : `#${body.signedOff.by.id}`}`,
      "Who signed it off: login#id, or a login given at the terminal.",
    ),
    signed_off_at: column.time(({ body }) => body.signedOff?.at ?? null, "When it was signed off."),
    signed_off_via: column.text(
      ({ body }) => body.signedOff?.via ?? null,
      "comment (on GitHub), page (by whoever signed in there) or terminal.",
    ),
    comment: column.text(({ body }) => body.signedOff?.comment ?? null, "What they said they saw."),
    remark: column.text(
      ({ body }) => body.signedOff?.remark ?? null,
      "What speaks against the signer's word, such as a deviation of the month that they caused.",
    ),
    signed_off_before: column.list(
      ({ body }) =>
        groupsText(
          body.earlier.map(({ by, at, figures, comment }) => [
            personText(by),
            timeText(at),
            String(figures.failed),
            String(figures.deviations),
            comment,
          ]),
        ),
      "Earlier sign-offs, before the month was found to be otherwise: login#id;time;failed;deviations as seen then;comment.",
    ),
    population: column.integer(
      ({ body }) => body.figures.population,
      "Changes and deployments of the month the control applied to, when it was counted last: asked for, or signed off.",
    ),
    passed: column.integer(({ body }) => body.figures.passed, "Of them, passed."),
    failed: column.integer(({ body }) => body.figures.failed, "Of them, failed."),
    waived: column.integer(({ body }) => body.figures.waived, "Of them, waived."),
    unverifiable: column.integer(({ body }) => body.figures.unverifiable, "Of them, cannot be told."),
    pass_rate: column.text(
      ({ body }) =>
        body.figures.population === 0 ? null : (body.figures.passed / body.figures.population).toFixed(4),
      "passed / population; empty where nothing was in it.",
    ),
    deviations: column.integer(
      ({ body }) => body.figures.deviations,
      "Deviations of this control that happened in the month.",
    ),
    open_remediations: column.integer(
      ({ body }) => body.figures.openRemediations,
      "Deviations of this control, of any month, open or in remediation when it was counted.",
    ),
    clean: column.yesNo(
      ({ body: { figures } }) => figures.clean && figures.failed === 0 && figures.deviations === 0,
      "As it was counted then: nothing failed, and no deviation of this control happened in the month.",
    ),
    population_now: column.integer(
      ({ now }) => now?.population ?? null,
      "The same as population, as it is known when this was generated.",
      "months",
    ),
    failed_now: column.integer(
      ({ now }) => now?.failed ?? null,
      "The same as failed, as it is known now.",
      "months",
    ),
    deviations_now: column.integer(
      ({ now }) => now?.deviations ?? null,
      "The same as deviations, as it is known now.",
      "months",
    ),
    clean_now: column.yesNo(
      ({ now }) => now?.clean ?? null,
      "As it is known now: nothing failed, no deviation happened, and every day of the month was observed or read afterwards.",
      "months",
    ),
  },
  async *rows(source) {
    const { organizationId, observedTime, generatedAt } = source;
    const months: string[] = [];
    for await (const { body } of statesOf(source, "monthly-review"))
      if (!months.includes(body.month)) months.push(body.month);
    const counts = await countMonths(source, organizationId, months, { observedTime, at: generatedAt });
    for await (const stated of statesOf(source, "monthly-review"))
      yield { ...stated, generatedAt, now: figuresNow(counts, stated.body.month, stated.body.control) };
  },
});

const MEASURES = {
  "first-review": "firstReview",
  approval: "approval",
  "approval-to-merge": "approvalToMerge",
} as const satisfies Record<string, keyof Waits>;

interface WaitRow {
  readonly month: string;
  readonly measure: string;
  readonly changes: number;
  readonly median: number;
  readonly p90: number;
  readonly long: Counted;
}

interface Counted {
  readonly long: number;
  readonly bypassedAfterLong: number;
  readonly bypassed: number;
  readonly withoutPull: number;
}

const NONE: Counted = { long: 0, bypassedAfterLong: 0, bypassed: 0, withoutPull: 0 };

/** Lists how long changes waited, month by month, and how many bypassed the process; never by person. */
export const WAITING_TIMES = table<WaitRow>({
  path: "waiting-times.csv",
  description:
    "How cumbersome the process is: how long changes waited in each month, and how many of those that waited long bypassed it. Never by person.",
  sortedBy: ["month", "measure"],
  columns: {
    month: column.text(({ month }) => month, "YYYY-MM, UTC, in which the changes landed."),
    measure: column.text(
      ({ measure }) => measure,
      "first-review (from opening to the first review by someone else), approval (to the first approval that counts), approval-to-merge (from the last approval that counts; time in a merge queue is part of it).",
    ),
    changes: column.integer(({ changes }) => changes, "Changes by pull request that had such a moment."),
    median_seconds: column.integer(({ median }) => Math.round(median / 1000), "Half waited no longer."),
    p90_seconds: column.integer(({ p90 }) => Math.round(p90 / 1000), "Nine of ten waited no longer."),
    long_waits: column.integer(
      ({ long }) => long.long,
      "Changes of the month that waited over 24 hours for a first review, or landed after as long without one.",
    ),
    bypasses_after_long_waits: column.integer(
      ({ long }) => long.bypassedAfterLong,
      "Of them, landed without approval, past the gate, or past the pull request.",
    ),
    bypasses: column.integer(({ long }) => long.bypassed, "All changes of the month that did."),
    bypasses_without_pull_request: column.integer(
      ({ long }) => long.withoutPull,
      "Of these, with no pull request at all: nobody knows how long they would have waited.",
    ),
  },
  async *rows(source) {
    const months = new Map<string, Counted>();
    const counts = new Map<string, number>();
    const lines = source.sorted(waitLines(source, months, counts));
    let key = "";
    let seen = 0;
    let median = 0;
    for await (const line of lines) {
      const [month = "", measure = "", value = ""] = line.split("\t");
      if (`${month}\t${measure}` !== key) {
        key = `${month}\t${measure}`;
        seen = 0;
      }
      seen += 1;
      const changes = counts.get(key) ?? 0;
      if (seen === Math.ceil(changes * 0.5)) median = Number(value);
      if (seen === Math.ceil(changes * 0.9))
        yield { month, measure, changes, median, p90: Number(value), long: months.get(month) ?? NONE };
    }
  },
});

/** Every wait as a line that sorts by month, measure and length; what is counted on the way fits into memory. */
async function* waitLines(
  source: EvidenceSource,
  months: Map<string, Counted>,
  counts: Map<string, number>,
): AsyncIterable<string> {
  for await (const { entry, body } of statesOf(source, "change")) {
    if (body.assessment.verdict === "historic") continue;
    const month = monthOf(entry.at);
    const waits = waitsOf(body);
    const before = months.get(month) ?? NONE;
    months.set(month, {
      long: before.long + Number(waits.isLong),
      bypassedAfterLong: before.bypassedAfterLong + Number(waits.isLong && waits.isBypass),
      bypassed: before.bypassed + Number(waits.isBypass),
      withoutPull: before.withoutPull + Number(waits.isBypass && !waits.isPull),
    });
    for (const [measure, name] of Object.entries(MEASURES)) {
      const value = waits[name];
      if (value === null) continue;
      const key = `${month}\t${measure}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      // The subject keeps equal waits apart: each line is sorted once.
      yield `${key}\t${String(Math.max(0, value)).padStart(16, "0")}\t${entry.subject}`;
    }
  }
}
