/** Monthly reviews: counted and asked for when a month is over, signed off by their owners, named when they are overdue. */

import { policyOrDefault } from "../domain/decision.ts";
import type { Instant } from "../domain/change.ts";
import { monthlyIssue } from "../domain/deviation/monthly-message.ts";
import {
  figuresText,
  isMonth,
  monthBefore,
  monthlyDue,
  monthlyStatus,
  monthlySubject,
  MonthlyTally,
  monthOf,
  ownerOf,
  spanOf,
} from "../domain/deviation/monitoring.ts";
import { waitingTimes, waitsOf, type WaitingTimes, type Waits } from "../domain/deviation/waiting-times.ts";
import type { Action, Entry } from "../domain/entry.ts";
import { notify } from "../domain/notification.ts";
import type { Policy } from "../domain/policy/policy.ts";
import { DEFAULT_CALENDAR } from "../domain/calendar.ts";
import type { MonthlyReviewRecord, PolicyRecord } from "../domain/record.ts";
import { CONTROL_NAMES, type ControlName } from "../domain/result.ts";
import { listed, time } from "../domain/wording.ts";
import { currentPolicy } from "./assess-change.ts";
import type { Tools, Watched } from "./ports.ts";
import { watch } from "./repositories.ts";

/** What reading the log and writing to it takes; nothing of GitHub. */
export type LogTools = Pick<Tools, "ledger" | "clock">;

/** Asks for the reviews of the month before the one it is in now, in every organisation; and of the one before that, if it was passed over. */
export async function askMonthly(tools: Tools, fence: Watched["fence"], at: Instant): Promise<void> {
  const month = monthBefore(monthOf(at));
  for (const watched of await oneRepositoryEach(tools, fence)) {
    const earlier = monthBefore(month);
    const organizationId = watched.repository.ownerId;
    const isPassedOver =
      (await reviewsOf(tools, organizationId, earlier)).length === 0 &&
      (await reviewsOf(tools, organizationId, monthBefore(earlier))).length > 0;
    if (isPassedOver) await askFor(tools, watched, earlier);
    await askFor(tools, watched, month);
  }
}

/** The first repository of each organisation through which its policy can be read. */
async function oneRepositoryEach(tools: Tools, fence: Watched["fence"]): Promise<readonly Watched[]> {
  const first = new Map<number, number>();
  for await (const entry of tools.ledger.states("repository", { order: "subject" })) {
    const { repository, removedAt, archived } = entry.body;
    if (removedAt === null && !archived && !first.has(repository.ownerId))
      first.set(repository.ownerId, repository.id);
  }
  const watched = await Promise.all([...first.values()].map((id) => watch(tools, id, fence)));
  return watched.filter((each) => each !== null);
}

async function askFor(tools: Tools, watched: Watched, month: string): Promise<void> {
  const { ledger } = tools;
  const organizationId = watched.repository.ownerId;
  if (watched.since >= spanOf(month).to) return;
  if ((await reviewsOf(tools, organizationId, month)).some(({ owner }) => owner !== null)) return;
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  if (CONTROL_NAMES.every((control) => ownerOf(policy, control) === null)) return;
  const now = tools.clock.now();
  const { tally, waiting } = await countMonth(tools, organizationId, month);
  const dueAt = monthlyDue(now, policy.calendar);
  const reviews: MonthlyReviewRecord[] = [];
  // A month in which nothing happened is reviewed too: else it would look like a month nobody looked at.
  const before = new Set(
    (await reviewsOf(tools, organizationId, monthBefore(month))).map(({ control }) => control),
  );
  for (const control of tally.inUse(policy, before)) {
    const owner = ownerOf(policy, control);
    const known = await ledger.state("monthly-review", monthlySubject(organizationId, control, month));
    if (owner === null || known !== undefined) continue;
    const figures = tally.figures(control);
    const issueIn = policy.deviations.repository;
    reviews.push({ control, month, owner, askedAt: now, dueAt, figures, issueIn, signedOff: null });
  }
  if (reviews.length === 0) return;
  const owners = Map.groupBy(reviews, ({ owner }) => (owner ?? "").toLowerCase());
  await ledger.record(
    {
      entries: reviews.map((each) => reviewEntry(organizationId, each)),
      actions: [...owners.values()].flatMap((own) => asking(tools, watched, policy, month, own, waiting)),
      tasks: [
        {
          kind: "overdue-monthly",
          organizationId,
          repositoryId: watched.repository.id,
          month,
          dueAt: dueAt + 1,
        },
      ],
    },
    now,
    watched.fence,
  );
}

