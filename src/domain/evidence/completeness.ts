/** What the completeness checks come to for a period: branch by branch, and in words. */

import type { Instant } from "../time/instant.ts";
import type { Repository } from "../change/repository.ts";
import {
  countedSpan,
  spansText,
  unobservedIn,
  type ObservedTime,
  type Statement,
} from "../monitoring/observed-time.ts";
import type { CompletenessRecord } from "../records/monitoring.ts";
import { uncovered, type Span } from "../time/span.ts";
import { repositoriesSeen, type SeenRepository } from "./tables/in-scope.ts";
import { completenessOf, isOfNow } from "./rows/scope.ts";
import { statesOf, type ReadSource } from "./tables/population.ts";
import { timeText } from "./tables/table.ts";

/** Describes one branch of one repository: how much of the period is proven complete. */
export interface BranchCompleteness {
  readonly repository_id: number;
  readonly repository: string;
  readonly branch: string;
  /** The part of the period in which the branch was in scope and observed, and which was over when this was generated. */
  readonly from: string;
  readonly to: string;
  /** What `from` is: the period's start, when a new repository was met, or since when one was observed that may be older. */
  readonly begins: "period" | "new" | "observed";
  readonly proven: boolean;
  /** Spans without a complete check, half-open. */
  readonly unproven: readonly { readonly from: string; readonly to: string }[];
  readonly checks: number;
  /** Changes of the period on this branch. */
  readonly updates: number;
  /** Those of them that happened in a span with a complete check: GitHub's own list has each of them, and no other. */
  readonly updates_matched: number;
  /** Of all of them, those with no pull request behind them. */
  readonly without_pull_request: number;
  /** Distinct differences between the lists, but for those that a later complete check settled. */
  readonly differences: number;
  readonly unexplained: number;
}

/** Describes the content of completeness.json. */
export interface CompletenessDocument {
  readonly period: { readonly name: string; readonly from: string; readonly to: string };
  /** True when nothing keeps the period from being complete: see {@link openPoints}. */
  readonly complete: boolean;
  readonly branches: readonly BranchCompleteness[];
}

/** A branch that belongs to the period: it was in scope at some moment of it, or something changed on it. */
interface BranchState {
  readonly repositoryId: number;
  readonly repository: string;
  readonly branch: string;
  readonly span: Span;
  readonly begins: BranchCompleteness["begins"];
}

interface Updates {
  readonly repository: Repository;
  readonly branch: string;
  all: number;
  matched: number;
  withoutPullRequest: number;
  first: Instant;
  last: Instant;
}

/** Folds the completeness checks of the period; holds one small record for each branch and check, no population. */
export async function completenessDocument(source: ReadSource): Promise<CompletenessDocument> {
  const { period, generatedAt } = source;
  const checks = await checksOf(source);
  const branches = await branchesOf(source, checks, await updatesIn(source, checks));
  const open = openPoints({ branches }, source);
  return {
    period: { name: period.name, from: timeText(period.from), to: timeText(period.to) },
    complete: generatedAt >= period.to && open.length === 0,
    branches,
  };
}

/** Returns what is proven of each branch that was in scope in the period. No population is read. */
export async function branchProofs(source: ReadSource): Promise<readonly BranchCompleteness[]> {
  return branchesOf(source, await checksOf(source), new Map());
}

type Checks = ReadonlyMap<string, readonly CompletenessRecord[]>;

async function checksOf(source: ReadSource): Promise<Checks> {
  const checks = new Map<string, CompletenessRecord[]>();
  for await (const { body } of completenessOf(source)) {
    const key = keyOf(body.repository.id, body.ref);
    checks.set(key, [...(checks.get(key) ?? []), body]);
  }
  return checks;
}

async function branchesOf(
  source: ReadSource,
  checks: Checks,
  updates: ReadonlyMap<string, Updates>,
): Promise<readonly BranchCompleteness[]> {
  const seen = new Map((await repositoriesSeen(source)).map((each) => [each.body.repository.id, each]));
  const branches = new Map<string, BranchState>();
  for (const each of seen.values())
    for (const [ref, end] of each.branches) {
      const { body } = each;
      branches.set(keyOf(body.repository.id, ref), branchState(source, { ...body, ref, end }, each));
    }
  // What a change happened on was in production, whatever is on record of the repository.
  for (const [key, { repository, branch: ref }] of updates)
    if (!branches.has(key))
      branches.set(key, branchState(source, { repository, ref, end: Infinity }, seen.get(repository.id)));
  return (
    [...branches]
      .map(([key, state]) => conclude(source, state, checks.get(key) ?? [], updates.get(key)))
      // One that was watched at no moment of the period has no part in it.
      .filter((row) => row.from !== row.to || row.updates > 0)
      .toSorted((a, b) => a.repository_id - b.repository_id || (a.branch < b.branch ? -1 : 1))
  );
}

