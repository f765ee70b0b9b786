/** This change was independently approved. */

import { outcomeOfRequirements, judgeApprovals, type ApprovalJudgement } from "../approval/approval.ts";
import type { RequirementState, NobodyLeft, RequirementTreeState } from "../approval/requirement-state.ts";
import type { Change } from "../change/change.ts";
import { inheritedApprovals } from "../approval/inherited-approvals.ts";
import { entryId } from "../policy/entry-provenance.ts";
import { ownerNotes } from "../approval/code-owners.ts";
import { requiresCodeOwners } from "../policy/file/policy.ts";
import { branchOf } from "../policy/scope.ts";
import {
  resultState,
  type Assessment,
  type JudgedApproval,
  type Outcome,
  type WaitingCause,
  worst,
} from "../values/result.ts";
import { PRE_APPROVED, preApproval } from "../approval/pre-approved/pre-approved-change.ts";
import { ofDirectPush, whyNotPreApproved } from "./direct-push.ts";
import { listed, oneLine } from "../texts/wording.ts";
import {
  defineControl,
  fails,
  howUnknown,
  nothingLanded,
  OF_CHANGES,
  pullsUnknown,
  type Context,
  type Ruling,
} from "./control.ts";
import type { Actor, Basis } from "../change/people.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { missingOf } from "../approval/wording.ts";
import { isMerge, pullsOf, type Subject } from "../records/subject.ts";

const NAME = "independently-approved";

/** Requires, for each commit, approvals of the merged content by entitled people who did not make it alone. */
export const independentlyApproved = defineControl({
  name: NAME,
  objective:
    "Every change is approved by people who are entitled to and did not make alone what they approve, before it reaches production.",
  test: "Reviews given up to the merge are matched with the commit each was given on, the reviewer's rights at that time, and everyone who made or pushed each commit.",
  criteria: [
    "SOC 2 CC8.1",
    "ISO 27001:2022 A.8.32",
    "PCI DSS 4.0.1 6.5.1",
    "NIST SP 800-53 CM-3, CM-5, AC-5",
  ],
  kind: "preventive",
  remediation: "Have the shipped content reviewed by someone independent; find out how it got past the gate.",
  judges: OF_CHANGES,
  rule: (subject, context) =>
    judgeRequirements(subject, context, (judgement) => {
      const own = judgement.requirements.filter(({ requirement: ask }) => !ask.ofOwners);
      // Where only owners are required, their approval is all there is.
      return own.length > 0 ? own : judgement.requirements;
    }),
});

/** Returns the approvals of a subject's pull requests, each judged. */
export function approvalsOf(subject: Subject, context: Context): readonly JudgedApproval[] {
  return pullsOf(subject).flatMap(
    (pull) => judgeApprovals(pull, context.policy, momentOf(pull, context)).approvals,
  );
}

/** Describes a landing on an integration branch whose approvals cover commits of a pull request, as a result keeps it. */
export interface InheritedLanding {
  readonly change: string;
  readonly branch: string;
  readonly pulls: readonly number[];
  readonly approvers: readonly Actor[];
  readonly commits: number;
  readonly basis: Basis;
}

function inheritedLandings(pull: PullRequest, context: Context): readonly InheritedLanding[] {
  return inheritedApprovals(pull, context.policy, momentOf(pull, context)).by.map(({ landing, commits }) => {
    const { changeId: change, ref, pulls, approvers, basis } = landing;
    return { change, branch: branchOf(ref) ?? ref, pulls, approvers, commits, basis };
  });
}

/** Returns the landings whose approvals cover commits of what an assessment judged. */
export function inheritedLandingsIn({ results }: Pick<Assessment, "results">): readonly InheritedLanding[] {
  // INVARIANT: the control writes its inputs so.
  return (results.find(({ control }) => control === NAME)?.inputs["carried"] ??
    []) as readonly InheritedLanding[];
}

/** Judges some of the requirements of each pull request. */
export function judgeRequirements(
  subject: Subject,
  context: Context,
  which: (judgement: ApprovalJudgement) => readonly RequirementState[],
): Ruling {
  return (
    nothingLanded(subject) ??
    (subject.moment === "landed" ? withoutPull(subject, context) : null) ??
    ofPulls(subject, context, which)
  );
}

