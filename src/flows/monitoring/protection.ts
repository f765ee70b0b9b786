/** How the repositories are protected, read again whenever it may have changed and once a day, and kept over time. */

import type { Repo } from "../context/repo.ts";
import type { Repository } from "../../domain/change/repository.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionEnvironment, refOf } from "../../domain/policy/scope.ts";
import { editedUnseen } from "../../domain/protection/weakening.ts";
import { decideReading, type Part } from "../../domain/decisions/protection-reading.ts";
import type { ExposureRecord } from "../../domain/protection/record.ts";
import type { Bodies, Entry } from "../../domain/records/entry.ts";
import { isUnobservable, type Protection } from "../../domain/protection/snapshot.ts";
import type { SeenPeople } from "../../domain/protection/people.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { ProtectionAsked } from "../../github/protection/control-state.ts";
import type { Overview } from "../../github/listings/overview.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import type { Task } from "../../domain/records/task.ts";
import { baselineTask } from "../repositories/baseline.ts";
import { exposureTasks } from "../records/exposure-tasks.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import { observationsOf } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import { lastReading, protectionOf } from "../records/protection.ts";
import { DAY, HOUR } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Actor } from "../../domain/change/people.ts";

/** Who reported a change, and when. */
interface ChangeReport {
  readonly at: Instant;
  readonly by: Actor | null;
}

/** How often (ms) everything is read again, whatever GitHub shows of when it was changed. */
const WHOLE_EVERY = 7 * DAY - HOUR;

/**
 * Reads how one repository is protected, or a part of it, and records what changed. `report`: the webhook that reported it, or null; `seen`: the
 * repository's overview.
 */
export async function readControlState(
  repo: Repo,
  report: ChangeReport | null,
  wanted: Part = "all",
  seen: Overview | null = null,
): Promise<void> {
  const { info: repository } = repo;
  const policy = policyOrDefault(await currentPolicy(repo));
  const met = await repo.ledger.state("repository", String(repository.id));
  const record = met === undefined ? null : met.body;
  const now = repo.now();
  const known = await protectionOf(repo.ledger, repository.id);
  const read = await lastReading(repo.ledger, repository.id);
  const before = known === null || read === null ? null : { ...known, readAt: read.readAt };
  // GitHub's times show from day to day what is unchanged; once a week nothing is taken on trust.
  const part = before === null ? "all" : wanted;
  const isWhole = part === "all" && (read === null || now - read.wholeAt >= WHOLE_EVERY);
  const asked = {
    repository,
    archived: record?.archived ?? false,
    refs: await branchesNow(repo.tools, repository, record),
    isProduction: (environment: string) => isProductionEnvironment(policy, environment),
    now,
    known: isWhole || report !== null ? null : before,
    seen,
  };
  const after = await readPart(repo, asked, part, before);
  const isForPeople = part === "people" || (part === "all" && report === null);
  const people = isForPeople ? await repo.github.people(isWhole || part === "people") : null;
  const { entries, causes } = decideReading({
    part,
    repository,
    appId: repo.appId,
    before,
    after,
    wholeAt: isWhole ? now : (read?.wholeAt ?? now),
    // Teams only show through which of them people have their rights, so once a week is enough.
    people,
    peopleBefore: read === null ? null : (read.peopleAt ?? read.wholeAt),
    known: await bodies(repo.tools, "control-state", repository.id),
    open: await openExposures(repo.tools, repository.id),
    report,
  });
  const all = [...entries, ...unseenEdits(repo, before, after)];
  const tasks = [
    ...(before === null ? [baselineTask(repository.ownerId, repo.installationId, now)] : []),
    ...exposureTasks(repository.ownerId, causes, now),
    ...(await peopleAgain(repo, people)),
  ];
  await repo.commit({ entries: all, tasks });
}

/** People are read again when GitHub has caught up, where it does not show what a webhook reported of one. */
async function peopleAgain(repo: Repo, seen: SeenPeople | null): Promise<readonly Task[]> {
  if (seen === null || isUnobservable(seen.people)) return [];
  const { id: repositoryId } = repo.info;
  const report = await repo.witnesses().ofOwner();
  const dueAt = repo.github.peopleBehind(seen.people, report, repositoryId, repo.now());
  return dueAt === null ? [] : [{ kind: "protection", repositoryId, told: null, dueAt }];
}

