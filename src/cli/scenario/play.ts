/** Plays a story: acts step by step, waits until the App has nothing left to do, and checks what is expected. */

import type { Instant } from "../../domain/change.ts";
import { CONTROL_NAMES } from "../../domain/result.ts";
import { TERMINAL_ACTS } from "../../flows/emergency-at-terminal.ts";
import type { Expectation } from "./expectations.ts";
import type { Scenario } from "./format.ts";
import type { Mismatch } from "./match.ts";
import { compare, DEFAULT_REPOSITORY, printRows } from "./match.ts";
import type { StepOutput } from "./double.ts";
import { commitNamed, report } from "./report.ts";
import { Observations } from "./observations.ts";
import type { Harness } from "./harness.ts";
import type { DoStep } from "./steps.ts";
import { HARNESS_STEPS } from "./steps.ts";
import { durationOf, momentOf, printMoment } from "./words.ts";

/** The organisation every story plays in. */
export const ORGANIZATION = "acme";

/** One step as it was played. */
export interface PlayedStep {
  /** 1, 2, ... */
  readonly number: number;
  readonly line: number;
  readonly at: Instant;
  readonly description: string;
  readonly step: DoStep;
  /** What GitHub answered when it refused. */
  readonly refused: string | null;
}

/** What was not as the story says. */
export interface Failure {
  readonly line: number;
  /** The step it stands at, or null for the final expectations. */
  readonly step: number | null;
  readonly because: string;
  readonly mismatch: Mismatch | null;
}

/** The result of a played story. */
export interface ScenarioResult {
  readonly name: string;
  readonly source: string;
  readonly steps: readonly PlayedStep[];
  readonly failures: readonly Failure[];
}

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

