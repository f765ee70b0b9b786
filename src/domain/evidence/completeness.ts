/** What the completeness checks come to for a period: branch by branch, and in words. */

import type { Instant } from "../change.ts";
import type { CompletenessRecord } from "../record.ts";
import { completenessOf, repositoriesOf } from "./scope-rows.ts";
import type { EvidenceSource, Period } from "./population.ts";
import { timeText } from "./table.ts";

/** One branch of one repository: how much of the period is proven complete. */
export interface BranchCompleteness {
  readonly repository_id: number;
  readonly repository: string;
  readonly branch: string;
  /** The part of the period in which the App was installed. */
  readonly from: string;
  readonly to: string;
  readonly proven: boolean;
  /** Spans without a complete check, half-open. */
  readonly unproven: readonly { readonly from: string; readonly to: string }[];
  readonly checks: number;
  readonly updates_matched: number;
  readonly without_pull_request: number;
  readonly differences: number;
  readonly unexplained: number;
}

/** The content of completeness.json. */
export interface CompletenessDocument {
  readonly period: { readonly name: string; readonly from: string; readonly to: string };
  /** True when every production branch in scope is proven for the whole of its part of the period. */
  readonly complete: boolean;
  readonly branches: readonly BranchCompleteness[];
}

interface BranchState {
  readonly repositoryId: number;
  readonly repository: string;
  readonly branch: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly proven: { from: Instant; to: Instant }[];
  checks: number;
  updatesMatched: number;
  withoutPullRequest: number;
  differences: number;
  unexplained: number;
}

/** Folds the completeness checks of the period; holds one small record for each production branch and check, no population. */
export async function completenessDocument(source: EvidenceSource): Promise<CompletenessDocument> {
  const { period } = source;
  const branches = new Map<string, BranchState>();
  for await (const { body } of repositoriesOf(source)) {
    if (!body.inScope) continue;
    for (const branch of body.productionRefs)
      branches.set(`${body.repository.id}\t${branch}`, {
        repositoryId: body.repository.id,
        repository: `${body.repository.owner}/${body.repository.name}`,
        branch,
        from: Math.max(period.from, Math.min(body.installedFrom, body.backfilledFrom ?? Infinity)),
        to: Math.min(period.to, body.removedAt ?? Infinity),
        proven: [],
        checks: 0,
        updatesMatched: 0,
        withoutPullRequest: 0,
        differences: 0,
        unexplained: 0,
      });
  }
  for await (const { body } of completenessOf(source)) {
    const state = branches.get(`${body.repository.id}\t${body.ref}`);
    if (state !== undefined) count(state, body);
  }
  const rows = [...branches.values()]
    .map(conclude)
    .toSorted((a, b) => a.repository_id - b.repository_id || (a.branch < b.branch ? -1 : 1));
  return {
    period: { name: period.name, from: timeText(period.from), to: timeText(period.to) },
    complete: rows.every((row) => row.proven),
    branches: rows,
  };
}

function count(state: BranchState, body: CompletenessRecord): void {
  state.checks += 1;
  state.updatesMatched += body.matched;
  state.withoutPullRequest += body.withoutPullRequest;
  state.differences += body.differences.length;
  state.unexplained += body.differences.filter((each) => each.explanation === null).length;
  if (body.complete) state.proven.push({ from: body.from, to: body.to });
}

function conclude(state: BranchState): BranchCompleteness {
  const unproven = uncovered(state.proven, state);
  return {
    repository_id: state.repositoryId,
    repository: state.repository,
    branch: state.branch,
    from: timeText(state.from),
    to: timeText(state.to),
    proven: unproven.length === 0,
    unproven: unproven.map(({ from, to }) => ({ from: timeText(from), to: timeText(to) })),
    checks: state.checks,
    updates_matched: state.updatesMatched,
    without_pull_request: state.withoutPullRequest,
    differences: state.differences,
    unexplained: state.unexplained,
  };
}

/** The parts of a span that no other span covers; all half-open. */
export function uncovered(
  spans: readonly { readonly from: Instant; readonly to: Instant }[],
  whole: Pick<Period, "from" | "to">,
): readonly { readonly from: Instant; readonly to: Instant }[] {
  const open: { from: Instant; to: Instant }[] = [];
  let reached = whole.from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    if (span.from >= whole.to) break;
    if (span.from > reached) open.push({ from: reached, to: span.from });
    reached = Math.max(reached, span.to);
  }
  if (reached < whole.to) open.push({ from: reached, to: whole.to });
  return open;
}

/** The same in sentences, for START-HERE.html. */
export function completenessWords(document: CompletenessDocument): readonly string[] {
  const { branches } = document;
  if (branches.length === 0)
    return ["No production branch was in scope in this period, so there was nothing to count."];
  const proven = branches.filter((branch) => branch.proven).length;
  const matched = branches.reduce((sum, branch) => sum + branch.updates_matched, 0);
  const differences = branches.reduce((sum, branch) => sum + branch.differences, 0);
  const unexplained = branches.reduce((sum, branch) => sum + branch.unexplained, 0);
  const direct = branches.reduce((sum, branch) => sum + branch.without_pull_request, 0);
  return [
    `${proven} of ${branches.length} production ${branches.length === 1 ? "branch is" : "branches are"} proven complete for the whole period: GitHub's own list of updates and this population agree, and each update begins at the commit where the one before it ended.`,
    `${matched} ${matched === 1 ? "update was" : "updates were"} matched, ${direct} of them with no pull request behind them; ${differences} ${differences === 1 ? "difference was" : "differences were"} found, ${unexplained} of them unexplained.`,
    ...branches
      .filter((branch) => !branch.proven)
      .map(
        (branch) =>
          `Not proven: ${branch.repository} ${branch.branch}, ${branch.unproven.map((span) => `${span.from} to ${span.to}`).join(", ")}.`,
      ),
  ];
}
