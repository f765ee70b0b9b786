/** Plays a story: acts step by step, waits until the App has nothing left to do, and checks what is expected. */

import type { Instant } from "../../domain/change.ts";
import { CONTROL_NAMES } from "../../domain/result.ts";
import { TERMINAL_ACTS } from "../../flows/emergency-at-terminal.ts";
import type { Expectation } from "./expectations.ts";
import type { Scenario } from "./format.ts";
import type { Mismatch } from "./match.ts";
import { compare, DEFAULT_REPOSITORY, printRows } from "./match.ts";
import type { Made } from "./double.ts";
import { commitNamed, report } from "./report.ts";
import { Sights } from "./sights.ts";
import type { Stage } from "./stage.ts";
import type { DoStep } from "./steps.ts";
import { STAGE_STEPS } from "./steps.ts";
import { durationOf, momentOf, printMoment } from "./words.ts";

/** The organisation every story plays in. */
export const ORGANIZATION = "acme";

/** One step as it was played. */
export interface PlayedStep {
  /** 1, 2, ... */
  readonly number: number;
  readonly line: number;
  readonly at: Instant;
  /** The step in words. */
  readonly told: string;
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

/** A story after it was played. */
export interface Performance {
  readonly name: string;
  readonly source: string;
  readonly steps: readonly PlayedStep[];
  readonly failures: readonly Failure[];
}

/** Who wants to be told while a story is played. */
export interface Audience {
  readonly played?: (step: PlayedStep) => void;
  /** Called when the App has nothing left to do after a step. */
  readonly settled?: () => Promise<void>;
  /** Called with each expectation and what is there, when it is checked; `final` once the story is over. */
  readonly expected?: (expectation: Expectation, sights: Sights, final: boolean) => Promise<void>;
}

/** Plays a story on a stage already set up for it. Stops at the first step that goes otherwise than written; expectations are all checked. */
export async function playScenario(
  scenario: Scenario,
  stage: Stage,
  audience: Audience = {},
): Promise<Performance> {
  const steps: PlayedStep[] = [];
  const failures: Failure[] = [];
  const made = new Map<string, Made>();
  const sights = new Sights(scenario, stage, made);
  let now = scenario.start;
  await quiet(stage);
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
    now = await moveTo(stage, now, target);
    if ("expect" in step) {
      sights.lookAt(now);
      await audience.expected?.(step.expect, sights, false);
      const mismatch = await look(step.expect, sights, scenario.start);
      if (mismatch !== null) fail(mismatch.because, mismatch);
      continue;
    }
    const outcome = await act(step.do, stage, made, now);
    const played: PlayedStep = {
      number,
      line: step.line,
      at: now,
      told: tell(step.do),
      step: step.do,
      refused: outcome.refused,
    };
    steps.push(played);
    audience.played?.(played);
    if (outcome.problem !== null) {
      fail(outcome.problem);
      break;
    }
    now = outcome.now ?? now;
    await quiet(stage);
    await audience.settled?.();
  }
  const broken = failures.some((failure) => failure.mismatch === null);
  if (!broken) {
    sights.lookAt(now);
    for (const expectation of scenario.expect) {
      await audience.expected?.(expectation, sights, true);
      const mismatch = await look(expectation, sights, scenario.start);
      if (mismatch !== null) {
        failures.push({ line: expectation.line, step: null, because: mismatch.because, mismatch });
      }
    }
  }
  return { name: scenario.name, source: scenario.source, steps, failures };
}

/** Checks one expectation against what is there now; null when it holds. */
export async function look(
  expectation: Expectation,
  sights: Sights,
  from: Instant,
): Promise<Mismatch | null> {
  const sight = await sights.see(expectation, from);
  if (typeof sight === "string") return { because: sight, expected: expectation.rows, there: [] };
  return compare(expectation, sight);
}

interface Outcome {
  readonly refused: string | null;
  readonly problem: string | null;
  /** Set when the step itself moved the clock. */
  readonly now?: Instant;
}

