import { durationText } from "../../src/domain/time/durations.ts";
import { array, assert, integer, nat, option, property } from "fast-check";
import { describe, expect, test } from "vitest";

import type { Change } from "../../src/domain/change/change.ts";
import { monthlyDue, monthlyStatus, MonthlyTally, ownerOf } from "../../src/domain/monitoring/monthly.ts";
import { LONG, quantiles, waitingTimes, waitsOf } from "../../src/domain/deviation/monthly/waiting-times.ts";
import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import type { ChangeRecord } from "../../src/domain/records/change.ts";
import type { ControlName, Outcome, Result } from "../../src/domain/values/result.ts";
import type { PullRequest } from "../../src/domain/change/pull-request.ts";
import type { MonthlyFigures, MonthlyReviewRecord } from "../../src/domain/records/monitoring.ts";
import { isMonth, monthBefore, monthOf, monthSpan } from "../../src/domain/time/month.ts";

const HOUR = 3_600_000;

const FIGURES: MonthlyFigures = {
  population: 4,
  passed: 4,
  failed: 0,
  waived: 0,
  unverifiable: 0,
  deviations: 0,
  openRemediations: 0,
  clean: true,
};

describe("the status of a monthly review", () => {
  const control = "checks-passed";
  const signedOff = (at: number): MonthlyReviewRecord["signedOff"] => ({
    by: { id: 1, login: "carol" },
    at,
    comment: "seen",
    via: "comment",
    figures: FIGURES,
    remark: null,
  });

  test.each([
    ["due until its date, inclusive", null, 100, "due"],
    ["missing after it", null, 101, "missing"],
    ["signed off when that was on its date", signedOff(100), 999, "signed-off"],
    ["late when it was signed off after it, whenever it is looked at", signedOff(101), 999, "late"],
  ] as const)("is %s", (_, signed, now, status) => {
    expect(monthlyStatus({ control, dueAt: 100, signedOff: signed }, now)).toBe(status);
  });

  test("is never late or missing before its date, and never due after it", () => {
    assert(
      property(nat(), nat(), option(nat(), { nil: null }), (dueAt, now, signed) => {
        const status = monthlyStatus(
          { control, dueAt, signedOff: signed === null ? null : signedOff(signed) },
          now,
        );
        expect(status === "due").toBe(signed === null && now <= dueAt);
        expect(status === "late").toBe(signed !== null && signed > dueAt);
      }),
    );
  });
});

test("a month that came to be otherwise than its signer saw says so", () => {
  const signed = {
    by: { id: 1, login: "carol" },
    at: 1,
    comment: "seen",
    via: "comment",
    remark: null,
  } as const;
  const status = (
    seen: Partial<MonthlyFigures>,
    now: Partial<MonthlyFigures>,
    control: ControlName = "checks-passed",
  ) =>
    monthlyStatus({ control, dueAt: 100, signedOff: { ...signed, figures: { ...FIGURES, ...seen } } }, 200, {
      ...FIGURES,
      ...now,
    });
  expect(status({}, {})).toBe("signed-off");
  // That something was remediated since changes nothing of what happened.
  expect(status({ openRemediations: 2 }, {})).toBe("signed-off");
  for (const now of [{ failed: 1 }, { deviations: 1 }, { unverifiable: 1 }, { population: 5 }])
    expect(status({}, now)).toBe("changed");
  expect(status({}, { population: 5 }, "emergency-reviewed-in-time")).toBe("signed-off");
  expect(status({}, { failed: 1 }, "emergency-reviewed-in-time")).toBe("changed");
});

describe("a month", () => {
  test("is a calendar month in UTC, and its span ends where the next begins", () => {
    assert(
      property(integer({ min: 0, max: 4_000_000_000_000 }), (at) => {
        const month = monthOf(at);
        const { from, to } = monthSpan(month);
        expect(isMonth(month)).toBe(true);
        expect(from <= at && at < to).toBe(true);
        expect(monthOf(from - 1)).toBe(monthBefore(month));
        expect(monthOf(to)).not.toBe(month);
      }),
    );
  });

  test.each(["2026-13", "2026-00", "2026-7", "26-07", "2026-07-01", ""])("is not %o", (text) => {
    expect(isMonth(text)).toBe(false);
  });

  test("is due ten business days after it was asked for", () => {
    const calendar = { timezone: "UTC", weekend: ["sat", "sun"] as const, holidays: ["2026-09-07"] };
    const due = monthlyDue(Date.parse("2026-09-01T05:05:00Z"), calendar);
    expect(new Date(due).toISOString()).toBe("2026-09-16T05:05:00.000Z");
  });
});

