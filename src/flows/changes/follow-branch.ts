/** Follows a production or integration branch update by update, and records each as of when it happened. */

import type { Repo } from "../context/repo.ts";
import { DAY } from "../../domain/time/durations.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { type RefUpdate } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { branchOf, isIntegrationBranch, refOf } from "../../domain/policy/scope.ts";
import type { BranchRecord } from "../../domain/records/change.ts";
import type { Task } from "../../domain/records/task.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { prefetch } from "../context/read-ahead.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import {
  headTasks,
  INTEGRATION,
  placeEntry,
  PRODUCTION,
  recordBaseline,
  type Role,
  roleOf,
  sinceProduction,
} from "./followed-branch.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import { isPullRequestMerge } from "../facts/branch-update.ts";
import { changeId, isUnshown, judgeUpdate, occurrenceOf } from "./assess-update.ts";
import { lastInProduction } from "../policy/former-production-branches.ts";
import { isMadeByQueue } from "../policy/queue-branches.ts";
import { Questions } from "../facts/unanswered.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type Push } from "../../domain/change/commit.ts";

/** How soon a lagging list is asked again (ms). */
const ASK_AGAIN = 5_000;

/** What GitHub did not show in so long it will not show any more (ms). */
const READ_AGAIN_WITHIN = 31 * DAY;

/** So many updates of a branch are read at once. */
const READ_AT_ONCE = 20;

/** Follows the integration branches there are, so that what landed on them is recorded; returns whether anything was. Throws {@link ExternalError}. */
export async function followIntegration(repo: Repo): Promise<boolean> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.outOfScope !== undefined || policy.production.integration.length === 0) return false;
  const { lookups } = repo.github;
  const { id } = repo.info;
  // Forgotten when a webhook reports that a branch was made or deleted.
  const branches = await lookups.remember(`branches:${id}`, [`branches:${id}`], () =>
    repo.github.listBranches(),
  );
  let isNews = false;
  for (const branch of branches) {
    if (!isIntegrationBranch(policy, repo.info, branch)) continue;
    if (await followBranch(repo, refOf(branch))) isNews = true;
  }
  return isNews;
}

/** Records every update of the branch since the last one followed, oldest first; returns whether there were any. */
export async function followBranch(repo: Repo, ref: string): Promise<boolean> {
  const role = await roleOf(repo, ref);
  const isNews = role === PRODUCTION ? false : await followToItsEnd(repo, ref);
  if (role === null || (await isMadeByQueue(repo, ref))) return isNews;
  return (await follow(repo, ref, role)) || isNews;
}

/**
 * Records what happened to a branch while it was still one of production, where it is so no more: GitHub may list that late. It is
 * read for as long as GitHub may take, and then never again.
 */
async function followToItsEnd(repo: Repo, ref: string): Promise<boolean> {
  const { info: repository } = repo;
  const branch = branchOf(ref);
  const place = await repo.latest("branch", `${repository.id}:${ref}`);
  if (branch === null || place === undefined || place.left?.isFollowed === true) return false;
  if (policyOrDefault(await currentPolicy(repo)).outOfScope !== undefined) return false;
  const main = refOf(repository.defaultBranch);
  // What took it out of production may be an update of the default branch that is not recorded yet.
  if (place.left === undefined && ref !== main) await followBranch(repo, main);
  const at = place.left?.at ?? (await lastInProduction(repo, branch, place.at));
  const isNews = await follow(repo, ref, PRODUCTION, { at, isFollowed: false });
  const now = repo.now();
  const isFollowed = now - at >= SETTLING;
  if (place.left === undefined || isFollowed) {
    const reached = (await repo.latest("branch", `${repository.id}:${ref}`)) ?? place;
    const entry = placeEntry(repo, { ...reached, left: { at, isFollowed } }, PRODUCTION);
    await repo.commit({ entries: [entry] });
  }
  return isNews;
}

