/** Follows a production or integration branch update by update, and records each as of when it happened. */

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
import { isMerge } from "../facts/branch-update.ts";
import { changeId, isUnshown, judgeUpdate, occurrenceOf } from "./assess-update.ts";
import { lastInProduction } from "../policy/former-production-branches.ts";
import { observationsOf } from "../records/observations.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { isMadeByQueue } from "../policy/queue-branches.ts";
import { Questions } from "../facts/unanswered.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type Push } from "../../domain/change/commit.ts";

/** How soon a lagging list is asked again (ms). */
const ASK_AGAIN = 5_000;

/** What GitHub did not show in so long it will not show any more (ms). */
const LOOKED_AT_AGAIN = 31 * DAY;

/** So many updates of a branch are read at once. */
const READ_AT_ONCE = 20;

/** Follows the integration branches there are, so that what landed on them is recorded; says whether anything was. Throws Trouble. */
export async function followIntegration(tools: Tools, watched: RepositoryContext): Promise<boolean> {
  const policy = policyOrDefault(await currentPolicy(tools, watched));
  if (policy.outOfScope !== undefined || policy.production.integration.length === 0) return false;
  const { lookups, octokits, listBranches } = tools.github;
  const octokit = await octokits.installation(watched.installationId);
  const { id } = watched.repository;
  // Forgotten when a webhook tells of a branch that was made or deleted.
  const branches = await lookups.remember(`branches:${id}`, [`branches:${id}`], () =>
    listBranches(octokit, watched.repository),
  );
  let isNews = false;
  for (const branch of branches) {
    if (!isIntegrationBranch(policy, watched.repository, branch)) continue;
    if (await followBranch(tools, watched, refOf(branch))) isNews = true;
  }
  return isNews;
}

/** Records every update of the branch since the last one followed, oldest first; says whether there were any. */
export async function followBranch(tools: Tools, watched: RepositoryContext, ref: string): Promise<boolean> {
  const role = await roleOf(tools, watched, ref);
  const isNews = role === PRODUCTION ? false : await followToItsEnd(tools, watched, ref);
  if (role === null || (await isMadeByQueue(tools, watched, ref))) return isNews;
  return (await follow(tools, watched, ref, role)) || isNews;
}

/**
 * Records what happened to a branch while it was still one of production, where it is so no more: GitHub may list that late. It is
 * looked at for as long as GitHub may take, and then never again.
 */
async function followToItsEnd(tools: Tools, watched: RepositoryContext, ref: string): Promise<boolean> {
  const { repository } = watched;
  const branch = branchOf(ref);
  const place = (await tools.ledger.state("branch", `${repository.id}:${ref}`))?.body;
  if (branch === null || place === undefined || place.left?.isFollowed === true) return false;
  if (policyOrDefault(await currentPolicy(tools, watched)).outOfScope !== undefined) return false;
  const main = refOf(repository.defaultBranch);
  // What took it out of production may be an update of the default branch that is not recorded yet.
  if (place.left === undefined && ref !== main) await followBranch(tools, watched, main);
  const at = place.left?.at ?? (await lastInProduction(tools, watched, branch, place.at));
  const isNews = await follow(tools, watched, ref, PRODUCTION, { at, isFollowed: false });
  const now = tools.clock.now();
  const isFollowed = now - at >= SETTLING;
  if (place.left === undefined || isFollowed) {
    const reached = (await tools.ledger.state("branch", `${repository.id}:${ref}`))?.body ?? place;
    const entry = placeEntry(watched, { ...reached, left: { at, isFollowed } }, PRODUCTION);
    await tools.ledger.record({ entries: [entry] }, now, watched.fence);
  }
  return isNews;
}