describe("what a control came to", () => {
  const result = (outcome: Outcome): Pick<Result, "control" | "outcome"> => ({
    control: "checks-passed",
    outcome,
  });

  test("counts what it applied to, and leaves out what was historic", () => {
    const tally = new MonthlyTally();
    for (const outcome of ["pass", "pass", "fail", "waived", "unverifiable", "not-applicable"] as const)
      tally.judged({ verdict: "compliant", results: [result(outcome)], count: 1 });
    tally.judged({ verdict: "compliant", results: [result("pass")], count: 3 });
    tally.judged({ verdict: "historic", results: [result("fail")], count: 1 });
    expect(tally.figures("checks-passed")).toEqual({
      population: 8,
      passed: 5,
      failed: 1,
      waived: 1,
      unverifiable: 1,
      deviations: 0,
      openRemediations: 0,
      // One failed, though no deviation was opened for it.
      clean: false,
    });
    expect(tally.inUse(defaultPolicy())).toEqual(["checks-passed"]);
  });

  test("is asked of the control's owner, else of whoever owns monitoring, else of nobody", () => {
    const policy = { ...defaultPolicy(), monitoring: { owner: "carol", every: "month" as const } };
    expect(ownerOf(policy, "checks-passed")).toBe("carol");
    expect(ownerOf({ ...policy, controls: { "checks-passed": { owner: "ann" } } }, "checks-passed")).toBe(
      "ann",
    );
    expect(ownerOf(defaultPolicy(), "checks-passed")).toBeNull();
  });
});

/** A landed change of one pull request: opened at 0, reviewed by these at these times, merged. */
function landed(
  reviews: readonly { readonly by: number; readonly at: number; readonly counts?: boolean }[],
  mergedAt: number,
  failed = false,
): ChangeRecord {
  const person = (id: number) => ({ id, login: `p${id}`, type: "User" as const });
  const pull = {
    number: 1,
    author: person(1),
    createdAt: 0,
    merged: { at: mergedAt, by: person(1), commit: null },
    reviews: reviews.map(({ by, at }, index) => ({ id: index, author: person(by), submittedAt: at })),
  } as unknown as PullRequest;
  return {
    class: "normal",
    mode: "enforce",
    change: { pullRequests: [pull], update: { at: mergedAt } } as unknown as Change,
    assessment: {
      verdict: failed ? "non-compliant" : "compliant",
      results: failed
        ? [{ control: "gate-respected", outcome: "fail", cause: "", reasons: [], inputs: {} }]
        : [],
      approvals: reviews.map(({ counts = false }, reviewId) => ({ reviewId, counts })),
      policyDigest: "",
    } as unknown as ChangeRecord["assessment"],
  };
}

describe("how long changes waited", () => {
  test("a review by oneself is no review, and a comment after the merge is none either", () => {
    const waits = waitsOf(
      landed(
        [
          { by: 1, at: HOUR },
          { by: 2, at: 3 * HOUR },
          { by: 3, at: 4 * HOUR, counts: true },
          { by: 4, at: 9 * HOUR },
        ],
        6 * HOUR,
      ),
    );
    expect(waits).toEqual({
      isPull: true,
      firstReview: 3 * HOUR,
      approval: 4 * HOUR,
      approvalToMerge: 2 * HOUR,
      isLong: false,
      isBypass: false,
    });
  });

  test("a change nobody reviewed waited until it was merged, and bypassed the process after a long wait", () => {
    const waits = waitsOf(landed([], LONG + 1, true));
    expect([waits.firstReview, waits.isLong, waits.isBypass]).toEqual([null, true, true]);
    expect(waitsOf(landed([], LONG, true)).isLong).toBe(false);
  });

  test("tells how many of those that waited long bypassed the process", () => {
    const all = [
      landed([{ by: 2, at: HOUR, counts: true }], 2 * HOUR),
      landed([{ by: 2, at: 30 * HOUR, counts: true }], 31 * HOUR),
      landed([], 40 * HOUR, true),
    ];
    const times = waitingTimes(all.map(waitsOf));
    expect(times).toMatchObject({ pulls: 3, long: 2, bypassedAfterLong: 1, bypassed: 1, withoutPull: 0 });
    expect(times.firstReview).toEqual({ median: HOUR, p90: 30 * HOUR, of: 2 });
  });

  test("quantiles are values that were there, half and nine tenths of which are no larger", () => {
    assert(
      property(array(nat(), { minLength: 1 }), (values) => {
        const found = quantiles(values);
        for (const [value, share] of [
          [found?.median, 0.5],
          [found?.p90, 0.9],
        ] as const) {
          expect(values).toContain(value);
          const within = values.filter((each) => each <= (value ?? -1)).length;
          expect(within).toBeGreaterThanOrEqual(values.length * share);
        }
      }),
    );
    expect(quantiles([])).toBeNull();
  });

  test.each([
    [59_000, "under a minute"],
    [60_000, "1 minute"],
    [2 * HOUR, "2 hours"],
    [60 * HOUR, "2.5 days"],
  ])("%i ms is %s", (ms, text) => {
    expect(durationText(ms)).toBe(text);
  });
});
