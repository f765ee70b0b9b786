import { expect, test } from "vitest";

import type { Expectation, Row } from "../../src/cli/scenario/format/expectations.ts";
import { compare } from "../../src/cli/scenario/format/match.ts";
import { mutantsOf } from "../support/mutants.ts";

const THERE: readonly Row[] = [
  { repository: "web", pull: 1, verdict: "compliant", fails: [], step: ["a", "b"] },
  { repository: "web", pull: 2, verdict: "non-compliant", fails: ["x", "y"], step: [] },
  { repository: "api", pull: 1, verdict: "compliant", fails: [], step: [] },
];
const COLUMNS = ["pull", "verdict", "fails", "step", "says"];

function differs(rows: readonly Row[], more: Partial<Expectation> = {}): string | null {
  const expectation: Expectation = { kind: "changes", rows, exactly: false, absent: false, ...more };
  return compare(expectation, { columns: COLUMNS, rows: THERE })?.because ?? null;
}

test("a row names a row by some of its columns, and must match exactly one", () => {
  expect(differs([{ pull: 1 }, { pull: 2, verdict: "non-compliant" }])).toBeNull();
  expect(differs([{ pull: 2, verdict: "compliant" }])).toContain("none is");
  expect(differs([{}])).toContain("2 is");
});

test("a row without a repository is one of web", () => {
  expect(differs([{ repository: "api", pull: 1 }])).toBeNull();
  expect(differs([{ repository: "api", pull: 2 }])).not.toBeNull();
});

test("a list inside a row is the whole set, in any order", () => {
  expect(differs([{ pull: 2, fails: ["y", "x"] }])).toBeNull();
  expect(differs([{ pull: 2, fails: ["x"] }])).not.toBeNull();
  expect(differs([{ pull: 2, fails: ["x", "x"] }])).not.toBeNull();
});

test("a step's name is enough to name a row that several steps made", () => {
  expect(differs([{ step: "b" }])).toBeNull();
  expect(differs([{ step: "c" }])).not.toBeNull();
});

test("an empty list means that there are none, and exactly that there are no others", () => {
  expect(differs([])).toContain("there are 3");
  expect(differs([{ pull: 1 }, { pull: 2 }, { repository: "api", pull: 1 }], { exactly: true })).toBeNull();
  expect(differs([{ pull: 1 }, { pull: 2 }], { exactly: true })).toContain("1 more");
});

test("absent means that no row is so", () => {
  expect(differs([{ pull: 3 }], { absent: true })).toBeNull();
  expect(differs([{ pull: 2 }], { absent: true })).not.toBeNull();
});

test("a column that cannot be seen yet is never passed over", () => {
  expect(differs([{ pull: 1, mood: "good" }])).toContain("cannot yet see the column `mood`");
});

test("a part of a text is found without regard to case and line breaks", () => {
  const observedTime = { columns: ["says"], rows: [{ says: "Waiting for\n1 approval" }] };
  const asked = (says: string): Expectation => ({
    kind: "check",
    rows: [{ says }],
    exactly: false,
    absent: false,
  });
  expect(compare(asked("waiting FOR 1"), observedTime)).toBeNull();
  expect(compare(asked("waiting for 2"), observedTime)).not.toBeNull();
});

test("every mutant of an expectation that holds does not hold", () => {
  const expectation: Expectation = {
    kind: "changes",
    rows: [
      { pull: 1, verdict: "compliant", step: "a" },
      { pull: 2, fails: ["x", "y"] },
    ],
    exactly: false,
    absent: false,
  };
  const mutants = mutantsOf(expectation);
  expect(mutants).toHaveLength(5);
  for (const { mutant } of mutants) {
    expect(compare(mutant, { columns: COLUMNS, rows: THERE })).not.toBeNull();
  }
});
