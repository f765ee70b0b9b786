/** What controls about pull requests come to for a direct push that a standard change allows. */

import { PRE_APPROVED } from "../approval/pre-approved/pre-approved-change.ts";
import { directPushApproval } from "../approval/pre-approved/direct-push-approval.ts";
import type { Change } from "../change/change.ts";
import { entryId } from "../policy/entry-provenance.ts";
import type { Result } from "../values/result.ts";
import { notApplicable, unverifiable, type Context, type Ruling } from "./control.ts";

/** Rules on a direct push that is pre-approved, or of which that cannot be verified; null for any other update. */
export function ofDirectPush(change: Change, context: Context, inputs: Result["inputs"]): Ruling | null {
  const approval = directPushApproval(change, context.policy, context.at);
  if (approval.state === "holds") {
    const { entry, because } = approval;
    return notApplicable(PRE_APPROVED, because, { ...inputs, preApproved: [entryId(entry)] });
  }
  return approval.state === "unknown" ? unverifiable(approval.why, inputs, "pre-approval-unknown") : null;
}

/** Lists why a direct push is none of the standard changes of who pushed it. */
export function whyNotPreApproved(change: Change, { policy, at }: Context): readonly string[] {
  const approval = directPushApproval(change, policy, at);
  return approval.state === "refused" ? approval.why : [];
}
