/** The timetable: what is done by the clock, and when. */

import { Cron } from "croner";
import type { Instant } from "./domain/change.ts";
import { MONTHLY } from "./flows/monitoring.ts";
import { TASKS, type TaskPayload } from "./flows/sweep.ts";
import type { Ledger } from "./ledger/ledger.ts";

const TIMES: readonly { readonly event: string; readonly pattern: string }[] = [
  // Just before the hour is counted: what is found then may have been merged because no webhook came.
  { event: TASKS.redeliver, pattern: "51 * * * *" },
  { event: TASKS.countHour, pattern: "53 * * * *" },
  { event: TASKS.census, pattern: "17 3 * * *" },
  { event: TASKS.countEnded, pattern: "37 4 * * *" },
  { event: MONTHLY, pattern: "5 5 1 * *" },
];

/** Each of these has a month of its own. */
const NEVER_SKIPPED: readonly string[] = [MONTHLY];

/** One thing due at one moment. */
export interface Appointment {
  readonly event: string;
  readonly at: Instant;
}

/** Everything due after `from` and up to `to`, oldest first. */
export function appointments(from: Instant, to: Instant): readonly Appointment[] {
  return TIMES.flatMap(({ event, pattern }) => {
    const cron = new Cron(pattern, { timezone: "UTC", paused: true });
    const found: Appointment[] = [];
    for (
      let next = cron.nextRun(new Date(from));
      next !== null && next.getTime() <= to;
      next = cron.nextRun(next)
    ) {
      found.push({ event, at: next.getTime() });
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
      NEVER_SKIPPED.includes(each.event) ||
      all.find(({ event }) => event === each.event) === each ||
      all.findLast(({ event }) => event === each.event) === each,
  );
}

/** The last time something was due at or before a moment, within the last two months. */
export function lastAppointment(event: string, before: Instant): Appointment | undefined {
  return appointments(before - 62 * 24 * 3_600_000, before).findLast((each) => each.event === event);
}

/** Queues an appointment; however many replicas do so, it is kept once. */
export function queueAppointment(ledger: Ledger, { event, at }: Appointment): Promise<void> {
  return ledger.queue.enqueue([{ id: `${event}:${at}`, lane: "app", event, dueAt: at, payload: {} }]);
}

/** GitHub's clock and ours may differ by so much (ms). */
const CLOCKS_DIFFER = 60_000;

/** Queues a look at what GitHub says it could not deliver between two moments, because we turned deliveries away. */
export function queueMissed(ledger: Ledger, from: Instant, at: Instant): Promise<void> {
  const payload: TaskPayload = { span: { from: from - CLOCKS_DIFFER, to: at } };
  const { redeliver: event } = TASKS;
  return ledger.queue.enqueue([{ id: `${event}:missed:${at}`, lane: "app", event, dueAt: at, payload }]);
}
