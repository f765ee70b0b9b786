/** Plays a story: runs each step, waits until the App is idle, and checks what is expected. */

import type { Instant } from "../../domain/time/instant.ts";
import { moveTo, timeOf, untilIdle } from "./clock.ts";
import type { StepOutput } from "./harness/double.ts";
import type { Expectation } from "./format/expectations.ts";
import type { Scenario } from "./format/format.ts";
import { checkedRefusal, runHarnessStep, type StepOutcome } from "./harness-steps.ts";
import type { Harness } from "./harness/harness.ts";
import { compare, type Mismatch } from "./format/match.ts";
import { Observations } from "./observations.ts";
import { report } from "./harness/report.ts";
import { describeStep, type ScenarioFailure, type PlayedStep, type ScenarioResult } from "./result.ts";
import { HARNESS_STEPS, type DoStep } from "./format/steps.ts";
import { printMoment } from "./format/words.ts";

/** Callbacks while a story is played. */
export interface ScenarioListener {
  readonly onStep?: (step: PlayedStep) => void;
  /** Called when the App has nothing left to do after a step. */
  readonly onIdle?: () => Promise<void>;
  /** Called with each expectation and what is there, when it is checked; `final` once the story is over. */
  readonly onExpectation?: (
    expectation: Expectation,
    observations: Observations,
    final: boolean,
  ) => Promise<void>;
}

/** Plays a story on a harness opened for it. Stops at the first step that differs from the story; checks all expectations. */
export async function playScenario(
  scenario: Scenario,
  harness: Harness,
  listener: ScenarioListener = {},
): Promise<ScenarioResult> {
  const steps: PlayedStep[] = [];
  const failures: ScenarioFailure[] = [];
  const outputs = new Map<string, StepOutput>();
  const observations = new Observations(scenario, harness, outputs);
  let now = scenario.start;
  await untilIdle(harness);
  for (const [index, step] of scenario.story.entries()) {
    const number = index + 1;
    const fail = (because: string, mismatch: Mismatch | null = null): void => {
      failures.push({ line: step.line, step: number, because, mismatch });
    };
    const target = timeOf("do" in step ? step.do : step.expect, now);
    if (target < now) {
      fail(`the clock cannot go back to ${printMoment(target)}`);
      break;
    }
    now = await moveTo(harness, now, target);
    if ("expect" in step) {
      observations.refreshAt(now);
      await listener.onExpectation?.(step.expect, observations, false);
      const mismatch = await checkExpectation(step.expect, observations, scenario.start);
      if (mismatch !== null) fail(mismatch.because, mismatch);
      continue;
    }
    const outcome = await runStep(step.do, harness, outputs, now);
    const played: PlayedStep = {
      number,
      line: step.line,
      at: now,
      description: describeStep(step.do),
      step: step.do,
      refused: outcome.refused,
    };
    steps.push(played);
    listener.onStep?.(played);
    if (outcome.problem !== null) {
      fail(outcome.problem);
      break;
    }
    now = outcome.now ?? now;
    await untilIdle(harness);
    await listener.onIdle?.();
  }
  const broken = failures.some((failure) => failure.mismatch === null);
  if (!broken) {
    observations.refreshAt(now);
    for (const expectation of scenario.expect) {
      await listener.onExpectation?.(expectation, observations, true);
      const mismatch = await checkExpectation(expectation, observations, scenario.start);
      if (mismatch !== null) {
        failures.push({ line: expectation.line, step: null, because: mismatch.because, mismatch });
      }
    }
  }
  return { name: scenario.name, source: scenario.source, steps, failures };
}

/** Checks one expectation against what is there now; null when it holds. */
export async function checkExpectation(
  expectation: Expectation,
  observations: Observations,
  from: Instant,
): Promise<Mismatch | null> {
  const observed = await observations.rowsFor(expectation, from);
  if (typeof observed === "string") return { because: observed, expected: expectation.rows, there: [] };
  return compare(expectation, observed);
}

async function runStep(
  step: DoStep,
  harness: Harness,
  outputs: Map<string, StepOutput>,
  now: Instant,
): Promise<StepOutcome> {
  if (HARNESS_STEPS.includes(step.do)) return runHarnessStep(step, harness, now);
  if (step.as !== undefined) outputs.set(step.as, { since: await harness.double.marker() });
  const answer = await (step.do === "report-deployment"
    ? report(step, harness, now).then(({ problem, ...rest }) => ({ ...rest, unplayable: problem }))
    : harness.double.act(step));
  if (answer.unplayable !== null) return { refused: null, problem: answer.unplayable };
  const outcome = checkedRefusal(step, answer.refused, "GitHub refused it");
  if (answer.refused === null && outcome.problem === null && step.as !== undefined) {
    outputs.set(step.as, { since: outputs.get(step.as)?.since ?? 0, ...answer.made });
  }
  return outcome;
}