async function readPart(
  repo: Repo,
  asked: ProtectionAsked,
  part: Part,
  before: Protection | null,
): Promise<Protection> {
  if (part === "all" || before === null) return repo.github.protection(asked);
  const { now: readAt } = asked;
  if (part === "people") return { ...before, readAt };
  return { ...before, readAt, environments: await repo.github.environments(asked) };
}

/**
 * Reads an environment's rules when a deployment to it began or succeeded. GitHub sends no webhook when they change. Nothing is
 * asked where it is not production.
 */
export async function readDeployedTo(repo: Repo, environment: string): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.outOfScope === undefined && isProductionEnvironment(policy, environment))
    await readControlState(repo, null, "environments");
}

/** A ruleset that was edited in what we may not see is a gap of that moment; one of the organisation is one gap for all its repositories. */
function unseenEdits(
  { info: repository }: Repo,
  before: Protection | null,
  after: Protection,
): readonly Entry[] {
  if (before === null) return [];
  return editedUnseen(before, after).map((ruleset) => {
    const at = ruleset.updatedAt ?? after.readAt;
    const isOwn = ruleset.owner === "repository";
    const { owner, name, ownerId } = repository;
    const gap = gapEntry(
      {
        id: gapId(isOwn ? repository.id : 0, "unobservable", at, `ruleset:${ruleset.id}`),
        cause: "unobservable",
        scope: isOwn ? `${owner}/${name}` : owner,
        from: at,
        to: at,
        because: `the ruleset ${ruleset.name} was edited, and nothing changed that this App may see: it can be who may bypass it`,
        backfilled: false,
      },
      repository,
    );
    return isOwn ? gap : { ...gap, repositoryId: 0, organizationId: ownerId };
  });
}

/** Queues a new reading of every repository under watch after a ruleset of the organisation changed. */
export async function readOrganization(
  tools: Tools,
  report: ChangeReport & { readonly organizationId: number },
): Promise<void> {
  const { organizationId, at, by } = report;
  const dueAt = tools.clock.now();
  const tasks: Task[] = [];
  for await (const { subject, body } of tools.ledger.states("repository", { organizationId })) {
    const { removedAt, archived } = body;
    if (removedAt !== null || archived) continue;
    tasks.push({ kind: "protection", repositoryId: Number(subject), told: { at, by }, dueAt });
  }
  await tools.ledger.record({ tasks }, dueAt);
}

/** The spells of weaker protection of a repository that have not ended. */
async function openExposures(tools: Tools, repositoryId: number): Promise<readonly ExposureRecord[]> {
  const all = await bodies(tools, "exposure", repositoryId);
  return all.filter(({ to }) => to === null);
}

async function bodies<K extends "control-state" | "exposure">(
  tools: Tools,
  kind: K,
  repositoryId: number,
): Promise<readonly Bodies[K][]> {
  const found: Bodies[K][] = [];
  for await (const entry of tools.ledger.states(kind, { repositoryId })) found.push(entry.body);
  return found;
}

/** The production branches that are there: a deleted one is followed, but has nothing to protect. */
async function branchesNow(
  tools: Tools,
  repository: Repository,
  record: RepositoryRecord | null,
): Promise<readonly string[]> {
  const followed = record?.productionRefs ?? [];
  const refs = followed.length === 0 ? [refOf(repository.defaultBranch)] : followed;
  const there: string[] = [];
  for (const ref of refs) {
    const place = (await tools.ledger.state("branch", `${repository.id}:${ref}`))?.body;
    // GitHub may not list yet that it was deleted.
    const report = await observationsOf(tools, repository.id, ref, place?.at);
    const isGone = place?.head === NO_COMMIT || tools.github.isReportedGone(tools.github.movesIn(report));
    if (!isGone) there.push(ref);
  }
  return there;
}
