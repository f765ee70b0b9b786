/** This change was let through by the gate. */

import type { Check } from "../change.ts";
import { cutIn } from "../cut.ts";
import type { Result } from "../result.ts";
import {
  bringsNothing,
  CHECK_NAME,
  isMerge,
  untold,
  result,
  type Context,
  type Control,
  type Subject,
} from "./control.ts";

const NAME = "gate-respected";

/** Our own check had succeeded on what was merged when it was merged. */
export const gateRespected: Control = {
  name: NAME,
  objective: "Nothing reaches production while the approval check holds it back.",
  test: "The check run `countersign`, by this App and no other, on the merged content had concluded success by the time of the merge, where the policy enforces.",
  criteria: ["SOC 2 CC8.1", "NIST SP 800-53 CM-3(2)"],
  kind: "detective",
  remediation:
    "Find who may bypass the rules of the branch and why it was used; require the check of everyone.",
  judge(subject: Subject, context: Context): Result | null {
    if (subject.moment !== "landed") return null;
    const { change } = subject;
    const say = (
      outcome: Result["outcome"],
      cause: string,
      reason: string,
      state: string | null = null,
    ): Result =>
      result(NAME, outcome, cause, [reason], {
        mode: context.policy.mode,
        update: change.update.kind,
        check: state,
      });
    if (context.policy.mode === "observe")
      return say("not-applicable", "observing", "the policy only observes");
    if (bringsNothing(change))
      return say("not-applicable", "nothing-landed", "nothing new reached the branch");
    const cannot = untold(change);
    if (cannot !== null) return say("unverifiable", "unknown", cannot);
    if (!isMerge(change)) return say("fail", "bypassed", "it went round the gate");
    const checks =
      change.update.kind === "queue" ? [change.checks] : change.pullRequests.map((pull) => pull.checks);
    if (checks.length === 0)
      return say(
        "unverifiable",
        "pull-request-unknown",
        "GitHub would not say which pull request this update merged",
      );
    const [cut] = cutIn(subject, ["checks"]);
    if (cut !== undefined) return say("unverifiable", "unknown", cut);
    const states = checks.map((each) => stateAt(each, context));
    const held = states.find((state) => state !== "success");
    return held === undefined
      ? say("pass", "satisfied", "the check had succeeded when it was merged", "success")
      : say(
          "fail",
          "bypassed",
          held === "failure"
            ? "it was merged although the check had failed"
            : `it was merged while the check was ${held}`,
          held,
        );
  },
};

function stateAt(checks: readonly Check[], context: Context): string {
  const ours = checks
    .filter((check) => check.name === CHECK_NAME && check.app?.id === context.appId)
    .toSorted((a, b) => (a.completedAt ?? Infinity) - (b.completedAt ?? Infinity))
    .at(-1);
  if (ours === undefined) return "missing";
  if (ours.completedAt === null || ours.conclusion === null || ours.completedAt > context.at)
    return "still waiting";
  return ours.conclusion;
}
