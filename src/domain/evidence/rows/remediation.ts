/** The rows of remediation.csv and remediation-history.csv: what answers each deviation, and every step with its time and actor. */

import { cleanMonthsSince, reviewedMonths, type ReviewedMonth } from "../../deviation/operating.ts";
import { countMonths, figuresNow, monthsOf } from "../../deviation/monthly/month-count.ts";
import { closingChecklist, MONTHS_OF_OPERATION, priorityOf } from "../../deviation/remediation.ts";
import type { MonthlyReviewRecord } from "../../records/monitoring.ts";
import { deviationsOf } from "./deviations.ts";
import {
  isInPeriod,
  pairLine,
  statesOf,
  withState,
  type EvidenceSource,
  type Stated,
} from "../tables/population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "../tables/table.ts";
import type { DeviationRecord, Person, DeviationNote } from "../../records/deviation.ts";

interface RemediationRow extends Stated<"remediation"> {
  readonly deviation: DeviationRecord;
  readonly cleanMonths: number;
}

/** Lists what answers the deviations of deviations.csv. */
export const REMEDIATION = table<RemediationRow>({
  path: "remediation.csv",
  description:
    "What answers each deviation in deviations.csv of which something was said: the plan, and how it stands.",
  columns: {
    deviation_id: column.text(({ body }) => body.deviation, "The deviation it answers."),
    finding: column.text(({ body }) => body.finding, "What is answered."),
    type: column.text((row) => row.deviation.type, "design or operating, as in deviations.csv."),
    severity: column.text((row) => row.deviation.severity, "As in deviations.csv."),
    status: column.text(({ body }) => body.status, "planned, active, blocked, done or effective."),
    root_cause_category: column.text(
      ({ body }) => body.rootCause?.category ?? null,
      "process, resource, awareness, tooling or ownership; empty: not said.",
    ),
    root_cause: column.text(({ body }) => body.rootCause?.text ?? null, "In words."),
    whys: column.list(({ body }) => notesText(body.whys), "The answers to “why?”: time;who;answer."),
    action: column.text(({ body }) => body.action, "What is done."),
    preventive_measure: column.text(
      ({ body }) => body.measure?.text ?? null,
      "What keeps it from happening again.",
    ),
    measure_suggested: column.yesNo(
      ({ body }) => body.measure?.suggested ?? null,
      "yes: it follows from the category; nobody has written another.",
    ),
    owner: column.text(({ body }) => who(body.owner), "Who is responsible, login#id."),
    accountable: column.list(({ body }) => people(body.raci.accountable), "Who is accountable."),
    consulted: column.list(({ body }) => people(body.raci.consulted), "Who is consulted."),
    informed: column.list(({ body }) => people(body.raci.informed), "Who is informed."),
    due: column.day(({ body }) => body.due, "The target date, YYYY-MM-DD."),
    targets: column.list(
      ({ body }) => groupsText(body.targets.map(({ due, at, by }) => [due, timeText(at), personText(by)])),
      "Every target date there was: date;set at;by.",
    ),
    customer_impact: column.integer(
      ({ body }) => body.priority?.impact ?? null,
      "1 to 5; empty: nobody has said.",
    ),
    effort: column.integer(({ body }) => body.priority?.effort ?? null, "1 to 5."),
    risk: column.integer(({ body }) => body.priority?.risk ?? null, "1 to 5; 5 comes before everything."),
    priority: column.integer(
      ({ body }) => priorityOf(body.priority),
      "Impact times risk times (6 less effort); 125 where the risk is 5. Most first.",
    ),
    method: column.text(({ body }) => body.method, "How it is verified."),
    evidence: column.list(({ body }) => notesText(body.evidence), "time;who;evidence."),
    blockers: column.list(
      ({ body }) =>
        groupsText(
          body.blockers.map(({ at, until, by, text }) => [
            timeText(at),
            until === null ? "" : timeText(until),
            personText(by),
            text,
          ]),
        ),
      "from;until;who;what held it up. until empty: it still does.",
    ),
    reviews_held: column.integer(
      ({ body }) => body.reviews.filter(({ at }) => at !== null).length,
      "Reviews of the remediation that were held.",
    ),
    reviews_missed: column.list(
      ({ body }) => listText(body.reviews.filter(({ at }) => at === null).map(({ due }) => due)),
      "The days of those that were missed.",
    ),
    done_at: column.time(({ body }) => body.done?.at ?? null, "When its owner called it done."),
    done_by: column.text(({ body }) => who(body.done?.by ?? null), "Who did, login#id."),
    effective_at: column.time(({ body }) => body.effective?.at ?? null, "When it was called effective."),
    effective_by: column.text(
      ({ body }) => who(body.effective?.by ?? null),
      "Who did: never an owner of it.",
    ),
    effective_because: column.text(({ body }) => body.effective?.text ?? null, "What they saw."),
    response_written_by: column.list(
      ({ body }) => people(body.response?.writers ?? []),
      "Who had written the response when it was approved, login#id.",
    ),
    response_approved_by: column.text(
      ({ body }) => who(body.response?.by ?? null),
      "Who approved the response as it stands: never one of those who wrote it. Empty: nobody.",
    ),
    response_approved_at: column.time(({ body }) => body.response?.at ?? null, "When."),
    response_approved_because: column.text(({ body }) => body.response?.text ?? null, "In which words."),
    clean_months: column.integer(
      (row) => row.cleanMonths,
      "Months in a row with a clean monthly review of its controls since it was done; an operating failure needs months_needed.",
      "beyond",
    ),
    months_needed: column.integer(
      (row) => (row.deviation.type === "operating" ? MONTHS_OF_OPERATION : 0),
      "0 for a design failure.",
    ),
    checklist: column.list(
      (row) =>
        groupsText(
          closingChecklist(row.body, row.deviation, row.cleanMonths).map(({ name, ticked }) => [
            name,
            ticked ? "yes" : "no",
          ]),
        ),
      "The closing checklist: box;yes or no.",
      "beyond",
    ),
    applied_elsewhere: column.text(
      ({ body }) => body.elsewhere?.text ?? null,
      "Where else it was looked for.",
    ),
    customers_concerned: column.text(
      ({ body }) => body.customers?.text ?? null,
      "Which customers and contracts it concerns, in the organisation's words.",
    ),
    auditor_expectations: column.list(
      ({ body }) => notesText(body.expectations),
      "time;who;what the auditor expects, as a person noted it.",
    ),
    ...logColumns<RemediationRow>((row) => row.entry),
  },
  async *rows(source) {
    const months = await monthsIn(source);
    for await (const { stated, deviation } of answered(source)) {
      const { done } = stated.body;
      const cleanMonths = done === null ? 0 : cleanMonthsSince(months, deviation.controls, done.at);
      yield { ...stated, deviation, cleanMonths };
    }
  },
});

