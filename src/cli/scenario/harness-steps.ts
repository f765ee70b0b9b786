/** The steps that concern the App itself or the world around it; every other step acts on GitHub. */

import type { Instant } from "../../domain/time/instant.ts";
import { CONTROL_NAMES } from "../../domain/values/result.ts";
import { EMERGENCY_COMMAND_NAMES } from "../../domain/emergency/voice.ts";
import { moveTo } from "./clock.ts";
import { handOver } from "./hand-over.ts";
import type { Harness } from "./harness/harness.ts";
import { DEFAULT_REPOSITORY, STORY_ORGANIZATION } from "./format/match.ts";
import { commitNamed } from "./harness/report.ts";
import type { DoStep } from "./format/steps.ts";
import { durationOf, momentOf, printMoment } from "./format/words.ts";

/** Describes the outcome of a step. `problem`: how it differs from the story. */
export interface StepOutcome {
  readonly refused: string | null;
  readonly problem: string | null;
  /** Set when the step itself moved the clock. */
  readonly now?: Instant;
}

/** Runs one of the steps of `HARNESS_STEPS`. */
export async function runHarnessStep(step: DoStep, harness: Harness, now: Instant): Promise<StepOutcome> {
  const { double, app } = harness;
  const done: StepOutcome = { refused: null, problem: null };
  if (step.refused !== undefined && !TERMINAL_STEPS.includes(step.do)) {
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
    case "close-period":
      return closePeriod(step, harness, now);
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
    case "rewrite-log":
      await harness.rewrite();
      return done;
    case "skew-clock":
      await app.skew(durationOf(String(step["ahead"])));
      return done;
    default:
      return { ...done, problem: `this version cannot yet play the step \`${step.do}\`` };
  }
}

/** Returns a step's own keys as the double takes them: durations in seconds. */
function keysFor(step: DoStep): Readonly<Record<string, unknown>> {
  const { do: _, after: __, at: ___, by: ____, as: _____, bypass: ______, for: time, ...rest } = step;
  return typeof time === "string" ? { ...rest, for: durationOf(time) / 1000 } : rest;
}

/** Signs off a month as at the terminal. */
async function signOff(step: DoStep, { app }: Harness): Promise<StepOutcome> {
  const control = CONTROL_NAMES.find((each) => each === step["control"]);
  if (control === undefined)
    return { refused: null, problem: `there is no control ${String(step["control"])}` };
  const given = {
    control,
    month: String(step["month"]),
    comment: typeof step["comment"] === "string" ? step["comment"] : "looked at the figures",
    login: step.by ?? "",
  };
  return checkedRefusal(step, await app.signOff(STORY_ORGANIZATION, given));
}

/** Steps run as at the terminal, which the App itself may refuse. */
const TERMINAL_STEPS: readonly string[] = [
  "monthly-review",
  "add-deviation",
  "close-period",
  ...EMERGENCY_COMMAND_NAMES.map((act) => `${act}-emergency`),
];

/** Applies an emergency command as at the terminal. */
async function emergencyStep(step: DoStep, harness: Harness): Promise<StepOutcome> {
  const act = EMERGENCY_COMMAND_NAMES.find((each) => step.do === `${each}-emergency`) ?? "declare";
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
  const repository = `${STORY_ORGANIZATION}/${step.repository ?? DEFAULT_REPOSITORY}`;
  return checkedRefusal(step, await harness.app.emergency(repository, given));
}

/** Adds a deviation from an auditor's report, as at the terminal. */
async function addDeviation(step: DoStep, { app }: Harness): Promise<StepOutcome> {
  const text = (key: string): string | undefined => (typeof step[key] === "string" ? step[key] : undefined);
  const given = {
    repository: `${STORY_ORGANIZATION}/${step.repository ?? DEFAULT_REPOSITORY}`,
    control: text("control") ?? "",
    type: text("type") ?? "operating",
    ...(text("severity") === undefined ? {} : { severity: text("severity") }),
    title: text("title") ?? "An auditor's finding",
    ...(text("description") === undefined ? {} : { description: text("description") }),
    ...(text("reference") === undefined ? {} : { reference: text("reference") }),
    pulls: typeof step["pull"] === "number" ? [step["pull"]] : [],
    as: step.by ?? "",
  };
  return checkedRefusal(step, await app.enterDeviation(given));
}

/** Closes a period, or adds to a closed one, as at the terminal. */
async function closePeriod(step: DoStep, harness: Harness, now: Instant): Promise<StepOutcome> {
  const text = (key: string): string | null => (typeof step[key] === "string" ? step[key] : null);
  const given = {
    period: String(step["period"]),
    incomplete: text("incomplete"),
    addendum: text("addendum"),
    by: step.by ?? "",
  };
  return checkedRefusal(step, await handOver(harness, given, now));
}

/** Compares a refusal, or null for none, with the one the story expects. */
export function checkedRefusal(step: DoStep, refused: string | null, how = "it was refused"): StepOutcome {
  const expected = step.refused;
  if (refused === null)
    return { refused, problem: expected === undefined ? null : "it should be refused, and was not" };
  if (expected === undefined) return { refused, problem: `${how}: ${refused}` };
  const isMatching = expected === true || refused.toLowerCase().includes(expected.toLowerCase());
  return {
    refused,
    problem: isMatching ? null : `it should be refused with "${expected}", and was with "${refused}"`,
  };
}
