/** What is written about an emergency beside the check: for those who must act, on GitHub and outside. */

import { termText } from "../time/calendar.ts";
import type { Actor } from "../change/people.ts";
import type { Addressee, Action } from "../records/entry.ts";
import { notify } from "./notification.ts";
import type { People } from "../policy/file/people.ts";
import type { Policy } from "../policy/file/policy.ts";
import { commentAction } from "./replies.ts";
import { localTime, markdown, oneLine, short } from "../texts/wording.ts";
import { mentions } from "./emergency-in-check.ts";
import type { Authorisation, EmergencyRecord, RetroactiveReviewRecord } from "../records/emergency.ts";
import type { Repository } from "../change/repository.ts";
import type { Instant } from "../time/instant.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Requests the reason of an emergency opened without one. */
export function askReason(to: Addressee, record: EmergencyRecord, by: Actor | null): readonly Action[] {
  const how = record.opened.via === "button" ? "with the button" : "with the label";
  const body = `${by === null ? "Someone" : markdown(by.login)} opened an emergency ${how}. Give its reason in a new comment: \`/countersign emergency <reason>\`. Nothing is waived until someone authorises it.`;
  return record.pull === null ? [] : [commentAction(to, record.pull, `reason:${record.id}`, body)];
}

/** Asks those who may authorise, on GitHub and by the company's own channels. It does so at once, and again after a push. */
export function askAuthorisers(
  to: Addressee,
  record: EmergencyRecord,
  policy: Policy,
  able: readonly string[],
  why: "declared" | "pushed",
): readonly Action[] {
  const { pull } = record;
  if (pull === null) return askForDeployment(to, record, policy);
  const { owner, name, ownerId } = to.repository;
  const asked = whom(policy.emergency.authorisers, able, record);
  const who = record.declared?.by?.login ?? "someone";
  const what =
    why === "pushed"
      ? `A push ended the authorisation of the emergency. ${asked}: look at the new commits.`
      : `${asked}: ${markdown(who)} declared an emergency: ${markdown(record.reason ?? "")}.`;
  const body = `${what} To let this pull request pass for ${termText(policy.emergency.validFor)}, comment \`/countersign authorise\` or approve it. (You must not have worked on it.)`;
  const key = `${record.id}:${record.steps.length}`;
  const notification = {
    organizationId: ownerId,
    about: key,
    text: `Emergency in ${owner}/${name}#${pull}: ${oneLine(record.reason ?? "")} (${oneLine(who)}). To authorise it, comment /countersign authorise on the pull request.`,
    repository: `${owner}/${name}`,
    path: `${owner}/${name}/pull/${pull}`,
    at: record.declared?.at ?? record.opened.at,
  };
  return [
    commentAction(to, pull, `authorise:${key}`, body),
    ...notify(policy, "emergency-waiting", notification),
  ];
}

/** Asks those who may authorise to confirm what one of them, or a contributor, authorised alone. */
export function askToConfirm(
  to: Addressee,
  record: EmergencyRecord,
  policy: Policy,
  able: readonly string[],
): readonly Action[] {
  const { pull, authorised: given } = record;
  if (pull === null || given?.confirmBy == null) return [];
  const { owner, name, ownerId } = to.repository;
  const who = given.by.login;
  const by = localTime(given.confirmBy, policy.calendar.timezone);
  const body = `${whom(policy.emergency.authorisers, able, record)}: ${confirmText(given, by)}`;
  const notice = {
    organizationId: ownerId,
    about: `${record.id}:alone:${record.steps.length}`,
    text: `${oneLine(who)} authorised the emergency in ${owner}/${name}#${pull} alone: ${oneLine(record.reason ?? "")}. Another person must confirm it by ${by}: comment /countersign authorise on the pull request.`,
    repository: `${owner}/${name}`,
    path: `${owner}/${name}/pull/${pull}`,
    at: given.at,
  };
  return [
    commentAction(to, pull, `confirm:${record.id}:${record.steps.length}`, body),
    ...notify(policy, "emergency-waiting", notice),
  ];
}

/** Returns what is needed of an emergency that one person authorised alone. `by`: until when. */
export function confirmText(given: Pick<Authorisation, "by">, by: string): string {
  return `${markdown(given.by.login)} authorised this emergency alone. Look at it, then confirm it by ${by}: comment \`/countersign authorise\`. Unconfirmed, it becomes a deviation.`;
}

/** Asks by the company's own channels: without a pull request there is nowhere to comment. */
function askForDeployment(to: Addressee, record: EmergencyRecord, policy: Policy): readonly Action[] {
  const { owner, name, ownerId } = to.repository;
  const { environment = "", sha = "" } = record.deployment ?? {};
  const who = record.declared?.by?.login ?? "someone";
  return notify(policy, "emergency-waiting", {
    organizationId: ownerId,
    about: `${record.id}:${record.steps.length}`,
    text: `Emergency in ${owner}/${name}, ${oneLine(environment)}, ${short(sha)}: ${oneLine(record.reason ?? "")} (${oneLine(who)}). ${authoriseText(to.repository, record)}`,
    repository: `${owner}/${name}`,
    path: null,
    at: record.declared?.at ?? record.opened.at,
  });
}

