/** What a control is: one named requirement, tested the same way before a merge, after it, and when an auditor asks. */

import type { Change, Check, Instant, PullRequest, Repository, Sha } from "../change.ts";
import type { Deployment } from "../deployment.ts";
import type { EmergencyFacts } from "../emergency/facts.ts";
import type { Policy } from "../policy/policy.ts";
import type { ControlName, Outcome, Result } from "../result.ts";

/** Describes what is tested, at which of the three moments. */
export type Subject = (
  | { readonly moment: "gate"; readonly pull: PullRequest }
  | {
      readonly moment: "group";
      readonly pulls: readonly PullRequest[];
      readonly sha: Sha;
      readonly checks: readonly Check[];
    }
  | { readonly moment: "landed"; readonly change: Change }
  | { readonly moment: "deployed"; readonly deployment: Deployment }
) & {
  /** The emergencies of its pull requests, or of its deployment, that were ever opened; absent: none. */
  readonly emergencies?: readonly EmergencyFacts[];
};

/** Describes leave to pass named controls: an authorised emergency, or a registered exemption. */
export interface Leave {
  readonly kind: "emergency" | "exemption";
  /** What names it in the log or the policy. */
  readonly id: string;
  readonly controls: readonly ControlName[];
  /** A sentence: who gave it, and until when. */
  readonly because: string;
}

/** Describes what a control may look at beside the subject. */
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
  readonly judge: (subject: Subject, context: Context) => Result | null;
}

/** Holds the name of our check run. */
export const CHECK_NAME = "countersign";

/** Returns a result; reasons read as sentences without a full stop. */
export function result(
  control: ControlName,
  outcome: Outcome,
  cause: string,
  reasons: readonly string[],
  inputs: Result["inputs"],
): Result {
  return { control, outcome, cause, reasons, inputs };
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
}: Omit<Control, "judge"> & {
  readonly judges: readonly M[];
  readonly notAsked?: (policy: Policy) => string | null;
  readonly rule: (subject: Extract<Subject, { readonly moment: M }>, context: Context) => Ruling | null;
}): Control {
  return {
    ...documented,
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

/** Makes the answer where nobody can tell. */
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

/** Rules on an update that brought nothing to its branch; null for any other subject. */
export function nothingLanded(subject: Subject, inputs: Inputs = {}): Ruling | null {
  return subject.moment === "landed" && bringsNothing(subject.change)
    ? notApplicable("nothing-landed", "nothing new reached the branch", inputs)
    : null;
}

/** Rules on an update of which nobody can tell how it came to its branch; null for any other subject. */
export function howUnknown(subject: Subject, inputs: Inputs = {}, cause = "unknown"): Ruling | null {
  const because = subject.moment === "landed" ? untold(subject.change) : null;
  return because === null ? null : unverifiable(because, inputs, cause);
}

/** Rules on a merge whose pull requests GitHub would not name. */
export function pullsUnknown(inputs: Inputs = {}): Ruling {
  return unverifiable(
    "GitHub would not say which pull request this update merged",
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

/** Tells whether a subject is judged before it merges. */
export function isBeforeMerge({ moment }: Subject): boolean {
  return moment === "gate" || moment === "group";
}

/** Returns the pull requests of a subject. */
export function pullsOf(subject: Subject): readonly PullRequest[] {
  switch (subject.moment) {
    case "gate":
      return [subject.pull];
    case "group":
      return subject.pulls;
    case "landed":
      return subject.change.pullRequests;
    case "deployed":
      return [];
  }
}

/** Returns the repository of a subject; of a group, that of its pull requests. */
export function repositoryOf(subject: Subject): Pick<Repository, "id" | "name"> {
  switch (subject.moment) {
    case "gate":
      return subject.pull.repository;
    case "group":
      return subject.pulls[0]?.repository ?? { id: 0, name: "" };
    case "landed":
      return subject.change.repository;
    case "deployed":
      return subject.deployment.repository;
  }
}

/** Tells whether a landed change came through the merge button or the queue. */
export function isMerge(change: Change): boolean {
  return change.update.kind === "pull-request" || change.update.kind === "queue";
}

/** Tells whether nothing new came to production by this update. */
export function bringsNothing(change: Change): boolean {
  return (
    change.update.kind === "branch-deleted" ||
    (change.update.kind === "branch-created" && change.alreadyLanded === true)
  );
}

/** Returns why it cannot be told whether an update should have come by a pull request; null where it can. */
export function untold(change: Change): string | null {
  const { kind, told } = change.update;
  if (kind === "branch-created" && change.alreadyLanded === null)
    return "whether the new branch's content had landed before cannot be told";
  return kind === "unknown"
    ? `how it came to the branch cannot be told: GitHub calls it \`${told ?? "unknown"}\`, which this version does not know`
    : null;
}

/** Returns the worst of several outcomes: fail, then unverifiable, then pass; not-applicable when there are none. */
export function worst(outcomes: readonly Outcome[]): Outcome {
  for (const outcome of ["fail", "unverifiable", "waived", "pass"] as const) {
    if (outcomes.includes(outcome)) return outcome;
  }
  return "not-applicable";
}
