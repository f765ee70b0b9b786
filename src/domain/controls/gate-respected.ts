/** This change was let through by the gate. */

import type { Check } from "../change/review.ts";
import { truncationsIn } from "../records/truncation.ts";
import type { Result } from "../values/result.ts";
import {
  defineControl,
  fails,
  howUnknown,
  notApplicable,
  nothingLanded,
  passes,
  pullsUnknown,
  unverifiable,
  type Context,
  type Ruling,
} from "./control.ts";
import { ofDirectPush } from "./direct-push.ts";
import { isMerge, type Subject } from "../records/subject.ts";
import { CHECK_NAME } from "../values/check-name.ts";

/** Requires that our own check had succeeded on what was merged when it was merged. */
export const gateRespected = defineControl({
  name: "gate-respected",
  objective: "Nothing reaches production while the approval check blocks it.",
  test: "The check run `countersign`, by this App and no other, on the merged content had concluded success by the time of the merge, where the policy enforces.",
  criteria: ["SOC 2 CC8.1", "NIST SP 800-53 CM-3(2)"],
  kind: "detective",
  remediation:
    "Find who may bypass the rules of the branch and why it was used; require the check of everyone.",
  judges: ["landed"],
  rule(subject, context) {
    const { change } = subject;
    const inputs = { mode: context.policy.mode, update: change.update.kind, check: null };
    if (context.policy.mode === "observe")
      return notApplicable("observing", "the policy only observes", inputs);
    return (
      nothingLanded(subject, inputs) ??
      howUnknown(subject, inputs) ??
      ofDirectPush(change, context, inputs) ??
      ofUpdate(subject, context, inputs)
    );
  },
});

function ofUpdate(
  subject: Extract<Subject, { readonly moment: "landed" }>,
  context: Context,
  inputs: Result["inputs"],
): Ruling {
  const { change } = subject;
  if (!isMerge(change)) return fails("bypassed", "it bypassed the check", inputs);
  const checks =
    change.update.kind === "queue" ? [change.checks] : change.pullRequests.map((pull) => pull.checks);
  if (checks.length === 0) return pullsUnknown(inputs);
  const [cut] = truncationsIn(subject, ["checks"]);
  if (cut !== undefined) return unverifiable(cut, inputs);
  const states = checks.map((each) => gateStateAt(each, context));
  const held = states.find((state) => state !== "success");
  if (held === undefined)
    return passes("the check had succeeded when it was merged", { ...inputs, check: "success" });
  const how = held === "failure" ? "although the check had failed" : `while the check was ${held}`;
  return fails("bypassed", `it was merged ${how}`, { ...inputs, check: held });
}

/** Returns what our own check showed at a moment: its conclusion, `missing` or `still waiting`. */
export function gateStateAt(checks: readonly Check[], context: Pick<Context, "appId" | "at">): string {
  const ours = checks
    .filter((check) => check.name === CHECK_NAME && check.app?.id === context.appId)
    .toSorted((a, b) => (a.completedAt ?? Infinity) - (b.completedAt ?? Infinity))
    .at(-1);
  if (ours === undefined) return "missing";
  if (ours.completedAt === null || ours.conclusion === null || ours.completedAt > context.at)
    return "still waiting";
  return ours.conclusion;
}
