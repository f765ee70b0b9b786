/** The rows of remediation.csv and remediation-history.csv: what answers each deviation, and every step with its time and actor. */

import { cleanMonthsSince, reviewedMonths, type ReviewedMonth } from "../deviation/operating.ts";
import { countMonths, figuresNow, monthsOf } from "../deviation/month-count.ts";
import { closingChecklist, MONTHS_OF_OPERATION, priorityOf } from "../deviation/remediation.ts";
import type { DeviationRecord, MonthlyReviewRecord, Person, Said } from "../record.ts";
import { deviationsOf } from "./deviation-rows.ts";
import { statesOf, type EvidenceSource, type Stated } from "./population.ts";
import { column, groupsText, listText, personText, table, timeText, logColumns } from "./table.ts";

interface RemediationRow extends Stated<"remediation"> {
  readonly deviation: DeviationRecord;
  readonly cleanMonths: number;
}

/** What answers the deviations of deviations.csv. */
export const REMEDIATION = table<RemediationRow>({
  path: "remediation.csv",
  description:
    "What answers each deviation in deviations.csv of which something was said: the plan, and how it stands.",
  columns: [
    column("deviation_id", "text", "The deviation it answers.", ({ body }) => body.deviation),
    column("finding", "text", "What is answered.", ({ body }) => body.finding),
    column("type", "text", "design or operating, as in deviations.csv.", (row) => row.deviation.type),
    column("severity", "text", "As in deviations.csv.", (row) => row.deviation.severity),
    column("status", "text", "planned, active, blocked, done or effective.", ({ body }) => body.status),
    column(
      "root_cause_category",
      "text",
      "process, resource, awareness, tooling or ownership; empty: not said.",
      ({ body }) => body.rootCause?.category ?? null,
    ),
    column("root_cause", "text", "In words.", ({ body }) => body.rootCause?.text ?? null),
    column("whys", "list", "The answers to “why?”: time;who;answer.", ({ body }) => sayings(body.whys)),
    column("action", "text", "What is done.", ({ body }) => body.action),
    column(
      "preventive_measure",
      "text",
      "What keeps it from happening again.",
      ({ body }) => body.measure?.text ?? null,
    ),
    column(
      "measure_suggested",
      "yes-no",
      "yes: it follows from the category; nobody has written another.",
      ({ body }) => body.measure?.suggested ?? null,
    ),
    column("owner", "text", "Who is responsible, login#id.", ({ body }) => who(body.owner)),
    column("accountable", "list", "Who is accountable.", ({ body }) => people(body.raci.accountable)),
    column("consulted", "list", "Who is consulted.", ({ body }) => people(body.raci.consulted)),
    column("informed", "list", "Who is informed.", ({ body }) => people(body.raci.informed)),
    column("due", "text", "The target date, YYYY-MM-DD.", ({ body }) => body.due),
    column("targets", "list", "Every target date there was: date;set at;by.", ({ body }) =>
      groupsText(body.targets.map(({ due, at, by }) => [due, timeText(at), personText(by)])),
    ),
    column(
      "customer_impact",
      "integer",
      "1 to 5; empty: nobody has said.",
      ({ body }) => body.priority?.impact ?? null,
    ),
    column("effort", "integer", "1 to 5.", ({ body }) => body.priority?.effort ?? null),
    column(
      "risk",
      "integer",
      "1 to 5; 5 comes before everything.",
      ({ body }) => body.priority?.risk ?? null,
    ),
    column(
      "priority",
      "integer",
      "Impact times risk times (6 less effort); 125 where the risk is 5. Most first.",
      ({ body }) => priorityOf(body.priority),
    ),
    column("method", "text", "How it is verified.", ({ body }) => body.method),
    column("evidence", "list", "time;who;evidence.", ({ body }) => sayings(body.evidence)),
    column("blockers", "list", "from;until;who;what held it up. until empty: it still does.", ({ body }) =>
      groupsText(
        body.blockers.map(({ at, until, by, text }) => [
          timeText(at),
          until === null ? "" : timeText(until),
          personText(by),
          text,
        ]),
      ),
    ),
    column(
      "reviews_held",
      "integer",
      "Reviews of the remediation that were held.",
      ({ body }) => body.reviews.filter(({ at }) => at !== null).length,
    ),
    column("reviews_missed", "list", "The days of those that were missed.", ({ body }) =>
      listText(body.reviews.filter(({ at }) => at === null).map(({ due }) => due)),
    ),
    column("done_at", "time", "When its owner called it done.", ({ body }) => body.done?.at ?? null),
    column("done_by", "text", "Who did, login#id.", ({ body }) => who(body.done?.by ?? null)),
    column("effective_at", "time", "When it was called effective.", ({ body }) => body.effective?.at ?? null),
    column("effective_by", "text", "Who did: never an owner of it.", ({ body }) =>
      who(body.effective?.by ?? null),
    ),
    column("effective_because", "text", "What they saw.", ({ body }) => body.effective?.text ?? null),
    column(
      "clean_months",
      "integer",
      "Months in a row with a clean monthly review of its controls since it was done; an operating failure needs months_needed.",
      (row) => row.cleanMonths,
      "beyond",
    ),
    column("months_needed", "integer", "0 for a design failure.", (row) =>
      row.deviation.type === "operating" ? MONTHS_OF_OPERATION : 0,
    ),
    column(
      "checklist",
      "list",
      "The closing checklist: box;yes or no.",
      (row) =>
        groupsText(
          closingChecklist(row.body, row.deviation, row.cleanMonths).map(({ name, ticked }) => [
            name,
            ticked ? "yes" : "no",
          ]),
        ),
      "beyond",
    ),
    column(
      "applied_elsewhere",
      "text",
      "Where else it was looked for.",
      ({ body }) => body.elsewhere?.text ?? null,
    ),
    column(
      "customers_concerned",
      "text",
      "Which customers and contracts it concerns, in the organisation's words.",
      ({ body }) => body.customers?.text ?? null,
    ),
    column(
      "auditor_expectations",
      "list",
      "time;who;what the auditor expects, as somebody noted it.",
      ({ body }) => sayings(body.expectations),
    ),
    ...logColumns<RemediationRow>((row) => row.entry),
  ],
  async *rows(source) {
    const months = await monthsIn(source);
    for await (const { stated, deviation } of answered(source)) {
      const { done } = stated.body;
      const cleanMonths = done === null ? 0 : cleanMonthsSince(months, deviation.controls, done.at);
      yield { ...stated, deviation, cleanMonths };
    }
  },
});

