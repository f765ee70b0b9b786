/** Monthly reviews: counted and asked for when a month is over, signed off by their owners, named when they are overdue. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { monthlyIssue } from "../../domain/deviation/monthly/monthly-issue.ts";
import {
  countMonths,
  figuresNow,
  monthsOf,
  waitsIn,
  type KnownReviews,
} from "../../domain/deviation/monthly/month-count.ts";
import {
  isDeviation,
  isOtherwise,
  monthlyDue,
  monthlyStatus,
  monthlySubject,
  MonthlyTally,
  monthStatement,
  ownerOf,
  seenMonth,
  type SeenMonth,
} from "../../domain/monitoring/monthly.ts";
import type { Judged } from "../../domain/monitoring/judged.ts";
import { maySignOff, signersOf, type Signer, type Signers } from "../../domain/monitoring/sign-off.ts";
import { isSameAccount } from "../../domain/deviation/remediation.ts";
import { waitingTimes, type WaitingTimes } from "../../domain/deviation/monthly/waiting-times.ts";
import type { Action, Entry } from "../../domain/records/entry.ts";
import { notify } from "../../domain/messages/notification.ts";
import { ownerMeant } from "../../domain/policy/file/names.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { DEFAULT_CALENDAR } from "../../domain/time/calendar.ts";
import type { MonthlyReviewRecord } from "../../domain/records/monitoring.ts";
import { CONTROL_NAMES, type ControlName } from "../../domain/values/result.ts";
import { listed, listedControls, localTime, oneLine } from "../../domain/texts/wording.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import type { LedgerReader, NewestEntry } from "../../ledger/ledger.ts";
import type { Tools } from "../context/tools.ts";
import { readObservedTime } from "../records/observation-coverage.ts";
import { organizationPolicy } from "../policy/in-force.ts";
import { DAY } from "../../domain/time/durations.ts";
import { isMonth, monthBefore, monthOf, monthSpan } from "../../domain/time/month.ts";

/** Names the tools that read and write the log; none of GitHub. */
export type LogTools = Pick<Tools, "ledger" | "clock">;

/** Requests the reviews of the month before the one it is in now, in every organisation. Also of the one before that, if it was passed over. */
export async function askMonthly(tools: Tools, fence: Repo["lease"], at: Instant): Promise<void> {
  const month = monthBefore(monthOf(at));
  for (const repo of await oneRepositoryEach(tools, fence)) {
    const earlier = monthBefore(month);
    const organizationId = repo.info.ownerId;
    const isPassedOver =
      (await monthlyReviewsOf(tools, organizationId, earlier)).length === 0 &&
      (await monthlyReviewsOf(tools, organizationId, monthBefore(earlier))).length > 0;
    if (isPassedOver) await askFor(repo, earlier);
    await askFor(repo, month);
  }
}

/** Returns the first repository of each organisation through which its policy can be read. */
export async function oneRepositoryEach(tools: Tools, fence: Repo["lease"]): Promise<readonly Repo[]> {
  const first = new Map<number, number>();
  for await (const entry of tools.ledger.states("repository", {
    everyOrganization: true,
    order: "subject",
  })) {
    const { repository, removedAt, archived } = entry.body;
    if (removedAt === null && !archived && !first.has(repository.ownerId))
      first.set(repository.ownerId, repository.id);
  }
  const repo = await Promise.all([...first.values()].map((id) => watchedRepository(tools, id, fence)));
  return repo.filter((each) => each !== null);
}

async function askFor(repo: Repo, month: string): Promise<void> {
  const { ledger } = repo;
  const organizationId = repo.info.ownerId;
  if (repo.since >= monthSpan(month).to) return;
  if ((await monthlyReviewsOf(repo, organizationId, month)).some(({ owner }) => owner !== null)) return;
  const policy = policyOrDefault(await currentPolicy(repo));
  if (CONTROL_NAMES.every((control) => ownerOf(policy, control) === null)) return;
  const now = repo.now();
  const counted = await countMonth(repo, organizationId, month, true);
  const { tally, counts } = counted;
  const dueAt = monthlyDue(now, policy.calendar);
  const reviews: MonthlyReviewRecord[] = [];
  // A month in which nothing happened is reviewed too: else it would look like a month nobody reviewed.
  const before = new Set(
    (await monthlyReviewsOf(repo, organizationId, monthBefore(month))).map(({ control }) => control),
  );
  for (const control of tally.inUse(policy, before)) {
    const owner = ownerOf(policy, control);
    const known = await ledger.state("monthly-review", monthlySubject(organizationId, control, month));
    if (owner === null || known !== undefined) continue;
    const figures = figuresNow(counts, month, control) ?? tally.figures(control);
    reviews.push({
      control,
      month,
      owner,
      ownerId: await ownerIdOf(repo, policy, owner),
      askedAt: now,
      dueAt,
      figures,
      issueIn: policy.deviations.repository,
      signedOff: null,
      earlier: [],
    });
  }
  await recordReviews(repo, policy, month, reviews, counted);
}

