/** What each kind of task does. */

import { watchedRepository, type Repo } from "../context/repo.ts";
import type { Task, TaskKind } from "../../domain/records/task.ts";
import { answerWaitingGates } from "../deployments/answer-gate.ts";
import { assessGroup, assessPull } from "../changes/assess-pull-request.ts";
import { openPullsAt } from "../facts/pull-request.ts";
import { assessReport } from "../deployments/from-report.ts";
import { recordBaselineReport } from "../repositories/baseline.ts";
import { isLasting } from "../repositories/own-checks.ts";
import { readControlState } from "../monitoring/protection.ts";
import { checkOwedMerge } from "../deployments/record-deployment.ts";
import { recordWeakening } from "../deviations/exposures.ts";
import { groupDeviations } from "../reviews/reassess.ts";
import { sendDigests } from "../monitoring/weekly-digest.ts";
import { askForHeads, postLogHead, recordComparison } from "../monitoring/log-heads.ts";
import { askAgain, askMonthly, reportOverdue } from "../monitoring/monthly-reviews.ts";
import { summarise } from "./notifications.ts";
import { poll } from "./poll.ts";
import type { Tools } from "../context/tools.ts";
import { reconcileRepository } from "../completeness/reconcile.ts";
import { countEnded, countLastHour } from "../completeness/schedule.ts";
import { census, doDue, redeliver, rejudgeOpen, sweepRepository } from "./sweep.ts";

type Runner<K extends TaskKind> = (tools: Tools, task: Task<K>, lease: Repo["lease"]) => Promise<unknown>;

const RUN: { readonly [K in TaskKind]: Runner<K> } = {
  census: (tools, { round }) => census(tools, round),
  redeliver: (tools, { span }) => redeliver(tools, span?.from),
  poll: (tools, task) => poll(tools, task),
  "count-hour": (tools, { round }) => countLastHour(tools, round),
  "count-ended": async (tools, _, lease) => {
    await countEnded(tools);
    await askAgain(tools, lease);
  },
  monthly: (tools, { dueAt }, lease) => askMonthly(tools, lease, dueAt),
  weekly: (tools, { dueAt }, lease) => sendDigests(tools, lease, dueAt),
  heads: (tools, { dueAt }) => askForHeads(tools, dueAt),
  "post-head": postLogHead,
  "compare-heads": recordComparison,
  sweep: inRepository(sweepRepository),
  reconcile: inRepository(async (repo, { span, small }) => {
    const which = { onlyWrong: small, onlyUnproven: true };
    const { uncounted } = await reconcileRepository(repo, span, which);
    // What was counted is recorded. What GitHub will not answer of a whole span is noted, and asked for again every day.
    const again = uncounted.find(({ error }) => small || !isLasting(error));
    if (again !== undefined) throw again.error;
  }),
  pull: inRepository((repo, { number, request }) => assessPull(repo, number, request)),
  head: inRepository(judgeHead),
  "merge-group": inRepository((repo, task) => assessGroup(repo, task, null, task.since)),
  rejudge: inRepository((repo, { dueAt }) => rejudgeOpen(repo, `rejudge:${dueAt}`)),
  due: inRepository(doDue),
  group: inRepository((repo, { span }) => groupDeviations(repo, span)),
  protection: inRepository((repo, task) => readControlState(repo, task.told)),
  exposures: (tools, { organizationId, causeId }, lease) =>
    recordWeakening(tools, organizationId, causeId, lease),
  baseline: recordBaselineReport,
  "merge-back": inRepository((repo, { deploymentId }) => checkOwedMerge(repo, deploymentId)),
  gates: inRepository(answerWaitingGates),
  "overdue-monthly": inRepository((repo, { month }) => reportOverdue(repo, month)),
  summarise: (tools, held, lease) => summarise(tools, held, lease),
  report: inRepository(assessReport),
};

/** Runs one task. Throws {@link ExternalError}. */
export async function runTask<K extends TaskKind>(
  tools: Tools,
  task: Task<K>,
  lease: Repo["lease"],
): Promise<void> {
  const run: Runner<K> = RUN[task.kind];
  await run(tools, task, lease);
}

/** A task of one repository; nothing is left to do in one that is watched no more. */
function inRepository<T extends { readonly repositoryId: number }>(
  work: (repo: Repo, task: T) => Promise<unknown>,
): (tools: Tools, task: T, lease: Repo["lease"]) => Promise<unknown> {
  return async (tools, task, lease) => {
    const repo = await watchedRepository(tools, task.repositoryId, lease);
    return repo === null ? undefined : work(repo, task);
  };
}

/** Judges the open pull requests that have this commit as their head. */
async function judgeHead(repo: Repo, { sha }: Task<"head">): Promise<void> {
  for (const number of await openPullsAt(repo, sha)) await assessPull(repo, number, null);
}
