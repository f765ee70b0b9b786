/** Months counted from what is known now, by when things happened, whatever was known when they were asked for. */

import type { Bodies } from "../../records/entry.ts";
import { judgedIn, type States } from "../../monitoring/judged.ts";
import { unobservedIn, type ObservedTime } from "../../monitoring/observed-time.ts";
import type { ControlName } from "../../values/result.ts";
import type { MonthlyFigures, MonthlyReviewRecord } from "../../records/monitoring.ts";
import type { Instant } from "../../time/instant.ts";
import { MonthlyTally, seenMonth, type SeenMonth } from "../../monitoring/monthly.ts";
import { waitsOf, type Waits } from "./waiting-times.ts";
import { monthSpan } from "../../time/month.ts";

const ALL_SEEN: SeenMonth = { seen: [], unseen: [] };

/** Describes one month, counted. */
export interface CountedMonth {
  readonly tally: MonthlyTally;
  /** Whether all of it since observation began was observed, or read afterwards. */
  readonly isObserved: boolean;
  /** The observed part of it, and the rest of what is over of it. */
  readonly seen: SeenMonth;
}

/** Holds the monthly reviews of an organisation, with what their months are known to be now. */
export interface KnownReviews {
  readonly reviews: readonly MonthlyReviewRecord[];
  readonly figures: (month: string, control: ControlName) => MonthlyFigures | undefined;
  /** Which part of a month was observed. */
  readonly seen: (month: string) => SeenMonth;
}

/**
 * Counts some months of an organisation. `observation`: omitted where it does not matter what was observed; `judged`: counts
 * what happened, if not by reading every entry.
 */
export async function countMonths(
  source: States,
  organizationId: number,
  months: readonly string[],
  observation?: { readonly observedTime: ObservedTime; readonly at: Instant },
  judged = judgedIn(source, organizationId),
): Promise<ReadonlyMap<string, CountedMonth>> {
  const counts = new Map(
    [...new Set(months)].toSorted().map((month) => {
      const isObserved =
        observation === undefined ||
        unobservedIn(observation.observedTime, monthSpan(month), observation.at).length === 0;
      const seen =
        observation === undefined ? ALL_SEEN : seenMonth(observation.observedTime, month, observation.at);
      return [month, { tally: new MonthlyTally(), isObserved, seen }] as const;
    }),
  );
  const spans = [...counts].map(([month, { tally }]) => ({ tally, of: monthSpan(month) }));
  const [first, last] = [spans.at(0), spans.at(-1)];
  if (first === undefined || last === undefined) return counts;
  const span = { from: first.of.from, to: last.of.to };
  for (const kind of ["change", "deployment"] as const)
    for (const each of await judged.counts(kind, span)) counts.get(each.month)?.tally.judged(each);
  for await (const { body } of source.states("deviation", { organizationId, order: "subject" }))
    for (const { tally, of } of spans) tally.deviation(body, of);
  return counts;
}

/** Returns how long what a month's changes waited for took, one by one. */
export async function waitsIn(
  source: States,
  organizationId: number,
  month: string,
): Promise<readonly Waits[]> {
  const waits: Waits[] = [];
  const span = monthSpan(month);
  for await (const { body } of source.states("change", { organizationId, ...span, order: "at" }))
    if (body.assessment.verdict !== "historic") waits.push(waitsOf(body));
  return waits;
}

/** Returns the figures of a month as known now: clean only if all of it was observed. */
export function figuresNow(
  counts: ReadonlyMap<string, CountedMonth>,
  month: string,
  control: ControlName,
): MonthlyFigures | undefined {
  const counted = counts.get(month);
  if (counted === undefined) return undefined;
  const figures = counted.tally.figures(control);
  return { ...figures, clean: figures.clean && counted.isObserved };
}

/** Returns the months that some reviews are about. */
export function monthsOf(reviews: readonly Pick<Bodies["monthly-review"], "month">[]): readonly string[] {
  return [...new Set(reviews.map(({ month }) => month))];
}