/** Records reviews of a month and asks each owner for theirs. */
async function recordReviews(
  repo: Repo,
  policy: Policy,
  month: string,
  reviews: readonly MonthlyReviewRecord[],
  known?: Counted,
): Promise<void> {
  const [first] = reviews;
  if (first === undefined) return;
  const organizationId = repo.info.ownerId;
  const owners = Map.groupBy(reviews, ({ owner }) => (owner ?? "").toLowerCase());
  const counted = known ?? (await countMonth(repo, organizationId, month, true));
  await repo.commit({
    entries: reviews.map((each) => reviewEntry(organizationId, each)),
    actions: [...owners.values()].flatMap((own) => asking(repo, policy, month, own, counted)),
    tasks: [
      {
        kind: "overdue-monthly",
        organizationId,
        repositoryId: repo.info.id,
        month,
        dueAt: first.dueAt + 1,
      },
    ],
  });
}

/** Returns the id of the account a login of the policy means: whose it was when first named or first asked; null: nobody's. */
async function ownerIdOf(repo: Repo, { names }: Policy, login: string): Promise<number | null> {
  const meant = ownerMeant(names, login);
  // Where nobody was called so then, whoever is when they are first asked is meant.
  if (meant != null) return meant;
  const organizationId = repo.info.ownerId;
  for await (const { body } of repo.ledger.states("monthly-review", { organizationId, order: "at" }))
    if (body.owner?.toLowerCase() === login.toLowerCase() && body.ownerId !== null) return body.ownerId;
  return (await repo.github.account(login))?.id ?? null;
}

function asking(
  repo: Repo,
  policy: Policy,
  month: string,
  reviews: readonly MonthlyReviewRecord[],
  { waiting, seen }: Counted,
): readonly Action[] {
  const owner = reviews[0]?.owner ?? "";
  const { id: repositoryId, ownerId: organizationId } = repo.info;
  const [place, name] = policy.deviations.repository?.split("/") ?? [];
  const controls = listedControls(reviews.map(({ control }) => control));
  const notified = notify(policy, "review-due", {
    organizationId,
    about: `${month}:${owner.toLowerCase()}`,
    text: `${owner}: sign off ${controls} for ${month} by ${localTime(reviews[0]?.dueAt ?? 0, policy.calendar.timezone)}.`,
    repository: policy.deviations.repository,
    path: policy.deviations.repository === null ? null : `${policy.deviations.repository}/issues`,
    at: repo.now(),
  });
  if (place === undefined || name === undefined) return notified;
  const payload = monthlyIssue({
    month,
    owner,
    reviews,
    waiting,
    seen,
    repository: { owner: place, name },
    appId: repo.appId,
    labels: policy.deviations.labels,
    timezone: policy.calendar.timezone,
  });
  const { installationId } = repo;
  const key = `issue:monthly-review:${organizationId}:${month}:${owner.toLowerCase()}`;
  return [{ key, kind: "open-issue", repositoryId, organizationId, installationId, payload }, ...notified];
}

/** Notifies of the reviews of a month that nobody signed off in time. */
export async function reportOverdue(repo: Repo, month: string): Promise<void> {
  const organizationId = repo.info.ownerId;
  const now = repo.now();
  const missing = (await monthlyReviewsOf(repo.tools, organizationId, month)).filter(
    (each) => monthlyStatus(each, now) === "missing",
  );
  if (missing.length === 0) return;
  const policy = policyOrDefault(await currentPolicy(repo));
  const owners = Map.groupBy(missing, ({ owner }) => owner ?? "");
  const actions = [...owners].flatMap(([owner, own]) =>
    notify(policy, "review-overdue", {
      organizationId,
      about: `${month}:${owner.toLowerCase()}`,
      text: `${owner}: sign off ${listedControls(own.map(({ control }) => control))} for ${month} now. It was due by ${localTime(own[0]?.dueAt ?? 0, policy.calendar.timezone)} and counts as late.`,
      repository: own[0]?.issueIn ?? null,
      path: own[0]?.issueIn == null ? null : `${own[0].issueIn}/issues`,
      at: own[0]?.dueAt ?? now,
    }),
  );
  await repo.commit({ entries: [], actions });
}