function asking(
  tools: Tools,
  watched: Watched,
  policy: Policy,
  month: string,
  reviews: readonly MonthlyReviewRecord[],
  waiting: WaitingTimes,
): readonly Action[] {
  const owner = reviews[0]?.owner ?? "";
  const { id: repositoryId, ownerId: organizationId } = watched.repository;
  const [place, name] = policy.deviations.repository?.split("/") ?? [];
  const controls = listed(reviews.map(({ control }) => control));
  const told = notify(policy, "review-due", {
    organizationId,
    about: `${month}:${owner.toLowerCase()}`,
    text: `The monthly review of ${month} is due: ${owner} signs off ${controls} by ${time(reviews[0]?.dueAt ?? 0)}.`,
    repository: policy.deviations.repository,
    path: policy.deviations.repository === null ? null : `${policy.deviations.repository}/issues`,
    at: tools.clock.now(),
  });
  if (place === undefined || name === undefined) return told;
  const payload = monthlyIssue({
    month,
    owner,
    reviews,
    waiting,
    repository: { owner: place, name },
    appId: tools.appId,
    labels: policy.deviations.labels,
  });
  const { installationId } = watched;
  const key = `issue:monthly-review:${organizationId}:${month}:${owner.toLowerCase()}`;
  return [{ key, kind: "open-issue", repositoryId, organizationId, installationId, payload }, ...told];
}

/** Tells of the reviews of a month that nobody signed off in time. */
export async function tellOverdue(tools: Tools, watched: Watched, month: string): Promise<void> {
  const organizationId = watched.repository.ownerId;
  const now = tools.clock.now();
  const missing = (await reviewsOf(tools, organizationId, month)).filter(
    (each) => monthlyStatus(each, now) === "missing",
  );
  if (missing.length === 0) return;
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  const owners = Map.groupBy(missing, ({ owner }) => owner ?? "");
  const actions = [...owners].flatMap(([owner, own]) =>
    notify(policy, "review-overdue", {
      organizationId,
      about: `${month}:${owner.toLowerCase()}`,
      text: `The monthly review of ${month} is overdue: ${owner} has not signed off ${listed(own.map(({ control }) => control))}, due ${time(own[0]?.dueAt ?? 0)}. Sign it off now; it will count as late.`,
      repository: own[0]?.issueIn ?? null,
      path: own[0]?.issueIn == null ? null : `${own[0].issueIn}/issues`,
      at: own[0]?.dueAt ?? now,
    }),
  );
  await tools.ledger.record({ entries: [], actions }, now, watched.fence);
}

/** Counts a month of an organisation from the log. */
export async function countMonth(
  { ledger }: Pick<Tools, "ledger">,
  organizationId: number,
  month: string,
): Promise<{ readonly tally: MonthlyTally; readonly waiting: WaitingTimes }> {
  const span = spanOf(month);
  const tally = new MonthlyTally();
  const waits: Waits[] = [];
  for await (const { body: record } of ledger.states("change", { organizationId, ...span, order: "at" })) {
    tally.subject(record.assessment);
    if (record.assessment.verdict !== "historic") waits.push(waitsOf(record));
  }
  for await (const { body } of ledger.states("deployment", { organizationId, ...span, order: "at" }))
    tally.subject(body.assessment);
  for await (const { body } of ledger.states("deviation", { organizationId })) tally.deviation(body, span);
  return { tally, waiting: waitingTimes(waits) };
}

/** The reviews of one month on record. */
export async function reviewsOf(
  { ledger }: Pick<Tools, "ledger">,
  organizationId: number,
  month: string,
): Promise<readonly MonthlyReviewRecord[]> {
  const reviews: MonthlyReviewRecord[] = [];
  const { from, to } = spanOf(month);
  for await (const { body } of ledger.states("monthly-review", { organizationId, from, to }))
    reviews.push(body);
  return reviews;
}

