/** Filling the log with the deployments of a past period, from what GitHub still keeps of them. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { ListedDeployment } from "../../github/deployments/deployments.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { OVERTAKING, successesOf, withRun, type FoundDeployment } from "../deployments/from-github.ts";
import { judgeRun } from "../deployments/from-workflow-run.ts";
import { checkOwedMerge, recordSuccess } from "../deployments/record-deployment.ts";
import { noticeEnvironments } from "../repositories/environments.ts";
import { gapEntry, gapId } from "../records/coverage-gaps.ts";
import type { Span } from "../../domain/time/span.ts";
import { DAY } from "../../domain/time/durations.ts";

/** So long before a span one more success in each environment is looked for: what the first one in the span followed (ms). */
const FOLLOWED = 365 * DAY;

/** So many deployments before a span are read to find one that succeeded. */
const MOST_EARLIER = 5;

/** Describes what a backfill of deployments did. */
export interface BackfilledDeployments {
  /** Those recorded now, with the one before the span in each environment. */
  readonly recorded: number;
  /** GitHub's list was cut short. */
  readonly truncated: boolean;
  /** GitHub would not list them at all. */
  readonly refused: boolean;
}

/**
 * Records every success in production in a span that is not on record yet, oldest first. The changes of the span were filled in
 * before; `refs`: the production branches. Nothing is written on GitHub. The last success before the span is recorded too, as
 * what the first one followed. Throws {@link ExternalError}.
 */
export async function backfillDeployments(
  repo: Repo,
  { from, to }: Span,
  refs: readonly string[],
): Promise<BackfilledDeployments> {
  const past = repo.with({ tools: { ...repo.tools, past: { refs } } });
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.outOfScope !== undefined) return { recorded: 0, truncated: false, refused: false };
  const until = Math.min(to, repo.now() - SETTLING);
  // One that was made before the span may have succeeded within it.
  const listing = await unlessRefused(() => repo.github.listDeployments(from - OVERTAKING));
  const named = policy.production.workflows.length > 0;
  const runs = await unlessRefused(() =>
    named
      ? repo.github.listSucceededRuns(from - OVERTAKING)
      : Promise.resolve({ listed: [], truncated: false }),
  );
  let recorded = 0;
  for (const success of await successesWithin(past, listing?.listed ?? [], { from, to: until })) {
    await record(past, success);
    recorded += 1;
  }
  for (const run of runs?.listed ?? [])
    if (run.updatedAt < until && (await judgeRun(past, run, from))) recorded += 1;
  const refused = listing === null || runs === null;
  if (refused) await noteRefused(repo, { from, to });
  return { recorded, truncated: listing?.truncated === true || runs?.truncated === true, refused };
}

/** What was requested, or null where GitHub does not answer this account. */
async function unlessRefused<Answer>(read: () => Promise<Answer>): Promise<Answer | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ExternalError && error.code === "github-refused") return null;
    throw error;
  }
}

async function record(repo: Repo, success: FoundDeployment): Promise<void> {
  const { id, mergeBack, beforeMerge } = await recordSuccess(repo, await withRun(repo, success));
  // Long over: nobody will ask again when it is due.
  const dueAt = Math.min(mergeBack?.dueAt ?? Infinity, beforeMerge?.dueAt ?? Infinity);
  if (dueAt <= repo.now()) await checkOwedMerge(repo, id);
}

/** The successes of a span, and in each environment the one before, oldest first. */
async function successesWithin(
  repo: Repo,
  listed: readonly ListedDeployment[],
  { from, to }: Span,
): Promise<readonly FoundDeployment[]> {
  const policy = policyOrDefault(await currentPolicy(repo));
  const namesOf = ({ environment, originalEnvironment }: ListedDeployment): readonly string[] => [
    environment,
    originalEnvironment ?? environment,
  ];
  const names = listed.flatMap(namesOf);
  await noticeEnvironments(repo, policy, names);
  const production = new Set(names.filter((name) => isProductionEnvironment(policy, name)));
  const found: FoundDeployment[] = [];
  for (const each of listed) {
    if (each.createdAt < to && namesOf(each).some((name) => production.has(name)))
      found.push(...(await successesOf(repo, each.number, from)));
  }
  for (const environment of production) found.push(...(await lastBefore(repo, environment, from)));
  const once = new Map(found.filter(({ at }) => at < to).map((each) => [each.id, each]));
  return [...once.values()].toSorted((a, b) => a.at - b.at || a.status.id - b.status.id);
}

/** The newest success in an environment before an instant, if GitHub keeps one. */
async function lastBefore(
  repo: Repo,
  environment: string,
  before: Instant,
): Promise<readonly FoundDeployment[]> {
  const only = { environment };
  const { listed } = await repo.github.listDeployments(before - FOLLOWED, only);
  const earlier = listed.filter(({ createdAt }) => createdAt < before).slice(-MOST_EARLIER);
  for (const { number } of earlier.toReversed()) {
    const successes = await successesOf(repo, number, 0);
    const then = successes.filter((each) => each.at < before);
    if (then.length > 0) return then;
  }
  return [];
}

/** A token without the right to read deployments sees none: that is reported, never taken for none. */
async function noteRefused(repo: Repo, { from, to }: Span): Promise<void> {
  const { info: repository } = repo;
  const entry = gapEntry(
    {
      id: gapId(repository.id, "permission-missing", from, "deployments"),
      cause: "permission-missing",
      scope: `${repository.owner}/${repository.name}, deployments`,
      from,
      to,
      because: "GitHub did not list the deployments of that time, so none of them is judged",
      backfilled: false,
    },
    repository,
  );
  await repo.commit({ entries: [entry] });
}
