/** The stories of this repository, read. */

import { readdirSync, readFileSync } from "node:fs";

import type { Scenario } from "../../src/cli/scenario/format.ts";
import { readScenario } from "../../src/cli/scenario/read.ts";

const FOLDER = new URL("../scenarios/", import.meta.url);

/** Every story of `test/scenarios`, in order of file names. Throws when one cannot be read. */
export function scenarios(): readonly Scenario[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".yaml"));
  return names
    .toSorted()
    .map((name) => readStory(readFileSync(new URL(name, FOLDER), "utf8"), `test/scenarios/${name}`));
}

/** A story from its text. Throws with every problem when it is none. */
export function readStory(text: string, source: string): Scenario {
  const { scenario, problems } = readScenario(text, source);
  if (scenario !== null) return scenario;
  throw new Error(problems.map((problem) => `${source}:${problem.line}: ${problem.message}`).join("\n"));
}
