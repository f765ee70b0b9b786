/** The one assessment: the same function judges a change before it merges, after it merged, and for an auditor. */

import { isAccepted, withAcceptance } from "./acceptance.ts";
import { withNotShownYet } from "./not-shown-yet.ts";
import { withUnreadablePull } from "./unreadable-pull.ts";
import type { Instant } from "../time/instant.ts";
import { emergencyWaiver } from "../emergency/in-force.ts";
import { exemptionsFor, type ExemptedControl } from "../policy/exemption.ts";
import type { Freeze } from "../policy/file/waivers-and-freezes.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import {
  resultState,
  type Assessment,
  type JudgedApproval,
  type Result,
  type Verdict,
  result,
} from "../values/result.ts";
import { approvedByOwners } from "../controls/approved-by-owners.ts";
import { changeDocumented } from "../controls/change-documented.ts";
import { checksPassed } from "../controls/checks-passed.ts";
import { contentAsReviewed } from "../controls/content-as-reviewed.ts";
import { isBeforeMerge, type Context, type Control } from "../controls/control.ts";
import { deploymentApproved } from "../controls/deployments/deployment-approved.ts";
import { deploymentTraceable } from "../controls/deployments/deployment-traceable.ts";
import { emergencyAuthorised } from "../controls/emergency-authorised.ts";
import { emergencyReviewedInTime } from "../controls/emergency-reviewed-in-time.ts";
import { gateRespected } from "../controls/gate-respected.ts";
import { approvalsOf, independentlyApproved } from "../controls/independently-approved.ts";
import { heldByNames } from "./unknown-names.ts";
import { heldByUnknownUse } from "./unknown-use.ts";
import { mergedByPullRequest } from "../controls/merged-by-pull-request.ts";
import { isOpenToEmergencies, outsideFreeze } from "../controls/outside-freeze.ts";
import { recordLinked } from "../controls/record-linked.ts";
import { repositoryOf, type Waiver, type Subject } from "../records/subject.ts";

/** Holds every control, in the order people read them. */
export const CONTROLS: readonly Control[] = [
  independentlyApproved,
  approvedByOwners,
  checksPassed,
  recordLinked,
  changeDocumented,
  outsideFreeze,
  mergedByPullRequest,
  gateRespected,
  contentAsReviewed,
  deploymentTraceable,
  deploymentApproved,
  emergencyAuthorised,
  emergencyReviewedInTime,
];

/** Describes what an assessment needs beside the subject. `since`: what happened before it is historic. */
export interface Circumstances {
  /** Waivers in force at the moment judged. */
  readonly waivers?: readonly Waiver[];
  readonly policy: PolicyInForce;
  readonly appId: number;
  readonly at: Instant;
  readonly since: Instant;
}

/** Judges a subject. Pure; never throws; a policy that is broken or unreadable lets nothing pass. */
export function assess(
  subject: Subject,
  { policy, appId, at, since, waivers = [] }: Circumstances,
): Assessment {
  if (policy.state !== "known") {
    const results = [withoutPolicy(subject, policy)];
    return { verdict: fold(subject, results, at, since), results, approvals: [], policyDigest: "" };
  }
  const context = { policy: policy.record.effective, appId, at };
  const given = exemptionsFor(context.policy, repositoryOf(subject), at);
  const all = [...waivers, ...given.filter(({ gives }) => gives).map(waiverOf)];
  const emergency = emergencyWaiver(subject, at);
  const tested: Result[] = [];
  for (const control of CONTROLS) {
    const judged = control.judge(subject, { ...context, tested });
    if (judged === null) continue;
    const read = withUnreadablePull(judged, control, subject, { ...context, tested });
    const own =
      control === independentlyApproved
        ? withNotShownYet(read, subject, at)
        : heldByUnknownUse(read, subject);
    const passed = heldByNames(waived(own, all), subject, policy.record);
    const last = emergency === null ? passed : waivedFor(passed, emergency, control, { ...context, tested });
    tested.push(withAcceptance(withRefused(last, given), control, subject, { ...context, tested }));
  }
  const results: readonly Result[] = tested;
  const approvals: readonly JudgedApproval[] = approvalsOf(subject, { ...context, tested });
  return {
    verdict: fold(subject, results, at, since),
    results,
    approvals,
    policyDigest: policy.record.digest,
  };
}