/** Plays a story on a harness already set up for it. Stops at the first step that goes otherwise than written; expectations are all checked. */
export async function playScenario(
  scenario: Scenario,
  harness: Harness,
  listener: ScenarioListener = {},
): Promise<ScenarioResult> {
  const steps: PlayedStep[] = [];
  const failures: Failure[] = [];
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
    const outcome = await act(step.do, harness, outputs, now);
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

interface Outcome {
  readonly refused: string | null;
  readonly problem: string | null;
  /** Set when the step itself moved the clock. */
  readonly now?: Instant;
}

async function act(
  step: DoStep,
  harness: Harness,
  outputs: Map<string, StepOutput>,
  now: Instant,
): Promise<Outcome> {
  if (HARNESS_STEPS.includes(step.do)) return runHarnessStep(step, harness, now);
  if (step.as !== undefined) outputs.set(step.as, { since: await harness.double.marker() });
  const answer = await (step.do === "report-deployment"
    ? report(step, harness, now).then(({ problem, ...rest }) => ({ ...rest, unplayable: problem }))
    : harness.double.act(step));
  if (answer.unplayable !== null) return { refused: null, problem: answer.unplayable };
  if (answer.refused !== null) {
    if (step.refused === undefined) {
      return { refused: answer.refused, problem: `GitHub refused it: ${answer.refused}` };
    }
    if (step.refused !== true && !answer.refused.toLowerCase().includes(step.refused.toLowerCase())) {
      const problem = `it should be refused with "${step.refused}", and was with "${answer.refused}"`;
      return { refused: answer.refused, problem };
    }
    return { refused: answer.refused, problem: null };
  }
  if (step.refused !== undefined) return { refused: null, problem: "it should be refused, and was not" };
  if (step.as !== undefined)
    outputs.set(step.as, { since: outputs.get(step.as)?.since ?? 0, ...answer.made });
  return { refused: null, problem: null };
}

async function runHarnessStep(step: DoStep, harness: Harness, now: Instant): Promise<Outcome> {
  const { double, app } = harness;
  const done: Outcome = { refused: null, problem: null };
  if (step.refused !== undefined && !SAID_AT_A_TERMINAL.includes(step.do)) {
    return { ...done, problem: `\`${step.do}\` is nothing GitHub could refuse` };
  }
  switch (step.do) {
    case "wait": {
      const until =
        typeof step["until"] === "string"
          ? momentOf(step["until"])
          : now + durationOf(typeof step["for"] === "string" ? step["for"] : "0s");
      if (until < now) return { ...done, problem: `the clock cannot go back to ${printMoment(until)}` };
      return { ...done, now: await moveTo(harness, now, until) };
    }
    case "sweep":
      await app.sweep();
      return done;
    case "monthly-review":
      return signOff(step, harness);
    case "add-deviation":
      return addDeviation(step, harness);
    case "declare-emergency":
    case "authorise-emergency":
    case "withdraw-emergency":
    case "approve-emergency":
    case "reject-emergency":
      return emergencyStep(step, harness);
    case "receiver-fails":
      harness.receiver.answer(typeof step["status"] === "number" ? step["status"] : 503);
      return done;
    case "recover":
      harness.receiver.answer(200);
      await double.setFault(step.do);
      return done;
    case "outage":
    case "duplicate-webhooks":
    case "reorder-webhooks":
      await double.setFault(step.do);
      return done;
    case "github-fails":
    case "github-says":
      await double.setFault(step.do, keysFor(step));
      return done;
    case "lag":
      return { ...done, problem: await double.lag(keysFor(step)) };
    case "kill":
      await app.kill();
      return done;
    case "restart":
      await app.restart(now);
      return done;
    case "tamper-log":
      await harness.tamper(typeof step["kind"] === "string" ? step["kind"] : "change");
      return done;
    case "skew-clock":
      await app.skew(durationOf(String(step["ahead"])));
      return done;
    default:
      return { ...done, problem: `this version cannot yet play the step \`${step.do}\`` };
  }
}

/** A step's own keys as the double takes them: durations in seconds. */
function keysFor(step: DoStep): Readonly<Record<string, unknown>> {
  const { do: _, after: __, at: ___, by: ____, as: _____, bypass: ______, for: time, ...rest } = step;
  return typeof time === "string" ? { ...rest, for: durationOf(time) / 1000 } : rest;
}

/** A month is signed off as at the terminal; a refusal may be what the story says. */
async function signOff(step: DoStep, { app }: Harness): Promise<Outcome> {
  const control = CONTROL_NAMES.find((each) => each === step["control"]);
  if (control === undefined)
    return { refused: null, problem: `there is no control ${String(step["control"])}` };
  const given = {
    control,
    month: String(step["month"]),
    comment: typeof step["comment"] === "string" ? step["comment"] : "looked at the figures",
    login: step.by ?? "",
  };
  return asWritten(step, await app.signOff(ORGANIZATION, given));
}

/** What a story does as at a terminal: the App itself may refuse it. */
const SAID_AT_A_TERMINAL: readonly string[] = [
  "monthly-review",
  "add-deviation",
  ...TERMINAL_ACTS.map((act) => `${act}-emergency`),
];

/** An emergency is led on as at the terminal; a refusal may be what the story says. */
async function emergencyStep(step: DoStep, harness: Harness): Promise<Outcome> {
  const act = TERMINAL_ACTS.find((each) => step.do === `${each}-emergency`) ?? "declare";
  const pull = typeof step["pull"] === "number" ? step["pull"] : null;
  const commit = pull === null ? await commitNamed(step, harness) : "";
  if (commit === null) return { refused: null, problem: "no such commit" };
  const environment = typeof step["environment"] === "string" ? step["environment"] : "production";
  const given = {
    act,
    pull,
    deployment: pull === null ? { environment, commit } : null,
    text: typeof step["reason"] === "string" ? step["reason"] : "",
    as: step.by ?? "",
  };
  const repository = `${ORGANIZATION}/${step.repository ?? DEFAULT_REPOSITORY}`;
  return asWritten(step, await harness.app.emergency(repository, given));
}

/** A deviation is entered from an auditor's report, as at the terminal. */
async function addDeviation(step: DoStep, { app }: Harness): Promise<Outcome> {
  const text = (key: string): string | undefined => (typeof step[key] === "string" ? step[key] : undefined);
  const given = {
    repository: `${ORGANIZATION}/${step.repository ?? DEFAULT_REPOSITORY}`,
    control: text("control") ?? "",
    type: text("type") ?? "operating",
    ...(text("severity") === undefined ? {} : { severity: text("severity") }),
    title: text("title") ?? "An auditor's finding",
    ...(text("description") === undefined ? {} : { description: text("description") }),
    ...(text("reference") === undefined ? {} : { reference: text("reference") }),
    pulls: typeof step["pull"] === "number" ? [step["pull"]] : [],
    as: step.by ?? "",
  };
  return asWritten(step, await app.enterDeviation(given));
}

/** Whether a refusal, or that there is none, is what the story says. */
function asWritten(step: DoStep, refused: string | null): Outcome {
  const expected = step.refused;
  if (refused === null)
    return { refused, problem: expected === undefined ? null : "it should be refused, and was not" };
  if (expected === undefined) return { refused, problem: `it was refused: ${refused}` };
  const isSaid = expected === true || refused.toLowerCase().includes(expected.toLowerCase());
  return {
    refused,
    problem: isSaid ? null : `it should be refused with "${expected}", and was with "${refused}"`,
  };
}

function timeOf(
  step: { readonly after?: string | undefined; readonly at?: string | undefined },
  now: Instant,
): Instant {
  if (step.at !== undefined) return momentOf(step.at);
  return step.after === undefined ? now : now + durationOf(step.after);
}

/** Moves GitHub's clock, then the App's through its timetable, and waits until all that was due is done. */
async function moveTo(harness: Harness, now: Instant, to: Instant): Promise<Instant> {
  if (to === now) return now;
  await harness.double.setClock(to);
  await harness.app.advance(to);
  await untilIdle(harness);
  return to;
}

/** More rounds than any story needs; a story that never comes to rest is a defect, and its expectations tell. */
const ROUNDS = 20;

/** Waits until the App has nothing left to do, also not because of webhooks that its own doing on GitHub sets off. */
export async function untilIdle({ app, double }: Pick<Harness, "app" | "double">): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await double.marker();
    await app.settle();
    await double.idle();
    if ((await double.marker()) === before) return;
  }
}

/** A step in words: `ann push branch feature, files src/a.ts`. */
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