function keyOf(repositoryId: number, ref: string): string {
  return `${repositoryId}\t${ref}`;
}

function branchState(
  { period, generatedAt }: ReadSource,
  { repository, ref, end }: { readonly repository: Repository; readonly ref: string; readonly end: Instant },
  seen: Pick<SeenRepository, "recordedFrom" | "isNew"> | undefined,
): BranchState {
  const from = Math.max(period.from, seen?.recordedFrom ?? period.from);
  return {
    repositoryId: repository.id,
    repository: `${repository.owner}/${repository.name}`,
    branch: ref,
    span: { from, to: Math.max(from, Math.min(period.to, generatedAt, end)) },
    begins: from === period.from ? "period" : seen?.isNew === true ? "new" : "observed",
  };
}

/** Counts each change of the period once, branch by branch. */
async function updatesIn(source: ReadSource, checks: Checks): Promise<ReadonlyMap<string, Updates>> {
  const proven = new Map([...checks].map(([key, all]) => [key, provenBy(all)]));
  const counts = new Map<string, Updates>();
  for await (const { body } of statesOf(source, "change")) {
    const { repository, update } = body.change;
    const { at, ref: branch } = update;
    const key = keyOf(repository.id, branch);
    const none = { all: 0, matched: 0, withoutPullRequest: 0, first: Infinity, last: -Infinity };
    const count: Updates = counts.get(key) ?? { repository, branch, ...none };
    count.all += 1;
    if (proven.get(key)?.some(({ from, to }) => at >= from && at < to) === true) count.matched += 1;
    if (update.kind !== "pull-request" && update.kind !== "queue") count.withoutPullRequest += 1;
    count.first = Math.min(count.first, at);
    count.last = Math.max(count.last, at);
    counts.set(key, count);
  }
  return counts;
}

function provenBy(checks: readonly CompletenessRecord[]): readonly Span[] {
  return checks.filter(({ complete }) => complete).map(countedSpan);
}

function conclude(
  source: ReadSource,
  state: BranchState,
  checks: readonly CompletenessRecord[],
  updates: Updates | undefined,
): BranchCompleteness {
  const span = spanToProve(source, state.span, checks, updates);
  // Where there is no moment to be counted, nothing was.
  const unproven = span.from === span.to ? [span] : uncovered(provenBy(checks), span);
  const differences = differencesOf(checks);
  return {
    repository_id: state.repositoryId,
    repository: state.repository,
    branch: state.branch,
    from: timeText(span.from),
    to: timeText(span.to),
    begins: state.begins,
    proven: unproven.length === 0,
    unproven: unproven.map(({ from, to }) => ({ from: timeText(from), to: timeText(to) })),
    checks: checks.length,
    updates: updates?.all ?? 0,
    updates_matched: updates?.matched ?? 0,
    without_pull_request: updates?.withoutPullRequest ?? 0,
    differences: differences.length,
    unexplained: differences.filter(({ explanation }) => explanation === null).length,
  };
}

/** The part of the period that a branch belongs to, with every change on it. */
function spanToProve(
  { period, generatedAt }: ReadSource,
  span: Span,
  checks: readonly CompletenessRecord[],
  updates: Updates | undefined,
): Span {
  const from = Math.min(span.from, updates?.first ?? Infinity);
  const to = Math.max(span.to, Math.min((updates?.last ?? -Infinity) + 1, period.to, generatedAt));
  const last = Math.max(0, ...checks.map(({ checkedAt }) => checkedAt));
  // Of a period that is not over, nothing is expected of the moments since it was counted.
  const isFresh = generatedAt < period.to && isOfNow(last, generatedAt) && last > from;
  return { from, to: isFresh ? Math.min(to, last) : to };
}

/** Each difference once, as the newest check explains it; what a later complete check covers whole is settled. */
function differencesOf(checks: readonly CompletenessRecord[]): CompletenessRecord["differences"] {
  const found = new Map<string, CompletenessRecord["differences"][number]>();
  for (const check of checks.toSorted((a, b) => a.checkedAt - b.checkedAt)) {
    const isSettled = checks.some(
      (later) =>
        later.complete &&
        later.checkedAt > check.checkedAt &&
        later.from <= check.from &&
        countedSpan(later).to >= countedSpan(check).to,
    );
    if (isSettled) continue;
    for (const each of check.differences) found.set(`${each.what} ${each.sha} ${each.onlyIn}`, each);
  }
  return [...found.values()];
}

/** Returns the spans in which a branch is proven complete. */
export function provenSpans({ from, to, unproven }: BranchCompleteness): readonly Span[] {
  const span = (each: { readonly from: string; readonly to: string }): Span => {
    return { from: Date.parse(each.from), to: Date.parse(each.to) };
  };
  return uncovered(unproven.map(span), span({ from, to }));
}