/** Returns how an emergency is authorised that no pull request stands for. */
export function authoriseText(
  { owner, name }: Pick<Repository, "owner" | "name">,
  { deployment }: Pick<EmergencyRecord, "deployment">,
): string {
  const { environment = "", sha = "" } = deployment ?? {};
  return `An operator of Countersign can record the authorisation: countersign emergency authorise --repo ${owner}/${name} --environment ${oneLine(environment)} --commit ${short(sha)} --as LOGIN.`;
}

const REVIEW_COMMANDS =
  "comment `/countersign approve`, `/countersign approve follow-up: <what>` or `/countersign reject <reason>`, or review the pull request on GitHub";

const HOW_TO_REVIEW = `Look at what shipped, then ${REVIEW_COMMANDS}. (You must not have been involved.)`;

/** Announces on the pull request the review that is owed, and by when. */
export function announceReview(
  to: Addressee,
  record: EmergencyRecord,
  { pull, dueAt, emergency }: RetroactiveReviewRecord,
  policy: Policy,
): readonly Action[] {
  if (pull === null) return [];
  const who = markdown(record.authorised?.by.login ?? "someone");
  const from = markdown(approversText(policy.emergency.reviewers));
  const body = `This was merged in an emergency that ${who} authorised. A review of what shipped is owed by ${localTime(dueAt, policy.calendar.timezone)}, from ${from} (not someone involved): ${REVIEW_COMMANDS}.`;
  return [commentAction(to, pull, `owed:${emergency}`, body)];
}

/** Reminds of a review before it is due, and escalates it after. */
export function askReviewers(
  to: Addressee,
  review: RetroactiveReviewRecord,
  policy: Policy,
  able: readonly string[],
  at: Instant,
  record: EmergencyRecord,
): readonly Action[] {
  const { pull, dueAt } = review;
  const { owner, name, ownerId } = to.repository;
  const asked = whom(policy.emergency.reviewers, able, record);
  const isOverdue = at > dueAt;
  const when = whenDue(review, policy.calendar.timezone, at);
  const body = `${asked}: the review owed after the emergency ${when}. ${HOW_TO_REVIEW}`;
  const key = `review:${review.emergency}:${review.remindedAt.length}:${review.escalatedAt.length}`;
  const notification = {
    organizationId: ownerId,
    about: key,
    text: `The review owed after the emergency in ${owner}/${name}${pull === null ? "" : `#${pull}`} ${when}. ${outside(to.repository, record)}`,
    repository: `${owner}/${name}`,
    path: pull === null ? null : `${owner}/${name}/pull/${pull}`,
    at,
  };
  return [
    ...(pull === null ? [] : [commentAction(to, pull, key, body)]),
    ...notify(policy, isOverdue ? "review-overdue" : "review-due", notification),
  ];
}

/** Returns what is needed of a review that is due: by when, and how it is given. */
export function reviewText(
  review: RetroactiveReviewRecord,
  record: EmergencyRecord,
  timezone: string,
  at: Instant,
): string {
  const how = record.deployment === null ? HOW_TO_REVIEW : outside(record.repository, record);
  return `The review owed after the emergency ${whenDue(review, timezone, at)}. ${how}`;
}

function whenDue({ dueAt }: RetroactiveReviewRecord, timezone: string, at: Instant): string {
  const by = localTime(dueAt, timezone);
  return at > dueAt ? `was due by ${by} and is overdue` : `is due by ${by}`;
}

/** Explains how a review is given, for a channel outside GitHub. */
function outside(
  { owner, name }: Pick<Repository, "owner" | "name">,
  { deployment }: Pick<EmergencyRecord, "deployment">,
): string {
  if (deployment === null)
    return "Someone who was not involved: comment /countersign approve or /countersign reject <reason> on the pull request.";
  return `An operator of Countersign can record it, for someone who was not involved: countersign emergency approve (or reject --reason TEXT) --repo ${owner}/${name} --environment ${oneLine(deployment.environment)} --commit ${short(deployment.sha)} --as LOGIN.`;
}

/** Returns the people or teams to ask as mentions: teams as they are, else those known, without whoever has a part in it. */
function whom(from: People, able: readonly string[], record: EmergencyRecord): string {
  const out = new Set(
    [record.opened.by, record.declared?.by, record.authorised?.by].map((actor) => actor?.login.toLowerCase()),
  );
  const teams = from.teams ?? [];
  const people = teams.length > 0 ? (from.users ?? []) : able;
  const named = mentions([...teams, ...people.filter((login) => !out.has(login.toLowerCase()))]);
  return named === "" ? markdown(approversText(from)) : named;
}
