/** The repositories under watch: met, renamed, removed, and the spells in which we could not see them. */

import type { Repo } from "../context/repo.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { canonical } from "../../domain/values/digest.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { SignalSubject } from "../../github/webhooks/subject.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";

/** Records a repository as it is now; one met before keeps the moment observation of it began. */
export async function registerRepository(
  tools: Tools,
  seen: {
    readonly repository: Repository;
    readonly installationId: number;
    readonly installedFrom: Instant;
    readonly archived: boolean;
  },
): Promise<void> {
  const known = await recordOf(tools, seen.repository.id);
  const body: RepositoryRecord = {
    repository: seen.repository,
    installationId: seen.installationId,
    installedFrom: known?.installedFrom ?? seen.installedFrom,
    removedAt: null,
    inScope: known?.inScope ?? true,
    reason: known?.reason ?? "",
    productionRefs: known?.productionRefs ?? [],
    archived: seen.archived,
    ...(known?.scopedFrom === undefined ? {} : { scopedFrom: known.scopedFrom }),
    ...(known?.backfilledFrom === undefined ? {} : { backfilledFrom: known.backfilledFrom }),
    ...(known?.madeBy === undefined ? {} : { madeBy: known.madeBy }),
    ...movedInOf(known, seen.repository, tools.clock.now()),
    ...metAsOf(known, seen.repository),
    ...formerDefaultsOf(known, seen.repository, tools.clock.now() + Math.max(0, tools.skew() ?? 0)),
  };
  const now = tools.clock.now();
  // What happened meanwhile is read from GitHub's activity list as soon as the branch is followed again.
  const gaps =
    known?.removedAt == null ? [] : await closedGaps(tools, seen.repository.id, now, { backfilled: true });
  await tools.ledger.record({ entries: [entryOf(body), ...gaps] }, now);
}

function movedInOf(
  known: RepositoryRecord | null,
  { ownerId }: Repository,
  now: Instant,
): Pick<RepositoryRecord, "movedInAt"> {
  if (known !== null && known.repository.ownerId !== ownerId) return { movedInAt: now };
  return known?.movedInAt === undefined ? {} : { movedInAt: known.movedInAt };
}

function metAsOf(
  known: RepositoryRecord | null,
  { name, topics = [] }: Repository,
): Pick<RepositoryRecord, "metAs"> {
  if (known === null) return {};
  const { name: before, topics: topicsBefore = [] } = known.repository;
  const metAs = known.metAs ?? { name: before, topics: topicsBefore };
  return canonical(metAs) === canonical({ name, topics }) && known.metAs === undefined ? {} : { metAs };
}

/** The default branches there were; `now` by GitHub's clock, where that is ahead: what happened up to the change is before it. */
function formerDefaultsOf(
  known: RepositoryRecord | null,
  { defaultBranch }: Repository,
  now: Instant,
): Pick<RepositoryRecord, "formerDefaults"> {
  if (known === null) return {};
  const { formerDefaults = [] } = known;
  const before = known.repository.defaultBranch;
  if (before !== defaultBranch)
    return { formerDefaults: [...formerDefaults, { branch: before, until: now }] };
  return formerDefaults.length === 0 ? {} : { formerDefaults };
}

/**
 * Records whether the organisation's policy has a repository in scope, where that changed. What happened while it was out
 * of scope is historic once it is in scope again: nobody was asked for anything.
 */
export async function recordScope(repo: Repo, policy: PolicyInForce): Promise<void> {
  if (policy.state !== "known") return;
  const record = await recordOf(repo.tools, repo.info.id);
  const out = policy.record.effective.outOfScope;
  const reason = out === undefined ? "" : `${out.reason} (${out.owner} is responsible for it)`;
  if (record === null || (record.inScope === (out === undefined) && record.reason === reason)) return;
  const now = repo.now();
  const scopedFrom = out === undefined && !record.inScope ? { scopedFrom: now } : {};
  const body: RepositoryRecord = { ...record, inScope: out === undefined, reason, ...scopedFrom };
  const ended =
    out === undefined ? [] : await closedGaps(repo.tools, repo.info.id, now, { backfilled: false });
  await repo.commit({ entries: [entryOf(body), ...ended] });
}

