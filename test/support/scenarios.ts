/** The stories of this repository, read. */

import { readdirSync, readFileSync } from "node:fs";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { readScenario } from "../../src/cli/scenario/format/read.ts";

const FOLDER = new URL("../scenarios/", import.meta.url);

const read = new Map<string, Scenario>();

/** The names of all stories, without `.yaml`, sorted. */
export function storyNames(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -".yaml".length))
    .toSorted();
}

/** Every story of `test/scenarios`, in order of file names. Throws when one cannot be read. */
export function scenarios(): readonly Scenario[] {
  return storyNames().map(story);
}

/** One story of `test/scenarios` by its file's name without `.yaml`; read once. Throws when it is not there or cannot be read. */
export function story(name: string): Scenario {
  const known = read.get(name);
  if (known !== undefined) return known;
  const scenario = readStory(
    readFileSync(new URL(`${name}.yaml`, FOLDER), "utf8"),
    `test/scenarios/${name}.yaml`,
  );
  read.set(name, scenario);
  return scenario;
}

/** A story from its text. Throws with every problem when it is none. */
export function readStory(text: string, source: string): Scenario {
  const { scenario, problems } = readScenario(text, source);
  if (scenario !== null) return scenario;
  throw new Error(problems.map((problem) => `${source}:${problem.line}: ${problem.message}`).join("\n"));
}
