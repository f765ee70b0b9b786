/**
 * Time as people agree on it: terms such as `2 business days`, days off, and the days of a time zone. Pure: every
 * moment is an argument.
 */

import { z } from "zod";
import { Temporal } from "temporal-polyfill";
import type { Instant } from "./instant.ts";
import type { Infer } from "../values/schema.ts";
import { MINUTE } from "./durations.ts";

/** Lists the days of a week, Monday first, as policy files write them. */
export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;

const WeekdaySchema = z.enum(WEEKDAYS);

/** Describes {@link Calendar}. */
export const CalendarSchema = z.object({
  /** An IANA time zone, such as `Europe/Berlin`. */
  timezone: z.string(),
  weekend: z.array(WeekdaySchema),
  /** Days off beside the weekend, each YYYY-MM-DD. */
  holidays: z.array(z.string()),
});

/** Describes where and when people work. */
export type Calendar = Infer<typeof CalendarSchema>;

/** Applies without a policy: UTC, Saturday and Sunday off. */
export const DEFAULT_CALENDAR: Calendar = { timezone: "UTC", weekend: ["sat", "sun"], holidays: [] };

const UNITS = ["minutes", "hours", "days", "weeks", "business-days"] as const;

/** Describes {@link Term}. */
export const TermSchema = z.object({
  unit: z.enum(UNITS),
  count: z.int(),
});

/** Describes how long something may take. */
export type Term = Infer<typeof TermSchema>;

const WRITTEN = /^(\d{1,4}) (minute|hour|day|week|business day)s?$/u;
const LENGTHS = {
  minutes: MINUTE,
  hours: 60 * MINUTE,
  days: 1440 * MINUTE,
  weeks: 7 * 1440 * MINUTE,
} as const;

/** So many days off in a row are not searched through: a calendar without a working day ends somewhere. */
const LONGEST_BREAK = 400;

/** Returns a term as it is written (`30 minutes`, `4 hours`, `2 business days`), or null. */
export function parseTerm(text: string): Term | null {
  const [, count, unit] = WRITTEN.exec(text) ?? [];
  if (count === undefined || unit === undefined || Number(count) === 0) return null;
  const found = UNITS.find((each) => each === `${unit.replace(" ", "-")}s`);
  return found === undefined ? null : { unit: found, count: Number(count) };
}

/** Returns a term in words: `2 business days`. */
export function termText({ unit, count }: Term): string {
  const words = unit.replace("-", " ");
  return `${count} ${count === 1 ? words.slice(0, -1) : words}`;
}

/**
 * Returns when a term that begins at a moment is over. Business days: the same local time on the so-many-th next
 * business day; begun on a day off, it is counted from 00:00 of the next business day.
 */
export function dueAfter(from: Instant, term: Term, calendar: Calendar): Instant {
  if (term.unit !== "business-days") return from + term.count * LENGTHS[term.unit];
  const begun = zoned(from, calendar.timezone);
  const isOff = isDayOff(begun.toPlainDate(), calendar);
  const time = isOff ? Temporal.PlainTime.from("00:00") : begun.toPlainTime();
  let day = isOff ? nextBusinessDay(begun.toPlainDate(), calendar) : begun.toPlainDate();
  for (let passed = 0; passed < term.count; passed += 1) day = nextBusinessDay(day, calendar);
  return day.toZonedDateTime({ timeZone: calendar.timezone, plainTime: time }).epochMilliseconds;
}

/**
 * Returns whether one term surely ends no later than another begun at the same moment. False where it depends on the
 * days between.
 */
export function isNoLonger(term: Term, than: Term): boolean {
  if (term.unit === "business-days") {
    return than.unit === "business-days" && term.count <= than.count;
  }
  const length = term.count * LENGTHS[term.unit];
  // A night in which the clocks go forward makes a business day an hour shorter.
  const least =
    than.unit === "business-days"
      ? than.count * LENGTHS.days - LENGTHS.hours
      : than.count * LENGTHS[than.unit];
  return length <= least;
}

/** Returns when a day (YYYY-MM-DD) begins in a time zone. */
export function startOfDay(date: string, timezone: string): Instant {
  return Temporal.PlainDate.from(date).toZonedDateTime(timezone).epochMilliseconds;
}

/** Returns when a day (YYYY-MM-DD) ends in a time zone. */
export function endOfDay(date: string, timezone: string): Instant {
  return Temporal.PlainDate.from(date).add({ days: 1 }).toZonedDateTime(timezone).epochMilliseconds;
}

/** Returns the day (YYYY-MM-DD) it is in a time zone. */
export function dateOf(at: Instant, timezone: string): string {
  return zoned(at, timezone).toPlainDate().toString();
}

/** Returns whether this is the name of a time zone. */
export function isTimezone(name: string): boolean {
  try {
    zoned(0, name);
    return !/^[+-]/u.test(name);
  } catch {
    return false;
  }
}

function zoned(at: Instant, timezone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timezone);
}

function nextBusinessDay(day: Temporal.PlainDate, calendar: Calendar): Temporal.PlainDate {
  let next = day.add({ days: 1 });
  for (let tried = 0; isDayOff(next, calendar) && tried < LONGEST_BREAK; tried += 1)
    next = next.add({ days: 1 });
  return next;
}

function isDayOff(day: Temporal.PlainDate, { weekend, holidays }: Calendar): boolean {
  const name = WEEKDAYS[day.dayOfWeek - 1];
  return (name !== undefined && weekend.includes(name)) || holidays.includes(day.toString());
}
