/** What the first page of a package lists one by one, and its answers in figures. */

import type { DeviationRecord, DeviationStatus, Person, Severity } from "../records/deviation.ts";
import type { CompletenessDocument } from "./completeness.ts";
import { deviationsOf } from "./rows/deviations.ts";
import { emergenciesOf, type EmergencyRow } from "./rows/emergencies.ts";
import type { SummaryDocument } from "./summary.ts";
import { withState, type EvidenceSource } from "./tables/population.ts";

/** Describes a deviation as the first page lists it. */
export interface ListedDeviation {
  readonly deviation: DeviationRecord;
  /** Of its remediation; null: nobody was named, or no day was set. */
  readonly owner: Person | null;
  readonly due: string | null;
}

/** Describes an emergency as the first page lists it, with the review it owes. */
export type ListedEmergency = EmergencyRow;

/** Holds the first items of a list; `total`: how many there are in all. */
export interface FirstOf<Item> {
  readonly items: readonly Item[];
  readonly total: number;
}

/** Describes one answer in figures: `number` of `of`. `of` 0: there were none. */
export interface AnswerInFigures {
  readonly what: string;
  readonly number: number;
  readonly of: number;
  /** The file that lists them. */
  readonly file: string;
}

/** Items that are shown of each list; all are in the tables. */
const SHOWN = 50;

const SEVERITIES: readonly Severity[] = ["critical", "high", "medium", "low", "observation"];

/** States in which nothing more is to be done. */
const SETTLED: readonly DeviationStatus[] = ["closed", "not-an-exception"];

/** Lists deviations: those that are not settled first, then by severity and time. Holds no more than it lists. */
export async function firstDeviations(source: EvidenceSource): Promise<FirstOf<ListedDeviation>> {
  const listed = new Firsts<ListedDeviation>(({ deviation: { status, severity, happenedAt, id } }) => [
    SETTLED.includes(status) ? 1 : 0,
    SEVERITIES.indexOf(severity),
    happenedAt,
    id,
  ]);
  for await (const { stated, other } of withState(source, deviationsOf(source), "remediation"))
    listed.add({
      deviation: stated.body,
      owner: other?.body.owner ?? null,
      due: other?.body.due ?? null,
    });
  return listed.listed();
}

/** Lists emergencies in the order they were opened. Holds no more than it lists. */
export async function firstEmergencies(source: EvidenceSource): Promise<FirstOf<ListedEmergency>> {
  const listed = new Firsts<ListedEmergency>(({ emergency: { body, entry } }) => [
    body.opened.at,
    entry.subject,
  ]);
  for await (const row of emergenciesOf(source)) listed.add(row);
  return listed.listed();
}

/** Returns the answers that a reader looks for first: how many of how many. */
export function answersInFigures({
  summary,
  completeness,
  months,
}: {
  readonly summary: SummaryDocument;
  readonly completeness: CompletenessDocument;
  readonly months: readonly { readonly days: number; readonly daysSeen: number }[];
}): readonly AnswerInFigures[] {
  const { changes, deployments, deviations, emergencies, monthly_reviews: reviews } = summary;
  const { branches } = completeness;
  const refused = count(changes.by_verdict, "non-compliant") + count(deployments.by_verdict, "non-compliant");
  return [
    ...verdictAnswers("Changes", changes.by_verdict, "changes.csv"),
    ...verdictAnswers("Deployments", deployments.by_verdict, "deployments.csv"),
    {
      what: "Non-compliant changes and deployments that a deviation lists",
      number: refused - changes.without_deviation - deployments.without_deviation,
      of: refused,
      file: "deviations.csv",
    },
    {
      what: "Deviations that are settled (closed, or no exception)",
      number: SETTLED.reduce((sum, status) => sum + count(deviations.by_status, status), 0),
      of: deviations.total,
      file: "deviations.csv",
    },
    {
      what: "Emergencies authorised by someone independent",
      number: count(emergencies.by_authorisation, "independent"),
      of: emergencies.total,
      file: "emergency-changes.csv",
    },
    {
      what: "Retroactive reviews that are late or overdue",
      number: emergencies.reviews_late_or_overdue,
      of: total(emergencies.reviews_by_status),
      file: "retroactive-reviews.csv",
    },
    {
      what: "Monthly reviews of a control signed off in time",
      number: count(reviews.by_status, "signed-off"),
      of: reviews.total,
      file: "monitoring.csv",
    },
    {
      what: "Production branches whose list of changes is proven complete",
      number: branches.filter(({ proven }) => proven).length,
      of: branches.length,
      file: "completeness.csv",
    },
    {
      what: "Days of the period that were observed, or read afterwards",
      number: months.reduce((sum, { daysSeen }) => sum + daysSeen, 0),
      of: months.reduce((sum, { days }) => sum + days, 0),
      file: "observed.json",
    },
  ];
}

/** Verdicts as an answer: those that every reader asks for, and the others where there are any. */
function verdictAnswers(
  what: string,
  byVerdict: Readonly<Record<string, number>>,
  file: string,
): readonly AnswerInFigures[] {
  const of = total(byVerdict) - count(byVerdict, "historic");
  return (
    [
      ["compliant", "that are compliant"],
      ["emergency", "let through under an authorised emergency"],
      ["exempted", "waived by a registered exemption"],
      ["non-compliant", "that are non-compliant"],
      ["unverifiable", "that could not be judged (unverifiable)"],
    ] as const
  ).flatMap(([verdict, words]) => {
    const number = count(byVerdict, verdict);
    const isAlwaysAsked = verdict === "compliant" || verdict === "non-compliant";
    return number > 0 || isAlwaysAsked ? [{ what: `${what} ${words}`, number, of, file }] : [];
  });
}

function count(counts: Readonly<Record<string, number>>, name: string): number {
  return counts[name] ?? 0;
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

type Place = readonly (number | string)[];

/** Keeps the first of many by their place, a few at a time. */
class Firsts<Item> {
  readonly #placeOf: (item: Item) => Place;
  #kept: Item[] = [];
  #total = 0;

  constructor(placeOf: (item: Item) => Place) {
    this.#placeOf = placeOf;
  }

  add(item: Item): void {
    this.#total += 1;
    this.#kept.push(item);
    if (this.#kept.length === 2 * SHOWN) this.#kept = this.#first();
  }

  listed(): FirstOf<Item> {
    return { items: this.#first(), total: this.#total };
  }

  #first(): Item[] {
    return this.#kept.toSorted((a, b) => compared(this.#placeOf(a), this.#placeOf(b))).slice(0, SHOWN);
  }
}

function compared(a: Place, b: Place): number {
  for (const [index, own] of a.entries()) {
    const other = b[index] ?? own;
    if (own !== other) return own < other ? -1 : 1;
  }
  return 0;
}
