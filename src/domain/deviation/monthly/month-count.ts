/** Months counted from what is known now, by when things happened, whatever was known when they were asked for. */

import type { Bodies, EntryKind, LoggedEntry } from "../../records/entry.ts";
import { unobservedIn, type ObservedTime } from "../../monitoring/observed-time.ts";
import type { ControlName } from "../../values/result.ts";
import type { MonthlyFigures, MonthlyReviewRecord } from "../../records/monitoring.ts";
import type { Instant } from "../../time/instant.ts";
import { MonthlyTally, monthOf, seenMonth, monthSpan, type SeenMonth } from "../../monitoring/monthly.ts";
import { waitsOf, type Waits } from "./waiting-times.ts";

/** Describes the reader of the newest states. */
export interface States {
  states<K extends EntryKind>(
    kind: K,
    filter: {
      readonly organizationId: number;
      readonly from?: Instant;
      readonly to?: Instant;
      readonly order: "subject" | "at";
    },
  ): AsyncIterable<LoggedEntry<K>>;
}

const ALL_SEEN: SeenMonth = { seen: [], unseen: [] };

/** Describes one month, counted. */
export interface CountedMonth {
  readonly tally: MonthlyTally;
  readonly waits: readonly Waits[];
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

/** Counts some months of an organisation; `observation`: omitted where it does not matter what was observed. */
export async function countMonths(
  source: States,
  organizationId: number,
  months: readonly string[],
  observation?: { readonly observedTime: ObservedTime; readonly at: Instant },
): Promise<ReadonlyMap<string, CountedMonth>> {
  const wanted = [...new Set(months)].toSorted();
  const [first, last] = [wanted[0], wanted.at(-1)];
  if (first === undefined || last === undefined) return new Map();
  const counts = new Map(
    wanted.map((month) => {
      const isObserved =
        observation === undefined ||
        unobservedIn(observation.observedTime, monthSpan(month), observation.at).length === 0;
      const seen =
        observation === undefined ? ALL_SEEN : seenMonth(observation.observedTime, month, observation.at);
      return [month, { tally: new MonthlyTally(), waits: [] as Waits[], isObserved, seen }] as const;
    }),
  );
  const span = { from: monthSpan(first).from, to: monthSpan(last).to };
  for await (const { body, at } of source.states("change", { organizationId, ...span, order: "at" })) {
    const month = counts.get(monthOf(at));
    month?.tally.subject(body.assessment);
    if (body.assessment.verdict !== "historic") month?.waits.push(waitsOf(body));
  }
  for await (const { body, at } of source.states("deployment", { organizationId, ...span, order: "at" }))
    counts.get(monthOf(at))?.tally.subject(body.assessment);
  for await (const { body } of source.states("deviation", { organizationId, order: "subject" }))
    for (const [month, { tally }] of counts) tally.deviation(body, monthSpan(month));
  return counts;
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
