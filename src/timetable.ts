/** The timetable: the recurring work, and when it is due. */

import { Cron } from "croner";
import type { Instant } from "./domain/time/instant.ts";
import type { Task } from "./domain/records/task.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** Names the work that is done by the clock alone. */
export type Recurring =
  | "redeliver"
  | "count-hour"
  | "census"
  | "count-ended"
  | "monthly"
  | "weekly"
  | "heads";

const CRONS: Readonly<Record<Recurring, Cron>> = {
  // Just before the hour is counted: what is found then may have been merged because no webhook came.
  redeliver: cron("51 * * * *"),
  "count-hour": cron("53 * * * *"),
  census: cron("17 3 * * *"),
  "count-ended": cron("37 4 * * *"),
  monthly: cron("5 5 1 * *"),
  weekly: cron("35 5 * * 1"),
  // After what ended was counted: the head covers it.
  heads: cron("29 6 * * *"),
};

function cron(pattern: string): Cron {
  return new Cron(pattern, { timezone: "UTC", paused: true });
}

const KINDS = Object.keys(CRONS) as Recurring[];

/** Each of these has a month or a week of its own. */
const NEVER_SKIPPED: readonly Recurring[] = ["monthly", "weekly"];

/** In a jump GitHub's clock is at its end already, and would date a head of an earlier morning days after it was made. */
const LAST_ONLY: readonly Recurring[] = ["heads"];

/** Describes one kind of work due at one moment. */
export interface Appointment {
  readonly kind: Recurring;
  readonly at: Instant;
}

/** Returns all appointments after `from` and up to `to`, oldest first. */
export function appointments(from: Instant, to: Instant): readonly Appointment[] {
  return byTime(KINDS.flatMap((kind) => each(kind, from, to)));
}

/**
 * Returns the first and last appointment of each kind after `from` and up to `to`, oldest first. Of the monthly and
 * weekly ones it returns all, since each is about a span of its own, and of the heads the last. In a jump of a driven clock nothing else happens
 * that those between could find, and a month has seven hundred hours.
 */
export function firstAndLast(from: Instant, to: Instant): readonly Appointment[] {
  return byTime(
    KINDS.flatMap((kind) => {
      if (NEVER_SKIPPED.includes(kind)) return each(kind, from, to);
      const first = next(kind, from);
      const last = lastAppointment(kind, to);
      if (first === undefined || last === undefined || first.at > to) return [];
      return first.at === last.at || LAST_ONLY.includes(kind) ? [last] : [first, last];
    }),
  );
}

/** Returns the last appointment of a kind at or before a moment. */
export function lastAppointment(kind: Recurring, before: Instant): Appointment | undefined {
  // The library omits what is due at the very moment it is given.
  const found = CRONS[kind].previousRuns(1, new Date(before + 1))[0];
  return found === undefined ? undefined : { kind, at: found.getTime() };
}

function next(kind: Recurring, after: Instant): Appointment | undefined {
  const found = CRONS[kind].nextRun(new Date(after));
  return found === null ? undefined : { kind, at: found.getTime() };
}

function each(kind: Recurring, from: Instant, to: Instant): readonly Appointment[] {
  const found: Appointment[] = [];
  for (let one = next(kind, from); one !== undefined && one.at <= to; one = next(kind, one.at))
    found.push(one);
  return found;
}

function byTime(all: readonly Appointment[]): readonly Appointment[] {
  return all.toSorted((a, b) => a.at - b.at);
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

/**
 * Queues one reading of GitHub's log in place of the one before. `every`: one for each such interval (ms), however many
 * replicas do so; null: one more.
 */
export function queuePoll(ledger: Ledger, now: Instant, every: number | null): Promise<void> {
  const dueAt = every === null ? now : now - (now % every);
  // What another replica queued in the same interval stays.
  return ledger.queue.enqueue([{ kind: "poll", untilStored: true, dueAt }], every === null ? now : dueAt - 1);
}

/** GitHub's clock and ours may differ by so much (ms). */
const CLOCKS_DIFFER = MINUTE;

/** Queues a reading of the deliveries that GitHub could not deliver between two moments, because we turned them away. */
export function queueMissed(ledger: Ledger, from: Instant, at: Instant): Promise<void> {
  const span = { from: from - CLOCKS_DIFFER, to: at };
  return ledger.queue.enqueue([{ kind: "redeliver", round: `missed:${at}`, span, dueAt: at }], at);
}
