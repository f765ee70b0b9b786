/** Deployments that GitHub keeps: each is judged once it has succeeded in a production environment. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import type { DeploymentStatus } from "../../domain/deployment/deployment.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { sha256 } from "../../domain/values/digest.ts";
import { isSecretsOnly, productionName } from "../../domain/policy/scope.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import type { readDeployment } from "../../github/deployments/deployments.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { withAttempts, type ObservedJobReview } from "../../domain/deployment/run-attempts.ts";
import { isRecorded, recordSuccess } from "./record-deployment.ts";
import { earlierIn, type Success } from "./facts.ts";
import { policyWhen } from "../policy/policy-at.ts";
import { noticeEnvironments } from "../repositories/environments.ts";
import { DAY, MINUTE } from "../../domain/time/durations.ts";

/** Limits by how much a deployment may succeed before one that was made earlier (ms). */
export const OVERTAKING = DAY;

/** How soon a webhook that is late is looked for again (ms). */
const ASK_AGAIN = MINUTE;

/** How soon a job that is not shown is first asked for again (ms). */
const FIRST_RETRY = 2_000;

/** Describes a deployment as GitHub shows it. */
export type ReadDeploymentAnswer = Awaited<ReturnType<typeof readDeployment>>;

/** Returns the deployment's id in our records. */
export function deploymentId(repositoryId: number, number: number, environment: string): string {
  return sha256(`${repositoryId}\n${number}\n${environment.toLowerCase()}`);
}

/** Describes a success in production, with the deployment and the status it was found by. */
export interface FoundDeployment extends Success {
  readonly read: ReadDeploymentAnswer;
  readonly status: DeploymentStatus;
}

/**
 * Judges one deployment once it has succeeded in a production environment; anything else is none of ours. What succeeded
 * there before and was not recorded is judged first, so that neither order nor loss makes a later one look like the first.
 */
export async function assessDeployment(repo: Repo, number: number): Promise<void> {
  for (const success of await successesOf(repo, number)) {
    for (const earlier of await unrecordedBefore(repo, success)) {
      await recordSuccess(repo, await withRun(repo, earlier));
    }
    await recordSuccess(repo, await withRun(repo, success));
  }
}

/** Lists each production environment this deployment succeeded in at `from` or later without a record, with the first success there. */
export async function successesOf(
  repo: Repo,
  number: number,
  from = repo.since,
): Promise<readonly FoundDeployment[]> {
  const read = await repo.github.deployment(number);
  const succeeded = read.statuses.filter(({ state, at }) => state === "success" && at >= from);
  if (succeeded.length === 0) return [];
  const policy = await policyWhen(repo, read.createdAt);
  const found = new Map<string, FoundDeployment>();
  for (const status of succeeded) {
    // A status may call the environment otherwise than the job that asked for it.
    const names = [status.environment, read.originalEnvironment ?? status.environment];
    const environment = productionName(policyOrDefault(policy), names);
    if (environment === null) {
      await noticeEnvironments(repo, policyOrDefault(policy), [status.environment]);
      continue;
    }
    const id = deploymentId(repo.info.id, number, environment);
    if (found.has(id) || (await isRecorded(repo.tools, id))) continue;
    const use = { environment, at: status.at };
    const usesSecrets = await onlyUsesSecrets(repo, policyOrDefault(policy), read, use);
    if (usesSecrets === "yes") continue;
    found.set(id, {
      id,
      origin: { kind: "github", number },
      environment,
      originalEnvironment: read.originalEnvironment,
      sha: read.sha,
      ref: read.ref,
      creator: read.creator,
      createdAt: read.createdAt,
      statuses: read.statuses,
      at: status.at,
      run: null,
      rules: null,
      policy,
      ...(usesSecrets === "unknown" ? { mayOnlyUseSecrets: true as const } : {}),
      read,
      status,
    });
  }
  return [...found.values()];
}

/**
 * Whether a job made a deployment to an environment that is only for its secrets: then nothing was deployed. `unknown`: it
 * names a run that GitHub does not show any more.
 */
