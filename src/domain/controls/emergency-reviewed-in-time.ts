/** This change was reviewed in time after the emergency. */

import { dueAfter } from "../calendar.ts";
import { isLate } from "../emergency/retroactive-review.ts";
import type { Result } from "../result.ts";
import { oneLine, time } from "../wording.ts";
import { result, type Context, type Control, type Subject } from "./control.ts";

const NAME = "emergency-reviewed-in-time";

/** What an emergency let through is looked at afterwards, soon, by somebody with no part in it. */
export const emergencyReviewedInTime: Control = {
  name: NAME,
  objective:
    "What was let through in an emergency is reviewed afterwards, within the agreed time, by somebody entitled who neither made, declared nor authorised it.",
  test: "Where a control was waived in an emergency: a retroactive review of what shipped, by one of `emergency.reviewers` who is no contributor, declarer or authoriser, was decided within `emergency.review-within` of its first use, in business days of the policy's calendar, and was not a rejection. Until then it is not yet due.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-3"],
  kind: "detective",
  remediation: "Have it reviewed now, and what was rejected reverted; find out why nobody looked.",
  judge(subject: Subject, context: Context): Result | null {
    if (subject.moment === "gate" || subject.moment === "group") return null;
    const leave = context.tested.find((each) => each.outcome === "waived" && each.cause === "emergency")
      ?.inputs["leave"];
    const used = subject.emergencies?.find(({ record }) => record.id === leave);
    if (used === undefined) return null;
    const { record, review, asOf } = used;
    const { reviewWithin } = context.policy.emergency;
    const dueAt = review?.dueAt ?? dueAfter(context.at, reviewWithin, context.policy.calendar);
    const decision = review?.decision ?? null;
    const inputs = {
      emergency: record.id,
      dueAt,
      status: review?.status ?? "due",
      decidedBy: decision?.by.id ?? null,
      decidedAt: decision?.at ?? null,
    };
    const say = (outcome: Result["outcome"], cause: string, reason: string): Result =>
      result(NAME, outcome, cause, [reason], inputs);
    if (review === null || decision === null) {
      return asOf <= dueAt
        ? say("not-applicable", "not-yet-due", `the review is due by ${time(dueAt)}`)
        : say("fail", "overdue", `nobody had reviewed it by ${time(dueAt)}`);
    }
    const who = oneLine(decision.by.login);
    if (review.status === "rejected") {
      const owed = review.revertBy === null ? "" : `; a revert is owed by ${time(review.revertBy)}`;
      return say("fail", "rejected", `${who} rejected it at ${time(decision.at)}${owed}`);
    }
    return isLate(review)
      ? say("fail", "late", `${who} reviewed it only at ${time(decision.at)}; it was due by ${time(dueAt)}`)
      : say("pass", review.status, `${who} reviewed it at ${time(decision.at)}`);
  },
};
