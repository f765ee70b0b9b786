/** A control: one named requirement, tested the same way before a merge, after it, and when an auditor asks. */

import type { EmergencyFacts } from "../records/emergency-facts.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { ControlName, Outcome, Result } from "../values/result.ts";
import type { Instant } from "../time/instant.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { type Subject, pullsOf, isMerge, introducesNothing, unverifiableOrigin } from "../records/subject.ts";
import { result, worst } from "../values/result.ts";

/** Describes what a control may read beside the subject. */
export interface Context {
  readonly policy: Policy;
  /** Our own GitHub App's id: only its checks named `countersign` are the gate's. */
  readonly appId: number;
  /** The moment judged: now for the gate, the merge or deployment for what happened. Inclusive. */
  readonly at: Instant;
  /** The results of the controls before this one, with what was waived. */
  readonly tested: readonly Result[];
}

/** Describes what a control's rule comes to: a result without the name of the control. */
export type Ruling = Omit<Result, "control">;

/** Describes one control. */
export interface Control {
  readonly name: ControlName;
  /** What it is for, in a sentence an auditor can copy into a control matrix. */
  readonly objective: string;
  /** How the outcome is found. */
  readonly test: string;
  /** Outside criteria it serves. */
  readonly criteria: readonly string[];
  readonly kind: "preventive" | "detective";
  /** What to do when it fails. */
  readonly remediation: string;
  /** The moments at which it has a result. */
  readonly judges: readonly Moment[];
  readonly judge: (subject: Subject, context: Context) => Result | null;
}

type Moment = Subject["moment"];
type Inputs = Result["inputs"];
type Reasons = string | readonly string[];

/** Holds the moments of a change, before its merge and after it. */
export const OF_CHANGES = ["gate", "group", "landed"] as const satisfies readonly Moment[];

/**
 * Makes a control of its rule. `judges`: the moments at which it looks, at others it has no result. `notAsked`: why the policy asks
 * nothing of the kind, null where it does.
 */
export function defineControl<const M extends Moment>({
  judges,
  notAsked,
  rule,
  ...documented
}: Omit<Control, "judge" | "judges"> & {
  readonly judges: readonly M[];
  readonly notAsked?: (policy: Policy) => string | null;
  readonly rule: (subject: Extract<Subject, { readonly moment: M }>, context: Context) => Ruling | null;
}): Control {
  return {
    ...documented,
    judges,
    judge(subject, context) {
      if (!isAt(subject, judges)) return null;
      const because = notAsked?.(context.policy) ?? null;
      const ruling = because === null ? rule(subject, context) : notApplicable("none-required", because);
      if (ruling === null) return null;
      const { outcome, cause, reasons, inputs } = ruling;
      return result(documented.name, outcome, cause, reasons, inputs);
    },
  };
}

function isAt<M extends Moment>(
  subject: Subject,
  moments: readonly M[],
): subject is Extract<Subject, { readonly moment: M }> {
  return moments.some((moment) => moment === subject.moment);
}

/** Makes a pass. */
export function passes(reasons: Reasons, inputs: Inputs = {}, cause = "satisfied"): Ruling {
  return ruling("pass", cause, reasons, inputs);
}

/** Makes a failure. */
export function fails(cause: string, reasons: Reasons, inputs: Inputs = {}): Ruling {
  return ruling("fail", cause, reasons, inputs);
}

/** Returns the answer where nothing can be known. */
export function unverifiable(reasons: Reasons, inputs: Inputs = {}, cause = "unknown"): Ruling {
  return ruling("unverifiable", cause, reasons, inputs);
}

/** Makes the answer where there is nothing to judge. */
export function notApplicable(cause: string, reasons: Reasons, inputs: Inputs = {}): Ruling {
  return ruling("not-applicable", cause, reasons, inputs);
}

function ruling(outcome: Outcome, cause: string, reasons: Reasons, inputs: Inputs): Ruling {
  return { outcome, cause, reasons: typeof reasons === "string" ? [reasons] : reasons, inputs };
}

/** Returns the emergency by which a control was waived; null where none was. */
export function emergencyUsed({ emergencies = [] }: Subject, { tested }: Context): EmergencyFacts | null {
  const waived = tested.find((each) => each.outcome === "waived" && each.cause === "emergency");
  return emergencies.find(({ record }) => record.id === waived?.inputs["leave"]) ?? null;
}

/** Rules on an update that introduced nothing to its branch; null for any other subject. */
export function nothingLanded(subject: Subject, inputs: Inputs = {}): Ruling | null {
  return subject.moment === "landed" && introducesNothing(subject.change)
    ? notApplicable("nothing-landed", "nothing new reached the branch", inputs)
    : null;
}

/** Rules on an update of which it is unknown how it came to its branch; null for any other subject. */
export function howUnknown(subject: Subject, inputs: Inputs = {}, cause = "unknown"): Ruling | null {
  const because = subject.moment === "landed" ? unverifiableOrigin(subject.change) : null;
  return because === null ? null : unverifiable(because, inputs, cause);
}

/** Rules on a merge whose pull requests GitHub would not name. */
export function pullsUnknown(inputs: Inputs = {}): Ruling {
  return unverifiable(
    "GitHub did not return which pull request this update merged",
    inputs,
    "pull-request-unknown",
  );
}

/** Judges each pull request and takes the worst. What came by no pull request is another control's failure. */
export function judgeEach(
  subject: Subject,
  inputs: Inputs,
  judge: (pull: PullRequest) => Omit<Ruling, "inputs">,
): Ruling {
  return nothingLanded(subject) ?? withoutPull(subject) ?? ofPulls(pullsOf(subject), inputs, judge);
}

function withoutPull(subject: Subject): Ruling | null {
  if (subject.moment !== "landed") return null;
  const { change } = subject;
  const inputs = { update: change.update.kind };
  const unknown = howUnknown(subject, inputs, "pull-request-unknown");
  if (unknown !== null) return unknown;
  if (!isMerge(change))
    return notApplicable("no-pull-request", "it did not come by a pull request, which could say so", inputs);
  return change.pullRequests.length === 0 ? pullsUnknown(inputs) : null;
}

function ofPulls(
  pulls: readonly PullRequest[],
  inputs: Inputs,
  judge: (pull: PullRequest) => Omit<Ruling, "inputs">,
): Ruling {
  const each = pulls.map((pull) => ({ pull, ...judge(pull) }));
  const outcome = worst(each.map((one) => one.outcome));
  const deciding = each.filter((one) => one.outcome === outcome);
  const reasons = deciding.flatMap((one) =>
    one.reasons.map((reason) => (pulls.length > 1 ? `#${one.pull.number}: ${reason}` : reason)),
  );
  return { outcome, cause: deciding[0]?.cause ?? "satisfied", reasons: [...new Set(reasons)], inputs };
}

/** Returns whether a subject is judged before it merges. */
export function isBeforeMerge({ moment }: Subject): boolean {
  return moment === "gate" || moment === "group";
}
