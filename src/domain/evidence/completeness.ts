/** What the completeness checks come to for a period: branch by branch, and in words. */

import type { Instant } from "../time/instant.ts";
import { countedSpan, spansText, type Statement } from "../monitoring/observed-time.ts";
import type { CompletenessRecord } from "../records/monitoring.ts";
import { uncovered, type Span } from "../time/span.ts";
import { completenessOf, isOfNow, scopeRepositories } from "./rows/scope.ts";
import { statesOf, type ReadSource } from "./tables/population.ts";
import { timeText } from "./tables/table.ts";

/** Describes one branch of one repository: how much of the period is proven complete. */
export interface BranchCompleteness {
  readonly repository_id: number;
  readonly repository: string;
  readonly branch: string;
  /** The part of the period in which the App was installed, and which was over when this was generated. */
  readonly from: string;
  readonly to: string;
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
  /** True when the period is over, and every production branch in scope is proven for the whole of its part of it. */
  readonly complete: boolean;
  readonly branches: readonly BranchCompleteness[];
}

interface BranchState {
  readonly repositoryId: number;
  readonly repository: string;
  readonly branch: string;
  readonly span: Span;
  readonly checks: CompletenessRecord[];
}

interface Updates {
  all: number;
  matched: number;
  withoutPullRequest: number;
}

/** Folds the completeness checks of the period; holds one small record for each production branch and check, no population. */
export async function completenessDocument(source: ReadSource): Promise<CompletenessDocument> {
  const { period, generatedAt } = source;
  const states = await proofsOf(source);
  const rows = concluded(states, await updatesIn(source, states));
  return {
    period: { name: period.name, from: timeText(period.from), to: timeText(period.to) },
    complete: generatedAt >= period.to && rows.every((row) => row.proven),
    branches: rows,
  };
}

/** Describes how much of a branch is proven complete, without its changes. */
export type BranchProof = Pick<BranchCompleteness, "repository" | "branch" | "proven" | "unproven">;

/** Returns what is proven of each branch in the period, reading no population where it makes no difference. */
export async function branchProofs(source: ReadSource): Promise<readonly BranchProof[]> {
  const states = await proofsOf(source);
  // Without a moment in the period, a branch has a part in it only by its changes.
  const isReadToo = [...states.values()].some(({ span }) => span.from === span.to);
  return concluded(states, isReadToo ? await updatesIn(source, states) : new Map());
}

async function proofsOf(source: ReadSource): Promise<ReadonlyMap<string, Proof>> {
  const { period, generatedAt } = source;
  const branches = new Map<string, BranchState>();
  for await (const { body } of scopeRepositories(source)) {
    if (!body.inScope) continue;
    for (const branch of body.productionRefs) {
      const from = Math.max(period.from, Math.min(body.installedFrom, body.backfilledFrom ?? Infinity));
      branches.set(`${body.repository.id}\t${branch}`, {
        repositoryId: body.repository.id,
        repository: `${body.repository.owner}/${body.repository.name}`,
        branch,
        span: { from, to: Math.max(from, Math.min(period.to, generatedAt, body.removedAt ?? Infinity)) },
        checks: [],
      });
    }
  }
  for await (const { body } of completenessOf(source))
    branches.get(`${body.repository.id}\t${body.ref}`)?.checks.push(body);
  return new Map([...branches].map(([key, state]) => [key, withProof(state, generatedAt)]));
}

function concluded(
  states: ReadonlyMap<string, Proof>,
  updates: ReadonlyMap<string, Updates>,
): readonly BranchCompleteness[] {
  return (
    [...states]
      .map(([key, state]) => conclude(state, updates.get(key)))
      // One that was watched at no moment of the period has no part in it.
      .filter((row) => row.from !== row.to || row.updates > 0)
      .toSorted((a, b) => a.repository_id - b.repository_id || (a.branch < b.branch ? -1 : 1))
  );
}

interface Proof extends BranchState {
  readonly unproven: readonly Span[];
}

/** The spans of a branch without a complete check. */
function withProof(state: BranchState, generatedAt: Instant): Proof {
  const last = Math.max(0, ...state.checks.map(({ checkedAt }) => checkedAt));
  const isFresh = isOfNow(last, generatedAt) && last > state.span.from;
  const span = { from: state.span.from, to: isFresh ? Math.min(state.span.to, last) : state.span.to };
  const proven = state.checks.filter(({ complete }) => complete).map(countedSpan);
  // Where there is no moment to be counted, nothing was.
  return { ...state, span, unproven: span.from === span.to ? [span] : uncovered(proven, span) };
}

/** Counts each change of the period once, branch by branch. */
async function updatesIn(
  source: ReadSource,
  branches: ReadonlyMap<string, Proof>,
): Promise<ReadonlyMap<string, Updates>> {
  const counts = new Map<string, Updates>();
  for await (const { body } of statesOf(source, "change")) {
    const { repository, update } = body.change;
    const key = `${repository.id}\t${update.ref}`;
    const branch = branches.get(key);
    if (branch === undefined) continue;
    const count = counts.get(key) ?? { all: 0, matched: 0, withoutPullRequest: 0 };
    count.all += 1;
    if (isIn(branch.span, update.at) && !branch.unproven.some((span) => isIn(span, update.at)))
      count.matched += 1;
    if (update.kind !== "pull-request" && update.kind !== "queue") count.withoutPullRequest += 1;
    counts.set(key, count);
  }
  return counts;
}

function isIn({ from, to }: Span, at: Instant): boolean {
  return at >= from && at < to;
}

function conclude(state: Proof, updates: Updates | undefined): BranchCompleteness {
  const differences = differencesOf(state.checks);
  return {
    repository_id: state.repositoryId,
    repository: state.repository,
    branch: state.branch,
    from: timeText(state.span.from),
    to: timeText(state.span.to),
    proven: state.unproven.length === 0,
    unproven: state.unproven.map(({ from, to }) => ({ from: timeText(from), to: timeText(to) })),
    checks: state.checks.length,
    updates: updates?.all ?? 0,
    updates_matched: updates?.matched ?? 0,
    without_pull_request: updates?.withoutPullRequest ?? 0,
    differences: differences.length,
    unexplained: differences.filter(({ explanation }) => explanation === null).length,
  };
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

/** Returns the same in sentences, for START-HERE.html. */
export function completenessWords(document: CompletenessDocument): readonly Statement[] {
  const { branches } = document;
  const says = (text: string, covers: readonly Span[] = []): Statement => {
    return { says: text, rests: "listings", covers };
  };
  if (branches.length === 0)
    return [says("No production branch was in scope in this period, so there was nothing to count.")];
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
export function unprovenWords({ repository, branch, unproven }: BranchProof): string {
  return `Not proven: ${repository} ${branch}, ${unproven.map((span) => `${span.from} to ${span.to}`).join(", ")}.`;
}

function distinct(spans: readonly Span[]): readonly Span[] {
  const each = new Map(spans.map((span) => [`${span.from}:${span.to}`, span]));
  return [...each.values()].toSorted((a, b) => a.from - b.from || a.to - b.to);
}