async function onlyUsesSecrets(
  repo: Repo,
  policy: Policy,
  read: ReadDeploymentAnswer,
  { environment, at }: { readonly environment: string; readonly at: Instant },
): Promise<"yes" | "no" | "unknown"> {
  const original = read.originalEnvironment ?? environment;
  // Whichever name its statuses ever gave it counts.
  const names = [environment, original, read.environment, ...read.statuses.map((each) => each.environment)];
  if (!names.every((name) => isSecretsOnly(policy, name))) return "no";
  return repo.github.lookups.rememberForever(
    `uses-secrets:${repo.info.id}:${read.number}`,
    async () => {
      const found = await jobBehind(repo, read, at);
      return found === "unshown" ? "unknown" : found === null ? "no" : "yes";
    },
    (answer) => answer === "yes",
  );
}

/** The run whose job made a deployment; null: none did; `unshown`: GitHub does not show it any more. Throws {@link ExternalError} where GitHub may not show it yet. */
async function jobBehind(
  repo: Repo,
  read: ReadDeploymentAnswer,
  at: Instant,
): ReturnType<Repo["github"]["runBehind"]> {
  const found = await repo.github.runBehind(read);
  const age = repo.now() - at;
  // Its address was reported: a job that GitHub does not know may only be not shown yet.
  if (found === "unshown" && age < SETTLING)
    throw new ExternalError(
      "github-answer",
      `GitHub does not show yet which run made deployment ${read.number}.`,
      {
        waitMs: Math.max(FIRST_RETRY, age),
      },
    );
  return found;
}

/** Returns the same with the run whose job made it and the rules of the environment that job named. */
export async function withRun<Made extends Success>(
  repo: Repo,
  success: Made & { readonly read: ReadDeploymentAnswer },
): Promise<Made> {
  const { read, environment } = success;
  const found = await jobBehind(repo, read, success.at);
  if (found === null || found === "unshown") return success;
  const listed = await repo.github.approvals(found.id);
  const approvals =
    listed === null ? null : withAttempts(listed, await answeredOf(repo, found.id), found.attempts);
  // A webhook that is late may still show which attempt it was.
  const isOfUnknownAttempt = approvals?.some(({ attempt }) => attempt === null) === true;
  if (isOfUnknownAttempt && repo.now() - success.at < SETTLING)
    throw new ExternalError(
      "github-answer",
      `Nothing tells yet which attempt of run ${found.id} was approved.`,
      {
        waitMs: ASK_AGAIN,
      },
    );
  const { id, attempt, event, path, actor, triggeringActor, createdAt, startedAt, called } = found;
  const name = read.originalEnvironment ?? environment;
  return {
    ...success,
    run: { id, attempt, event, path, actor, triggeringActor, createdAt, startedAt, called, approvals },
    rules: await repo.github.environment(name, repo.appId),
  };
}

/** What webhooks reported of the answers to a run's jobs, oldest first. */
async function answeredOf(repo: Repo, run: number): Promise<readonly ObservedJobReview[]> {
  const observed = await repo.observed(`run/${run}`);
  return observed.filter((each) => each.kind === "job-answered");
}

/** What succeeded in the same environment before and no webhook reported, oldest first. */
async function unrecordedBefore(repo: Repo, success: FoundDeployment): Promise<readonly FoundDeployment[]> {
  const { info: repository } = repo;
  const { environment, status, read } = success;
  const last = (await earlierIn(repo, environment, status.at)).at(-1);
  const from = Math.max(repo.since, (last?.createdAt ?? repo.since) - OVERTAKING);
  const found: FoundDeployment[] = [];
  const { listed } = await repo.github.listDeployments(from, { environment });
  for (const { number } of listed) {
    const id = deploymentId(repository.id, number, environment);
    if (number === read.number || (await isRecorded(repo.tools, id))) continue;
    const key = `deployment:${id}`;
    const successes = await repo.github.lookups.remember(key, [], () => successesOf(repo, number));
    found.push(
      ...successes.filter(
        (each) =>
          each.environment.toLowerCase() === environment.toLowerCase() && isBefore(each.status, status),
      ),
    );
  }
  return found.toSorted((a, b) => (isBefore(a.status, b.status) ? -1 : 1));
}

function isBefore(a: DeploymentStatus, b: DeploymentStatus): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}
