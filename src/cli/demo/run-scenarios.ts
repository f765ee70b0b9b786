/** `countersign scenario run`: stories from files, each played by the App as it is shipped, over HTTP. */

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Answer, Terminal } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";
import type { Scenario } from "../scenario/format/format.ts";
import type { ScenarioResult } from "../scenario/result.ts";
import { playScenario } from "../scenario/play.ts";
import { printScenarioResult } from "../scenario/result.ts";
import { openProcessHarness } from "../scenario/harness/process-harness.ts";
import type { DoubleProcess } from "../scenario/harness/processes.ts";
import { startDouble } from "../scenario/harness/processes.ts";
import { readScenario } from "../scenario/format/read.ts";

/** Runs every scenario. Exit code 1 when one does not go as written, 2 when a file cannot be read as a scenario. */
export async function runScenarios(
  terminal: Terminal,
  paths: readonly string[],
  quiet: boolean,
): Promise<Answer> {
  const files = (await Promise.all(paths.map(filesOf))).flat();
  if (files.length === 0) throw new UsageError(`No scenario files (.yaml, .yml) in ${paths.join(", ")}.`);
  const scenarios = await readAll(files);
  const double = await startDouble();
  const results: ScenarioResult[] = [];
  try {
    for (const scenario of scenarios) {
      const result = await runOne(scenario, double);
      results.push(result);
      if (!quiet) terminal.print(printScenarioResult(result));
    }
  } finally {
    await double.stop();
  }
  const failed = results.filter((each) => each.failures.length > 0);
  const summary = `${results.length - failed.length} of ${results.length} scenarios went as written`;
  return {
    code: failed.length === 0 ? 0 : 1,
    lines: [summary],
    data: { scenarios: results, passed: results.length - failed.length, failed: failed.length },
  };
}

async function runOne(scenario: Scenario, double: DoubleProcess): Promise<ScenarioResult> {
  const harness = await openProcessHarness(double, scenario);
  try {
    return await playScenario(scenario, harness);
  } finally {
    await harness.close();
  }
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new UsageError(`There is no file or folder ${path}.`);
  if (!found.isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => /\.ya?ml$/u.test(name))
    .toSorted()
    .map((name) => join(path, name));
}

/** Reads every file before the first is played; all problems of all files are listed at once. */
async function readAll(files: readonly string[]): Promise<readonly Scenario[]> {
  const problems: string[] = [];
  const scenarios: Scenario[] = [];
  for (const file of files) {
    const read = readScenario(await readFile(file, "utf8"), file);
    if (read.scenario === null) {
      problems.push(...read.problems.map((problem) => `${file}:${problem.line}: ${problem.message}`));
    } else scenarios.push(read.scenario);
  }
  if (problems.length > 0) throw new UsageError(`not every file is a scenario:\n${problems.join("\n")}`);
  return scenarios;
}
