/** What is due when, found by the library at once or by going through all there is. */

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { appointments, firstAndLast, lastAppointment, type Recurring } from "../src/timetable.ts";
import { rounds } from "./support/effort.ts";

const HOUR = 3_600_000;
const YEAR_2026 = Date.UTC(2026, 0, 1);
const moment = fc.integer({ min: YEAR_2026, max: YEAR_2026 + 365 * 24 * HOUR });
/** Moments at which something is due, as well as any. */
const start = fc.oneof(
  moment,
  moment.map((at) => appointments(at, at + 2 * HOUR)[0]?.at ?? at),
);

describe("the timetable", () => {
  test("has an hour of everything at the turn of a month", () => {
    const from = Date.UTC(2026, 6, 1, 3);
    expect(
      appointments(from, from + 3 * HOUR).map(
        ({ kind, at }) => `${new Date(at).toISOString().slice(11, 16)} ${kind}`,
      ),
    ).toEqual([
      "03:17 census",
      "03:51 redeliver",
      "03:53 count-hour",
      "04:37 count-ended",
      "04:51 redeliver",
      "04:53 count-hour",
      "05:05 monthly",
      "05:51 redeliver",
      "05:53 count-hour",
    ]);
  });

  test("is gone through in a jump by the first and the last of each kind, the last heads, and every week and month", () => {
    fc.assert(
      fc.property(start, fc.integer({ min: 0, max: 40 * 24 * HOUR }), (from, long) => {
        const all = appointments(from, from + long);
        const jump = firstAndLast(from, from + long);
        for (const { kind } of all) {
          const due = all.filter((each) => each.kind === kind);
          const kept =
            kind === "monthly" || kind === "weekly"
              ? due
              : due.filter((_, index) => (index === 0 && kind !== "heads") || index === due.length - 1);
          expect(jump.filter((each) => each.kind === kind)).toEqual(kept);
        }
        expect(all).toEqual(expect.arrayContaining([...jump]));
        expect(jump).toEqual(jump.toSorted((a, b) => a.at - b.at));
      }),
      { numRuns: rounds(3, 8) },
    );
  });

  test.each<[Recurring, number]>([
    ["redeliver", HOUR],
    ["count-hour", HOUR],
    ["census", 24 * HOUR],
    ["count-ended", 24 * HOUR],
    ["monthly", 31 * 24 * HOUR],
    ["weekly", 7 * 24 * HOUR],
    ["heads", 24 * HOUR],
  ])("knows when %s was last due, up to that very moment", (kind, apart) => {
    fc.assert(
      fc.property(start, (at) => {
        expect(lastAppointment(kind, at)).toEqual(
          appointments(at - apart, at).findLast((each) => each.kind === kind),
        );
      }),
      { numRuns: rounds(3, 8) },
    );
  });
});
