/** Merged pull requests against rows: one that GitHub lists as merged into a production branch and no row names is judged, or is a gap. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Change } from "../../domain/change/change.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { branchOf } from "../../domain/policy/scope.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import type { Overview } from "../../github/listings/overview.ts";
import { recordUpdate } from "../changes/follow-branch.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import type { Tools } from "../context/tools.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";

type MergedPull = Awaited<ReturnType<Tools["github"]["listMergedPulls"]>>["pulls"][number];

/** So far back merged pull requests are looked for; each month is counted within it (ms). */
const SEARCHED_BACK = 40 * DAY;

/**
 * Finds the pull requests merged into a production branch that no row names. It records their update anew, or that there is none.
 * `seen`: the repository's overview. Throws {@link ExternalError}.
 */
export async function findUnnamed(repo: Repo, ref: string, seen: Overview | null): Promise<void> {
  const { info: repository } = repo;
  const now = repo.now();
  const place = await repo.latest("branch", `${repository.id}:${ref}`);
  if (place === undefined) return;
  const from = Math.max(place.origin.at, now - SEARCHED_BACK);
  const branch = branchOf(ref) ?? ref;
  const pulls =
    seen?.mergedSince(from)?.filter(({ base }) => base === branch) ??
    (await repo.github.listMergedPulls(branch, from)).pulls;
  const changes = await changesOf(repo, ref, from - SETTLING);
  const gaps = await gapsOf(repo);
  const entries: Entry[] = [];
  for (const pull of pulls) {
    if (pull.at <= from || now - pull.at < SETTLING || pull.at > (place.left?.at ?? now)) continue;
    const gap = gaps.get(gapOf(repo, ref, pull).id);
    if (await isRecorded(repo, changes, pull, place.origin)) {
      if (gap?.to === null) entries.push(gapEntry({ ...gap, to: now, backfilled: true }, repository));
    } else if (gap === undefined) entries.push(gapEntry(gapOf(repo, ref, pull), repository));
  }
  if (entries.length > 0) await repo.commit({ entries });
}

/** Returns whether a row names the pull request, or was recorded anew to name it, or need not: what introduced it was taken off the branch. */
async function isRecorded(
  repo: Repo,
  changes: readonly Change[],
  pull: MergedPull,
  origin: Parameters<typeof recordUpdate>[2],
): Promise<boolean> {
  if (changes.some((change) => change.pullRequests.some((each) => accountsFor(each, pull)))) return true;
  const isRewritten = changes.some(
    ({ update: { kind, at } }) => at >= pull.at && (kind === "force-push" || kind === "branch-deleted"),
  );
  if (isRewritten) return true;
  for (const { update } of changes) {
    if (Math.abs(update.at - pull.at) > SETTLING || !(await isWithin(repo, update, pull))) continue;
    await recordUpdate(repo, update, origin, { again: [pull.number] });
    return true;
  }
  return false;
}

/** Returns whether a pull request is this one, or shows all its commits: then that one was merged, and this one with it. */
function accountsFor({ number, head, commits }: Change["pullRequests"][number], pull: MergedPull): boolean {
  return number === pull.number || head.sha === pull.head || commits.some(({ sha }) => sha === pull.head);
}

async function isWithin(
  repo: Repo,
  { before, after }: Change["update"],
  { commit }: MergedPull,
): Promise<boolean> {
  if (commit === null || commit === after) return commit === after;
  const compared = await repo.github.compare(before, after);
  return compared?.commits.includes(commit) ?? false;
}

async function changesOf(repo: Repo, ref: string, from: Instant): Promise<readonly Change[]> {
  const { info: repository } = repo;
  const changes: Change[] = [];
  const filter = { repositoryId: repository.id, from, order: "at" } as const;
  for await (const { body } of repo.ledger.states("change", filter))
    if (body.change.update.ref === ref) changes.push(body.change);
  return changes;
}

async function gapsOf(repo: Repo): Promise<ReadonlyMap<string, CoverageGapRecord>> {
  const found = new Map<string, CoverageGapRecord>();
  for await (const { body } of repo.states("coverage-gap")) found.set(body.id, body);
  return found;
}

function gapOf({ info: repository }: Repo, ref: string, { number, at }: MergedPull): CoverageGapRecord {
  return {
    id: gapId(repository.id, "unobservable", at, `${ref}#${number}`),
    cause: "unobservable",
    scope: `${repository.owner}/${repository.name} ${ref}, #${number}`,
    from: at,
    to: null,
    because: `GitHub lists #${number} as merged, and no update of the branch that introduced it`,
    backfilled: false,
  };
}
