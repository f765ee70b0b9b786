/** What a deployment introduced: the recorded changes its commits landed with, and the commits that landed with none. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { contributorsOf } from "../../domain/approval/contribution/contributors.ts";
import type { DeployedChange, Deployment } from "../../domain/deployment/deployment.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { followBranch } from "../changes/follow-branch.ts";
import { landedChanges, originOf, type Landed } from "../records/landed-changes.ts";
import type { Tools } from "../context/tools.ts";
import { watchedRefs, type BranchPosition } from "../policy/production-branches.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** How soon lists that lag are asked again (ms). */
const ASK_AGAIN = 5_000;

/** So many updates of a branch are read to find the one that introduced a commit in its middle. */
const MOST_UPDATES = 20;

/** Describes the changes of a deployment, the commits no change accounts for, and when its own commit landed. */
export type DeployedContent = Pick<Deployment, "carried" | "unaccounted" | "landedAt">;

/**
 * Returns the changes that introduced these commits to the production branches. It adds when the newest did, and the commits that
 * no change accounts for.
 */
export async function deployedContent(
  repo: Repo,
  facts: {
    /** Null: nothing ran there before, so it is only asked when the commit came. */
    readonly commits: readonly Sha[] | null;
    readonly position: BranchPosition;
    readonly sha: Sha;
    readonly at: Instant;
  },
): Promise<DeployedContent> {
  const { commits, position, sha, at } = facts;
  const wanted = new Set(commits ?? []);
  const pick = (landed: readonly Landed[]): readonly Landed[] =>
    landed.filter((each) => wanted.has(each.after));
  let landed = await landedChanges(repo.tools, repo.info.id);
  const unaccounted = (await reachesBack(repo, landed, { wanted, position, sha }))
    ? null
    : (position.nowhere?.filter((each) => wanted.has(each)) ?? null);
  const exact = (): Landed | undefined =>
    landed.find((each) => each.after === sha && (position.ref === null || each.ref === position.ref));
  if (commits?.length === 0) return { carried: [], unaccounted, landedAt: exact()?.at ?? null };
  if (exact() === undefined && repo.past === undefined) {
    for (const ref of position.ref === null ? await watchedRefs(repo) : [position.ref])
      await followBranch(repo, ref);
    landed = await landedChanges(repo.tools, repo.info.id);
  }
  const deployed = [...pick(landed)];
  let landedAt = exact()?.at ?? null;
  if (position.ref !== null && landedAt === null) {
    const around = await introducedWithin(repo, landed, position.ref, sha);
    if (around === "older")
      return { carried: await deployedChanges(repo.tools, deployed), unaccounted, landedAt: null };
    if (around === null) {
      if (repo.now() - at < SETTLING) {
        throw new ExternalError("github-answer", `GitHub does not list yet which update introduced ${sha}.`, {
          waitMs: ASK_AGAIN,
        });
      }
      return { carried: await deployedChanges(repo.tools, deployed), unaccounted: null, landedAt: null };
    }
    deployed.push(around);
    landedAt = around.at;
  }
  return { carried: await deployedChanges(repo.tools, deployed), unaccounted, landedAt };
}

/** Returns another production branch that had a commit by a moment, though this one got it only later. */
export async function landedElsewhere(
  repo: Repo,
  { sha, at, ref }: { readonly sha: Sha; readonly at: Instant; readonly ref: string | null },
): Promise<string | null> {
  const landed = await landedChanges(repo.tools, repo.info.id);
  const then = landed.filter((each) => each.at <= at && each.ref !== ref);
  const exact = then.find((each) => each.after === sha);
  if (exact !== undefined) return exact.ref;
  for (const other of new Set(then.map((each) => each.ref))) {
    const facts = await introducedWithin(repo, then, other, sha);
    if (facts !== null && facts !== "older") return other;
  }
  return null;
}

/** Whether some of what is deployed landed before the record of a past that was filled in begins: nothing is known of that. */
async function reachesBack(
  repo: Repo,
  landed: readonly Landed[],
  facts: { readonly wanted: ReadonlySet<Sha>; readonly position: BranchPosition; readonly sha: Sha },
): Promise<boolean> {
  const { wanted, position, sha } = facts;
  if (repo.past === undefined || position.ref === null || wanted.size === 0) return false;
  const origin = await originOf(repo, position.ref, landed);
  if (origin === NO_COMMIT) return false;
  const since = await repo.github.compare(origin, sha);
  if (since === null || since.truncated) return true;
  const recorded = new Set(since.commits);
  return [...wanted].some((each) => !recorded.has(each));
}

/** The update that introduced a commit together with later ones; `older`: it was there when observation began; null: none is recorded. */
async function introducedWithin(
  repo: Repo,
  landed: readonly Landed[],
  ref: string,
  sha: Sha,
): Promise<Landed | "older" | null> {
  const origin = await originOf(repo, ref, landed);
  if (origin !== NO_COMMIT && (await contains(repo, origin, sha))) return "older";
  const updates = landed.filter((each) => each.ref === ref && each.after !== NO_COMMIT);
  for (const update of updates.toReversed().slice(0, MOST_UPDATES)) {
    if (!(await contains(repo, update.after, sha))) return null;
    const isNew = update.before === NO_COMMIT || !(await contains(repo, update.before, sha));
    if (isNew) return update;
  }
  return null;
}

/** Whether `sha` is `commit` or an ancestor of it, as far as GitHub shows. */
async function contains(repo: Repo, commit: Sha, sha: Sha): Promise<boolean> {
  const compared = await repo.github.compare(commit, sha);
  return compared !== null && (compared.status === "behind" || compared.status === "identical");
}

async function deployedChanges(tools: Tools, landed: readonly Landed[]): Promise<readonly DeployedChange[]> {
  const found: DeployedChange[] = [];
  for (const { id, at } of landed) {
    const entry = await tools.ledger.state("change", id);
    if (entry === undefined) continue;
    const { change, assessment } = entry.body;
    // A branch cut from where a change had landed introduced nothing beside it.
    const isCut = change.update.kind === "branch-created" && change.alreadyLanded === true;
    if (isCut && landed.some((each) => each.id !== id && each.after === change.update.after)) continue;
    const makers = change.pullRequests.flatMap((pull) => contributorsOf(pull).map(({ actor }) => actor));
    if (change.pullRequests.length === 0 && change.update.actor !== null) makers.push(change.update.actor);
    const people = makers.filter(({ type }) => type !== "Bot").map((actor) => actor.id);
    found.push({
      id,
      verdict: assessment.verdict,
      landedAt: at,
      pulls: change.pullRequests.map(({ number }) => number),
      sha: change.update.after,
      makers: [...new Set(people)].toSorted((a, b) => a - b),
    });
  }
  return found;
}
