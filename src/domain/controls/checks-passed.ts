/** This change was passed by the required checks. */

import type { Check } from "../change.ts";
import { newestRuns, newestRunsAt, runsOf, type WantedCheck } from "../checks.ts";
import { cutIn } from "../cut.ts";
import type { Result, WaitingCause } from "../result.ts";
import { listed, oneLine } from "../wording.ts";
import { bringsNothing, result, untold, type Context, type Control, type Subject } from "./control.ts";

const NAME = "checks-passed";

/** Every required check succeeded on the content that is merged, before it was. */
export const checksPassed: Control = {
  name: NAME,
  objective:
    "Every change passes the required automated checks, on the content that is merged, before it reaches production.",
  test: "The newest run of each required check (by name and, where the policy says, app, workflow and event; of several apps, workflows and events with that name, each one's, and every leg of it) on the merged content must have concluded success by the time of the merge; skipped and neutral are no success.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.29", "PCI DSS 4.0.1 6.5.1"],
  kind: "preventive",
  remediation: "Run the checks on the shipped content; revert if they fail.",
  judge,
};

function judge(subject: Subject, context: Context): Result | null {
  if (subject.moment === "deployed") return null;
  const { checks: required } = context.policy;
  if (required.length === 0)
    return result(NAME, "not-applicable", "none-required", ["the policy requires no checks"], {});
  if (subject.moment === "landed" && bringsNothing(subject.change)) {
    return result(NAME, "not-applicable", "nothing-landed", ["nothing new reached the branch"], {});
  }
  const cannot = subject.moment === "landed" ? untold(subject.change) : null;
  if (cannot !== null) return result(NAME, "unverifiable", "unknown", [cannot], {});
  const contents = checksOf(subject);
  if (contents.length === 0) {
    return result(
      NAME,
      "unverifiable",
      "pull-request-unknown",
      ["GitHub would not say which pull request this update merged"],
      {},
    );
  }
  const landed = subject.moment === "landed";
  const each = required.map((wanted) => ({
    ...wanted,
    state: worstOf(contents.map((checks) => stateOf(wanted, checks, context.at, landed))),
  }));
  const inputs = { required: each };
  const named = (states: readonly string[]): readonly string[] =>
    each.filter((one) => states.includes(one.state)).map(nameOf);
  const cut = cutIn(subject, ["checks"]);
  const failed = named(["failed"]);
  if (failed.length > 0) {
    return result(NAME, "fail", "check-failed", [`${listed(failed.map(oneLine))} did not succeed`], inputs);
  }
  if (cut.length > 0) return result(NAME, "unverifiable", "unknown", cut, inputs);
  const missing = named(["missing", "running", "late"]);
  if (missing.length === 0)
    return result(NAME, "pass", "satisfied", [`${listed(named(["passed"]).map(oneLine))} succeeded`], inputs);
  const reason = landed
    ? `${listed(missing.map(oneLine))} had not succeeded when it landed`
    : `waits for ${listed(missing.map(oneLine))}`;
  return result(
    NAME,
    "fail",
    landed ? "check-missing" : ("waiting-for-check" satisfies WaitingCause),
    [reason],
    inputs,
  );
}

/** The checks of each content that is merged. */
function checksOf(subject: Exclude<Subject, { readonly moment: "deployed" }>): readonly (readonly Check[])[] {
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

function nameOf({ name, app, workflow, event }: WantedCheck): string {
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
