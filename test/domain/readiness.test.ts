import { array, assert, boolean, constantFrom, nat, property, record } from "fast-check";
import { describe, expect, test } from "vitest";

import { opinionOutlook, spreadOf, type Opinion } from "../../src/domain/evidence/opinion-outlook.ts";
import { periodAt } from "../../src/domain/evidence/readiness.ts";
import { defaultPolicy } from "../../src/domain/policy/tighten.ts";
import type { MonthlyFigures } from "../../src/domain/records/monitoring.ts";

function tested(
  passed: number,
  failed: number,
  unverifiable = 0,
): MonthlyFigures & { control: "checks-passed" } {
  return {
    control: "checks-passed",
    population: passed + failed + unverifiable,
    passed,
    failed,
    waived: 0,
    unverifiable,
    deviations: failed,
    openRemediations: 0,
    clean: failed === 0,
  };
}

const GRAVITY: Readonly<Record<Opinion, number>> = { clean: 0, qualified: 1, disclaimer: 2, adverse: 3 };

describe("the outlook", () => {
  test.each([
    ["nothing failed", [tested(40, 0)], [], "clean"],
    ["two of 1,184 are isolated", [tested(1182, 2)], [], "qualified"],
    ["one of five is pervasive", [tested(4, 1)], [], "adverse"],
    ["one of four is too few to call it pervasive", [tested(3, 1)], [], "qualified"],
    [
      "a gap nobody read afterwards",
      [tested(40, 0)],
      [{ code: "gap", against: true, says: "gap" }],
      "disclaimer",
    ],
    [
      "a gap that was read afterwards",
      [tested(40, 0)],
      [{ code: "gap", against: false, says: "gap" }],
      "clean",
    ],
    [
      "a weak configuration, though nothing failed",
      [tested(40, 0)],
      [{ code: "design", against: true, says: "weak" }],
      "qualified",
    ],
    ["one of ten cannot be told", [tested(9, 0, 1)], [], "disclaimer"],
    ["one of forty cannot be told", [tested(39, 0, 1)], [], "clean"],
  ] as const)("%s", (_, controls, findings, opinion) => {
    const outlook = opinionOutlook(controls, findings);
    expect(outlook.opinion).toBe(opinion);
    expect(outlook.says).toMatch(/^Only the auditor decides/u);
    expect(outlook.risks.length === 0).toBe(opinion === "clean");
  });

  test("never looks better for one failure more, or for one finding more", () => {
    const findings = array(
      record({
        code: constantFrom("gap", "design", "owner", "policy"),
        against: boolean(),
        says: constantFrom("x"),
      }),
    );
    assert(
      property(nat(50), nat(50), nat(5), findings, (passed, failed, unverifiable, found) => {
        const before = opinionOutlook([tested(passed, failed, unverifiable)], found);
        const worse = [
          opinionOutlook([tested(Math.max(0, passed - 1), failed + 1, unverifiable)], found),
          opinionOutlook(
            [tested(passed, failed, unverifiable)],
            [...found, { code: "gap", against: true, says: "one more" }],
          ),
        ];
        for (const after of worse)
          expect(GRAVITY[after.opinion]).toBeGreaterThanOrEqual(GRAVITY[before.opinion]);
      }),
    );
  });

  test("names a spread only by its number and its share", () => {
    expect([spreadOf(1, 3), spreadOf(2, 1000), spreadOf(3, 1000), spreadOf(200, 1000)]).toEqual([
      "isolated",
      "isolated",
      "repeated",
      "pervasive",
    ]);
  });
});

describe("the running period", () => {
  test("is the policy's, where it names one, else the calendar quarter", () => {
    const at = Date.parse("2026-08-01T00:00:00Z");
    const policy = { ...defaultPolicy(), periods: [{ name: "half", from: "2026-08-01", to: "2027-02-01" }] };
    expect(periodAt(policy, at).name).toBe("half");
    expect(periodAt(policy, at - 1).name).toBe("2026-Q3");
    expect(periodAt(null, Date.parse("2026-12-31T23:59:59Z"))).toEqual({
      name: "2026-Q4",
      from: Date.parse("2026-10-01T00:00:00Z"),
      to: Date.parse("2027-01-01T00:00:00Z"),
    });
  });
});
