/** Steps of emergencies and of their reviews, each recorded with what follows: whatever rests on it is judged again. */

import type { Instant } from "../time/instant.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "../records/emergency.ts";
import type { Decision } from "../records/entry.ts";
import type { Task } from "../records/task.ts";
import { dueTasks } from "./due.ts";
import { emergencyEntry } from "./life.ts";
import { reviewEntry } from "./retroactive-review.ts";

/** Decides what to record of an emergency after a step. `review`: the one that is owed for it. */
export function decideEmergencyStep(
  after: EmergencyRecord,
  review: RetroactiveReviewRecord | null,
  now: Instant,
): Decision {
  return { entries: [emergencyEntry(after)], actions: [], tasks: following(after, review, now) };
}

/** Decides what to record of a review after a step. `record`: the emergency it is owed for. */
export function decideReviewStep(
  record: EmergencyRecord,
  after: RetroactiveReviewRecord,
  now: Instant,
): Decision {
  return { entries: [reviewEntry(after)], actions: [], tasks: following(record, after, now) };
}

/** A flow that goes on to judge may end before it has: then nothing but the task remains of what is to be judged. */
function following(
  record: EmergencyRecord,
  review: RetroactiveReviewRecord | null,
  now: Instant,
): readonly Task[] {
  const { pull: number, repository } = record;
  const place = { repositoryId: repository.id, dueAt: now };
  const judging: readonly Task[] =
    number === null
      ? [
          { kind: "gates", ...place },
          { kind: "due", ...place },
        ]
      : [{ kind: "pull", ...place, number, request: null }];
  return [...judging, ...dueTasks(repository.id, [{ record, review }], now)];
}