/** Counts a month of an organisation from the log, as it is known now; `isServing` as in {@link readObservedTime}. */
async function countMonth(
  { ledger, clock }: LogTools,
  organizationId: number,
  month: string,
  isServing: boolean,
): Promise<Counted> {
  const at = clock.now();
  const observedTime = await readObservedTime(ledger, organizationId, at, isServing);
  const counts = await countMonths(ledger, organizationId, [month], { observedTime, at });
  const counted = counts.get(month);
  return {
    tally: counted?.tally ?? new MonthlyTally(),
    waiting: waitingTimes(await waitsIn(ledger, organizationId, month)),
    seen: counted?.seen ?? seenMonth(observedTime, month, at),
    counts,
  };
}

/** A month as it was counted, with how long its changes waited and which part of it was observed. */
interface Counted {
  readonly tally: MonthlyTally;
  readonly waiting: WaitingTimes;
  readonly seen: SeenMonth;
  readonly counts: MonthCounts;
}

type MonthCounts = Awaited<ReturnType<typeof countMonths>>;

/**
 * Returns every monthly review of an organisation, with the figures of its month as known now. `isServing` as in
 * {@link readObservedTime}; `judged`: counts what happened, if not by reading every entry.
 */
export async function reviewsNow(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  at: Instant,
  { isServing = false, judged }: { readonly isServing?: boolean; readonly judged?: Judged } = {},
): Promise<KnownReviews> {
  const reviews: MonthlyReviewRecord[] = [];
  for await (const { body } of ledger.states("monthly-review", { organizationId })) reviews.push(body);
  const observedTime = await readObservedTime(ledger, organizationId, at, isServing);
  const counts = await countMonths(ledger, organizationId, monthsOf(reviews), { observedTime, at }, judged);
  return {
    reviews,
    figures: (month, control) => figuresNow(counts, month, control),
    seen: (month) => counts.get(month)?.seen ?? seenMonth(observedTime, month, at),
  };
}

/** How far back a month that came to be otherwise is asked for again (ms): as long as audits look back. */
const ASKED_AGAIN = 400 * DAY;

/** Asks again for the months that were signed off as something else than they are known to be now. Keeps what the signer saw. */
export async function askAgain(tools: Tools, fence: Repo["lease"]): Promise<void> {
  const now = tools.clock.now();
  for (const repo of await oneRepositoryEach(tools, fence)) {
    const organizationId = repo.info.ownerId;
    const { reviews, figures } = await reviewsNow(tools.ledger, organizationId, now, { isServing: true });
    const policy = policyOrDefault(await currentPolicy(repo));
    const changed = reviews.flatMap((each): readonly MonthlyReviewRecord[] => {
      const found = figures(each.month, each.control);
      const isRecent = monthSpan(each.month).to > now - ASKED_AGAIN;
      if (each.signedOff === null || found === undefined || !isRecent || each.owner === null) return [];
      if (!isOtherwise(each.control, each.signedOff.figures, found)) return [];
      const dueAt = monthlyDue(now, policy.calendar);
      const earlier = [...each.earlier, each.signedOff];
      return [{ ...each, askedAt: now, dueAt, figures: found, signedOff: null, earlier }];
    });
    for (const [month, ofMonth] of Map.groupBy(changed, (each) => each.month))
      await recordReviews(repo, policy, month, ofMonth);
  }
}

/** Returns the reviews of one month on record. */
export async function monthlyReviewsOf(
  { ledger }: Pick<Tools, "ledger">,
  organizationId: number,
  month: string,
): Promise<readonly MonthlyReviewRecord[]> {
  const reviews: MonthlyReviewRecord[] = [];
  const { from, to } = monthSpan(month);
  for await (const { body } of ledger.states("monthly-review", { organizationId, from, to }))
    reviews.push(body);
  return reviews;
}

/** Describes a sign-off as it is given. */
export interface SignOff {
  readonly organizationId: number;
  readonly control: ControlName;
  readonly month: string;
  readonly by: Signer;
  readonly comment: string;
  readonly via: "comment" | "terminal" | "page";
  readonly at: Instant;
}

/** Describes the result of a sign-off: what is recorded, or why not. */
export type SignedOff =
  | { readonly refused: string }
  | {
      readonly refused: null;
      readonly entry: Entry;
      readonly record: MonthlyReviewRecord;
      /** What it was decided on: it is recorded only while nobody wrote after that. */
      readonly decidedOn: readonly NewestEntry[];
      readonly says: string;
    };

