/** Runs of the workflows that the policy counts as deployments, whether they name an environment or not. */

import type { Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { isProductionEnvironment, isProductionWorkflow } from "../../domain/policy/scope.ts";
import type { ReadRun } from "../../github/deployments/workflow-runs.ts";
import { assessDeployment } from "./from-github.ts";
import { isRecorded, recordSuccess } from "./record-deployment.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { knownDeployments } from "../records/deployments.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { DAY } from "../../domain/time/durations.ts";

/** A run that began so long before the newest recorded one is not looked for any more (ms). */
const MAY_STILL_END = 35 * DAY;

/** Judges one run once it has succeeded, if the policy names its workflow. A run whose job made a recorded deployment is judged as that. */
export async function assessRun(repo: Repo, id: number): Promise<void> {
  const run = await repo.github.run(id);
  if (run !== null) await judgeRun(repo, run);
}

/** Judges the runs that no webhook reported. Requests nothing where the policy names no workflow. */
export async function assessRuns(repo: Repo): Promise<void> {
  const policy = policyOrDefault(await currentPolicy(repo));
  if (policy.production.workflows.length === 0) return;
  const from = Math.max(repo.since, repo.now() - MAY_STILL_END);
  const { listed } = await repo.github.listSucceededRuns(from);
  for (const run of listed) await judgeRun(repo, run);
}

/** Judges a run that ended at `from` or later and is not recorded; answers whether there was anything to record. */
export async function judgeRun(repo: Repo, run: ReadRun, from = repo.since): Promise<boolean> {
  const { info: repository } = repo;
  if (run.conclusion !== "success" || run.updatedAt < from) return false;
  const policy = await policyWhen(repo, run.startedAt);
  if (!isProductionWorkflow(policyOrDefault(policy), run.path)) return false;
  const id = sha256(`${repository.id}\nworkflow\n${run.id}\n${run.attempt}`);
  if (await isRecorded(repo.tools, id)) return false;
  if (repo.past === undefined) await judgeDeploymentsOf(repo, run, policyOrDefault(policy));
  if (await isDeployed(repo, run)) return false;
  const approvals = await repo.github.approvals(run.id);
  const { attempt, event, path, actor, triggeringActor, createdAt, startedAt, called } = run;
  await recordSuccess(repo, {
    id,
    origin: { kind: "workflow", run: run.id, attempt },
    environment: `workflow ${path.replace(/^\.github\/workflows\//u, "")}`,
    originalEnvironment: null,
    sha: run.sha,
    ref: run.branch ?? run.sha,
    creator: triggeringActor ?? actor,
    createdAt: startedAt,
    statuses: [],
    at: run.updatedAt,
    run: {
      id: run.id,
      attempt,
      event,
      path,
      actor,
      triggeringActor,
      createdAt,
      startedAt,
      called,
      approvals,
    },
    rules: null,
    policy,
  });
  return true;
}

/**
 * Judges what was deployed of a run's commit since it began: a deployment that one of its jobs made, reported or shown only later, is the one
 * that counts. Throws {@link ExternalError} where GitHub does not show yet which run made one.
 */
async function judgeDeploymentsOf(repo: Repo, { sha, startedAt }: ReadRun, policy: Policy): Promise<void> {
  const { info: repository } = repo;
  const { listed } = await repo.github.listDeployments(startedAt, { sha });
  const recorded = new Set((await knownDeployments(repo.tools, repository.id)).map(({ number }) => number));
  for (const { number, environment, originalEnvironment } of listed) {
    const names = [environment, originalEnvironment ?? environment];
    if (recorded.has(number) || !names.some((name) => isProductionEnvironment(policy, name))) continue;
    await assessDeployment(repo, number);
  }
}

/** Whether a deployment to production by this attempt of the run is recorded. */
async function isDeployed(repo: Repo, { id, attempt }: ReadRun): Promise<boolean> {
  const known = await knownDeployments(repo.tools, repo.info.id);
  return known.some(({ run }) => run?.id === id && run.attempt === attempt);
}
