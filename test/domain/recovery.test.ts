import { describe, expect, test } from "vitest";

import { recoveryOf } from "../../src/domain/deviation/recovery.ts";
import type { ReviewedMonth } from "../../src/domain/deviation/operating.ts";
import type { RemediationRecord } from "../../src/domain/records/remediation.ts";
import type { DeviationRecord } from "../../src/domain/records/deviation.ts";

const NOW = Date.parse("2026-09-15T12:00:00Z");

function deviation(given: Partial<DeviationRecord>): DeviationRecord {
  return {
    id: "DEV-1",
    type: "operating",
    severity: "high",
    status: "done",
    controls: ["checks-passed"],
    moved: { command: "done" },
    ...given,
  } as DeviationRecord;
}

function remediation(given: { readonly done?: string; readonly due?: string }): RemediationRecord {
  const done = given.done === undefined ? null : { text: "", by: null, at: Date.parse(given.done) };
  return { deviation: "DEV-1", due: given.due ?? null, done } as RemediationRecord;
}

function reviewed(month: string, clean = true): ReviewedMonth {
  return { control: "checks-passed", month, clean };
}

const SEEN = { unseen: [] };

describe("the recovery from a deviation", () => {
  test.each([
    ["nobody has answered it", deviation({ status: "open" }), [], [], "remediate", null],
    [
      "it has a target date that is past",
      deviation({ status: "in-remediation" }),
      [remediation({ due: "2026-09-14" })],
      [],
      "remediate",
      null,
    ],
    [
      "a design is mended by its date",
      deviation({ type: "design", status: "in-remediation" }),
      [remediation({ due: "2026-10-01" })],
      [],
      "remediate",
      "2026-10-01",
    ],
    [
      "an operation has its date and three whole months",
      deviation({ status: "in-remediation" }),
      [remediation({ due: "2026-10-02" })],
      [],
      "remediate",
      "2027-02-01",
    ],
    [
      "a design is done",
      deviation({ type: "design" }),
      [remediation({ done: "2026-08-20T00:00:00Z" })],
      [],
      "show",
      "2026-09-15",
    ],
    [
      "an operation is done, and no month is over",
      deviation({}),
      [remediation({ done: "2026-08-20T00:00:00Z" })],
      [],
      "operate",
      "2026-12-01",
    ],
    [
      "one month was clean",
      deviation({}),
      [remediation({ done: "2026-07-20T00:00:00Z" })],
      [reviewed("2026-08")],
      "operate",
      "2026-11-01",
    ],
    [
      "a month was not clean: it begins anew",
      deviation({}),
      [remediation({ done: "2026-06-20T00:00:00Z" })],
      [reviewed("2026-07"), reviewed("2026-08", false)],
      "operate",
      "2026-12-01",
    ],
    [
      "three months were clean",
      deviation({}),
      [remediation({ done: "2026-05-20T00:00:00Z" })],
      [reviewed("2026-06"), reviewed("2026-07"), reviewed("2026-08")],
      "show",
      "2026-09-15",
    ],
  ] as const)("%s", (_, given, remediations, months, phase, ready) => {
    const { steps, ready: all } = recoveryOf([given], remediations, months, NOW, SEEN);
    expect(steps.map((step) => [step.phase, step.ready])).toEqual([[phase, ready]]);
    expect(all).toBe(ready);
  });

  test("is over when each is effective, closed, no exception or only noted", () => {
    const over = [
      deviation({ status: "effective" }),
      deviation({ status: "closed" }),
      deviation({ status: "not-an-exception" }),
      deviation({ status: "open", severity: "observation" }),
    ];
    expect(recoveryOf(over, [], [], NOW, SEEN)).toEqual({ steps: [], ready: "2026-09-15" });
  });

  test("ends with the last of them, and is not known while one is not", () => {
    const two = [deviation({ id: "DEV-1" }), deviation({ id: "DEV-2", type: "design", status: "open" })];
    const done = remediation({ done: "2026-08-20T00:00:00Z" });
    expect(recoveryOf(two, [done], [], NOW, SEEN).ready).toBeNull();
    const due = { ...remediation({ due: "2026-10-01" }), deviation: "DEV-2" };
    expect(recoveryOf(two, [done, due], [], NOW, SEEN).ready).toBe("2026-12-01");
  });

  test("has no day that is past, and none while nobody observes", () => {
    const done = remediation({ done: "2026-03-20T00:00:00Z" });
    const [late] = recoveryOf([deviation({})], [done], [reviewed("2026-04")], NOW, SEEN).steps;
    expect(late).toMatchObject({ phase: "operate", ready: "2026-09-15" });
    expect(late?.because).toContain(
      "1 of 3 months clean so far; 2026-05 and what followed are not signed off yet",
    );
    const off = { unseen: [{ from: Date.parse("2026-08-10T00:00:00Z"), to: NOW }] };
    expect(recoveryOf([deviation({})], [done], [], NOW, off).ready).toBeNull();
    const back = {
      unseen: [{ from: Date.parse("2026-08-10T00:00:00Z"), to: Date.parse("2026-08-12T00:00:00Z") }],
    };
    expect(recoveryOf([deviation({})], [done], [], NOW, back).ready).toBe("2026-12-01");
  });
});
