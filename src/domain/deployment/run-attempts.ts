/**
 * The attempt of a run that an answer of its reviewers was for: GitHub lists the answers of all attempts as one,
 * webhooks name the attempt.
 */

import type { RunApproval } from "./deployment.ts";
import type { Observation } from "../change/observation.ts";

/** Describes one answer as its webhook reported it. */
export type ObservedJobReview = Extract<Observation, { readonly kind: "job-answered" }>;

/**
 * Returns the answers that GitHub lists, each with the attempt it was given for. `attempts`: how many there were when
 * it listed them; of a run that was never run again there is only one. Each webhook is for one answer; an answer
 * without one is for a `null` attempt.
 */
export function withAttempts(
  listed: readonly RunApproval[],
  reviews: readonly ObservedJobReview[],
  attempts: number,
): readonly RunApproval[] {
  if (attempts <= 1) return listed.map((each) => ({ ...each, attempt: 1 }));
  const open = [...reviews];
  return listed.map((each) => {
    const index = open.findIndex((answer) => isOf(answer, each));
    const [answer] = index < 0 ? [] : open.splice(index, 1);
    return { ...each, attempt: answer?.attempt ?? null };
  });
}

function isOf({ by, state, environments }: ObservedJobReview, listed: RunApproval): boolean {
  if (by === null || by.id !== listed.user?.id || state !== listed.state) return false;
  const names = environments.map((name) => name.toLowerCase());
  return listed.environments.every((name) => names.includes(name.toLowerCase()));
}