/** INVARIANT: one unverifiable result is never compliant; `pending` only before a merge. */
function fold(subject: Subject, results: readonly Result[], at: Instant, since: Instant): Verdict {
  const before = isBeforeMerge(subject);
  if (!before && at < since) return "historic";
  const failed = results.filter((each) => each.outcome === "fail");
  if (before && failed.length > 0 && failed.every((each) => resultState(each) === "waiting")) {
    const isHeld = results.some((each) => each.outcome === "unverifiable" && !isAccepted(each));
    return isHeld ? "unverifiable" : "pending";
  }
  if (failed.length > 0) return "non-compliant";
  if (results.some((each) => each.outcome === "unverifiable")) return "unverifiable";
  const given = new Set(results.filter((each) => each.outcome === "waived").map((each) => each.cause));
  if (given.has("emergency")) return "emergency";
  return given.has("exemption") ? "exempted" : "compliant";
}

/** A result that a waiver lets pass; what was missing stays in its inputs. INVARIANT: without a waiver nothing passes so. */
function waived(tested: Result, waivers: readonly Waiver[]): Result {
  if (tested.outcome !== "fail" && tested.outcome !== "unverifiable") return tested;
  const waiver = waivers.find((each) => lets(each, tested));
  if (waiver === undefined) return tested;
  const { control, outcome, cause, reasons, inputs } = tested;
  const instead = { outcome, cause };
  return result(control, "waived", waiver.kind, [waiver.because, ...reasons], {
    ...inputs,
    leave: waiver.id,
    instead,
  });
}

/** A freeze itself sets whether emergencies may pass it, whatever else they waive. */
function lets({ kind, controls }: Waiver, { control, inputs }: Result): boolean {
  if (kind !== "emergency" || control !== "outside-freeze") return controls.includes(control);
  // INVARIANT: the control `outside-freeze` writes its inputs so.
  return isOpenToEmergencies((inputs["freezes"] ?? []) as readonly Freeze[]);
}

function waiverOf({ id, controls, because }: ExemptedControl): Waiver {
  return { kind: "exemption", id, controls, because };
}

/** Where an exemption was meant to help and does not, a reason shows why. */
function withRefused(tested: Result, given: readonly ExemptedControl[]): Result {
  if (tested.outcome !== "fail" && tested.outcome !== "unverifiable") return tested;
  const refused = given.filter(({ gives, controls }) => !gives && controls.includes(tested.control));
  if (refused.length === 0) return tested;
  return { ...tested, reasons: [...tested.reasons, ...refused.map(({ because }) => because)] };
}

/** What an emergency lets pass. Of pull requests that land together, those without one of their own must pass by themselves. */
function waivedFor(
  tested: Result,
  { waiver, others }: NonNullable<ReturnType<typeof emergencyWaiver>>,
  control: Control,
  context: Context,
): Result {
  if (others === null) return waived(tested, [waiver]);
  const rest = control.judge(others, context)?.outcome;
  return rest === "fail" || rest === "unverifiable" ? tested : waived(tested, [waiver]);
}

function withoutPolicy(
  subject: Subject,
  policy: Exclude<PolicyInForce, { readonly state: "known" }>,
): Result {
  const control = subject.moment === "deployed" ? "deployment-approved" : "independently-approved";
  if (policy.state === "unreadable") {
    return result(
      control,
      "unverifiable",
      "policy-unreadable",
      [`the policy could not be read: ${policy.because}`],
      {},
    );
  }
  const problems = policy.problems.map((each) => `${each.file}, line ${each.line}: ${each.message}`);
  // Before a merge someone can fix the file; afterwards nothing can be concluded from a policy nobody could read.
  const outcome = isBeforeMerge(subject) ? "fail" : "unverifiable";
  return result(control, outcome, "policy-broken", ["the policy file has problems", ...problems], {
    problems,
  });
}