/** Records the news of one branch in one role; `left`: only those up to that moment. */
async function follow(
  repo: Repo,
  ref: string,
  role: Role,
  left: BranchRecord["left"] | null = null,
): Promise<boolean> {
  const subject = `${repo.info.id}:${ref}`;
  const state = await repo.ledger.state(role.place, subject);
  const known = state === undefined ? null : state.body;
  const listed = await repo.github.refUpdates(ref, {
    since: known?.activityId ?? null,
    from: known?.at ?? repo.since,
  });
  const isOurs = ({ at }: { readonly at: number }): boolean => left === null || at <= left.at;
  const listing = { ...listed, updates: listed.updates.filter(isOurs) };
  const last =
    known ??
    (await recordBaseline(
      repo,
      ref,
      role === PRODUCTION ? await sinceProduction(repo, ref, listing) : { ...listing, earlier: null },
      role,
    ));
  const fresh = listing.updates.filter(
    (update) => update.activityId !== last.activityId && update.at >= last.at,
  );
  const begun = listing.updates.findIndex(({ activityId }) => activityId === last.activityId);
  const news =
    known === null && begun >= 0
      ? listing.updates.slice(begun + 1)
      : known === null
        ? fresh.filter((update) => update.at > last.at)
        : fresh;
  await noticeMissing(repo, last, news, listing, role);
  // An update of the default branch may have changed the policy, and with it what is watched.
  if (news.length > 0 && branchOf(ref) === repo.info.defaultBranch)
    repo.github.lookups.forget([`policy:${repo.info.id}`]);
  for (let next = 0; next < news.length; next += READ_AT_ONCE) {
    const following = news.slice(next, next + READ_AT_ONCE);
    const pulls = await queuedIn(repo, following);
    const ahead = await prefetch(repo, { ref, updates: following, pulls });
    for (const update of following) {
      const tasks = update === news.at(-1) ? headTasks(repo, role, update.after) : [];
      await recordUpdate(ahead, update, last.origin, { role, tasks, left });
    }
  }
  const end = news.at(-1);
  const now = { ...last, at: end?.at ?? last.at, head: end?.after ?? last.head };
  const unlisted = await recordUnlisted(repo, now, role, isOurs);
  return news.length + unlisted > 0;
}

/** Returns the pull requests of merge groups that these updates landed, as they were judged. */
async function queuedIn(repo: Repo, updates: readonly RefUpdate[]): Promise<readonly number[]> {
  const { info: repository } = repo;
  const numbers = new Set<number>();
  for (const { kind, after } of updates) {
    const group = kind === "queue" ? await repo.ledger.state("gate", `${repository.id}@${after}`) : undefined;
    for (const { number } of group?.body.pulls ?? []) numbers.add(number);
  }
  return [...numbers];
}

/** Limits how long GitHub keeps the updates of a branch (ms). */
export const HISTORY_KEPT = 365 * DAY;

/** Each update begins where the one before ended; where it does not, the list lags, or it has forgotten what was between. */
async function noticeMissing(
  repo: Repo,
  last: BranchRecord,
  news: readonly RefUpdate[],
  listing: { readonly reachedSince: boolean; readonly truncated: boolean },
  role: Role,
): Promise<void> {
  const [first] = news;
  if (first === undefined || first.before === last.head) return;
  const now = repo.now();
  if (first.activityId !== null && now - first.at < SETTLING) {
    throw new ExternalError("github-answer", `GitHub's activity list of ${last.ref} lacks an update yet.`, {
      waitMs: ASK_AGAIN,
    });
  }
  const isForgotten = last.activityId === null ? now - last.at > HISTORY_KEPT : !listing.reachedSince;
  // A landing that was not seen covers nothing: that is no gap in what is known of production.
  if ((!isForgotten && !listing.truncated) || role === INTEGRATION) return;
  const { info: repository } = repo;
  await repo.commit({
    entries: [
      gapEntry(
        {
          id: gapId(repository.id, "history-expired", last.at, last.ref),
          cause: "history-expired",
          scope: `${repository.owner}/${repository.name} ${last.ref}`,
          from: last.at,
          to: first.at,
          because: "GitHub's activity list of the branch does not go back to the last update recorded",
          backfilled: false,
        },
        repository,
      ),
    ],
    actions: [],
  });
}