/** Records which branches of a repository are followed, where that changed. */
export async function recordProductionRefs(repo: Repo, refs: readonly string[]): Promise<void> {
  const record = await recordOf(repo.tools, repo.info.id);
  const productionRefs = refs.toSorted();
  if (record === null || canonical(record.productionRefs) === canonical(productionRefs)) return;
  await repo.commit({ entries: [entryOf({ ...record, productionRefs })] });
}

/** Records that everything since `from` was filled in from GitHub's lists. */
export async function recordBackfill(repo: Repo, from: Instant): Promise<void> {
  const { info: repository } = repo;
  const record = await recordOf(repo.tools, repository.id);
  if (record === null || from >= Math.min(record.installedFrom, record.backfilledFrom ?? Infinity)) return;
  await repo.commit({ entries: [entryOf({ ...record, backfilledFrom: from })] });
}

/** Returns since when the changes of a repository are on record: watched, or filled in later. */
export async function recordedFrom(repo: Repo): Promise<Instant> {
  const { info: repository, since } = repo;
  return Math.min(since, (await recordOf(repo.tools, repository.id))?.backfilledFrom ?? Infinity);
}

/** Describes what a census found of the installations; `unread`: those whose repositories could not be listed. */
export interface InstallationCensus {
  readonly installations: readonly { readonly id: number; readonly suspendedAt: Instant | null }[];
  readonly repositories: ReadonlySet<number>;
  readonly unread: ReadonlySet<number>;
}

/** Repositories that no installation shows any more, though no webhook reported why: coverage gaps open. */
export async function noticeVanished(tools: Tools, found: InstallationCensus): Promise<void> {
  const now = tools.clock.now();
  const gone: RepositoryRecord[] = [];
  for await (const entry of tools.ledger.states("repository", { everyOrganization: true })) {
    const record = entry.body;
    const isSeen = found.repositories.has(record.repository.id) || found.unread.has(record.installationId);
    if (record.removedAt === null && !isSeen) gone.push(record);
  }
  for (const record of gone) {
    const installation = found.installations.find(({ id }) => id === record.installationId);
    if (installation === undefined) await remove(tools, record, "uninstalled", now);
    else if (installation.suspendedAt !== null)
      await remove(tools, record, "suspended", installation.suspendedAt);
    else
      await remove(
        tools,
        record,
        "repository-removed",
        now,
        "no installation shows the repository any more, and no webhook told why: it was transferred, deleted or taken out",
      );
  }
}

/** Records what happened to a repository or installation as a whole. A spell in which we cannot see opens a coverage gap. */
export async function recordLifecycle(
  tools: Tools,
  event: Extract<SignalSubject, { readonly type: "lifecycle" }>,
): Promise<void> {
  if (event.happened === "repository-added" && event.repositoryId !== null && event.installationId !== null) {
    await meetAdded(tools, event.repositoryId, event.installationId, event.at);
  }
  for (const record of await recordsOf(tools, event)) {
    const origin = originOf(event);
    if (origin !== null)
      await tools.ledger.record({ entries: [entryOf({ ...record, ...origin })] }, tools.clock.now());
  }
  const isArchived = ARCHIVED[event.happened];
  if (isArchived !== undefined) {
    for (const record of await recordsOf(tools, event)) {
      await tools.ledger.record(
        { entries: [entryOf({ ...record, archived: isArchived })] },
        tools.clock.now(),
      );
    }
  }
  const cause = CAUSES[event.happened];
  if (cause === undefined) return;
  for (const record of await recordsOf(tools, event)) {
    if (record.removedAt === null) await remove(tools, record, cause, event.at, BECAUSE[event.happened]);
  }
}

/** Where a repository came from, as far as events show. */
function originOf({
  happened,
  by,
  at,
}: Extract<SignalSubject, { readonly type: "lifecycle" }>): Pick<
  RepositoryRecord,
  "madeBy" | "movedInAt"