/** A sign-off as it is given. */
export interface SignOff {
  readonly organizationId: number;
  readonly control: ControlName;
  readonly month: string;
  readonly by: { readonly id: number | null; readonly login: string };
  readonly comment: string;
  readonly via: "comment" | "terminal";
  readonly at: Instant;
}

/** What a sign-off comes to: what is recorded of it, or a sentence saying why not. */
export type SignedOff =
  | { readonly refused: string }
  | {
      readonly refused: null;
      readonly entry: Entry;
      readonly record: MonthlyReviewRecord;
      readonly says: string;
    };

/** Judges a sign-off and makes its entry, without recording it. The figures are counted anew: what is signed is what is so now. */
export async function signOff(tools: LogTools, given: SignOff): Promise<SignedOff> {
  const { organizationId, control, month, by, comment, via, at } = given;
  if (!isMonth(month)) return { refused: `"${month}" is no month: write it as 2026-07.` };
  if (at < spanOf(month).to)
    return { refused: `${month} is not over: it can be signed off from ${time(spanOf(month).to)}.` };
  if (comment.trim() === "") return { refused: "Say what you saw: a sign-off needs a comment." };
  const known = await tools.ledger.state("monthly-review", monthlySubject(organizationId, control, month));
  const before = known === undefined ? null : known.body;
  if (before?.signedOff != null)
    return {
      refused: `${control} was signed off for ${month} by ${before.signedOff.by.login} at ${time(before.signedOff.at)}.`,
    };
  const policy = await newestPolicy(tools, organizationId);
  const owner = before?.owner ?? (policy === null ? null : ownerOf(policy.effective, control));
  if (owner !== null && owner.toLowerCase() !== by.login.toLowerCase())
    return { refused: `${control} is signed off by its owner, ${owner}.` };
  const { tally } = await countMonth(tools, organizationId, month);
  const figures = tally.figures(control);
  const calendar = policy?.effective.calendar ?? DEFAULT_CALENDAR;
  const record: MonthlyReviewRecord = {
    control,
    month,
    owner,
    askedAt: before?.askedAt ?? spanOf(month).to,
    dueAt: before?.dueAt ?? monthlyDue(spanOf(month).to, calendar),
    figures,
    issueIn: before?.issueIn ?? null,
    signedOff: { by, at, comment: comment.trim(), via },
  };
  const isLate = monthlyStatus(record, at) === "late";
  return {
    refused: null,
    entry: reviewEntry(organizationId, record),
    record,
    says: `${by.login} signed off ${control} for ${month}${isLate ? `, late: it was due ${time(record.dueAt)}` : ""}: ${figuresText(figures)}.`,
  };
}

/** A sign-off given at the terminal. */
export type TerminalSignOff = Pick<SignOff, "control" | "month" | "comment"> & { readonly login: string };

/** Signs off and records it, now. */
export async function recordSignOff(
  tools: LogTools,
  organizationId: number,
  { login, ...given }: TerminalSignOff,
): Promise<SignedOff> {
  const at = tools.clock.now();
  const by = { id: null, login };
  const done = await signOff(tools, { ...given, organizationId, by, via: "terminal", at });
  if (done.refused === null) await tools.ledger.record({ entries: [done.entry], actions: [] }, at);
  return done;
}

/** The policy recorded last in an organisation; what only an organisation's file says is the same for all its repositories. */
export async function newestPolicy(
  { ledger }: { readonly ledger: Pick<Tools["ledger"], "states"> },
  organizationId: number,
): Promise<PolicyRecord | null> {
  let newest: { readonly seq: number; readonly body: PolicyRecord } | null = null;
  for await (const entry of ledger.states("policy", { organizationId }))
    if (newest === null || entry.seq > newest.seq) newest = entry;
  return newest === null ? null : newest.body;
}

function reviewEntry(organizationId: number, body: MonthlyReviewRecord): Entry {
  return {
    kind: "monthly-review",
    subject: monthlySubject(organizationId, body.control, body.month),
    repositoryId: 0,
    organizationId,
    at: spanOf(body.month).from,
    body,
  };
}