/** Returns what keeps a period from being complete. It is complete where there is none. */
export function openPoints(
  { branches }: Pick<CompletenessDocument, "branches">,
  { period, generatedAt, observedTime }: Pick<ReadSource, "period" | "generatedAt" | "observedTime">,
): readonly string[] {
  return [
    ...(generatedAt < period.to ? [`${period.name} is not over: it ends on ${timeText(period.to)}.`] : []),
    ...unobservedWords(observedTime, { from: period.from, to: Math.min(period.to, generatedAt) }),
    ...(branches.length === 0 ? [NOTHING_COUNTED] : []),
    ...branches.filter((branch) => isMetLate(branch, observedTime)).map(metLateWords),
    ...branches.filter(({ proven }) => !proven).map(unprovenWords),
  ];
}

/** Whether a branch was first observed after others were: what was not observed of all of them is named once. */
function isMetLate({ begins, from }: BranchCompleteness, { since }: ObservedTime): boolean {
  return begins === "observed" && Date.parse(from) > (since ?? Infinity);
}

function metLateWords({ repository, branch, from }: BranchCompleteness): string {
  return `${repository} ${branch} is observed only since ${from}: what happened on it before is not known.`;
}

/** What was not observed of a span that is over. */
function unobservedWords(observedTime: ObservedTime, span: Span): readonly string[] {
  const { since } = observedTime;
  if (span.to <= span.from) return [];
  if (since === null || since >= span.to)
    return [
      `Nothing of this period was observed: ${since === null ? "no repository is on record" : `observation began on ${timeText(since)}`}.`,
    ];
  const unseen = unobservedIn(observedTime, span, span.to);
  return [
    ...(since > span.from
      ? [`Observed only since ${timeText(since)}: what happened before is not known.`]
      : []),
    ...(unseen.length > 0 ? [`Not observed, and not read afterwards: ${spansText(unseen)}.`] : []),
  ];
}

const NOTHING_COUNTED =
  "No production branch was counted: none is known to have been in scope in this period.";

/** The branches of which what happened before is not known, in one sentence: a first quarter has it of all. */
function observedWords(branches: readonly BranchCompleteness[]): readonly string[] {
  const begins = branches
    .filter((branch) => branch.begins === "observed")
    .map(({ from }) => from)
    .toSorted();
  const [first] = begins;
  if (first === undefined) return [];
  const since = `${first}${begins.at(-1) === first ? "" : " or later"}`;
  return [
    `${begins.length} of ${branches.length} production ${branches.length === 1 ? "branch is" : "branches are"} observed only since ${since}: what happened there before is not known.`,
  ];
}

/** Returns the same in sentences, for START-HERE.html. */
export function completenessWords(document: CompletenessDocument): readonly Statement[] {
  const { branches } = document;
  const says = (text: string, covers: readonly Span[] = []): Statement => {
    return { says: text, rests: "listings", covers };
  };
  if (branches.length === 0)
    return [says(`${NOTHING_COUNTED} Nothing shows that this population is complete.`)];
  const proven = branches.filter((branch) => branch.proven);
  const sum = (of: (branch: BranchCompleteness) => number): number =>
    branches.reduce((total, branch) => total + of(branch), 0);
  const [updates, matched] = [sum((branch) => branch.updates), sum((branch) => branch.updates_matched)];
  const [differences, unexplained] = [sum((each) => each.differences), sum((each) => each.unexplained)];
  return [
    proven.length === 0
      ? says(
          `None of ${branches.length} production ${branches.length === 1 ? "branch" : "branches"} is proven complete for the whole of its part of the period.`,
        )
      : says(
          `${proven.length} of ${branches.length} production ${branches.length === 1 ? "branch is" : "branches are"} proven complete (${spansText(distinct(proven.flatMap(provenSpans)))}): GitHub's own list of updates and this population agree, and each update begins at the commit where the one before it ended.`,
          proven.flatMap(provenSpans),
        ),
    says(
      `${matched} of the ${updates} ${updates === 1 ? "update" : "updates"} in this population happened in spans that are proven complete; ${sum((each) => each.without_pull_request)} of the ${updates} had no pull request behind them. ${differences} ${differences === 1 ? "difference was" : "differences were"} found between the lists, ${unexplained} of them unexplained.`,
    ),
    ...observedWords(branches).map((words) => says(words)),
    ...branches
      .filter((branch) => !branch.proven)
      .map((branch) =>
        says(
          `${unprovenWords(branch)} Whether something happened there that is not in this population is not known.`,
        ),
      ),
  ];
}

/** Names a branch that is not proven complete, and the spans. */
function unprovenWords({ repository, branch, unproven }: BranchCompleteness): string {
  return `Not proven: ${repository} ${branch}, ${unproven.map((span) => `${span.from} to ${span.to}`).join(", ")}.`;
}

function distinct(spans: readonly Span[]): readonly Span[] {
  const each = new Map(spans.map((span) => [`${span.from}:${span.to}`, span]));
  return [...each.values()].toSorted((a, b) => a.from - b.from || a.to - b.to);
}
