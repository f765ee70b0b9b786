/** The rows of scope.csv, controls.csv, tool.csv, completeness.csv and coverage-gaps.csv. */

import { CONTROLS } from "../../assessment/assess.ts";
import { ownerOf } from "../../monitoring/monthly.ts";
import { isAskedFor } from "../../policy/asked-controls.ts";
import type { Policy } from "../../policy/file/policy.ts";
import type { RepositoriesEntry } from "../../policy/file/organisation.ts";
import type { Control } from "../../controls/control.ts";
import type { LoggedEntry } from "../../records/entry.ts";
import type { CoverageGapRecord } from "../../records/monitoring.ts";
import {
  statesOf,
  type EvidenceSource,
  type ReadSource,
  type Period,
  type Stated,
} from "../tables/population.ts";
import { column, groupsText, listText, table, logColumns, type Columns } from "../tables/table.ts";
import { HOUR } from "../../time/durations.ts";
import { plainInCell } from "../../texts/wording.ts";
import { fitsLine } from "../../policy/file/organisation.ts";
import { isInScope, repositoriesSeen } from "../tables/in-scope.ts";
import { policiesOfPeriod, scopePolicies } from "./policies.ts";

interface ScopeRow extends Stated<"repository"> {
  readonly wasInScope: boolean;
  readonly branches: readonly string[];
  readonly seenBy?: readonly string[];
  readonly labels?: ServiceLabels;
}

/** The organisation's own words on what a repository serves. */
type ServiceLabels = Pick<RepositoriesEntry, "service" | "criticality">;

/** Lists every repository the App can see, in scope or not, and why. */
export const SCOPE = table<ScopeRow>({
  path: "scope.csv",
  description:
    "Every repository of the organisation that the App was installed on, in scope or not, and why.",
  columns: {
    repository_id: column.integer(({ body }) => body.repository.id, "GitHub's id of the repository."),
    repository: column.text(
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
      "Owner and name as last seen.",
    ),
    visibility: column.text(({ body }) => body.repository.visibility, "public, private or internal."),
    archived: column.yesNo(({ body }) => body.archived, "Whether it is archived."),
    default_branch: column.text(({ body }) => body.repository.defaultBranch, "Its default branch."),
    in_scope: column.yesNo(
      ({ wasInScope }) => wasInScope,
      "Whether its changes are in the populations: it was in scope at some moment of the period, or is as last read.",
    ),
    reason: column.text(({ body }) => body.reason, "Why it is in scope, or is not, as last read."),
    service: column.text(
      ({ labels }) => labels?.service ?? null,
      "The service it belongs to, by the newest policy's line on it (`repositories`); empty: that line names none.",
    ),
    criticality: column.text(
      ({ labels }) => labels?.criticality ?? null,
      "How critical it is, in the organisation's own words there; empty: not said.",
    ),
    production_branches: column.list(
      ({ branches }) => listText(branches),
      "Its production branches as last read, and those that were in scope at some moment of the period.",
    ),
    deployments_seen_by: column.list(
      (row) => listText(row.seenBy ?? []),
      "How deployments of it to production were seen until the period ended: github, tag, workflow or report. Empty: none was ever seen, so whatever runs in production of it is not in deployments.csv.",
      "more",
    ),
    made_by: column.text(
      ({ body }) => body.madeBy?.login ?? "",
      "Who made it, where a webhook told; empty: that is not known.",
    ),
    moved_in_at: column.time(
      ({ body }) => body.movedInAt ?? null,
      "Since when it has this owner, where it came from another; empty: it was made here, as far as known.",
    ),
    installed_from: column.time(({ body }) => body.installedFrom, "Since when the App could see it."),
    removed_at: column.time(
      ({ body }) => body.removedAt,
      "Since when the App can no longer see it; empty: it still can.",
    ),
    installation_id: column.integer(
      ({ body }) => body.installationId,
      "GitHub's id of the App's installation.",
    ),
    ...logColumns<ScopeRow>((row) => row.entry),
  },
  async *rows(source) {
    const seen = await deploymentOrigins(source);
    const policy = await newestPolicy(source);
    for (const { entry, body, branches } of await repositoriesSeen(source)) {
      const { id, name, topics = [] } = body.repository;
      const labels = policy?.repositories.find((line) => fitsLine(line, { name, topics })) ?? {};
      yield {
        entry,
        body,
        wasInScope: isInScope({ body, branches }),
        branches: [...new Set([...body.productionRefs, ...branches.keys()])].toSorted(),
        seenBy: [...(seen.get(id) ?? [])].toSorted(),
        labels,
      };
    }
  },
});