type Step = Stated<"deviation" | "remediation">;

interface HistoryRow extends Step {
  readonly deviation: string;
}

/** Lists every step of every deviation and remediation, as the log holds it. */
export const REMEDIATION_HISTORY = table<HistoryRow>({
  path: "remediation-history.csv",
  description:
    "Every step of the deviations in deviations.csv and of what answers them, whenever it was taken until this was generated, and what was done in the period about older ones; in the order they were recorded: nothing was changed, every step is a line of the log.",
  sortedBy: ["log_seq"],
  columns: {
    log_seq: column.integer((row) => row.entry.seq, "Number of the log entry."),
    deviation_id: column.text((row) => row.deviation, "The deviation."),
    of: column.text((row) => row.entry.kind, "deviation or remediation: whose state this is."),
    step: column.text(
      ({ body }) => body.moved.command,
      "What was done: the command, or open, list, start, miss, close and the like by the App.",
    ),
    at: column.time(({ body }) => body.moved.at, "When."),
    by: column.text(({ body }) => who(body.moved.by), "Who, login#id; empty: the App itself."),
    role: column.text(({ body }) => body.moved.role, "In which part: owner, causer, other, auditor or app."),
    via: column.text(
      ({ body }) => body.moved.via,
      "By a comment on GitHub, on a page (by whoever signed in there), at a terminal (the login is that person's word), or app.",
    ),
    text: column.text(({ body }) => body.moved.text, "In which words."),
    status: column.text(({ body }) => body.status, "The state it led to."),
    due: column.day(({ body }) => ("due" in body ? body.due : null), "The target date then."),
    recorded_at: column.time((row) => row.entry.recordedAt, "When it was recorded."),
    log_hash: column.digest((row) => row.entry.hash, "Hash of that entry."),
  },
  async *rows(source) {
    for await (const step of stepsOf(source)) yield { ...step, deviation: step.entry.subject };
  },
});

