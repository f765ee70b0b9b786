/** The result of a played story, as data and in print. */

import type { Instant } from "../../domain/time/instant.ts";
import { printRows, type Mismatch } from "./format/match.ts";
import type { DoStep } from "./format/steps.ts";
import { printMoment } from "./format/words.ts";

/** Describes one step as it was played. */
export interface PlayedStep {
  /** 1, 2, ... */
  readonly number: number;
  readonly line: number;
  readonly at: Instant;
  readonly description: string;
  readonly step: DoStep;
  /** The answer of GitHub, or of the App at a terminal, when it refused. */
  readonly refused: string | null;
}

/** Describes a difference from the story. */
export interface ScenarioFailure {
  readonly line: number;
  /** The step it stands at, or null for the final expectations. */
  readonly step: number | null;
  readonly because: string;
  readonly mismatch: Mismatch | null;
}

/** Describes the result of a played story. */
export interface ScenarioResult {
  readonly name: string;
  readonly source: string;
  readonly steps: readonly PlayedStep[];
  readonly failures: readonly ScenarioFailure[];
}

/** Prints a step on one line: `ann: push branch feature, files src/a.ts`. */
export function describeStep(step: DoStep): string {
  const { do: kind, by, repository, after: _, at: __, as, refused: ___, files, ...rest } = step;
  const cells = Object.entries(rest).map(([key, value]) =>
    value === true ? key : `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  if (typeof files === "object" && files !== null) cells.push(`files ${Object.keys(files).join(" ")}`);
  const who = by === undefined ? "" : `${by}: `;
  const where = repository === undefined ? "" : ` in ${repository}`;
  const name = as === undefined ? "" : ` (as ${as})`;
  return `${who}${kind}${where}${cells.length === 0 ? "" : ` ${cells.join(", ")}`}${name}`;
}

/** Prints a result: one line when it passed, else the expected rows, the actual rows and the steps so far. */
export function printScenarioResult(result: ScenarioResult): string {
  if (result.failures.length === 0) return `ok    ${result.name}`;
  const lines = [`FAIL  ${result.name}`];
  for (const failure of result.failures) {
    const where = failure.step === null ? "at the end" : `at step ${failure.step}`;
    lines.push(`  ${result.source}:${failure.line} (${where}): ${failure.because}`);
    if (failure.mismatch !== null) {
      lines.push("    expected:", printRows(failure.mismatch.expected, "      "));
      lines.push("    there was:", printRows(failure.mismatch.there, "      "));
    }
  }
  lines.push("    the story so far:");
  for (const step of result.steps) {
    lines.push(`      ${String(step.number).padStart(2)}  ${printMoment(step.at)}  ${step.description}`);
    if (step.refused !== null) lines.push(`          refused: ${step.refused}`);
  }
  return lines.join("\n");
}
