/** Two programs that share nothing agree on when a term is over, whatever the zone and its changes of clock. */

import * as fc from "fast-check";
import { expect, test } from "vitest";

import { dueAfter, WEEKDAYS } from "../../src/domain/time/calendar.ts";
import { rounds } from "../support/effort.ts";
import { over } from "./terms.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Kolkata",
  "Australia/Lord_Howe",
  "Pacific/Auckland",
  "Pacific/Apia",
] as const;

const Calendars = fc.record({
  timezone: fc.constantFrom(...ZONES),
  weekend: fc.subarray([...WEEKDAYS], { maxLength: 3 }),
  holidays: fc.subarray(["2026-03-30", "2026-04-03", "2026-10-26", "2026-12-25"]),
});

const Terms = fc.record({
  unit: fc.constantFrom("minutes", "hours", "days", "weeks", "business-days"),
  count: fc.integer({ min: 1, max: 12 }),
});

const Moments = fc.integer({
  min: Date.parse("2026-01-01T00:00:00Z"),
  max: Date.parse("2027-01-01T00:00:00Z"),
});

test("a term is over at the same moment", () => {
  fc.assert(
    fc.property(Moments, Terms, Calendars, (from, term, calendar) => {
      expect(over(from, term, calendar)).toBe(dueAfter(from, term, calendar));
    }),
    { numRuns: rounds(2_000, 20_000) },
  );
});

test.each([
  // The clocks go forward in the night before it is over, and back.
  ["2026-03-27T02:30:00Z", "2026-03-30T01:30:00Z"],
  ["2026-10-23T00:30:00Z", "2026-10-26T01:30:00Z"],
])("one business day from %s is over at %s in Berlin", (from, to) => {
  const calendar = { timezone: "Europe/Berlin", weekend: ["sat", "sun"], holidays: [] };
  expect(new Date(over(Date.parse(from), { unit: "business-days", count: 1 }, calendar)).toISOString()).toBe(
    to.replace("Z", ".000Z"),
  );
});
