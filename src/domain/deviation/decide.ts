/** Decides what to record of a deviation, and what to request of GitHub for its issue. Nothing is done here. */

import type { Instant } from "../time/instant.ts";
import type { Decision, Entry } from "../records/entry.ts";
import { notify, type Notification } from "../messages/notification.ts";
import type { Policy } from "../policy/file/policy.ts";
import type { RemediationRecord } from "../records/remediation.ts";
import { localTime, markdown } from "../texts/wording.ts";
import { isSettled } from "./deviation.ts";
import {
  issueAction,
  issueKey,
  settledLine,
  waitingIssue,
  withIssue,
  type IssueSender,
  type WaitingDeviation,
} from "./issue.ts";
import { openDeviation, withdrawDeviation, type DeviationSeed } from "./open.ts";
import type { ReviewedMonth } from "./operating.ts";
import { REMEDIATION_EVENTS, reopened } from "./remediation.ts";
import { destination } from "../values/transitions.ts";
import type { DeviationRecord, DeviationTransition } from "../records/deviation.ts";

/** Describes the records of the ledger before something is opened, listed or taken off. */
export interface ExistingRecords {
  /** The deviation of the seed's cause that has room, as recorded; null: none yet. */
  readonly previous: DeviationRecord | null;
  /** Which part of the cause it is, from 1. */
  readonly part: number;
  readonly remediation: RemediationRecord | null;
  /** Another deviation that lists the subject until now, with its remediation. */
  readonly listedIn: DeviationRecord | null;
  readonly listedInRemediation: RemediationRecord | null;
  /** How many issues may still be asked for today. */
  readonly room: number;
  /** Deviations that wait for their issue already. */
  readonly waiting: readonly WaitingDeviation[];
}

/** Holds the state where nothing is recorded yet, and there is room for an issue. */
export const NO_RECORDS: ExistingRecords = {
  previous: null,
  part: 1,
  remediation: null,
  listedIn: null,
  listedInRemediation: null,
  room: 1,
  waiting: [],
};

/** Decides whether a subject opens a deviation, is listed with others of its cause, or is taken off. `seed` null: it deviates no more. */
export function decideDeviation(facts: {
  readonly seed: DeviationSeed | null;
  /** The change id or deployment id. */
  readonly subject: string | null;
  readonly records: ExistingRecords;
  readonly policy: Policy;
  readonly to: IssueSender;
  readonly at: Instant;
  /** Why it deviates no more. */
  readonly because?: string;
}): Decision {
  const { seed, subject, records, policy, to, at } = facts;
  const decisions: Decision[] = [];
  const { listedIn } = records;
  if (listedIn !== null && subject !== null && (seed === null || listedIn.id !== records.previous?.id)) {
    const because = facts.because ?? "judged again on what is known now, it does not deviate";
    const after = withdrawDeviation(listedIn, subject, because, at);
    if (after !== listedIn)
      decisions.push(
        settle({ before: listedIn, after, remediation: records.listedInRemediation, policy, to }),
      );
  }
  if (seed !== null)
    decisions.push(
      decideRecord(openDeviation(records.previous, seed, at, records.part), records, policy, to, at),
    );
  return mergeDecisions(...decisions);
}

/** Decides a deviation's entry, its issue (or the place in the queue for one) and its notification. */
export function decideRecord(
  now: DeviationRecord,
  records: ExistingRecords,
  policy: Policy,
  to: IssueSender,
  at: Instant,
): Decision {
  const { previous: before, remediation } = records;
  const after = withIssue(now, policy, records.room, at);
  const isReopened = before !== null && before.status !== "open" && after.status === "open";
  const again = isReopened && remediation !== null ? begunAnew(remediation, after.moved) : remediation;
  const isNowWaiting = after.issue.state === "waiting" && before?.issue.state !== "waiting";
  return mergeDecisions(
    settle({ before, after, remediation: again, policy, to }),
    { entries: again === remediation || again === null ? [] : [remediationEntry(again)] },
    { actions: before === null ? notify(policy, "deviation-opened", notificationOf(after)) : [] },
    {
      actions:
        isNowWaiting && after.issue.repository !== null
          ? [waitingIssue([...records.waiting, after], after.issue.repository, policy, to)]
          : [],
    },
  );
}

