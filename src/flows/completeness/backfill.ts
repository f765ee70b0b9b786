/** Filling the log for a past period from GitHub's own lists: the same judgement as live, read in batches. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { type RefUpdate } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { branchOf, isProductionBranch } from "../../domain/policy/scope.ts";
import type { ReadAhead } from "../../github/queries/read-ahead.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { recordUpdate } from "../changes/follow-branch.ts";
import type { Span } from "../../domain/time/span.ts";
import { recordBackfill, recordProductionRefs } from "../repositories/repositories.ts";
import { isMadeByQueue } from "../policy/queue-branches.ts";
import { productionRefs } from "../policy/production-branches.ts";
import { DAY } from "../../domain/time/durations.ts";
import { type Instant } from "../../domain/time/instant.ts";
import { NO_COMMIT } from "../../domain/change/sha.ts";

/** Branches are made some time before they are merged: so long before the period who pushed is listed at once (ms). */
const MADE_BEFORE = 30 * DAY;

/** Fewer updates than this are cheaper asked one by one. */
const WORTH_LISTING = 20;

/** Describes what a backfill did. */
export interface Backfilled {
  /** Updates of production branches in the period. */
  readonly updates: number;
  /** Those that were on record before. */
  readonly known: number;
  /** Up to when it looked; where that is before the end asked for, GitHub's lists may not show all of the rest yet. */
  readonly until: Instant;
  /** The list of a branch was cut short, or GitHub has forgotten its beginning. */
  readonly truncated: boolean;
  /** The production branches, also those that are gone. */
  readonly refs: readonly string[];
}

/** Records every update of a repository's production branches in a span that is not on record yet. Done again it asks only for what is missing. Throws {@link ExternalError}. */
export async function backfillRepository(
  repo: Repo,
  { from, to }: Span,
  progress: (done: number, of: number) => void = () => undefined,
): Promise<Backfilled> {
  const { info: repository, installationId } = repo;
  const { github } = repo;
  const { octokits, ReadAhead: Ahead } = repo.tools.github;
  const ahead = new Ahead(await octokits.installation(installationId), repository);
  // What happened within the last minutes GitHub's lists may not all show yet; whoever watches records it.
  const until = Math.min(to, repo.now() - SETTLING);
  const listed: RefUpdate[] = [];
  let truncated = false;
  const refs = new Set(await productionRefs(repo));
  for (const ref of refs) {
    const listing = await github.refUpdates(ref, { since: null, from });
    truncated ||= listing.truncated;
    listed.push(...listing.updates.filter(({ at }) => at < until));
  }
  const policy = policyOrDefault(await currentPolicy(repo));
  // Where production is more than the default branch, some of its branches may be gone, and in no list of branches any more.
  const mayBeGone = policy.production.branches !== null;
  if (mayBeGone || listed.length >= WORTH_LISTING) {
    await ahead.listPushes(from - MADE_BEFORE, mayBeGone);
    for (const ref of ahead.branches) {
      const branch = branchOf(ref);
      if (refs.has(ref) || branch === null || !isProductionBranch(policy, repository, branch)) continue;
      if (await isMadeByQueue(repo, ref)) continue;
      const listing = await github.refUpdates(ref, { since: null, from });
      truncated ||= listing.truncated;
      listed.push(...listing.updates.filter(({ at }) => at < until));
      refs.add(ref);
    }
    await recordProductionRefs(repo, [...refs]);
  }
  const recorded = await recordedIds(repo, { from, to });
  const missing = listed
    .filter(({ activityId }) => activityId === null || !recorded.has(activityId))
    .toSorted((a, b) => a.at - b.at || (a.activityId ?? 0) - (b.activityId ?? 0));
  progress(listed.length - missing.length, listed.length);
  await judgeAll(repo, missing, ahead, (done) =>
    progress(listed.length - missing.length + done, listed.length),
  );
  if (!truncated) await recordBackfill(repo, from);
  return {
    updates: listed.length,
    known: listed.length - missing.length,
    until,
    truncated,
    refs: [...refs],
  };
}

/** Judges each, oldest first, while what the next ones need is read. */
async function judgeAll(
  repo: Repo,
  updates: readonly RefUpdate[],
  ahead: ReadAhead,
  progress: (done: number) => void,
): Promise<void> {
  const batched = repo.through(ahead.github);
  let read: readonly RefUpdate[] = [];
  let pulls: readonly number[] = [];
  let done = 0;
  for (let next = 0; next < updates.length || read.length > 0;) {
    const following = updates.slice(next, next + ahead.size);
    // One query reads the pull requests of the updates read before, and what the following updates introduced.
    await ahead.read(following, pulls);
    for (const update of read) {
      await recordUpdate(batched, update, null);
      done += 1;
      progress(done);
    }
    const numbers = new Set<number>();
    for (const update of following) {
      if (update.after === NO_COMMIT) continue;
      const introduced = await batched.github.change(update);
      for (const number of introduced.pulls) numbers.add(number);
    }
    pulls = [...numbers];
    read = following;
    next += following.length;
  }
}

async function recordedIds(repo: Repo, { from, to }: Span): Promise<ReadonlySet<number>> {
  const found = new Set<number>();
  for await (const entry of repo.states("change", { from, to })) {
    const { activityId } = entry.body.change.update;
    if (activityId !== null) found.add(activityId);
  }
  return found;
}