/** By repository: the origins of its deployments until the period ended. There are four, so memory does not grow with the period. */
async function deploymentOrigins(source: EvidenceSource): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const found = new Map<number, Set<string>>();
  const { organizationId, period } = source;
  for await (const { body } of source.states("deployment", {
    organizationId,
    to: period.to,
    order: "subject",
  })) {
    const { repository, origin } = body.deployment;
    const origins = found.get(repository.id) ?? new Set();
    found.set(repository.id, origins.add(origin.kind));
  }
  return found;
}

/** The policy recorded last: every one holds the organisation's lines on its repositories. */
async function newestPolicy(source: EvidenceSource): Promise<Policy | null> {
  let newest: Stated<"policy"> | null = null;
  for await (const stated of scopePolicies(source))
    if (newest === null || stated.entry.seq > newest.entry.seq) newest = stated;
  return newest?.body.effective ?? null;
}

interface ControlRow {
  readonly control: Control;
  /** The newest policy of the period, whose words are the organisation's. */
  readonly policy: Policy | null;
  readonly askedBy: number;
  readonly policies: number;
}

/** Lists the control matrix. */
export const CONTROL_MATRIX = table<ControlRow>({
  path: "controls.csv",
  description:
    "Control matrix: each control with its objective, how it is tested, and the outside criteria it serves.",
  columns: {
    control: column.text(({ control }) => control.name, 'The fixed name, completing "This change was ...".'),
    company_id: column.text(
      ({ control, policy }) => policy?.controls[control.name]?.id ?? null,
      "The company's own number of it.",
    ),
    company_text: column.text(
      ({ control, policy }) => policy?.controls[control.name]?.text ?? null,
      "The company's own wording of it.",
    ),
    owner: column.text(
      ({ control, policy }) => (policy === null ? null : ownerOf(policy, control.name)),
      "Who signs it off each month, by login, as the newest of these policy versions names them.",
    ),
    asked_by_policies: column.integer(
      (row) => row.askedBy,
      "How many of the policy versions that judged something of the period (none did: of all in policies/) require it; 0: nothing here shows that a change met it.",
    ),
    policies: column.integer((row) => row.policies, "Of how many."),
    objective: column.text(({ control }) => plainInCell(control.objective), "What it is for."),
    kind: column.text(({ control }) => control.kind, "preventive or detective."),
    nature: column.text(
      () => "automated",
      "automated: tested by software on every subject, never on a sample.",
    ),
    frequency: column.text(() => "each change or deployment", "When it is tested."),
    test: column.text(({ control }) => plainInCell(control.test), "How the outcome is found."),
    criteria: column.list(
      ({ control }) => groupsText(control.criteria.map((each) => [each])),
      "Outside criteria it serves, separated by ` | `.",
    ),
    remediation: column.text(({ control }) => plainInCell(control.remediation), "What to do when it fails."),
  },
  async *rows(source) {
    const policies = (await policiesOfPeriod(source)).map(({ body }) => body.effective);
    const policy = policies.at(-1) ?? null;
    for (const control of CONTROLS.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      yield {
        control,
        policy,
        askedBy: policies.filter((each) => isAskedFor(each, control.name)).length,
        policies: policies.length,
      };
  },
});

/** Describes one fact about the tool that made the package. */
export interface ToolFact {
  readonly item: string;
  readonly value: string;
}

/** Holds versions, keys and settings of this tool: the facts handed in, sorted by name. */
export const TOOL_COLUMNS: Columns<ToolFact> = {
  item: column.text((fact) => fact.item, "What is told."),
  value: column.text((fact) => fact.value, "Its value when the package was generated."),
};

/** Lists each branch's independent listings counted against each other. */
export const COMPLETENESS = table<Stated<"completeness">>({
  path: "completeness.csv",
  description:
    "For each production branch and span: what each independent listing counted, what matched, and every difference with its explanation.",
  columns: {
    check_id: column.text((row) => row.entry.subject, "repository_id:branch:from:to."),
    repository_id: column.integer(({ body }) => body.repository.id, "GitHub's id of the repository."),
    repository: column.text(
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
      "Owner and name of the repository.",
    ),
    branch: column.text(({ body }) => body.ref, "Full name of the branch."),
    from: column.time(({ body }) => body.from, "Start of the span, included."),
    to: column.time(({ body }) => body.to, "End of the span, excluded."),
    listings: column.list(
      ({ body }) =>
        groupsText(body.listings.map((each) => [each.source, String(each.count), each.sha256, each.query])),
      "Each listing: source;count;SHA-256 of what it returned;query.",
    ),
    matched: column.integer(
      ({ body }) => body.matched,
      "Updates found in every listing that must hold them.",
    ),
    differences: column.integer(({ body }) => body.differences.length, "Updates missing from one of them."),
    unexplained: column.integer(
      ({ body }) => body.differences.filter((each) => each.explanation === null).length,
      "Differences without an explanation.",
    ),
    difference_details: column.list(
      ({ body }) =>
        groupsText(
          body.differences.map((each) => [
            each.what,
            each.sha,
            each.onlyIn,
            each.explanation ?? "unexplained",
          ]),
        ),
      "Each difference: what;commit;only in;explanation.",
    ),
    contiguous: column.yesNo(
      ({ body }) => body.contiguous,
      "yes: each update begins where the one before ended, from start to end.",
    ),
    truncated: column.yesNo(
      ({ body }) => body.truncated,
      "yes: a listing was cut short, so nothing is proven.",
    ),
    complete: column.yesNo(
      ({ body }) => body.complete,
      "yes: contiguous, not truncated, no unexplained difference.",
    ),
    without_pull_request: column.integer(
      ({ body }) => body.withoutPullRequest,
      "Updates with no pull request behind them.",
    ),
    checked_at: column.time(({ body }) => body.checkedAt, "When this was counted."),
    ...logColumns<Stated<"completeness">>((row) => row.entry),
  },
  rows: completenessOf,
});

/** A count made so shortly before the package was generated is of that moment (ms): an export counts first, and then writes. */
const JUST_NOW = HOUR;

/** Returns whether a count was made just before the package was generated. */
export function isOfNow(checkedAt: number, generatedAt: number): boolean {
  return checkedAt <= generatedAt && generatedAt - checkedAt <= JUST_NOW;
}

/**
 * Yields the completeness check of each branch. It is that of exactly this period, if it proves the whole of it; else those of
 * all spans that touch it.
 */
export async function* completenessOf(source: ReadSource): AsyncIterable<Stated<"completeness">> {
  const { period } = source;
  let branch: readonly Stated<"completeness">[] = [];
  function* chosen(): Iterable<Stated<"completeness">> {
    const exact = branch.find(({ body: { from, to, complete, checkedAt } }) => {
      const isWhole = checkedAt >= to || isOfNow(checkedAt, source.generatedAt);
      return from === period.from && to === period.to && complete && isWhole;
    });
    yield* exact === undefined ? branch : [exact];
  }
  // They come by subject, which begins with the repository and the branch.
  for await (const stated of statesOf(source, "completeness", "ever")) {
    if (!touches(period, stated.body.from, stated.body.to)) continue;
    const last = branch[0]?.body;
    if (last?.ref === stated.body.ref && last.repository.id === stated.body.repository.id) {
      branch = [...branch, stated];
      continue;
    }
    yield* chosen();
    branch = [stated];
  }
  yield* chosen();
}

/** An unobserved span. `entry` null: it is not on record, and follows from when an App was there. */
interface GapRow {
  readonly entry: LoggedEntry<"coverage-gap"> | null;
  readonly body: CoverageGapRecord;
}

/** Lists spans in which the App could not see, and why. */
export const COVERAGE_GAPS = table<GapRow>({
  path: "coverage-gaps.csv",
  description:
    "Monitoring gaps: every span of the period in which the App could not see, and why. A row without log_seq is not on record: it follows from when an App last was there, or last looked.",
  columns: {
    gap_id: column.text(({ body }) => body.id, "Identity of the gap."),
    cause: column.text(
      ({ body }) => body.cause,
      "uninstalled, suspended, repository-removed, permission-missing, webhooks-lost, github-unreachable, app-down, history-expired or unobservable.",
    ),
    scope: column.text(({ body }) => body.scope, "What could not be seen."),
    from: column.time(({ body }) => body.from, "Start, included."),
    to: column.time(({ body }) => body.to, "End, excluded; empty: it had not ended when this was generated."),
    because: column.text(({ body }) => body.because, "Why."),
    backfilled: column.yesNo(
      ({ body }) => body.backfilled,
      "yes: what happened meanwhile was read from GitHub afterwards.",
    ),
    ...logColumns<GapRow>((row) => row.entry),
  },
  rows: gapsOf,
});

/** Yields the monitoring gaps that touch the period, in order: few, however many changes there were. */
export async function* gapsOf(source: EvidenceSource): AsyncIterable<GapRow> {
  const recorded = new Map<string, LoggedEntry<"coverage-gap">>();
  for await (const { entry, body } of statesOf(source, "coverage-gap", "ever")) recorded.set(body.id, entry);
  for (const body of source.observedTime.gaps.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    if (touches(source.period, body.from, body.to ?? Infinity))
      yield { entry: recorded.get(body.id) ?? null, body };
}

function touches(period: Period, from: number, to: number): boolean {
  return from < period.to && to > period.from;
}
