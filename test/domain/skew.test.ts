import * as fc from "fast-check";
import { expect, test } from "vitest";
import { skewOf } from "../../src/domain/time/skew.ts";
import { rounds } from "../support/effort.ts";

const SECOND = 1_000;
const NOON = Date.parse("2026-07-06T12:00:00Z");

/** An answer that GitHub gave `waited` before it arrived, and which was awaited for `ms`. */
const answer = fc.record({
  sentAt: fc.integer({ min: NOON, max: NOON + 100 * SECOND }),
  ms: fc.integer({ min: 0, max: 200 * SECOND }),
  part: fc.double({ min: 0, max: 1, noNaN: true }),
});

function skewBy(
  ahead: number,
  { sentAt, ms, part }: { sentAt: number; ms: number; part: number },
): number | null {
  const givenAt = sentAt + Math.round(ms * part) + ahead;
  return skewOf({ date: Math.floor(givenAt / SECOND) * SECOND, receivedAt: sentAt + ms, ms });
}

test("clocks that agree never differ, however long GitHub's answer took and whenever it was given", () => {
  fc.assert(
    fc.property(answer, (given) => {
      expect([0, null]).toContain(skewBy(0, given));
    }),
    { numRuns: rounds(1_000, 10_000) },
  );
});

test("an answer that comes soon shows how far the clocks differ, by no more than it took", () => {
  const ahead = fc.integer({ min: -300 * SECOND, max: 300 * SECOND });
  fc.assert(
    fc.property(answer, ahead, (given, by) => {
      const soon = { ...given, ms: given.ms % (5 * SECOND) };
      const skew = skewBy(by, soon) ?? Number.NaN;
      expect(Math.abs(skew - by)).toBeLessThanOrEqual(soon.ms + SECOND);
    }),
    { numRuns: rounds(1_000, 10_000) },
  );
});
