/** The rows of monitoring.csv and waiting-times.csv. */

import { countMonths, figuresNow } from "../deviation/month-count.ts";
import type { MonthlyFigures } from "../record.ts";
import { monthlyStatus, monthOf } from "../deviation/monitoring.ts";
import { waitsOf, type Waits } from "../deviation/waiting-times.ts";
import { statesOf, type EvidenceSource, type Stated } from "./population.ts";
import { column, groupsText, personText, table, timeText } from "./table.ts";

interface ReviewRow extends Stated<"monthly-review"> {
  readonly generatedAt: number;
  /** What the month is known to be now. */
  readonly now: MonthlyFigures | undefined;
}

/** One row for each month of each control that was asked for or signed off. */
export const MONITORING = table<ReviewRow>({
  path: "monitoring.csv",
  description: "Monthly reviews: what each control came to in each month, and who signed it off when.",
  columns: [
    column("review_id", "text", "Identity: organisation, control and month.", ({ entry }) => entry.subject),
    column("control", "text", "The control's name; see controls.csv.", ({ body }) => body.control),
    column("month", "text", "YYYY-MM, UTC.", ({ body }) => body.month),
    column(
      "status",
      "text",
      "When this was generated: due, signed-off, late (signed off after its date), missing (not signed off, and its date has passed) or changed (signed off as something else than the month is known to be now).",
      ({ body, generatedAt, now }) => monthlyStatus(body, generatedAt, now),
      "months",
    ),
    column(
      "owner",
      "text",
      "Login the policy named when it was asked for; login#id where it was found out whose it was.",
      ({ body }) => (body.owner === null ? null : personText({ login: body.owner, id: body.ownerId })),
    ),
    column("asked_at", "time", "When it was asked for.", ({ body }) => body.askedAt),
    column("due_at", "time", "By when it was due.", ({ body }) => body.dueAt),
    column(
      "signed_off_by",
      "text",
      "Who signed it off: login#id, or a login given at the terminal.",
      ({ body }) =>
        body.signedOff === null
          ? null
          : `${body.signedOff.by.login}${body.signedOff.by.id === null ? "" : `#${body.signedOff.by.id}`}`,
    ),
    column("signed_off_at", "time", "When it was signed off.", ({ body }) => body.signedOff?.at ?? null),
    column(
      "signed_off_via",
      "text",
      "comment (on GitHub) or terminal.",
      ({ body }) => body.signedOff?.via ?? null,
    ),
    column("comment", "text", "What they said they saw.", ({ body }) => body.signedOff?.comment ?? null),
    column(
      "remark",
      "text",
      "What speaks against the signer's word, such as a deviation of the month that they caused.",
      ({ body }) => body.signedOff?.remark ?? null,
    ),
    column(
      "signed_off_before",
      "list",
      "Earlier sign-offs, before the month was found to be otherwise: login#id;time;failed;deviations as seen then;comment.",
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
    ),
    column(
      "population",
      "integer",
      "Changes and deployments of the month the control applied to, when it was counted last: asked for, or signed off.",
      ({ body }) => body.figures.population,
    ),
    column("passed", "integer", "Of them, passed.", ({ body }) => body.figures.passed),
    column("failed", "integer", "Of them, failed.", ({ body }) => body.figures.failed),
    column("waived", "integer", "Of them, waived.", ({ body }) => body.figures.waived),
    column("unverifiable", "integer", "Of them, cannot be told.", ({ body }) => body.figures.unverifiable),
    column("pass_rate", "text", "passed / population; empty where nothing was in it.", ({ body }) =>
      body.figures.population === 0 ? null : (body.figures.passed / body.figures.population).toFixed(4),
    ),
    column(
      "deviations",
      "integer",
      "Deviations of this control that happened in the month.",
      ({ body }) => body.figures.deviations,
    ),
    column(
      "open_remediations",
      "integer",
      "Deviations of this control, of any month, open or in remediation when it was counted.",
      ({ body }) => body.figures.openRemediations,
    ),
    column(
      "clean",
      "yes-no",
      "As it was counted then: nothing failed, and no deviation of this control happened in the month.",
      ({ body: { figures } }) => figures.clean && figures.failed === 0 && figures.deviations === 0,
    ),
    column(
      "population_now",
      "integer",
      "The same as population, as it is known when this was generated.",
      ({ now }) => now?.population ?? null,
      "months",
    ),
    column(
      "failed_now",
      "integer",
      "The same as failed, as it is known now.",
      ({ now }) => now?.failed ?? null,
      "months",
    ),
    column(
      "deviations_now",
      "integer",
      "The same as deviations, as it is known now.",
      ({ now }) => now?.deviations ?? null,
      "months",
    ),
    column(
      "clean_now",
      "yes-no",
      "As it is known now: nothing failed, no deviation happened, and every day of the month was observed or read afterwards.",
      ({ now }) => now?.clean ?? null,
      "months",
    ),
  ],
  async *rows(source) {
    const { organizationId, sight, generatedAt } = source;
    const months: string[] = [];
    for await (const { body } of statesOf(source, "monthly-review"))
      if (!months.includes(body.month)) months.push(body.month);
    const counts = await countMonths(source, organizationId, months, { sight, at: generatedAt });
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

/** How long changes waited, month by month, and how many went around the process; never by person. */
export const WAITING_TIMES = table<WaitRow>({
  path: "waiting-times.csv",
  description:
    "How cumbersome the process is: how long changes waited in each month, and how many of those that waited long went around it. Never by person.",
  sortedBy: ["month", "measure"],
  columns: [
    column("month", "text", "YYYY-MM, UTC, in which the changes landed.", ({ month }) => month),
    column(
      "measure",
      "text",
      "first-review (from opening to the first review by somebody else), approval (to the first approval that counts), approval-to-merge (from the last approval that counts; time in a merge queue is part of it).",
      ({ measure }) => measure,
    ),
    column("changes", "integer", "Changes by pull request that had such a moment.", ({ changes }) => changes),
    column("median_seconds", "integer", "Half waited no longer.", ({ median }) => Math.round(median / 1000)),
    column("p90_seconds", "integer", "Nine of ten waited no longer.", ({ p90 }) => Math.round(p90 / 1000)),
    column(
      "long_waits",
      "integer",
      "Changes of the month that waited over 24 hours for a first review, or landed after as long without one.",
      ({ long }) => long.long,
    ),
    column(
      "bypasses_after_long_waits",
      "integer",
      "Of them, landed without approval, past the gate, or past the pull request.",
      ({ long }) => long.bypassedAfterLong,
    ),
    column("bypasses", "integer", "All changes of the month that did.", ({ long }) => long.bypassed),
    column(
      "bypasses_without_pull_request",
      "integer",
      "Of these, with no pull request at all: nobody knows how long they would have waited.",
      ({ long }) => long.withoutPull,
    ),
  ],
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