/** Comes before every number. */
const HELD = "!";

/** Yields every step of the deviations that the package holds, and those of the period about others, by number. Sorts on disk. */
export async function* stepsOf(source: EvidenceSource): AsyncIterable<Step> {
  const { period } = source;
  const chosen = async function* (): AsyncIterable<string> {
    let held: string | null = null;
    for await (const line of source.sorted(stepLines(source))) {
      const [subject = "", seq = "", text = ""] = line.split("\t");
      if (seq === HELD) held = subject;
      else if (held === subject || isInPeriod(period, (JSON.parse(text) as Step["entry"]).at))
        yield pairLine(seq, text);
    }
  };
  for await (const line of source.sorted(chosen())) {
    const entry = JSON.parse(line.slice(line.indexOf("\t") + 1)) as Step["entry"];
    yield { entry, body: entry.body };
  }
}

/** A line for each deviation that the package holds, and one for each step of any. */
async function* stepLines(source: EvidenceSource): AsyncIterable<string> {
  const { organizationId } = source;
  for await (const { entry } of deviationsOf(source)) yield pairLine(entry.subject, HELD);
  const ever = { from: Number.MIN_SAFE_INTEGER, to: Number.MAX_SAFE_INTEGER };
  const kinds = ["deviation", "remediation"] as const;
  for await (const entry of source.log({ organizationId, ...ever, kinds }))
    yield pairLine(entry.subject, String(entry.seq).padStart(16, "0"), JSON.stringify(entry));
}

/** Yields the remediations of the deviations that the package holds: a merge of two streams sorted by the deviation's id. */
export async function* remediationsOf(source: EvidenceSource): AsyncIterable<Stated<"remediation">> {
  for await (const { stated } of answered(source)) yield stated;
}

async function* answered(
  source: EvidenceSource,
): AsyncIterable<{ readonly stated: Stated<"remediation">; readonly deviation: DeviationRecord }> {
  for await (const { stated, other } of withState(source, deviationsOf(source), "remediation"))
    if (other !== null) yield { stated: other, deviation: stated.body };
}

/** The monthly reviews signed off until the package was made, with their months as they are known now: a few for each month. */
async function monthsIn(source: EvidenceSource): Promise<readonly ReviewedMonth[]> {
  const reviews: MonthlyReviewRecord[] = [];
  for await (const { body } of statesOf(source, "monthly-review", "ever")) reviews.push(body);
  const { organizationId, observedTime, generatedAt: at } = source;
  const counts = await countMonths(source, organizationId, monthsOf(reviews), { observedTime, at });
  return reviewedMonths(reviews, (month, control) => figuresNow(counts, month, control));
}

function notesText(all: readonly DeviationNote[]): string {
  return groupsText(all.map(({ at, by, text }) => [timeText(at), personText(by), text]));
}

function who(person: Person | null): string | null {
  return person === null ? null : personText(person);
}

function people(all: readonly Person[]): string {
  return listText(all.map(personText));
}