/** When a push was seen that the list does not show yet: ask again soon, and after ten minutes take the webhook's word. How many were recorded so. */
async function recordUnlisted(
  repo: Repo,
  place: BranchRecord,
  role: Role,
  isOurs: (reported: { readonly at: number }) => boolean,
): Promise<number> {
  const { ref, origin } = place;
  const reported = await repo.observed(ref, place.at);
  const seen = reported.filter((each) => each.kind === "pushed" && isOurs(each));
  const now = repo.now();
  let recorded = 0;
  for (const each of seen) {
    if (each.kind !== "pushed" || each.at <= origin.at) continue;
    const { before, after, actor, at } = each;
    const update: RefUpdate = {
      activityId: null,
      ref,
      before,
      after,
      kind: kindOf(each),
      actor,
      at,
      basis: "observed",
    };
    const id = changeId(repo.info.id, update, 1);
    if ((await repo.ledger.state(role.update, id)) !== undefined) continue;
    if (now - at < SETTLING) throw notListed(ref, after);
    await recordUpdate(repo, update, origin, { role });
    recorded += 1;
  }
  // What was recorded once may have been done again: then the branch is not yet shown where it was last moved to.
  const moved = repo.github.behind(place.head, repo.github.movesIn(seen));
  if (recorded === 0 && moved !== null && now - moved.at < SETTLING) throw notListed(ref, moved.after);
  return recorded;
}

function notListed(ref: string, after: Sha): ExternalError {
  const message = `GitHub's activity list of ${ref} does not show the push to ${after} yet.`;
  return new ExternalError("github-answer", message, { waitMs: ASK_AGAIN });
}

function kindOf({ before, after, forced }: Pick<Push, "before" | "after" | "forced">): RefUpdate["kind"] {
  if (before === NO_COMMIT) return "branch-created";
  if (after === NO_COMMIT) return "branch-deleted";
  return forced ? "force-push" : "push";
}

/**
 * Records one update, judged as of when it happened. `origin` null: it lies in a past that is filled in; then the place up to which the
 * branch was followed stays, and nothing is written on GitHub. `again`: it is recorded, and GitHub did not show all of it then; these pull
 * requests are known to have landed by it. Nothing is recorded where it still does not show all, or shows not even these.
 */
export async function recordUpdate(
  repo: Repo,
  update: RefUpdate,
  origin: BranchRecord["origin"] | null,
  {
    role = PRODUCTION,
    tasks = [],
    again = null,
    left = null,
  }: {
    readonly role?: Role;
    readonly tasks?: readonly Task[];
    /** When the branch ceased to be one of production; it is kept with its place. */
    readonly left?: BranchRecord["left"] | null;
    readonly again?: readonly number[] | null;
  } = {},
): Promise<void> {
  const { ref, after: head, activityId, at } = update;
  // Only the list moves the place: what it does not show yet may come before what a webhook reported.
  const isPlaced = again === null && activityId !== null && origin !== null;
  const place = { ref, head, activityId, at, ...(left === null ? {} : { left }) };
  const entries = isPlaced ? [placeEntry(repo, { ...place, origin }, role)] : [];
  const { occurrence, known } = await occurrenceOf(repo, update, role);
  if (again === null && known !== null && (known.change.update.activityId !== null || activityId === null)) {
    await repo.commit({ entries, tasks });
    return;
  }
  const questions = new Questions(repo, update);
  // What landed on the integration branches is known before what came from them.
  const isRead =
    role === INTEGRATION ||
    !isPullRequestMerge(update) ||
    (await questions.ask(
      async () => {
        await followIntegration(repo);
        return true;
      },
      () => false,
    ));
  await judgeUpdate(repo, update, questions, {
    role,
    occurrence,
    isRead,
    isPast: origin === null,
    again,
    entries,
    tasks,
  });
}

/** Records anew each update of the last month of which GitHub did not show all. */
export async function completeUnshown(repo: Repo): Promise<void> {
  const { id: repositoryId } = repo.info;
  const from = repo.now() - READ_AGAIN_WITHIN;
  const unshown: RefUpdate[] = [];
  for await (const { body } of repo.ledger.states("change", { repositoryId, from, order: "at" }))
    if (isUnshown(body.change)) unshown.push(body.change.update);
  for (const update of unshown) {
    const place = await repo.ledger.state("branch", `${repositoryId}:${update.ref}`);
    await recordUpdate(repo, update, place?.body.origin ?? null, { again: [] });
  }
}
