/** Months as they are written (YYYY-MM, UTC), and what they span. */

import type { Instant } from "./instant.ts";
import type { Span } from "./span.ts";

/** Returns the month (YYYY-MM, UTC) of a moment. */
export function monthOf(at: Instant): string {
  return new Date(at).toISOString().slice(0, 7);
}

/** Returns a month's span, UTC, half-open. */
export function monthSpan(month: string): Span {
  const [year = Number.NaN, number = Number.NaN] = month.split("-").map(Number);
  return { from: Date.UTC(year, number - 1, 1), to: Date.UTC(year, number, 1) };
}

/** Returns the month before a month. */
export function monthBefore(month: string): string {
  return monthOf(monthSpan(month).from - 1);
}

/** Returns the month after one. */
export function monthAfter(month: string): string {
  return monthOf(monthSpan(month).to);
}

/** Returns the first whole month from a moment on. */
export function monthFrom(since: Instant): string {
  const month = monthOf(since);
  return monthSpan(month).from === since ? month : monthAfter(month);
}

/** Returns the months that a span touches, in order. */
export function monthsIn({ from, to }: Span): readonly string[] {
  const months: string[] = [];
  for (let at = from; at < to; at = monthSpan(monthOf(at)).to) months.push(monthOf(at));
  return months;
}

/** Returns whether a text is a month. */
export function isMonth(text: string): boolean {
  return /^\d{4}-(?:0[1-9]|1[0-2])$/u.test(text);
}