function withoutPull(
  subject: Extract<Subject, { readonly moment: "landed" }>,
  context: Context,
): Ruling | null {
  const { change } = subject;
  const inputs = { update: change.update.kind };
  const unknown = howUnknown(subject, inputs) ?? ofDirectPush(change, context, inputs);
  if (unknown !== null) return unknown;
  if (isMerge(change)) return change.pullRequests.length === 0 ? pullsUnknown() : null;
  const { approvedElsewhere } = change;
  return fails(
    "no-pull-request",
    [
      "nobody could approve it, because it did not come by a pull request",
      ...elsewhere(change),
      ...whyNotPreApproved(change, context),
    ],
    { ...inputs, ...(approvedElsewhere === undefined ? {} : { approvedElsewhere }) },
  );
}

function ofPulls(
  subject: Subject,
  context: Context,
  which: (judgement: ApprovalJudgement) => readonly RequirementState[],
): Ruling {
  const each = pullsOf(subject).map((pull) => judgePull(pull, context, subject.moment === "landed", which));
  const outcome = worst(each.map((one) => one.outcome));
  const deciding = each.filter((one) => one.outcome === outcome);
  // Waiting for people is waiting only while nobody has to act differently in any of the pull requests.
  const cause =
    deciding.find((one) => resultState(one) !== "waiting")?.cause ?? deciding[0]?.cause ?? "satisfied";
  const preApproved = each.flatMap((one) => one.preApproved ?? []);
  const inherited = pullsOf(subject).flatMap((pull) => inheritedLandings(pull, context));
  const ownersFile = requiresCodeOwners(context.policy) ? unique(pullsOf(subject).flatMap(ownerNotes)) : [];
  const inputs = {
    ...(preApproved.length === 0 ? {} : { preApproved }),
    ...(inherited.length === 0 ? {} : { carried: inherited }),
    ...(ownersFile.length === 0 ? {} : { ownersFile }),
    pullRequests: pullsOf(subject).map((pull) => pull.number),
    required: each.map((one) => one.required),
    counted: each.map((one) => one.counted),
    independence: context.policy.independence,
  };
  return { outcome, cause, reasons: unique(deciding.flatMap((one) => one.reasons)), inputs };
}

/** The note where the same patch was approved for another branch: an approval counts only where it was given. */
function elsewhere({ approvedElsewhere = [] }: Change): readonly string[] {
  if (approvedElsewhere.length === 0) return [];
  const from = approvedElsewhere.map(({ pulls, ref, approvers }) => {
    const by = listed(approvers.map(({ login }) => oneLine(login)));
    const where = oneLine(branchOf(ref) ?? ref);
    return `${pulls.map((number) => `#${number}`).join(", ")} into ${where}${by === "" ? "" : `, approved by ${by}`}`;
  });
  const which = approvedElsewhere.some(({ isWhole }) => isWhole)
    ? ""
    : ` (${approvedElsewhere.length} of its commits, not all)`;
  return [
    `content previously approved in another context${which}: the same patch is that of ${listed([...new Set(from)])}; an approval counts only for the pull request it was given on`,
  ];
}

/** Holds the cause of a result that waits for what nobody is left to give. */
export const NOBODY_CAN = "nobody-can-give";

interface PullOutcome extends Omit<Ruling, "inputs"> {
  /** People required and counted by each single requirement that was asked. */
  readonly required: readonly number[];
  readonly counted: readonly number[];
  /** The entry of the policy by which it needs no approval. */
  readonly preApproved?: string;
}

