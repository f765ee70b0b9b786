/** Notifications for people outside GitHub: made here, stored as actions with the decision they report, sent later. */

import type { Instant } from "../time/instant.ts";
import { sha256 } from "../values/digest.ts";
import type { Action } from "../records/entry.ts";
import type { NotificationKind, Receiver } from "../policy/file/organisation.ts";
import type { Policy } from "../policy/file/policy.ts";

/** Describes one piece of news. */
export interface Notification {
  readonly organizationId: number;
  /** Names the matter for good, e.g. a deviation's id: the same notification of the same matter is sent once. */
  readonly about: string;
  /** What happened, what to do, and by when, in a few plain sentences. */
  readonly text: string;
  /** Owner and name of the repository it concerns; null: the organisation. */
  readonly repository: string | null;
  /** Where to look on GitHub's pages, e.g. `acme/web/pull/7`; null: nowhere in particular. */
  readonly path: string | null;
  /** The issue to look at instead, once it is open: the key of the action that opens it, and its repository, `owner/name`. */
  readonly issue?: { readonly key: string; readonly repository: string };
  /** When it happened. */
  readonly at: Instant;
}

/** Describes what a `notification` action does: one message to one receiver. Addresses and secrets are names of environment variables. */
export interface NotificationPayload extends Omit<Notification, "about"> {
  /** `summary`: the line about those above a day's limit. */
  readonly kind: NotificationKind | "summary";
  /** The same in every attempt, so that a receiver can recognise a repetition. */
  readonly id: string;
  readonly receiver: Receiver;
}

/** Returns the actions that send a notification to everyone whom the policy names for its kind. */
export function notify(
  policy: Policy,
  kind: NotificationKind,
  notification: Notification,
): readonly Action[] {
  return policy.notifications
    .filter(({ on }) => on.includes(kind))
    .map(({ on: _on, ...receiver }) =>
      notificationAction({ ...receiver, timezone: policy.calendar.timezone }, kind, notification),
    );
}

/** Returns the message to one receiver, as an action. */
export function notificationAction(
  receiver: Receiver,
  kind: NotificationPayload["kind"],
  notification: Notification,
): Action {
  const { about, ...details } = notification;
  const key = `${receiverKey(notification.organizationId, receiver)}${kind}:${about}`;
  const payload: NotificationPayload = { ...details, kind, id: `msg_${sha256(key).slice(0, 32)}`, receiver };
  return {
    key,
    kind: "notification",
    repositoryId: 0,
    organizationId: notification.organizationId,
    installationId: 0,
    payload,
  };
}

/** Returns how the keys of all actions to one receiver begin. */
export function receiverKey(
  organizationId: number,
  { urlSecret, format }: Pick<Receiver, "urlSecret" | "format">,
): string {
  return `notification:${organizationId}:${urlSecret}:${format}:`;
}

/** Returns the line that stands for a day's messages above the limit; `held`: how many of each kind. */
export function summaryText(day: string, held: Readonly<Record<string, number>>): string {
  const kinds = Object.entries(held).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const total = kinds.reduce((sum, [, count]) => sum + count, 0);
  const list = kinds.map(([kind, count]) => `${count} ${KIND_WORDS[kind] ?? kind}`).join(", ");
  const noun = total === 1 ? "1 more notification" : `${total} more notifications`;
  return `${noun} of ${day} ${total === 1 ? "was" : "were"} not sent, because the day's limit was reached: ${list}. Look at the open issues and pull requests on GitHub.`;
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  "emergency-waiting": "emergencies waiting",
  "deviation-opened": "deviations opened",
  "deviation-closed": "deviations closed",
  "review-due": "reviews due",
  "review-overdue": "reviews overdue",
  "weekly-digest": "weekly digests",
  "log-disagrees": "differences between the log and its heads",
};
