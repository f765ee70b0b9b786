import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import type { Expectation } from "../../src/cli/scenario/format/expectations.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { CONTROL_NAMES } from "../../src/domain/values/result.ts";
import { scenarios } from "../support/scenarios.ts";

const ROWS = 64;

/** Every story of a way round an approval, with what it was read from. */
const STORIES = scenarios()
  .filter(({ bypass }) => bypass !== null)
  .map((scenario) => ({
    scenario,
    text: readFileSync(new URL(`../../${scenario.source}`, import.meta.url), "utf8"),
  }));

/** What a story expects of a kind of row, at the end and on the way. */
function expectationsOf({ story, expect: last }: Scenario, kind: string): readonly Expectation[] {
  const onTheWay = story.flatMap((step) => ("expect" in step ? [step.expect] : []));
  return [...last, ...onTheWay].filter((each) => each.kind === kind && !each.absent);
}

test("each of the 64 ways has a story", () => {
  const told = new Set(STORIES.map(({ scenario }) => scenario.bypass?.number));
  expect(Array.from({ length: ROWS }, (_, index) => index + 1).filter((number) => !told.has(number))).toEqual(
    [],
  );
});

describe("what a story says its way ends as, it expects", () => {
  const gaps = new Set(
    scenarios()
      .flatMap((scenario) => expectationsOf(scenario, "coverage-gaps"))
      .flatMap(({ rows }) => rows.map((row) => row["cause"])),
  );
  for (const { scenario } of STORIES)
    test(scenario.source, () => {
      const said = scenario.bypass?.outcome.match(/[a-z]+(?:-[a-z]+)+/gu) ?? [];
      const expected = (kind: string, column: string): readonly unknown[] =>
        expectationsOf(scenario, kind).flatMap(({ rows }) => rows.flatMap((row) => row[column] ?? []));
      const controls = [
        ...expected("deviations", "control"),
        ...expected("changes", "fails"),
        ...expected("changes", "unverifiable"),
        ...expected("deployments", "fails"),
      ];
      const isControl = (name: string): boolean => CONTROL_NAMES.some((each) => each === name);
      expect(said.filter((name) => isControl(name) && !controls.includes(name))).toEqual([]);
      const causes = expected("coverage-gaps", "cause");
      expect(said.filter((name) => gaps.has(name) && !causes.includes(name))).toEqual([]);
    });
});

describe("beside the way itself a story plays an honest twin that raises nothing", () => {
  for (const { scenario, text } of STORIES) {
    test(scenario.source, () => {
      expect(/^\s*# The twin\b/mu.test(text) || "twin" in scenario.repositories).toBe(true);
      const rows = [
        ...expectationsOf(scenario, "changes"),
        ...expectationsOf(scenario, "deployments"),
      ].flatMap((each) => each.rows);
      expect(rows.some((row) => row["verdict"] === "compliant")).toBe(true);
      // Nothing beside what is named was raised, so nothing was raised of the twin.
      const deviations = expectationsOf(scenario, "deviations");
      expect(deviations.some(({ exactly, rows: named }) => exactly || named.length === 0)).toBe(true);
      const blamed = deviations.flatMap((each) => each.rows).map((row) => row["repository"]);
      if ("twin" in scenario.repositories) expect(blamed).not.toContain("twin");
    });
  }
});