> | null {
  if (happened === "repository-created") return by === null ? null : { madeBy: by };
  return happened === "repository-transferred" ? { movedInAt: at } : null;
}

async function remove(
  tools: Tools,
  record: RepositoryRecord,
  cause: CoverageGapRecord["cause"],
  at: Instant,
  because?: string,
): Promise<void> {
  const gap: CoverageGapRecord = {
    id: gapId(record.repository.id, cause, at),
    cause,
    scope: `${record.repository.owner}/${record.repository.name}`,
    from: at,
    to: null,
    because: because ?? BECAUSE[cause] ?? cause,
    backfilled: false,
  };
  // What could not be read until now is not read any more: those gaps end where this one begins.
  const ended = await closedGaps(tools, record.repository.id, at, { backfilled: false });
  const entries = [entryOf({ ...record, removedAt: at }), ...ended, gapEntry(gap, record.repository)];
  await tools.ledger.record({ entries }, tools.clock.now());
}

/** A repository added to an installation is observed from then on, not from when the App was installed. */
async function meetAdded(
  tools: Tools,
  repositoryId: number,
  installationId: number,
  at: Instant,
): Promise<void> {
  const octokit = await tools.github.octokits.installation(installationId);
  const seen = (await tools.github.listRepositories(octokit)).find(
    ({ repository }) => repository.id === repositoryId,
  );
  if (seen !== undefined) await registerRepository(tools, { ...seen, installationId, installedFrom: at });
}

const CAUSES: Readonly<Partial<Record<string, CoverageGapRecord["cause"]>>> = {
  uninstalled: "uninstalled",
  suspended: "suspended",
  "repository-removed": "repository-removed",
  "repository-deleted": "repository-removed",
};

const ARCHIVED: Readonly<Partial<Record<string, boolean>>> = {
  "repository-archived": true,
  "repository-unarchived": false,
};

const BECAUSE: Readonly<Partial<Record<string, string>>> = {
  uninstalled: "the App was uninstalled",
  suspended: "the App's installation was suspended",
  "repository-removed": "the repository was taken out of the App's installation",
  "repository-deleted": "the repository was deleted",
};

async function recordsOf(
  tools: Tools,
  event: Extract<SignalSubject, { readonly type: "lifecycle" }>,
): Promise<readonly RepositoryRecord[]> {
  if (event.repositoryId !== null) {
    const record = await recordOf(tools, event.repositoryId);
    return record === null ? [] : [record];
  }
  const records: RepositoryRecord[] = [];
  for await (const entry of tools.ledger.states("repository", {
    everyOrganization: true,
    order: "subject",
  })) {
    const record = entry.body;
    if (record.installationId === event.installationId) records.push(record);
  }
  return records;
}

/** The open gaps of a repository, closed. `backfilled`: what happened meanwhile is read from GitHub's lists. */
async function closedGaps(
  tools: Tools,
  repositoryId: number,
  end: Instant,
  { backfilled }: Pick<CoverageGapRecord, "backfilled">,
): Promise<readonly Entry[]> {
  const closed: Entry[] = [];
  for await (const entry of tools.ledger.states("coverage-gap", { repositoryId, order: "at" })) {
    const gap = entry.body;
    if (gap.to !== null) continue;
    const { kind, subject, organizationId, at } = entry;
    const body = { ...gap, to: Math.max(gap.from, end), backfilled };
    closed.push({ kind, subject, repositoryId, organizationId, at, body });
  }
  return closed;
}

async function recordOf(tools: Tools, repositoryId: number): Promise<RepositoryRecord | null> {
  const entry = await tools.ledger.state("repository", String(repositoryId));
  return entry === undefined ? null : entry.body;
}

function entryOf(body: RepositoryRecord): Entry {
  const { id, ownerId } = body.repository;
  return {
    kind: "repository",
    subject: String(id),
    repositoryId: id,
    organizationId: ownerId,
    at: body.installedFrom,
    body,
  };
}
