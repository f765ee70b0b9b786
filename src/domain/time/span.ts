/** Spans of time: UTC, `from` included, `to` excluded. */

import type { Instant } from "./instant.ts";
import { DAY } from "./durations.ts";

/** Describes a span of time, half-open. */
export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Returns the parts of a span that no other span covers. */
export function uncovered(spans: readonly Span[], whole: Span): readonly Span[] {
  const open: Span[] = [];
  let reached = whole.from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (span.from >= whole.to) break;
    if (span.from > reached) open.push({ from: reached, to: span.from });
    reached = Math.max(reached, span.to);
  }
  if (reached < whole.to) open.push({ from: reached, to: whole.to });
  return open;
}

/** Returns an instant's day, YYYY-MM-DD, UTC. */
export function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** Returns the last day before an end that is not included, YYYY-MM-DD, UTC. */
export function lastDay(to: Instant): string {
  return day(to - 1);
}

/** Returns a span in words: by days where it begins or ends with one, else to the second. */
export function spanText({ from, to }: Span): string {
  const text = (at: Instant): string =>
    at % DAY === 0 ? day(at) : new Date(at).toISOString().replace(/\.\d{3}Z$/u, "Z");
  if (to % DAY !== 0) return `${text(from)} to ${text(to)}`;
  const last = lastDay(to);
  return text(from) === last ? last : `${text(from)} to the end of ${last}`;
}

/** Returns how many whole days the spans hold together. */
export function wholeDays(spans: readonly Span[]): number {
  return Math.floor(spans.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0) / DAY);
}