interface HistoryRow extends Stated<"deviation" | "remediation"> {
  readonly deviation: string;
}

/** Every step of every deviation and remediation, as the log holds it. */
export const REMEDIATION_HISTORY = table<HistoryRow>({
  path: "remediation-history.csv",
  description:
    "Every step of remediations taken in the period, and of deviations that happened in it, in the order they were recorded: nothing was changed, every step is a line of the log.",
  sortedBy: ["log_seq"],
  columns: [
    column("log_seq", "integer", "Number of the log entry.", (row) => row.entry.seq),
    column("deviation_id", "text", "The deviation.", (row) => row.deviation),
    column("of", "text", "deviation or remediation: whose state this is.", (row) => row.entry.kind),
    column(
      "step",
      "text",
      "What was done: the command, or open, list, start, miss, close and the like by the App.",
      ({ body }) => body.moved.command,
    ),
    column("at", "time", "When.", ({ body }) => body.moved.at),
    column("by", "text", "Who, login#id; empty: the App itself.", ({ body }) => who(body.moved.by)),
    column(
      "role",
      "text",
      "In which part: owner, causer, other, auditor or app.",
      ({ body }) => body.moved.role,
    ),
    column(
      "via",
      "text",
      "By a comment on GitHub, at a terminal (the login is that person's word), or app.",
      ({ body }) => body.moved.via,
    ),
    column("text", "text", "In which words.", ({ body }) => body.moved.text),
    column("status", "text", "The state it led to.", ({ body }) => body.status),
    column("due", "text", "The target date then.", ({ body }) => ("due" in body ? body.due : null)),
    column("recorded_at", "time", "When it was recorded.", (row) => row.entry.recordedAt),
    column("log_hash", "digest", "Hash of that entry.", (row) => row.entry.hash),
  ],
  async *rows(source) {
    const { organizationId, period } = source;
    for await (const entry of source.log({ organizationId, from: period.from, to: period.to }))
      if (entry.kind === "deviation" || entry.kind === "remediation")
        yield {
          entry,
          deviation: entry.subject,
          body: entry.body,
        };
  },
});

/** The remediations of the deviations that the package holds: a merge of two streams sorted by the deviation's id. */
export async function* remediationsOf(source: EvidenceSource): AsyncIterable<Stated<"remediation">> {
  for await (const { stated } of answered(source)) yield stated;
}

async function* answered(
  source: EvidenceSource,
): AsyncIterable<{ readonly stated: Stated<"remediation">; readonly deviation: DeviationRecord }> {
  const remediations = statesOf(source, "remediation", "ever")[Symbol.asyncIterator]();
  let next = await remediations.next();
  try {
    for await (const { body: deviation } of deviationsOf(source)) {
      while (next.done !== true && next.value.entry.subject < deviation.id) next = await remediations.next();
      if (next.done === true) return;
      if (next.value.entry.subject === deviation.id) yield { stated: next.value, deviation };
    }
  } finally {
    await remediations.return?.();
  }
}

/** The monthly reviews signed off until the package was made, with their months as they are known now: a few for each month. */
async function monthsIn(source: EvidenceSource): Promise<readonly ReviewedMonth[]> {
  const reviews: MonthlyReviewRecord[] = [];
  for await (const { body } of statesOf(source, "monthly-review", "ever")) reviews.push(body);
  const { organizationId, sight, generatedAt: at } = source;
  const counts = await countMonths(source, organizationId, monthsOf(reviews), { sight, at });
  return reviewedMonths(reviews, (month, control) => figuresNow(counts, month, control));
}

function sayings(all: readonly Said[]): string {
  return groupsText(all.map(({ at, by, text }) => [timeText(at), personText(by), text]));
}

function who(person: Person | null): string | null {
  return person === null ? null : personText(person);
}

function people(all: readonly Person[]): string {
  return listText(all.map(personText));
}
