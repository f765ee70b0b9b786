import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_CALENDAR,
  dateOf,
  dueAfter,
  isNoLonger,
  isTimezone,
  parseTerm,
  startOfDay,
  termText,
  type Calendar,
  type Term,
} from "../../src/domain/time/calendar.ts";

const BERLIN: Calendar = {
  timezone: "Europe/Berlin",
  weekend: ["sat", "sun"],
  holidays: ["2026-12-25", "2026-12-26"],
};
const at = (text: string): number => Date.parse(text);
const term = (text: string): Term => parseTerm(text) ?? expect.unreachable(text);
const due = (from: string, text: string, calendar = BERLIN): string =>
  new Date(dueAfter(at(from), term(text), calendar)).toISOString().replace(":00.000Z", "Z");

describe("a term", () => {
  test.each(["30 minutes", "1 hour", "3 days", "1 week", "2 business days"])(
    "%s reads as it is written",
    (text) => {
      expect(termText(term(text))).toBe(text);
    },
  );
  test.each([
    "",
    "4",
    "hours",
    "0 hours",
    "-1 days",
    "4h",
    "2  days",
    "1.5 hours",
    "99999 days",
    "2 Business Days",
  ])("%j is none", (text) => {
    expect(parseTerm(text)).toBeNull();
  });
});

describe("business days", () => {
  test.each([
    ["on a Monday", "2026-07-06T09:00Z", "2 business days", "2026-07-08T09:00Z"],
    ["over a weekend", "2026-07-10T09:00Z", "2 business days", "2026-07-14T09:00Z"],
    [
      "begun on a Saturday, from 00:00 of Monday in Berlin",
      "2026-07-11T09:00Z",
      "2 business days",
      "2026-07-14T22:00Z",
    ],
    [
      "begun on Friday late in UTC, Saturday in Berlin",
      "2026-07-10T22:30Z",
      "1 business day",
      "2026-07-13T22:00Z",
    ],
    [
      "over Christmas on a Friday and its weekend",
      "2026-12-24T10:00Z",
      "1 business day",
      "2026-12-28T10:00Z",
    ],
    ["begun on a holiday", "2026-12-25T10:00Z", "1 business day", "2026-12-28T23:00Z"],
    [
      "over the clocks going forward: the same local time",
      "2026-03-27T09:00Z",
      "1 business day",
      "2026-03-30T08:00Z",
    ],
    [
      "over the clocks going back: the same local time",
      "2026-10-23T08:00Z",
      "1 business day",
      "2026-10-26T09:00Z",
    ],
    ["at the hour the clocks skip", "2027-03-26T01:30Z", "1 business day", "2027-03-29T00:30Z"],
    ["hours run through a change of clock", "2026-03-28T23:00Z", "4 hours", "2026-03-29T03:00Z"],
  ])("%s: %s and %s is %s", (_, from, text, expected) => {
    expect(due(from, text)).toBe(expected);
  });
  test("never end on a day off, nor before they began", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 42 }), fc.integer({ min: 1, max: 30 }), (from, count) => {
        const end = dueAfter(from, { unit: "business-days", count }, BERLIN);
        expect(end).toBeGreaterThan(from);
        const day = dateOf(end, BERLIN.timezone);
        expect(BERLIN.holidays).not.toContain(day);
        expect([0, 6]).not.toContain(new Date(`${day}T12:00Z`).getUTCDay());
      }),
    );
  });
  test("a calendar of nothing but holidays still ends", () => {
    const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
    expect(dueAfter(0, term("1 business day"), { ...DEFAULT_CALENDAR, weekend: week })).toBeGreaterThan(0);
  });
});

test("a term that is no longer than another never ends after it", () => {
  const terms = fc.record<Term>({
    unit: fc.constantFrom("minutes", "hours", "days", "weeks", "business-days"),
    count: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(terms, terms, fc.integer({ min: 0, max: 2 ** 42 }), (one, other, from) => {
      fc.pre(isNoLonger(one, other));
      expect(dueAfter(from, one, BERLIN)).toBeLessThanOrEqual(dueAfter(from, other, BERLIN));
    }),
  );
});

test("a day begins at its own midnight, and a moment is on its local day", () => {
  expect(new Date(startOfDay("2026-07-01", "Europe/Berlin")).toISOString()).toBe("2026-06-30T22:00:00.000Z");
  expect(dateOf(at("2026-06-30T22:30Z"), "Europe/Berlin")).toBe("2026-07-01");
});

test("time zones are known by their names", () => {
  expect(["UTC", "Europe/Berlin", "America/New_York"].map(isTimezone)).toEqual([true, true, true]);
  expect(["", "Berlin", "Europe/Nowhere", "+02:00"].map(isTimezone)).toEqual([false, false, false, false]);
});