function begunAnew(remediation: RemediationRecord, moved: DeviationTransition): RemediationRecord {
  const status = destination(REMEDIATION_EVENTS, remediation.status, "reopen") ?? remediation.status;
  return { ...reopened(remediation), status, moved };
}

/** Returns the notification that a deviation was opened. */
function notificationOf(deviation: DeviationRecord): Notification {
  const { owner, name, ownerId } = deviation.repository;
  const { state, repository } = deviation.issue;
  return {
    organizationId: ownerId,
    ...(state === "asked" && repository !== null
      ? { issue: { key: issueKey(deviation.id), repository } }
      : {}),
    about: deviation.id,
    text: `${deviation.title}. Review what reached production, and revert it if it should not be there. Record why it happened.`,
    repository: `${owner}/${name}`,
    path: `${owner}/${name}/${deviation.pull === null ? "issues" : `pull/${deviation.pull}`}`,
    at: deviation.happenedAt,
  };
}

/** Returns the notification that a deviation was settled; it may be opened and settled again. */
function closedNotification(deviation: DeviationRecord, { calendar }: Policy): Notification {
  const line = settledLine(deviation, calendar.timezone);
  const comment = `${deviation.title}: settled. ${line} Nothing is left to do.`;
  return { ...notificationOf(deviation), about: `${deviation.id}:${deviation.moved.at}`, text: comment };
}

/** Decides the entry and the issue of a deviation after a step. A step that settles or reopens it adds a comment. */
export function settle(facts: {
  readonly before: DeviationRecord | null;
  readonly after: DeviationRecord;
  readonly remediation: RemediationRecord | null;
  readonly policy: Policy;
  readonly to: IssueSender;
  readonly request?: string | null;
  /** The monthly reviews of its controls; absent: nobody counted them. */
  readonly months?: readonly ReviewedMonth[] | null;
}): Decision {
  const { before, after, remediation, policy, to, months = null } = facts;
  const { timezone } = policy.calendar;
  const isClosing = isSettled(after.status) && before !== null && !isSettled(before.status);
  const isReopening = before !== null && isSettled(before.status) && !isSettled(after.status);
  const say = isClosing
    ? settledLine(after, timezone)
    : isReopening
      ? after.moved.command === "list"
        ? `Reopened at ${localTime(after.moved.at, timezone)}: a further change with the same cause was found.`
        : `Reopened${after.moved.by === null ? "" : ` by ${markdown(after.moved.by.login)}`} at ${localTime(after.moved.at, timezone)}: ${markdown(after.moved.text)}`
      : null;
  const action = issueAction(after, remediation, policy, to, {
    months,
    say,
    request: facts.request ?? (say === null ? null : `${after.status}:${after.moved.at}`),
    opens: before?.issue.state !== "asked",
  });
  const news = isClosing ? notify(policy, "deviation-closed", closedNotification(after, policy)) : [];
  return mergeDecisions({
    entries: [deviationEntry(after)],
    actions: [...(action === null ? [] : [action]), ...news],
  });
}

/** Returns the entry of a deviation. */
export function deviationEntry(body: DeviationRecord): Entry {
  return { kind: "deviation", subject: body.id, ...owned(body), at: body.happenedAt, body };
}

/** Returns the entry of a remediation; the time of its last step is the time of the entry. */
export function remediationEntry(body: RemediationRecord): Entry {
  return { kind: "remediation", subject: body.deviation, ...owned(body), at: body.moved.at, body };
}

/** Joins decisions that are recorded together or not at all. */
export function mergeDecisions(...decisions: readonly Partial<Decision>[]): Decision {
  return {
    entries: decisions.flatMap(({ entries = [] }) => entries),
    actions: decisions.flatMap(({ actions = [] }) => actions),
    tasks: decisions.flatMap(({ tasks = [] }) => tasks),
  };
}

function owned({ repository }: DeviationRecord | RemediationRecord): {
  readonly repositoryId: number;
  readonly organizationId: number;
} {
  return { repositoryId: repository.id, organizationId: repository.ownerId };
}
