/** The branches of production, and where a commit stands to them. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { DAY } from "../../domain/time/durations.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { branchOf, isProductionBranch, refOf } from "../../domain/policy/scope.ts";
import type { BranchRecord } from "../../domain/records/change.ts";
import { currentPolicy } from "./current-policy.ts";
import { landedChanges } from "../records/landed-changes.ts";
import { withoutQueueBranches } from "./queue-branches.ts";
import { recordProductionRefs } from "../repositories/repositories.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** How far back deleted branches are looked for (ms): more than a month, since a month is counted after it ended. */
const DELETED_KEPT = 40 * DAY;

/** Lists the production branches followed so far. */
export async function watchedRefs(repo: Repo): Promise<readonly string[]> {
  if (repo.past !== undefined) return repo.past.refs;
  const prefix = `${repo.info.id}:`;
  const refs: string[] = [];
  for await (const entry of repo.states("branch", {
    subjectPrefix: prefix,
    order: "subject",
  })) {
    refs.push(entry.subject.slice(prefix.length));
  }
  const { defaultBranch } = repo.info;
  const main = refOf(defaultBranch);
  const isProduction = isProductionBranch(
    policyOrDefault(await currentPolicy(repo)),
    repo.info,
    defaultBranch,
  );
  // The default branch comes first: what is on several branches is on that one.
  return isProduction || refs.includes(main) ? [main, ...refs.filter((ref) => ref !== main)] : refs;
}

/** Describes where a commit is on the production branches. */
export interface BranchPosition {
  readonly onProductionBranch: boolean | null;
  /** The production branch found to hold it. */
  readonly ref: string | null;
  /** Of the commit and its ancestors, those on none of the branches; null when GitHub does not answer. */
  readonly nowhere: readonly Sha[] | null;
}

/**
 * Returns where a commit is on the production branches. It is also on a branch that ended on it by `at`, since a forced
 * push may have removed it there.
 */
export async function branchPositionOf(repo: Repo, sha: Sha, at: Instant): Promise<BranchPosition> {
  const landed = await landedChanges(repo.tools, repo.info.id);
  const [first] = await watchedRefs(repo);
  const main = refOf(repo.info.defaultBranch);
  // What the default branch ended on need not be compared with it.
  if (first === main && (await endedOn(repo, main, landed, sha, at)))
    return { onProductionBranch: true, ref: main, nowhere: [] };
  const position = await compareWithBranches(repo, sha, []);
  if (position.onProductionBranch === true) return position;
  // A branch that was moved a moment ago may be shown as it was before: where it went is asked for by commit.
  const moved = landed.filter((each) => repo.now() - each.at < SETTLING && each.after !== NO_COMMIT);
  if (moved.length > 0) {
    const since = await compareWithBranches(repo, sha, moved);
    if (since.onProductionBranch === true) return since;
  }
  const headed = landed.find((each) => each.after === sha && each.at <= at);
  return headed === undefined ? position : { onProductionBranch: true, ref: headed.ref, nowhere: [] };
}

/** Returns whether a branch ended on a commit by then, or began with it. */
async function endedOn(
  repo: Repo,
  ref: string,
  landed: Awaited<ReturnType<typeof landedChanges>>,
  sha: Sha,
  at: Instant,
): Promise<boolean> {
  const { info: repository } = repo;
  if (landed.some((each) => each.ref === ref && each.after === sha && each.at <= at)) return true;
  const place = await repo.ledger.state("branch", `${repository.id}:${ref}`);
  return place?.body.origin.head === sha;
}

/** Asks branch by branch, the default branch first, until one holds the commit; of those that were moved, by the commit they were last moved to. */
async function compareWithBranches(
  repo: Repo,
  sha: Sha,
  moved: readonly { readonly ref: string; readonly after: Sha }[],
): Promise<BranchPosition> {
  let sure = true;
  let nowhere: readonly Sha[] | null = null;
  let whole = true;
  const left = await leftBranches(repo);
  for (const ref of await watchedRefs(repo)) {
    const last = left.get(ref);
    const movedTo = moved.findLast((each) => each.ref === ref)?.after;
    if (moved.length > 0 && movedTo === undefined) continue;
    // What was pushed to a branch after it left production is on no production branch.
    const head = movedTo ?? last?.head;
    if (last?.left?.isFollowed === false) sure = false;
    if (head === NO_COMMIT) {
      sure = false;
      continue;
    }
    const branch = head ?? ref.replace(/^refs\/heads\//u, "");
    const compared = await repo.github.compare(branch, sha);
    if (compared === null) {
      sure = false;
      continue;
    }
    if (compared.status === "behind" || compared.status === "identical")
      return { onProductionBranch: true, ref, nowhere: [] };
    const lacks = new Set(compared.commits);
    whole &&= !compared.truncated;
    nowhere = nowhere === null ? compared.commits : nowhere.filter((each) => lacks.has(each));
  }
  return { onProductionBranch: sure ? false : null, ref: null, nowhere: sure && whole ? nowhere : null };
}

/** The branches that are of production no more, as they were followed to. */
async function leftBranches(repo: Repo): Promise<ReadonlyMap<string, BranchRecord>> {
  const found = new Map<string, BranchRecord>();
  for await (const { body } of repo.states("branch")) if (body.left !== undefined) found.set(body.ref, body);
  return found;
}

/** Returns the production branches there are now, and those followed before (deleted ones still have a last update). */
export async function productionRefs(repo: Repo): Promise<readonly string[]> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.outOfScope !== undefined) return [];
  const refs = new Set(await watchedRefs(repo));
  if (policy.production.branches !== null) {
    for (const branch of await repo.github.listBranches()) {
      if (isProductionBranch(policy, repo.info, branch)) refs.add(refOf(branch));
    }
    // Made and deleted while nothing reported it, a branch is in no list of branches, and was one of production all the same.
    const since = Math.max(repo.since, repo.now() - DELETED_KEPT);
    for (const ref of await repo.github.listDeletedBranches(since)) {
      const branch = branchOf(ref);
      if (branch !== null && isProductionBranch(policy, repo.info, branch)) refs.add(ref);
    }
  }
  const own = await withoutQueueBranches(repo, [...refs]);
  await recordProductionRefs(repo, own);
  return own;
}
