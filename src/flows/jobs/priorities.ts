/** How important what the App asks GitHub is, by the work it is asked for. */

import type { CheckRunPayload } from "../../domain/decisions/decision.ts";
import { taskEvent, type Task, type TaskKind } from "../../domain/records/task.ts";
import type { Importance } from "../../github/api/request-line.ts";
import type { SignalSubject } from "../../github/webhooks/subject.ts";
import type { StoredAction } from "../../ledger/queue/actions.ts";

/** What reads much again that is probably unchanged, and what nobody waits for. */
const SWEEPS: ReadonlySet<TaskKind> = new Set([
  "census",
  "redeliver",
  "count-hour",
  "count-ended",
  "monthly",
  "weekly",
  "heads",
  "sweep",
  "reconcile",
  "group",
  "exposures",
  "baseline",
  "merge-back",
  "overdue-monthly",
]);

/** Lists the event names of tasks that are sweeps. */
export const SWEEP_EVENTS: readonly string[] = [...SWEEPS].map(taskEvent);

/** Returns how important it is to assess a subject. Emergencies are declared and authorised by comments and buttons. */
export function importanceOfSubject(
  subject: SignalSubject | { readonly type: "task"; readonly task: Task },
): Importance {
  switch (subject.type) {
    case "comment":
    case "flag":
      return "emergency";
    case "issue":
      return "message";
    case "installation":
      return "sweep";
    case "task":
      return SWEEPS.has(subject.task.kind) ? "sweep" : "check";
    default:
      return "check";
  }
}

/** Returns how important it is to carry an action out. */
export function importanceOfActing({ kind, payload }: Pick<StoredAction, "kind" | "payload">): Importance {
  switch (kind) {
    case "check-run":
      return isUrgent({ payload }) ? "emergency" : "check";
    case "answer-gate":
    case "request-reviewers":
      return "check";
    default:
      return "message";
  }
}

/** Returns whether an action is what an emergency waits for. */
export function isUrgent({ payload }: Pick<StoredAction, "payload">): boolean {
  return (payload as Partial<CheckRunPayload>).urgent === true;
}
