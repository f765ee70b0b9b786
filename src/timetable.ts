/** The timetable: what is done by the clock, and when. */

import { Cron } from "croner";
import type { Instant } from "./domain/change.ts";
import type { Task } from "./domain/task.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** What is done by the clock alone. */
export type Recurring = "redeliver" | "count-hour" | "census" | "count-ended" | "monthly";

const TIMES: readonly { readonly kind: Recurring; readonly pattern: string }[] = [
  // Just before the hour is counted: what is found then may have been merged because no webhook came.
  { kind: "redeliver", pattern: "51 * * * *" },
  { kind: "count-hour", pattern: "53 * * * *" },
  { kind: "census", pattern: "17 3 * * *" },
  { kind: "count-ended", pattern: "37 4 * * *" },
  { kind: "monthly", pattern: "5 5 1 * *" },
];

/** Each of these has a month of its own. */
const NEVER_SKIPPED: readonly Recurring[] = ["monthly"];

/** One thing due at one moment. */
export interface Appointment {
  readonly kind: Recurring;
  readonly at: Instant;
}

/** Everything due after `from` and up to `to`, oldest first. */
export function appointments(from: Instant, to: Instant): readonly Appointment[] {
  return TIMES.flatMap(({ kind, pattern }) => {
    const cron = new Cron(pattern, { timezone: "UTC", paused: true });
    const found: Appointment[] = [];
    for (
      let next = cron.nextRun(new Date(from));
      next !== null && next.getTime() <= to;
      next = cron.nextRun(next)
    ) {
      found.push({ kind, at: next.getTime() });
    }
    return found;
  }).toSorted((a, b) => a.at - b.at);
}

/**
 * Of each kind only the first and the last, but for what belongs to one month: in a jump of a driven clock nothing else happens on the way that those between could find,
 * and a month has seven hundred hours.
 */
export function firstAndLast(all: readonly Appointment[]): readonly Appointment[] {
  return all.filter(
    (each) =>
      NEVER_SKIPPED.includes(each.kind) ||
      all.find(({ kind }) => kind === each.kind) === each ||
      all.findLast(({ kind }) => kind === each.kind) === each,
  );
}

/** The last time something was due at or before a moment, within the last two months. */
export function lastAppointment(kind: Recurring, before: Instant): Appointment | undefined {
  return appointments(before - 62 * 24 * 3_600_000, before).findLast((each) => each.kind === kind);
}

/** Queues an appointment; however many replicas do so, it is kept once. `round`: names it, where it is not the one of its moment. */
export function queueAppointment(
  ledger: Ledger,
  { kind, at }: Appointment,
  round = String(at),
): Promise<void> {
  const task: Task = { kind, round, dueAt: at };
  return ledger.queue.enqueue([task], at);
}

/** GitHub's clock and ours may differ by so much (ms). */
const CLOCKS_DIFFER = 60_000;

/** Queues a look at what GitHub says it could not deliver between two moments, because we turned deliveries away. */
export function queueMissed(ledger: Ledger, from: Instant, at: Instant): Promise<void> {
  const span = { from: from - CLOCKS_DIFFER, to: at };
  return ledger.queue.enqueue([{ kind: "redeliver", round: `missed:${at}`, span, dueAt: at }], at);
}
