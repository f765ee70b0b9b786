import { describe, expect, test } from "vitest";
import type { Check } from "../../src/domain/change/review.ts";
import { newestRuns, newestRunsAt, runsOf } from "../../src/domain/change/checks.ts";

const ci = { id: 1, name: "CI", file: "ci.yml" };
const nightly = { id: 2, name: "Nightly", file: "nightly.yml" };
const actions = { id: 9, slug: "github-actions" };

function run(at: number | null, conclusion: string | null, more: Partial<Check> = {}): Check {
  return { name: "build", app: actions, conclusion, completedAt: at, ...more };
}

function said(checks: readonly Check[]): readonly string[] {
  return checks.map(({ conclusion }) => conclusion ?? "open").toSorted((a, b) => a.localeCompare(b, "en"));
}

describe("the newest runs of a check", () => {
  test("are those of each app, workflow and event, and of a workflow all of its newest suite", () => {
    const runs = [
      run(1, "failure", { workflow: ci, event: "push", suite: 1, startedAt: 0 }),
      run(2, "failure", { workflow: ci, event: "push", suite: 3, startedAt: 1 }),
      run(9, "success", { workflow: ci, event: "push", suite: 3, startedAt: 1 }),
      run(9, "skipped", { workflow: nightly, event: "push", suite: 4, startedAt: 1 }),
      run(9, "neutral", { workflow: ci, event: "schedule", suite: 5, startedAt: 1 }),
    ];
    expect(said(newestRuns(runs))).toEqual(["failure", "neutral", "skipped", "success"]);
  });

  test("are by time those that tell no suite, each app's own, and all that ended in one second", () => {
    const other = { app: { id: 8, slug: "other" } };
    const runs = [run(1, "failure"), run(2, "success"), run(2, "skipped"), run(1, "neutral", other)];
    expect(said(newestRuns(runs))).toEqual(["neutral", "skipped", "success"]);
  });

  test("at a merge are not those that began later, and are those that had not ended", () => {
    const before = run(5, "success", { workflow: ci, event: "push", suite: 1, startedAt: 1 });
    const later = run(30, "failure", { workflow: nightly, event: "push", suite: 2, startedAt: 20 });
    const open = run(30, "failure", { workflow: nightly, event: "push", suite: 2, startedAt: 9 });
    expect(newestRunsAt([before, later], 10)).toEqual([before]);
    expect(newestRunsAt([before, open], 10)).toEqual([before, open]);
    const again = { ...open, workflow: ci, suite: 3 };
    expect(newestRunsAt([before, again], 10)).toEqual([again]);
    // What does not tell when it began may have begun later, where something had ended.
    expect(newestRunsAt([run(5, "success"), run(30, "failure")], 10)).toEqual([run(5, "success")]);
    expect(newestRunsAt([run(30, "failure")], 10)).toEqual([run(30, "failure")]);
  });
});

test("a check is named by its app, its workflow's name or file, and its event", () => {
  const runs = [
    run(1, "success", { workflow: ci, event: "push" }),
    run(1, "failure", { workflow: nightly, event: "schedule" }),
    run(1, "neutral", { app: null }),
  ];
  expect(said(runsOf({ name: "build" }, runs))).toEqual(["failure", "neutral", "success"]);
  expect(said(runsOf({ name: "build", app: "github-actions" }, runs))).toEqual(["failure", "success"]);
  for (const workflow of ["CI", "ci.yml", ".github/workflows/ci.yml"])
    expect(said(runsOf({ name: "build", workflow }, runs))).toEqual(["success"]);
  expect(said(runsOf({ name: "build", event: "schedule" }, runs))).toEqual(["failure"]);
  expect(runsOf({ name: "build", workflow: "ci.yaml" }, runs)).toEqual([]);
});