/** Records the news of one branch in one role; `left`: only those up to that moment. */
async function follow(
  tools: Tools,
  watched: RepositoryContext,
  ref: string,
  role: Role,
  left: BranchRecord["left"] | null = null,
): Promise<boolean> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const subject = `${watched.repository.id}:${ref}`;
  const state = await tools.ledger.state(role.place, subject);
  const known = state === undefined ? null : state.body;
  const listed = await tools.github.readRefUpdates(octokit, watched.repository, ref, {
    since: known?.activityId ?? null,
    from: known?.at ?? watched.since,
  });
  const isOurs = ({ at }: { readonly at: number }): boolean => left === null || at <= left.at;
  const listing = { ...listed, updates: listed.updates.filter(isOurs) };
  const last =
    known ??
    (await recordBaseline(
      tools,
      watched,
      ref,
      role === PRODUCTION
        ? await sinceProduction(tools, watched, ref, listing)
        : { ...listing, earlier: null },
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
  await noticeMissing(tools, watched, last, news, listing, role);
  // An update of the default branch may have changed the policy, and with it what is watched.
  if (news.length > 0 && branchOf(ref) === watched.repository.defaultBranch)
    tools.github.lookups.forget([`policy:${watched.repository.id}`]);
  for (let next = 0; next < news.length; next += READ_AT_ONCE) {
    const following = news.slice(next, next + READ_AT_ONCE);
    const pulls = await queuedIn(tools, watched, following);
    const ahead = await prefetch(tools, watched, { ref, updates: following, pulls });
    for (const update of following) {
      const tasks = update === news.at(-1) ? headTasks(tools, watched, role, update.after) : [];
      await recordUpdate(ahead, watched, update, last.origin, { role, tasks, left });
    }
  }
  const end = news.at(-1);
  const now = { ...last, at: end?.at ?? last.at, head: end?.after ?? last.head };
  const heard = await recordUnlisted(tools, watched, now, role, isOurs);
  return news.length + heard > 0;
}

/** Returns the pull requests of merge groups that these updates landed, as they were judged. */
async function queuedIn(
  tools: Tools,
  { repository }: RepositoryContext,
  updates: readonly RefUpdate[],
): Promise<readonly number[]> {
  const numbers = new Set<number>();
  for (const { kind, after } of updates) {
    const group =
      kind === "queue" ? await tools.ledger.state("gate", `${repository.id}@${after}`) : undefined;
    for (const { number } of group?.body.pulls ?? []) numbers.add(number);
  }
  return [...numbers];
}

/** GitHub keeps the updates of a branch for a year (ms). */
export const HISTORY_KEPT = 365 * DAY;

/** Each update begins where the one before ended; where it does not, the list lags, or it has forgotten what was between. */
async function noticeMissing(
  tools: Tools,
  watched: RepositoryContext,
  last: BranchRecord,
  news: readonly RefUpdate[],
  listing: { readonly reachedSince: boolean; readonly truncated: boolean },
  role: Role,
): Promise<void> {
  const [first] = news;
  if (first === undefined || first.before === last.head) return;
  const now = tools.clock.now();
  if (first.activityId !== null && now - first.at < SETTLING) {
    throw new ExternalError("github-answer", `GitHub's activity list of ${last.ref} lacks an update yet.`, {
      waitMs: ASK_AGAIN,
    });
  }
  const isForgotten = last.activityId === null ? now - last.at > HISTORY_KEPT : !listing.reachedSince;
  // A landing that was not seen covers nothing: that is no gap in what is known of production.
  if ((!isForgotten && !listing.truncated) || role === INTEGRATION) return;
  const { repository } = watched;
  await tools.ledger.record(
    {
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
    },
    now,
    watched.fence,
  );
}

/** When a push was seen that the list does not show yet: ask again soon, and after ten minutes take the webhook's word. How many were recorded so. */
async function recordUnlisted(
  tools: Tools,
  watched: RepositoryContext,
  place: BranchRecord,
  role: Role,
  isOurs: (told: { readonly at: number }) => boolean,
): Promise<number> {
  const { ref, origin } = place;
  const told = await observationsOf(tools, watched.repository.id, ref, place.at);
  const seen = told.filter((each) => each.kind === "pushed" && isOurs(each));
  const now = tools.clock.now();
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
    const id = changeId(watched.repository.id, update, 1);
    if ((await tools.ledger.state(role.update, id)) !== undefined) continue;
    if (now - at < SETTLING) throw notListed(ref, after);
    await recordUpdate(tools, watched, update, origin, { role });
    recorded += 1;
  }
  // What was recorded once may have been done again: then the branch is not yet shown where it was last moved to.
  const moved = tools.github.behind(place.head, tools.github.movesIn(seen));
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
 * branch was followed stays, and nothing is said on GitHub. `again`: it is recorded, and GitHub did not show all of it then; these pull
 * requests are known to have landed by it. Nothing is recorded where it still does not show all, or shows not even these.
 */
export async function recordUpdate(
  tools: Tools,
  watched: RepositoryContext,
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
  // Only the list moves the place: what it does not show yet may come before what a webhook told.
  const isPlaced = again === null && activityId !== null && origin !== null;
  const place = { ref, head, activityId, at, ...(left === null ? {} : { left }) };
  const entries = isPlaced ? [placeEntry(watched, { ...place, origin }, role)] : [];
  const { occurrence, known } = await occurrenceOf(tools, watched, update, role);
  if (again === null && known !== null && (known.change.update.activityId !== null || activityId === null)) {
    await tools.ledger.record({ entries, tasks }, tools.clock.now(), watched.fence);
    return;
  }
  const questions = new Questions(tools, watched, update);
  // What landed on the integration branches is known before what came from them.
  const isRead =
    role === INTEGRATION ||
    !isMerge(update) ||
    (await questions.ask(
      async () => {
        await followIntegration(tools, watched);
        return true;
      },
      () => false,
    ));
  await judgeUpdate(tools, watched, update, questions, {
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
export async function completeUnshown(tools: Tools, watched: RepositoryContext): Promise<void> {
  const { id: repositoryId } = watched.repository;
  const from = tools.clock.now() - LOOKED_AT_AGAIN;
  const unshown: RefUpdate[] = [];
  for await (const { body } of tools.ledger.states("change", { repositoryId, from, order: "at" }))
    if (isUnshown(body.change)) unshown.push(body.change.update);
  for (const update of unshown) {
    const place = await tools.ledger.state("branch", `${repositoryId}:${update.ref}`);
    await recordUpdate(tools, watched, update, place?.body.origin ?? null, { again: [] });
  }
}