async function act(step: DoStep, stage: Stage, made: Map<string, Made>, now: Instant): Promise<Outcome> {
  if (STAGE_STEPS.includes(step.do)) return actOnStage(step, stage, now);
  if (step.as !== undefined) made.set(step.as, { since: await stage.double.marker() });
  const answer = await (step.do === "report-deployment"
    ? report(step, stage, now).then(({ problem, ...rest }) => ({ ...rest, unplayable: problem }))
    : stage.double.act(step));
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
  if (step.as !== undefined) made.set(step.as, { since: made.get(step.as)?.since ?? 0, ...answer.made });
  return { refused: null, problem: null };
}

async function actOnStage(step: DoStep, stage: Stage, now: Instant): Promise<Outcome> {
  const { double, app } = stage;
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
      return { ...done, now: await moveTo(stage, now, until) };
    }
    case "sweep":
      await app.sweep();
      return done;
    case "monthly-review":
      return signOff(step, stage);
    case "add-deviation":
      return addDeviation(step, stage);
    case "declare-emergency":
    case "authorise-emergency":
    case "withdraw-emergency":
    case "approve-emergency":
    case "reject-emergency":
      return emergencyStep(step, stage);
    case "receiver-fails":
      stage.receiver.answer(typeof step["status"] === "number" ? step["status"] : 503);
      return done;
    case "recover":
      stage.receiver.answer(200);
      await double.weather(step.do);
      return done;
    case "outage":
    case "duplicate-webhooks":
    case "reorder-webhooks":
      await double.weather(step.do);
      return done;
    case "github-fails":
    case "github-says":
      await double.weather(step.do, keysFor(step));
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
      await stage.tamper(typeof step["kind"] === "string" ? step["kind"] : "change");
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
async function signOff(step: DoStep, { app }: Stage): Promise<Outcome> {
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
async function emergencyStep(step: DoStep, stage: Stage): Promise<Outcome> {
  const act = TERMINAL_ACTS.find((each) => step.do === `${each}-emergency`) ?? "declare";
  const pull = typeof step["pull"] === "number" ? step["pull"] : null;
  const commit = pull === null ? await commitNamed(step, stage) : "";
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
  return asWritten(step, await stage.app.emergency(repository, given));
}

/** A deviation is entered from an auditor's report, as at the terminal. */
async function addDeviation(step: DoStep, { app }: Stage): Promise<Outcome> {
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
async function moveTo(stage: Stage, now: Instant, to: Instant): Promise<Instant> {
  if (to === now) return now;
  await stage.double.setClock(to);
  await stage.app.advance(to);
  await quiet(stage);
  return to;
}

/** More rounds than any story needs; a story that never comes to rest is a defect, and its expectations tell. */
const ROUNDS = 20;

/** Waits until the App has nothing left to do, also not because of webhooks that its own doing on GitHub sets off. */
export async function quiet({ app, double }: Pick<Stage, "app" | "double">): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await double.marker();
    await app.settle();
    await double.idle();
    if ((await double.marker()) === before) return;
  }
}

/** A step in words: `ann push branch feature, files src/a.ts`. */
export function tell(step: DoStep): string {
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

/** A performance as people read it: one line when all went as written; else what was expected, what was there, and the story so far. */
export function printPerformance(performance: Performance): string {
  if (performance.failures.length === 0) return `ok    ${performance.name}`;
  const lines = [`FAIL  ${performance.name}`];
  for (const failure of performance.failures) {
    const where = failure.step === null ? "at the end" : `at step ${failure.step}`;
    lines.push(`  ${performance.source}:${failure.line} (${where}): ${failure.because}`);
    if (failure.mismatch !== null) {
      lines.push("    expected:", printRows(failure.mismatch.expected, "      "));
      lines.push("    there was:", printRows(failure.mismatch.there, "      "));
    }
  }
  lines.push("    the story so far:");
  for (const step of performance.steps) {
    lines.push(`      ${String(step.number).padStart(2)}  ${printMoment(step.at)}  ${step.told}`);
    if (step.refused !== null) lines.push(`          refused: ${step.refused}`);
  }
  return lines.join("\n");
}