function judgePull(
  pull: PullRequest,
  context: Context,
  landed: boolean,
  which: (judgement: ApprovalJudgement) => readonly RequirementState[],
): PullOutcome {
  const judgement = judgeApprovals(pull, context.policy, momentOf(pull, context));
  const requirements = which(judgement);
  const ends = requirements.flatMap(({ state }) => endsOf(state));
  const answer = (outcome: Outcome, cause: string, reasons: readonly string[]): PullOutcome => ({
    outcome,
    cause,
    reasons,
    required: ends.map(({ requirement }) => requirement.required),
    counted: ends.map(({ proven: have }) => have),
  });
  if (judgement.vetoes.length > 0) {
    const who = listed(judgement.vetoes.map((actor) => oneLine(actor.login)));
    return answer("fail", "changes-requested", [
      landed
        ? `it was merged although ${who} had requested changes`
        : `${who} requested changes; only a new review by ${who}, or a dismissal by an administrator, lifts that`,
    ]);
  }
  const given = preApproval(pull, context.policy, momentOf(pull, context));
  if (given.holds)
    return { ...answer("pass", PRE_APPROVED, [given.because]), preApproved: entryId(given.entry) };
  const state = outcomeOfRequirements(judgement, requirements);
  if (state === "met")
    return answer("pass", "satisfied", [
      ...judgement.approvals.filter((each) => each.counts).map((each) => each.reason),
      ...judgement.landed,
    ]);
  if (state === "unknown")
    return answer("unverifiable", "unknown", [
      ...judgement.unknowns.map(({ reason }) => reason),
      ...judgement.landed,
    ]);
  const short = requirements.filter(({ outcome }) => outcome === "short");
  if (!landed && short.some(({ state: { stuck } }) => stuck)) {
    const lacking = short.flatMap(lackingOf);
    const sorted = [
      ...lacking.filter(({ left }) => left !== null),
      ...lacking.filter(({ left }) => left === null),
    ];
    return answer("fail", NOBODY_CAN, [...sorted.map(lackingText), ...notCounted(judgement), ...given.why]);
  }
  return answer("fail", shortCause(judgement, landed), [
    ...shortReasons(judgement, requirements, landed),
    ...given.why,
  ]);
}

/** Someone must act differently when the only approvals there are by those who made it; otherwise it waits for people. */
function shortCause(judgement: ApprovalJudgement, landed: boolean): string {
  const given = judgement.approvals.filter((each) => each.code !== "superseded" && each.code !== "dismissed");
  return given.length > 0 && given.every(({ code }) => code === "own-work" || code === "requested")
    ? "own-work"
    : landed
      ? "too-few-approvals"
      : ("waiting-for-approval" satisfies WaitingCause);
}

function shortReasons(
  judgement: ApprovalJudgement,
  requirements: readonly RequirementState[],
  landed: boolean,
): readonly string[] {
  const missing = requirements
    .filter(({ outcome }) => outcome === "short")
    .map((each) => (landed ? `it lacked ${missingOf(each)}` : needsText(each)));
  return [...missing, ...notCounted(judgement)];
}

function notCounted({ approvals, landed }: ApprovalJudgement): readonly string[] {
  return [...approvals.filter((each) => each.code !== "counts").map((each) => each.reason), ...landed];
}

/** Describes one approval that is missing, and why nobody is left to give it; `left` null: someone may be. */
export interface Lacking {
  readonly what: RequirementState;
  readonly left: NobodyLeft | null;
}

/** Lists what is missing of an ask: each approval that nobody is left to give by itself. */
export function lackingOf(what: RequirementState): readonly Lacking[] {
  const { requirement: ask, state, outcome } = what;
  if (!state.stuck) return [{ what, left: null }];
  if ("requirement" in state) return [{ what, left: state.nobody }];
  return ("all-of" in state ? state["all-of"] : state["any-of"])
    .filter(({ met }) => !met)
    .flatMap((each) => lackingOf({ requirement: ask, state: each, outcome }));
}

function lackingText({ what, left }: Lacking): string {
  return left === null
    ? `also needs ${missingOf(what)}`
    : `nobody can give ${missingOf(what)}: ${left.because}. ${left.remedy}`;
}

/** Lists every sentence by which a result shows that a requirement is not met before the merge. */
export function missingReasons(what: RequirementState): readonly string[] {
  return [needsText(what), ...lackingOf(what).map(lackingText)];
}

function needsText(what: RequirementState): string {
  return `needs ${missingOf(what)}`;
}

type End = Extract<RequirementTreeState, { readonly requirement: unknown }>;

function endsOf(state: RequirementTreeState): readonly End[] {
  if ("all-of" in state) return state["all-of"].flatMap(endsOf);
  if ("any-of" in state) return state["any-of"].flatMap(endsOf);
  return [state];
}

function momentOf(pull: PullRequest, context: Context): number {
  return pull.merged?.at ?? context.at;
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
