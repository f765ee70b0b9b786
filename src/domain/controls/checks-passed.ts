/** This change was passed by the required checks. */

import type { Check } from "../change/review.ts";
import { newestRuns, newestRunsAt, runsOf, type WantedCheck } from "../change/checks.ts";
import { truncationsIn } from "../records/truncation.ts";
import type { WaitingCause } from "../values/result.ts";
import { listed, oneLine } from "../texts/wording.ts";
import {
  defineControl,
  fails,
  howUnknown,
  nothingLanded,
  OF_CHANGES,
  passes,
  pullsUnknown,
  unverifiable,
  type Context,
  type Ruling,
} from "./control.ts";
import { type Subject } from "../records/subject.ts";

/** Requires that every required check succeeded on the content that is merged, before it was. */
export const checksPassed = defineControl({
  name: "checks-passed",
  objective:
    "Every change passes the required automated checks, on the content that is merged, before it reaches production.",
  test: "The newest run of each required check (by name and, where the policy says, app, workflow and event; of several apps, workflows and events with that name, each one's, and every leg of it) on the merged content must have concluded success by the time of the merge; skipped and neutral are no success.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.29", "PCI DSS 4.0.1 6.5.1"],
  kind: "preventive",
  remediation: "Run the checks on the shipped content; revert if they fail.",
  judges: OF_CHANGES,
  notAsked: ({ checks }) => (checks.length === 0 ? "the policy requires no checks" : null),
  rule: (subject, context) => nothingLanded(subject) ?? howUnknown(subject) ?? onContents(subject, context),
});

type OfChange = Exclude<Subject, { readonly moment: "deployed" }>;

function onContents(subject: OfChange, context: Context): Ruling {
  const contents = checksOf(subject);
  if (contents.length === 0) return pullsUnknown();
  const landed = subject.moment === "landed";
  const each = context.policy.checks.map((wanted) => ({
    ...wanted,
    state: worstOf(contents.map((checks) => stateOf(wanted, checks, context.at, landed))),
  }));
  const inputs = { required: each };
  const named = (states: readonly string[]): readonly string[] =>
    each.filter((one) => states.includes(one.state)).map(requiredCheckText);
  const cut = truncationsIn(subject, ["checks"]);
  const failed = named(["failed"]);
  if (failed.length > 0)
    return fails("check-failed", `${listed(failed.map(oneLine))} did not succeed`, inputs);
  if (cut.length > 0) return unverifiable(cut, inputs);
  const missing = named(["missing", "running", "late"]);
  if (missing.length === 0) return passes(`${listed(named(["passed"]).map(oneLine))} succeeded`, inputs);
  return landed
    ? fails("check-missing", `${listed(missing.map(oneLine))} had not succeeded when it landed`, inputs)
    : fails(WAITING, `waits for ${listed(missing.map(oneLine))}`, inputs);
}

const WAITING: WaitingCause = "waiting-for-check";

/** The checks of each content that is merged. */
function checksOf(subject: OfChange): readonly (readonly Check[])[] {
  if (subject.moment === "gate") return [subject.pull.checks];
  if (subject.moment === "group") return [subject.checks];
  const { change } = subject;
  // A merge by the button is judged on the head that was checked; a queue group and a push on the commit itself.
  return change.update.kind === "pull-request"
    ? change.pullRequests.map((pull) => pull.checks)
    : [change.checks];
}

const STATES = ["failed", "missing", "running", "late", "passed"] as const;
type State = (typeof STATES)[number];

function worstOf(states: readonly State[]): State {
  return STATES.find((state) => states.includes(state)) ?? "missing";
}

/** Returns a required check's name, with the app, workflow or event the policy requires. */
export function requiredCheckText({ name, app, workflow, event }: WantedCheck): string {
  const by = [
    ...(app == null ? [] : [`by ${app}`]),
    ...(workflow === undefined ? [] : [`of the workflow ${workflow}`]),
    ...(event === undefined ? [] : [`on ${event}`]),
  ];
  return by.length === 0 ? name : `${name} (${by.join(", ")})`;
}

function stateOf(wanted: WantedCheck, checks: readonly Check[], at: number, landed: boolean): State {
  const candidates = runsOf(wanted, checks);
  if (candidates.length === 0) return "missing";
  // A check that was run again after the merge does not undo the run before it.
  const newest = landed ? newestRunsAt(candidates, at) : newestRuns(candidates);
  if (newest.length === 0) return "late";
  if (newest.some((check) => check.completedAt === null || check.conclusion === null)) return "running";
  if (newest.some((check) => check.completedAt !== null && check.completedAt > at)) return "late";
  return newest.every((check) => check.conclusion === "success") ? "passed" : "failed";
}
