/** Which stories `npm test` plays: few, that tell between them of all that stories tell of. The others are tagged `long`. */

import type { Expectation } from "../../src/cli/scenario/format/expectations.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";

/** To start the App for a story takes as long as so many steps of it. */
const STEPS_OF_A_START = 5;

/** Declares tests of cases that are alike: the first of them is in each run, the others have the tag `long`. */
export function firstInEachRun<T>(
  cases: readonly T[],
  declare: (some: readonly T[], options: { readonly tags: string[] }) => void,
): void {
  declare(cases.slice(0, 1), { tags: [] });
  declare(cases.slice(1), { tags: ["long"] });
}

/** Names what a story tells of: its kinds of step, of rows and of policy, their keys, and the words given for them. */
export function toldIn({ story, expect, policy }: Scenario): ReadonlySet<string> {
  const told = new Set<string>();
  const add = (value: unknown, path: string): void => {
    if (Array.isArray(value)) for (const each of value) add(each, path);
    else if (typeof value === "object" && value !== null)
      for (const [key, each] of Object.entries(value)) {
        told.add(`${path}.${key}`);
        add(each, `${path}.${key}`);
      }
    else if (typeof value === "boolean" || (typeof value === "string" && /^[a-z-]+$/u.test(value)))
      told.add(`${path}=${value}`);
  };
  for (const { kind, rows } of expectationsIn({ story, expect })) add(rows, kind);
  for (const step of story) if ("do" in step) add(step.do, step.do.do);
  add(policy, "policy");
  return told;
}

/** Names the kinds of row that a story looks for. */
export function rowsIn(scenario: Scenario): ReadonlySet<string> {
  return new Set(expectationsIn(scenario).map(({ kind }) => kind));
}

/** Lists what a story expects, on its way and at its end. */
function expectationsIn({ story, expect }: Pick<Scenario, "story" | "expect">): readonly Expectation[] {
  return [...story.flatMap((step) => ("expect" in step ? [step.expect] : [])), ...expect];
}

/**
 * Chooses few of the stories that tell between them of all that at least `shared` of them do, each time the one that adds most
 * for its length. `played` are chosen already.
 */
export function fewThatTellAll(
  stories: readonly Scenario[],
  told: (scenario: Scenario) => ReadonlySet<string>,
  { shared = 1, played = [] }: { readonly shared?: number; readonly played?: readonly Scenario[] } = {},
): ReadonlySet<Scenario> {
  const of = new Map(stories.map((scenario) => [scenario, told(scenario)]));
  const times = new Map<string, number>();
  for (const each of [...of.values()].flatMap((some) => [...some]))
    times.set(each, (times.get(each) ?? 0) + 1);
  const left = new Set([...times].filter(([, count]) => count >= shared).map(([each]) => each));
  const chosen = new Set<Scenario>();
  const choose = (scenario: Scenario): void => {
    chosen.add(scenario);
    for (const each of of.get(scenario) ?? []) left.delete(each);
  };
  for (const scenario of played) choose(scenario);
  const adds = (scenario: Scenario): number =>
    [...(of.get(scenario) ?? [])].filter((each) => left.has(each)).length /
    (STEPS_OF_A_START + scenario.story.length);
  while (left.size > 0)
    choose(stories.reduce((best, scenario) => (adds(scenario) > adds(best) ? scenario : best)));
  return chosen;
}
