/** Messages outside GitHub: one at a time, no more a day than the policy allows, the rest in one line the next day. */

import type { Repo } from "../context/repo.ts";
import { dateOf, startOfDay } from "../../domain/time/calendar.ts";
import type { Instant } from "../../domain/time/instant.ts";
import {
  notificationAction,
  receiverKey,
  summaryText,
  type NotificationPayload,
} from "../../domain/messages/notification.ts";
import type { Task } from "../../domain/records/task.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { StoredAction } from "../../ledger/queue/actions.ts";
import type { Tools } from "../context/tools.ts";
import { openedIssue } from "../records/existing-deviations.ts";
import { DAY, HOUR, MINUTE } from "../../domain/time/durations.ts";

/** Describes what a message came to: sent, or postponed because the day's number was reached. `day` is the policy calendar's. */
export interface SendOutcome {
  readonly day: string;
  readonly sent: boolean;
}

/** Describes a receiver's day on which messages were postponed. */
export type HeldNotifications = Pick<Task<"summarise">, "organizationId" | "receiver" | "day">;

/** News is sent for so long; later it is none (ms). */
const STAYS_NEWS = 3 * DAY;

/** More postponed messages than anyone would read the exact number of. */
const MOST_COUNTED = 100_000;

/** Sends one message, or postpones it to the next day's line. INVARIANT: one organisation's messages are sent one after another, in its lane, so that the count is right. */
export async function sendNews(tools: Tools, action: StoredAction): Promise<SendOutcome> {
  const payload = action.payload as NotificationPayload;
  const { receiver, organizationId } = payload;
  const now = tools.clock.now();
  const day = dateOf(now, receiver.timezone);
  if (payload.kind !== "summary") {
    const prefix = receiverKey(organizationId, receiver);
    const sent = await tools.ledger.queue.doneKeys(prefix, outcomePart(day, true), receiver.perDay);
    if (sent.length >= receiver.perDay) {
      await askForSummary(tools, { organizationId, receiver, day });
      return { day, sent: false };
    }
  }
  await tools.sendNotification({ ...payload, path: await pathNow(tools, action) }, now, action.key);
  // The line that sums a day up is not one of those it counts.
  return { day: payload.kind === "summary" ? "" : day, sent: true };
}

/** A message waits so long (ms) for its issue to be opened; then it is sent without, unless nobody tried to open it yet. */
const AWAITS_ISSUE = 10 * MINUTE;

/** Returns where a message leads: the number of an issue is known only when GitHub has opened it. */
async function pathNow(tools: Tools, { payload, storedAt }: StoredAction): Promise<string | null> {
  const { issue, path } = payload as NotificationPayload;
  if (issue === undefined) return path;
  const age = tools.clock.now() - storedAt;
  // While no App ran, nothing was tried. Asked first: the issue may be opened between the two questions.
  const isInVain = age > AWAITS_ISSUE && (await isTriedInVain(tools, issue.key));
  const number = await openedIssue(tools.ledger, issue.key);
  if (number !== null) return `${issue.repository}/issues/${number}`;
  if (isInVain) return `${issue.repository}/issues`;
  throw new ExternalError("github-answer", "The issue this message leads to is not open yet.", {
    waitMs: 5_000,
  });
}

/** Returns whether opening an issue failed, or is not tried any more. */
async function isTriedInVain({ ledger }: Tools, key: string): Promise<boolean> {
  const actions = await ledger.queue.ofKey(key);
  return actions.every(({ status, attempts }) => status !== "waiting" || attempts > 0);
}

/** Stores the line about a day's messages that were postponed. */
export async function summarise(tools: Tools, held: HeldNotifications, lease: Repo["lease"]): Promise<void> {
  const { organizationId, receiver, day } = held;
  const prefix = receiverKey(organizationId, receiver);
  const keys = await tools.ledger.queue.doneKeys(prefix, outcomePart(day, false), MOST_COUNTED);
  if (keys.length === 0) return;
  const kinds: Record<string, number> = {};
  for (const key of keys) {
    const kind = key.slice(prefix.length).split(":")[0] ?? "";
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  const notification = {
    organizationId,
    about: day,
    text: summaryText(day, kinds),
    repository: null,
    path: null,
    at: startOfNext(day, receiver.timezone),
  };
  await tools.ledger.record(
    { entries: [], actions: [notificationAction(receiver, "summary", notification)] },
    tools.clock.now(),
    lease,
  );
}

/** Returns whether a message that could not be sent is too old to be news. */
export function isOutdated(error: unknown, age: number): boolean {
  return error instanceof ExternalError && error.code.startsWith("receiver-") && age > STAYS_NEWS;
}

/** The part of a stored outcome that marks it; {@link SendOutcome} is stored with its keys in this order. */
function outcomePart(day: string, sent: boolean): string {
  return JSON.stringify({ day, sent } satisfies SendOutcome).slice(1, -1);
}

async function askForSummary(tools: Tools, held: HeldNotifications): Promise<void> {
  const { receiver, day } = held;
  const dueAt = startOfNext(day, receiver.timezone);
  await tools.ledger.record({ tasks: [{ kind: "summarise", ...held, dueAt }] }, tools.clock.now());
}

function startOfNext(day: string, timezone: string): Instant {
  // Noon is in the day whatever its clock did in the night.
  return startOfDay(dateOf(startOfDay(day, timezone) + 36 * HOUR, timezone), timezone);
}
