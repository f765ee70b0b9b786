/** This change was reviewed in time after the emergency. */

import { dueAfter } from "../time/calendar.ts";
import { isLate } from "../emergency/retroactive-review.ts";
import { oneLine, time } from "../texts/wording.ts";
import { defineControl, emergencyUsed, fails, notApplicable, passes } from "./control.ts";

/** Requires that what an emergency let through is reviewed soon afterwards by someone with no part in it. */
export const emergencyReviewedInTime = defineControl({
  name: "emergency-reviewed-in-time",
  objective:
    "What was let through in an emergency is reviewed afterwards, within the agreed time, by someone entitled who neither made, declared nor authorised it.",
  test: "Where a control was waived in an emergency: a retroactive review of what shipped, by one of `emergency.reviewers` who is no contributor, declarer or authoriser, was decided within `emergency.review-within` of its first use, in business days of the policy's calendar, and was not a rejection. Until then it is not yet due.",
  criteria: ["SOC 2 CC8.1", "ISO 27001:2022 A.8.32", "NIST SP 800-53 CM-3"],
  kind: "detective",
  remediation: "Have it reviewed now, and what was rejected reverted; find out why nobody looked.",
  judges: ["landed", "deployed"],
  rule(subject, context) {
    const used = emergencyUsed(subject, context);
    if (used === null) return null;
    const { record, review, asOf } = used;
    const { emergency, calendar } = context.policy;
    const dueAt = review?.dueAt ?? dueAfter(context.at, emergency.reviewWithin, calendar);
    const decision = review?.decision ?? null;
    const inputs = {
      emergency: record.id,
      dueAt,
      status: review?.status ?? "due",
      decidedBy: decision?.by.id ?? null,
      decidedAt: decision?.at ?? null,
    };
    if (review === null || decision === null)
      return asOf <= dueAt
        ? notApplicable("not-yet-due", `the review is due by ${time(dueAt)}`, inputs)
        : fails("overdue", `nobody had reviewed it by ${time(dueAt)}`, inputs);
    const who = oneLine(decision.by.login);
    const at = time(decision.at);
    if (review.status === "rejected") {
      const owed = review.revertBy === null ? "" : `; a revert is owed by ${time(review.revertBy)}`;
      return fails("rejected", `${who} rejected it at ${at}${owed}`, inputs);
    }
    return isLate(review)
      ? fails("late", `${who} reviewed it only at ${at}; it was due by ${time(dueAt)}`, inputs)
      : passes(`${who} reviewed it at ${at}`, inputs, review.status);
  },
});