/** Judges a sign-off and makes its entry, without recording it. The figures are counted anew: what is signed is what is so now. */
export async function signOff(tools: LogTools, given: SignOff): Promise<SignedOff> {
  const { organizationId, control, month, by, comment, via, at } = given;
  if (!isMonth(month))
    return { refused: `“${oneLine(month)}” is not a month. Write it as YYYY-MM, such as 2026-07.` };
  if (at < monthSpan(month).to)
    return {
      refused: `${month} is not over. It can be signed off from ${localTime(monthSpan(month).to, "UTC")}.`,
    };
  if (comment.trim() === "") return { refused: "A sign-off needs a comment: add what you saw." };
  const subject = monthlySubject(organizationId, control, month);
  const known = await tools.ledger.state("monthly-review", subject);
  const before = known === undefined ? null : known.body;
  const { counts, tally, seen } = await countMonth(tools, organizationId, month, via !== "terminal");
  const figures = figuresNow(counts, month, control) ?? tally.figures(control);
  const policy = await organizationPolicy(tools, organizationId);
  const calendar = policy?.effective.calendar ?? DEFAULT_CALENDAR;
  if (before?.signedOff != null && !isOtherwise(control, before.signedOff.figures, figures))
    return {
      refused: `${before.signedOff.by.login} already signed off ${control} for ${month}, at ${localTime(before.signedOff.at, calendar.timezone)}.`,
    };
  const signers = signersOf(before, policy?.effective ?? null, control);
  const { asked } = signers;
  if (!maySignOff(signers, by)) return { refused: notTheirs(signers, control, by) };
  const remark = await remarkOn(tools, given);
  const record: MonthlyReviewRecord = {
    control,
    month,
    owner: asked.owner,
    ownerId: asked.ownerId,
    askedAt: before?.askedAt ?? monthSpan(month).to,
    dueAt: before?.dueAt ?? monthlyDue(monthSpan(month).to, calendar),
    figures,
    issueIn: before?.issueIn ?? null,
    signedOff: { by, at, comment: comment.trim(), via, figures, remark },
    earlier: [...(before?.earlier ?? []), ...(before?.signedOff == null ? [] : [before.signedOff])],
  };
  const isLate = monthlyStatus(record, at) === "late";
  return {
    refused: null,
    entry: reviewEntry(organizationId, record),
    record,
    decidedOn: [{ kind: "monthly-review", subject, seq: known?.seq ?? null }],
    says: `${by.login} signed off ${control} for ${month}${isLate ? `, late: it was due by ${localTime(record.dueAt, calendar.timezone)}` : ""}: ${monthStatement(figures, seen).says}.${remark === null ? "" : ` It is on record that ${remark}.`}`,
  };
}

function notTheirs({ asked: { owner }, successor }: Signers, control: ControlName, by: Signer): string {
  if (owner === null)
    return `The policy names no owner of ${control}: name one, or let an operator sign it off with countersign monitoring sign-off.`;
  const who = successor === null ? owner : `${owner}, or ${successor.owner}, whom the policy names now,`;
  const isCalledSo = owner.toLowerCase() === by.login.toLowerCase();
  return `Only ${who} can sign off ${control}${isCalledSo ? ": the account that was asked, not whoever has that login now" : ""}.`;
}

/** Returns a remark on a signer who caused deviations of the control in that month; null: none. */
async function remarkOn(
  { ledger }: Pick<LogTools, "ledger">,
  { organizationId, control, month, by }: SignOff,
): Promise<string | null> {
  const span = monthSpan(month);
  const own: string[] = [];
  for await (const { body } of ledger.states("deviation", { organizationId })) {
    const isCaused = body.actors.some((actor) => isSameAccount(actor, by));
    const moments = body.listed.length === 0 ? [body.happenedAt] : body.listed.map(({ at }) => at);
    const isOfMonth = moments.some((at) => at >= span.from && at < span.to);
    if (isCaused && isOfMonth && isDeviation(body) && body.controls.includes(control)) own.push(body.id);
  }
  return own.length === 0 ? null : `${by.login} caused ${listed(own, "and")} of this month`;
}

/** Describes a sign-off given at the terminal. */
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
  if (done.refused === null)
    await tools.ledger.record({ entries: [done.entry], decidedOn: done.decidedOn }, at);
  return done;
}

/** Signs off and records it from a page, once for each form. Throws {@link ExternalError}. */
export async function signOffFromPage(
  tools: LogTools,
  given: Pick<SignOff, "organizationId" | "control" | "month" | "comment" | "by">,
  form: string,
): Promise<{ readonly says: string; readonly refused: null } | { readonly refused: string }> {
  const { ledger } = tools;
  const at = tools.clock.now();
  const done = await signOff(tools, { ...given, via: "page", at });
  if (done.refused !== null) return done;
  const { entry, decidedOn, says } = done;
  const answered = { id: form, begunAt: at, answer: says };
  const stored = await ledger.recordForm({ entries: [entry] }, answered, decidedOn);
  if (stored === "outdated") return { refused: "Someone else changed this review just now. Send it again." };
  return { says, refused: null };
}

function reviewEntry(organizationId: number, body: MonthlyReviewRecord): Entry {
  return {
    kind: "monthly-review",
    subject: monthlySubject(organizationId, body.control, body.month),
    repositoryId: 0,
    organizationId,
    at: monthSpan(body.month).from,
    body,
  };
}
