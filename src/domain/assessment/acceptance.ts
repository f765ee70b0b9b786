/** Acceptance of what cannot be verified: someone entitled gives a reason before the merge. It stays unverifiable. */

import type { Acceptance, PullRequest } from "../change/pull-request.ts";
import type { Context, Control } from "../controls/control.ts";
import { pullsOf } from "../records/subject.ts";
import type { ControlName, Result } from "../values/result.ts";
import { oneLine } from "../texts/wording.ts";
import type { Instant } from "../time/instant.ts";
import type { Subject } from "../records/subject.ts";

/** Returns a result with who accepted that it cannot be verified, if someone did for each of its pull requests. */
export function withAcceptance(tested: Result, control: Control, subject: Subject, context: Context): Result {
  if (tested.outcome !== "unverifiable") return tested;
  const pulls = pullsOf(subject);
  const covering = pulls.flatMap((pull) => covers(pull, control.name, context.at) ?? []);
  if (covering.length === 0) return tested;
  const isOpen = pulls.some(
    (pull) =>
      covers(pull, control.name, context.at) === null &&
      (pull.unread !== undefined ||
        control.judge({ moment: "gate", pull }, context)?.outcome === "unverifiable"),
  );
  if (isOpen) return tested;
  const said = covering.map(({ by, reason }) => `${oneLine(by.login)} accepted this: ${oneLine(reason)}`);
  return {
    ...tested,
    reasons: [...said, ...tested.reasons],
    inputs: { ...tested.inputs, accepted: covering },
  };
}

/** Returns whether someone accepted a result that could not be verified. */
export function isAccepted(result: Result): boolean {
  return acceptancesOf(result).length > 0;
}

/** Returns who accepted a result that could not be verified; each has a sentence before its other reasons. */
export function acceptancesOf({ outcome, inputs }: Result): readonly Acceptance[] {
  // INVARIANT: `withAcceptance` writes its inputs so.
  return outcome === "unverifiable" ? ((inputs["accepted"] ?? []) as readonly Acceptance[]) : [];
}

function covers(pull: PullRequest, control: ControlName, at: Instant): Acceptance | null {
  const { accepted } = pull;
  const inTime = accepted !== undefined && accepted.at <= (pull.merged?.at ?? at);
  return inTime && accepted.head === pull.head.sha && accepted.controls.includes(control) ? accepted : null;
}
