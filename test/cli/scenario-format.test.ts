import { readFileSync } from "node:fs";

import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { parse } from "yaml";

import { COLUMNS } from "../../src/cli/scenario/format/expectations.ts";
import { scenarioJsonSchema } from "../../src/cli/scenario/format/format.ts";
import { readScenario } from "../../src/cli/scenario/format/read.ts";
import { STEP_KEYS } from "../../src/cli/scenario/format/steps.ts";
import { scenarios } from "../support/scenarios.ts";

function problemsOf(text: string): readonly string[] {
  const { problems } = readScenario(text, "story.yaml");
  return (problems ?? []).map((problem) => `${problem.line}: ${problem.message}`);
}

test("every problem of a file is told with its line and the nearest word that is known", () => {
  const text = `name: wrong in many ways
people: { ann: { permision: write } }
story:
  - { do: open-pull-request, by: anna }
  - { do: merg, pull: 1 }
  - { expect: check, pull: 1, pases: true }
  - { do: wait, for: soon }
  - { do: sweep, after: 1m, at: 2026-07-06 }
expect:
  chnages: []
  deviations: [{ pull: one }]
`;
  expect(problemsOf(text)).toEqual([
    "2: unknown key `permision`; did you mean `permission`?",
    "4: unknown person `anna`; did you mean `ann`?",
    "5: unknown step `merg`; did you mean `merge`?",
    "6: unknown key `pases`; did you mean `passes`?",
    "7: for: a duration is a number and s, m, h or d: 30s, 10m, 4h, 3d",
    "8: a step has `after` or `at`, not both",
    "10: unknown expectation `chnages`; did you mean `changes`?",
    "11: pull: Invalid input: expected number, received string",
  ]);
});

test("a file that is no YAML is told so with the line", () => {
  expect(problemsOf("name: x\nstory: [")[0]).toMatch(/^2: /u);
});

test("`exactly` may stand beside one list or beside all of them", () => {
  const head = "name: x\nstory: []\nexpect:\n";
  const one = readScenario(`${head}  changes: { rows: [{ pull: 1 }], exactly: true }\n  issues: []\n`, "x");
  const all = readScenario(`${head}  changes: [{ pull: 1 }]\n  issues: []\n  exactly: true\n`, "x");
  expect(one.scenario?.expect.map((each) => [each.kind, each.exactly])).toEqual([
    ["changes", true],
    ["issues", false],
  ]);
  expect(all.scenario?.expect.map((each) => each.exactly)).toEqual([true, true]);
});

test("a step in the story may ask for several rows", () => {
  const text = "name: x\nstory:\n  - { expect: changes, rows: [{ pull: 1 }, { pull: 2 }], exactly: true }\n";
  const [step] = readScenario(text, "x").scenario?.story ?? [];
  expect(step).toMatchObject({
    expect: { kind: "changes", rows: [{ pull: 1 }, { pull: 2 }], exactly: true, absent: false },
  });
});

test("every story of this repository is valid by the published JSON Schema", { tags: ["long"] }, () => {
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  const valid = ajv.compile(scenarioJsonSchema() as object);
  for (const { source } of scenarios()) {
    const story: unknown = parse(readFileSync(new URL(`../../${source}`, import.meta.url), "utf8"));
    expect(valid(story), `${source}: ${JSON.stringify(valid.errors?.slice(0, 3))}`).toBe(true);
  }
  expect(valid({ name: "x", story: [{ do: "merge", pull: 1, bypas: true }] })).toBe(false);
});

test("the page about scenarios names every step with its keys and every expectation with its columns", () => {
  const page = readFileSync(new URL("../../docs/scenarios.md", import.meta.url), "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const missing = [...Object.entries(STEP_KEYS), ...Object.entries(COLUMNS)].flatMap(([kind, keys]) => {
    const own = rows.filter((row) => row.split(" | ")[0]?.includes(`\`${kind}\``) === true);
    if (own.length === 0) return [kind];
    const documented = own.join("\n");
    const shared = kind.endsWith("-branch") || kind.endsWith("-tag") ? ["delete"] : [];
    return Object.keys(keys)
      .filter((key) => !documented.includes(`\`${key}\``) && !shared.includes(key))
      .map((key) => `${kind}.${key}`);
  });
  expect(missing).toEqual([]);
});
