/** The rows of scope.csv, controls.csv, policies/index.csv, tool.csv, completeness.csv and coverage-gaps.csv. */

import { CONTROLS } from "../controls/assess.ts";
import { ownerOf } from "../deviation/monitoring.ts";
import { isAskedFor } from "../policy/asked.ts";
import type { Policy } from "../policy/policy.ts";
import { leavesOf } from "../policy/requirement.ts";
import type { Control } from "../controls/control.ts";
import type { LoggedEntry } from "../entry.ts";
import type { CoverageGapRecord, PolicySource } from "../record.ts";
import { statesOf, type EvidenceSource, type Period, type Stated } from "./population.ts";
import { column, groupsText, listText, table, logColumns } from "./table.ts";
import { HOUR } from "../durations.ts";

interface ScopeRow extends Stated<"repository"> {
  readonly seenBy?: readonly string[];
}

/** Every repository the App can see, in scope or not, and why. */
export const SCOPE = table<ScopeRow>({
  path: "scope.csv",
  description:
    "Every repository of the organisation that the App was installed on, in scope or not, and why.",
  columns: [
    column("repository_id", "integer", "GitHub's id of the repository.", ({ body }) => body.repository.id),
    column(
      "repository",
      "text",
      "Owner and name as last seen.",
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
    ),
    column("visibility", "text", "public, private or internal.", ({ body }) => body.repository.visibility),
    column("archived", "yes-no", "Whether it is archived.", ({ body }) => body.archived),
    column("default_branch", "text", "Its default branch.", ({ body }) => body.repository.defaultBranch),
    column("in_scope", "yes-no", "Whether its changes are in the populations.", ({ body }) => body.inScope),
    column("reason", "text", "Why it is, or is not.", ({ body }) => body.reason),
    column("production_branches", "list", "Its production branches as last read.", ({ body }) =>
      listText(body.productionRefs),
    ),
    column(
      "deployments_seen_by",
      "list",
      "How deployments of it to production were seen until the period ended: github, tag, workflow or report. Empty: none was ever seen, so whatever runs in production of it is not in deployments.csv.",
      (row) => listText(row.seenBy ?? []),
      "more",
    ),
    column(
      "made_by",
      "text",
      "Who made it, where a webhook told; empty: that is not known.",
      ({ body }) => body.madeBy?.login ?? "",
    ),
    column(
      "moved_in_at",
      "time",
      "Since when it has this owner, where it came from another; empty: it was made here, as far as known.",
      ({ body }) => body.movedInAt ?? null,
    ),
    column("installed_from", "time", "Since when the App could see it.", ({ body }) => body.installedFrom),
    column(
      "removed_at",
      "time",
      "Since when the App can no longer see it; empty: it still can.",
      ({ body }) => body.removedAt,
    ),
    column(
      "installation_id",
      "integer",
      "GitHub's id of the App's installation.",
      ({ body }) => body.installationId,
    ),
    ...logColumns<ScopeRow>((row) => row.entry),
  ],
  async *rows(source) {
    const seen = await deploymentOrigins(source);
    for await (const row of bySubjectNumber(source))
      yield { ...row, seenBy: [...(seen.get(row.body.repository.id) ?? [])].toSorted() };
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

/** Repositories sorted by their number; their subjects sort as text. */
async function* bySubjectNumber(source: EvidenceSource): AsyncIterable<Stated<"repository">> {
  const lines = source.sorted(
    (async function* () {
      for await (const stated of repositoriesOf(source))
        yield `${stated.entry.subject.padStart(16, "0")}\t${JSON.stringify(stated)}`;
    })(),
  );
  for await (const line of lines)
    yield JSON.parse(line.slice(line.indexOf("\t") + 1)) as Stated<"repository">;
}

/** The repositories the App could see at some time before the period ended and after it began. */
export async function* repositoriesOf(source: EvidenceSource): AsyncIterable<Stated<"repository">> {
  for await (const stated of statesOf(source, "repository", "ever")) {
    const { installedFrom, removedAt } = stated.body;
    if (installedFrom < source.period.to && (removedAt === null || removedAt > source.period.from))
      yield stated;
  }
}

interface ControlRow {
  readonly control: Control;
  /** The newest policy on record, whose words are the organisation's. */
  readonly policy: Policy | null;
  readonly askedBy: number;
  readonly policies: number;
}

/** The control matrix. */
export const CONTROL_MATRIX = table<ControlRow>({
  path: "controls.csv",
  description:
    "Control matrix: each control with its objective, how it is tested, and the outside criteria it serves.",
  columns: [
    column(
      "control",
      "text",
      'The fixed name, completing "This change was ...".',
      ({ control }) => control.name,
    ),
    column(
      "company_id",
      "text",
      "The company's own number of it.",
      ({ control, policy }) => policy?.controls[control.name]?.id ?? null,
    ),
    column(
      "company_text",
      "text",
      "The company's own wording of it.",
      ({ control, policy }) => policy?.controls[control.name]?.text ?? null,
    ),
    column(
      "owner",
      "text",
      "Who signs it off each month, by login, as the newest policy names them.",
      ({ control, policy }) => (policy === null ? null : ownerOf(policy, control.name)),
    ),
    column(
      "asked_by_policies",
      "integer",
      "How many of the policy versions in policies/ ask for it; 0: nothing here shows that a change met it.",
      (row) => row.askedBy,
    ),
    column("policies", "integer", "Of how many.", (row) => row.policies),
    column("objective", "text", "What it is for.", ({ control }) => control.objective),
    column("kind", "text", "preventive or detective.", ({ control }) => control.kind),
    column(
      "nature",
      "text",
      "automated: tested by software on every subject, never on a sample.",
      () => "automated",
    ),
    column("frequency", "text", "When it is tested.", () => "each change or deployment"),
    column("test", "text", "How the outcome is found.", ({ control }) => control.test),
    column("criteria", "list", "Outside criteria it serves, separated by ` | `.", ({ control }) =>
      groupsText(control.criteria.map((each) => [each])),
    ),
    column("remediation", "text", "What to do when it fails.", ({ control }) => control.remediation),
  ],
  async *rows(source) {
    const known: { readonly seq: number; readonly policy: Policy }[] = [];
    for await (const { entry, body } of policiesOf(source))
      known.push({ seq: entry.seq, policy: body.effective });
    const policy = known.toSorted((a, b) => a.seq - b.seq).at(-1)?.policy ?? null;
    for (const control of CONTROLS.toSorted((a, b) => (a.name < b.name ? -1 : 1)))
      yield {
        control,
        policy,
        askedBy: known.filter((each) => isAskedFor(each.policy, control.name)).length,
        policies: known.length,
      };
  },
});

/** Every policy version known for the organisation, by digest. */
export const POLICIES = table<Stated<"policy">>({
  path: "policies/index.csv",
  description:
    "Every policy version known when this was generated, by digest, and where it was read. Each row has policies/DIGEST.json (the policy in force) and, where a file was found, the source text beside it.",
  columns: [
    column(
      "policy_digest",
      "digest",
      "SHA-256 of the canonical form of the policy in force and the git blobs it came from.",
      ({ body }) => body.digest,
    ),
    column("mode", "text", "observe or enforce.", ({ body }) => body.effective.mode),
    column("approvals_required", "list", "People required by each approval requirement.", ({ body }) =>
      listText(body.effective.approvals.flatMap(leavesOf).map((each) => String(each.required))),
    ),
    column(
      "organization_file",
      "text",
      "found, absent or unreadable.",
      ({ body }) => body.organization.state,
    ),
    column(
      "organization_source",
      "list",
      "repository;path;commit;blob of the organisation's file.",
      ({ body }) => sourceText(body.organization),
    ),
    column("repository_file", "text", "found, absent or unreadable.", ({ body }) => body.repository.state),
    column(
      "repository_source",
      "list",
      "repository;path;commit;blob of the repository's own file.",
      ({ body }) => sourceText(body.repository),
    ),
    column("first_read_at", "time", "When this version was first read.", (row) => row.entry.at),
    ...logColumns<Stated<"policy">>((row) => row.entry),
  ],
  rows: policiesOf,
});

/** The policy versions known for the organisation. */
export async function* policiesOf(source: EvidenceSource): AsyncIterable<Stated<"policy">> {
  for await (const stated of statesOf(source, "policy", "ever"))
    if (/^[0-9a-f]{64}$/u.test(stated.body.digest)) yield stated;
}

function sourceText(source: PolicySource): string | null {
  if (source.state === "absent") return null;
  if (source.state === "unreadable") return source.because;
  return groupsText([[source.repository, source.path, source.commit, source.blob]]);
}

/** One fact about the tool that made the package. */
export interface ToolFact {
  readonly item: string;
  readonly value: string;
}

/** Versions, keys and settings of this tool: the facts handed in, sorted by name. */
export const TOOL_COLUMNS = [
  column<ToolFact>("item", "text", "What is told.", (fact) => fact.item),
  column<ToolFact>("value", "text", "Its value when the package was generated.", (fact) => fact.value),
];

/** Each branch's independent listings counted against each other. */
export const COMPLETENESS = table<Stated<"completeness">>({
  path: "completeness.csv",
  description:
    "For each production branch and span: what each independent listing counted, what matched, and every difference with its explanation.",
  columns: [
    column("check_id", "text", "repository_id:branch:from:to.", (row) => row.entry.subject),
    column("repository_id", "integer", "GitHub's id of the repository.", ({ body }) => body.repository.id),
    column(
      "repository",
      "text",
      "Owner and name of the repository.",
      ({ body }) => `${body.repository.owner}/${body.repository.name}`,
    ),
    column("branch", "text", "Full name of the branch.", ({ body }) => body.ref),
    column("from", "time", "Start of the span, included.", ({ body }) => body.from),
    column("to", "time", "End of the span, excluded.", ({ body }) => body.to),
    column("listings", "list", "Each listing: source;count;SHA-256 of what it returned;query.", ({ body }) =>
      groupsText(body.listings.map((each) => [each.source, String(each.count), each.sha256, each.query])),
    ),
    column(
      "matched",
      "integer",
      "Updates found in every listing that must hold them.",
      ({ body }) => body.matched,
    ),
    column(
      "differences",
      "integer",
      "Updates missing from one of them.",
      ({ body }) => body.differences.length,
    ),
    column(
      "unexplained",
      "integer",
      "Differences without an explanation.",
      ({ body }) => body.differences.filter((each) => each.explanation === null).length,
    ),
    column("difference_details", "list", "Each difference: what;commit;only in;explanation.", ({ body }) =>
      groupsText(
        body.differences.map((each) => [each.what, each.sha, each.onlyIn, each.explanation ?? "unexplained"]),
      ),
    ),
    column(
      "contiguous",
      "yes-no",
      "yes: each update begins where the one before ended, from start to end.",
      ({ body }) => body.contiguous,
    ),
    column(
      "truncated",
      "yes-no",
      "yes: a listing was cut short, so nothing is proven.",
      ({ body }) => body.truncated,
    ),
    column(
      "complete",
      "yes-no",
      "yes: contiguous, not truncated, no unexplained difference.",
      ({ body }) => body.complete,
    ),
    column(
      "without_pull_request",
      "integer",
      "Updates with no pull request behind them.",
      ({ body }) => body.withoutPullRequest,
    ),
    column("checked_at", "time", "When this was counted.", ({ body }) => body.checkedAt),
    ...logColumns<Stated<"completeness">>((row) => row.entry),
  ],
  rows: completenessOf,
});

/** A count made so shortly before the package was generated is of that moment (ms): an export counts first, and then writes. */
const JUST_NOW = HOUR;

/** Tells whether a count was made just before the package was generated. */
export function isOfNow(checkedAt: number, generatedAt: number): boolean {
  return checkedAt <= generatedAt && generatedAt - checkedAt <= JUST_NOW;
}

/** Of each branch, the completeness check of exactly this period, if it proves the whole of it; else those of all spans that touch it. */
export async function* completenessOf(source: EvidenceSource): AsyncIterable<Stated<"completeness">> {
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

/** A span without sight. `entry` null: it is not on record, and follows from when an App was there. */
interface GapRow {
  readonly entry: LoggedEntry<"coverage-gap"> | null;
  readonly body: CoverageGapRecord;
}

/** Spans in which the App could not see, and why. */
export const COVERAGE_GAPS = table<GapRow>({
  path: "coverage-gaps.csv",
  description:
    "Monitoring gaps: every span of the period in which the App could not see, and why. A row without log_seq is not on record: it follows from when an App last was there, or last looked.",
  columns: [
    column("gap_id", "text", "Identity of the gap.", ({ body }) => body.id),
    column(
      "cause",
      "text",
      "uninstalled, suspended, repository-removed, permission-missing, webhooks-lost, github-unreachable, app-down, history-expired or unobservable.",
      ({ body }) => body.cause,
    ),
    column("scope", "text", "What could not be seen.", ({ body }) => body.scope),
    column("from", "time", "Start, included.", ({ body }) => body.from),
    column(
      "to",
      "time",
      "End, excluded; empty: it had not ended when this was generated.",
      ({ body }) => body.to,
    ),
    column("because", "text", "Why.", ({ body }) => body.because),
    column(
      "backfilled",
      "yes-no",
      "yes: what happened meanwhile was read from GitHub afterwards.",
      ({ body }) => body.backfilled,
    ),
    ...logColumns<GapRow>((row) => row.entry),
  ],
  rows: gapsOf,
});

/** The monitoring gaps that touch the period, in order: few, however many changes there were. */
export async function* gapsOf(source: EvidenceSource): AsyncIterable<GapRow> {
  const recorded = new Map<string, LoggedEntry<"coverage-gap">>();
  for await (const { entry, body } of statesOf(source, "coverage-gap", "ever")) recorded.set(body.id, entry);
  for (const body of source.sight.gaps.toSorted((a, b) => (a.id < b.id ? -1 : 1)))
    if (touches(source.period, body.from, body.to ?? Infinity))
      yield { entry: recorded.get(body.id) ?? null, body };
}

function touches(period: Period, from: number, to: number): boolean {
  return from < period.to && to > period.from;
}
