/** The rows of emergencies and of the reviews owed after them, as expectations name them. */

import type { Instant } from "../../../domain/time/instant.ts";
import type { EmergencyRecord, RetroactiveReviewRecord } from "../../../domain/records/emergency.ts";
import { isLate, isOverdue } from "../../../domain/emergency/retroactive-review.ts";
import type { RowSet } from "../format/match.ts";

type StepsOf = (subject: string) => readonly string[];

/** Returns each emergency with its state. */
export function emergencyRows(records: readonly EmergencyRecord[], stepsOf: StepsOf): RowSet {
  const rows = records.map((record) => ({
    repository: record.repository.name,
    pull: record.pull ?? undefined,
    environment: record.deployment?.environment,
    step: (record.used?.subjects ?? []).flatMap(stepsOf),
    status: record.status,
  }));
  return { columns: ["pull", "step", "environment", "status"], rows };
}

/** Returns each retroactive review with its state; overdue as of `now`. */
export function reviewRows(
  records: readonly RetroactiveReviewRecord[],
  stepsOf: StepsOf,
  now: Instant,
): RowSet {
  const rows = records.map((record) => ({
    repository: record.repository.name,
    pull: record.pull ?? undefined,
    step: record.subjects.flatMap(stepsOf),
    status: record.status,
    overdue: isOverdue(record, now),
    late: isLate(record) || isOverdue(record, now),
  }));
  return { columns: ["pull", "step", "status", "overdue", "late"], rows };
}
