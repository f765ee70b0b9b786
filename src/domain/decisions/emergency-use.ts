/** The use of an emergency: something was in fact waived, so its review is owed. */

import type { Sha } from "../change/sha.ts";
import type { Addressee, Decision } from "../records/entry.ts";
import type { PolicyInForce } from "../policy/tighten.ts";
import type { Assessment } from "../values/result.ts";
import { dueTasks } from "../emergency/due.ts";
import type { EmergencyFacts } from "../records/emergency-facts.ts";
import { emergencyEntry, used } from "../emergency/life.ts";
import { reviewEntry, reviewOwed } from "../emergency/retroactive-review.ts";
import { announceReview } from "../messages/emergency.ts";
import type { Instant } from "../time/instant.ts";

/** Decides what to record when an emergency is used: its review is owed from then, which is announced once. */
export function decideUse(facts: {
  readonly assessment: Assessment;
  readonly emergencies: readonly EmergencyFacts[];
  readonly use: { readonly at: Instant; readonly subject: string; readonly shipped: Sha };
  readonly policy: PolicyInForce;
  readonly to: Addressee;
  readonly now: Instant;
}): Decision {
  const { assessment, emergencies, use, policy, to, now } = facts;
  if (policy.state !== "known") return { entries: [], actions: [], tasks: [] };
  const terms = { policy: policy.record.effective, policyDigest: policy.record.digest };
  const given = new Set(
    assessment.results
      .filter(({ outcome, cause }) => outcome === "waived" && cause === "emergency")
      .map(({ inputs }) => inputs["leave"]),
  );
  const after = emergencies
    .filter(({ record }) => given.has(record.id))
    .map((each): EmergencyFacts => {
      const record = used(each.record, use.at, use.subject);
      const owed = each.review ?? reviewOwed(record, use, terms);
      const subjects = [...new Set([...owed.subjects, use.subject])];
      return { ...each, record, review: { ...owed, subjects } };
    });
  const entries = after.flatMap(({ record, review }) => [
    emergencyEntry(record),
    ...(review === null ? [] : [reviewEntry(review)]),
  ]);
  // Announced once: when the review is first owed.
  const isNew = (id: string): boolean =>
    emergencies.some(({ record, review }) => record.id === id && review === null);
  const actions = after.flatMap(({ record, review }) =>
    review === null || !isNew(record.id) ? [] : announceReview(to, record, review, policy.record.effective),
  );
  return { entries, actions, tasks: dueTasks(to.repository.id, after, now) };
}
