/** Time in a remediation: the months a control must have held, and the reviews that are due while it is under way. */

import { Temporal } from "temporal-polyfill";
import type { Instant } from "../time/instant.ts";
import type { MonthlyFigures, MonthlyReviewRecord } from "../records/monitoring.ts";
import type { ControlName } from "../values/result.ts";
import { isOtherwise } from "../monitoring/monthly.ts";
import type { DeviationRecord, Severity } from "../records/deviation.ts";
import type { RemediationRecord, RemediationReview } from "../records/remediation.ts";
import { monthAfter, monthFrom } from "../time/month.ts";

/**
 * Describes the result of a monthly review of one control in one month (YYYY-MM, UTC). `clean`: the control operated
 * without a deviation, and the signer saw the month as it is known now.
 */
export interface ReviewedMonth {
  readonly control: ControlName;
  readonly month: string;
  readonly clean: boolean;
}

/**
 * Returns the results of signed-off monthly reviews, with their months as they are known now. A signature shows that someone
 * looked, not that nothing was found out later. `now`: the month's figures as counted now.
 */
export function reviewedMonths(
  reviews: readonly MonthlyReviewRecord[],
  now: (month: string, control: ControlName) => MonthlyFigures | undefined,
): readonly ReviewedMonth[] {
  return reviews.flatMap(({ control, month, signedOff }) => {
    const figures = now(month, control);
    if (signedOff === null || figures === undefined) return [];
    // Whoever signed off another month than it was did not see this one.
    const isSeen = !isOtherwise(control, signedOff.figures, figures);
    return [{ control, month, clean: isSeen && figures.clean }];
  });
}

/**
 * Counts the latest months in a row in which all these controls were reviewed and clean. Only whole months since a
 * moment count, up to the newest one that any of them was reviewed in; a month that is not clean begins the count anew.
 */
export function cleanMonthsSince(
  reviews: readonly ReviewedMonth[],
  controls: readonly ControlName[],
  since: Instant,
): number {
  const newest = reviews
    .filter(({ control }) => controls.includes(control))
    .map(({ month }) => month)
    .toSorted()
    .at(-1);
  if (newest === undefined || controls.length === 0) return 0;
  const clean = new Set(
    reviews.filter((each) => each.clean).map(({ control, month }) => `${control} ${month}`),
  );
  let count = 0;
  for (let month = monthFrom(since); month <= newest; month = monthAfter(month))
    count = controls.every((control) => clean.has(`${control} ${month}`)) ? count + 1 : 0;
  return count;
}

/** Describes the cadence of reviews: weekly, and monthly once nothing of high or critical severity is left to be done. */
export type Cadence = RemediationReview["cadence"];

/** Returns the cadence where deviations of these severities are still open or in remediation. */
export function cadenceOf(unsettled: readonly Severity[]): Cadence {
  return unsettled.some((severity) => severity === "critical" || severity === "high") ? "weekly" : "monthly";
}

/** Returns whether reviews are due: only while a started remediation is active or blocked. */
export function isReviewed(deviation: DeviationRecord, remediation: RemediationRecord): boolean {
  return (
    deviation.status === "in-remediation" &&
    (remediation.status === "active" || remediation.status === "blocked") &&
    remediation.startedAt !== null
  );
}

/**
 * Returns the day (YYYY-MM-DD, UTC) of the next review; null: the remediation has not started. It is a week or a month
 * after the last review, held or missed, or after work began (again), whichever is later.
 */
export function nextReview(remediation: RemediationRecord, cadence: Cadence): string | null {
  if (remediation.startedAt === null) return null;
  const last = remediation.reviews.at(-1);
  const begun = dayOf(remediation.startedAt);
  // Work taken up again after a while is not late for the time it rested.
  const from = last === undefined ? begun : later(last.at === null ? last.due : dayOf(last.at), begun);
  return Temporal.PlainDate.from(from)
    .add(cadence === "weekly" ? { weeks: 1 } : { months: 1 })
    .toString();
}

/** Returns every review that was due before this moment's day and was not held, oldest first. */
export function missedReviews(
  remediation: RemediationRecord,
  cadence: Cadence,
  now: Instant,
): readonly RemediationReview[] {
  const missed: RemediationReview[] = [];
  const today = dayOf(now);
  for (;;) {
    const due = nextReview({ ...remediation, reviews: [...remediation.reviews, ...missed] }, cadence);
    if (due === null || due >= today) return missed;
    missed.push({ due, cadence, at: null, by: null, note: "" });
  }
}

/** Returns the UTC day of a moment, YYYY-MM-DD. */
export function dayOf(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
