/** Deployments, their statuses, workflow runs, environments, and the gates apps keep before environments. */

import type {
  Account,
  App,
  CheckRun,
  Deployment,
  DeploymentState,
  DeploymentStatus,
  Environment,
  Gate,
  Repository,
  Sha,
  WorkflowRun,
} from "../model.ts";
import { Refused } from "../refused.ts";
import { userShape } from "../shapes/accounts.ts";
import { checkRunShape } from "../shapes/checks.ts";
import { deploymentShape, deploymentStatusShape, workflowRunShape } from "../shapes/deployments.ts";
import { pullRequestShape } from "../shapes/pulls.ts";
import { repositoryPage, repositoryUrl } from "../shapes/repositories.ts";
import { iso } from "../shapes/form.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { createCheckRun, suiteOf, updateCheckRun } from "./checks.ts";

/** The app GitHub Actions acts as. */
export const ACTIONS_SLUG = "github-actions";

/** What a new deployment is made of. */
export interface NewDeployment {
  readonly sha: Sha;
  readonly ref: string;
  readonly environment: string;
  readonly task?: string;
  readonly description?: string | null;
  readonly payload?: string | Record<string, unknown>;
  readonly transient?: boolean;
  readonly production?: boolean;
  readonly viaAppId?: number | null;
  readonly run?: WorkflowRun | null;
}

/** Creates a deployment; its environment comes to be if there is none. */
export function createDeployment(
  world: World,
  repository: Repository,
  by: Account,
  wanted: NewDeployment,
): Deployment {
  if (world.git(repository).commit(wanted.sha) === undefined)
    throw new Refused(422, `No ref found for: ${wanted.ref}`);
  environmentOf(world, repository, wanted.environment);
  const now = world.now();
  const deployment: Deployment = world.register("Deployment", {
    ...world.identity("Deployment"),
    repositoryId: repository.id,
    sha: wanted.sha,
    ref: wanted.ref,
    task: wanted.task ?? "deploy",
    environment: wanted.environment,
    originalEnvironment: wanted.environment,
    description: wanted.description ?? null,
    payload: wanted.payload ?? {},
    transient: wanted.transient ?? false,
    production: wanted.production ?? wanted.environment === "production",
    creatorId: by.id,
    viaAppId: wanted.viaAppId ?? null,
    createdAt: now,
    updatedAt: now,
    statuses: [],
    runId: wanted.run?.id ?? null,
    gates: [],
  });
  repository.deployments.push(deployment);
  emit(world, {
    event: "deployment",
    action: "created",
    repository,
    sender: by,
    body: {
      deployment: deploymentShape(world, repository, deployment),
      ...workflowOf(world, repository, wanted.run ?? null),
    },
  });
  return deployment;
}

/** The environment of a name, made without rules if it is missing. */
export function environmentOf(world: World, repository: Repository, name: string): Environment {
  const known = repository.environments.get(name);
  if (known !== undefined) return known;
  const environment: Environment = world.register("Environment", {
    ...world.identity("Environment"),
    repositoryId: repository.id,
    name,
    waitTimer: 0,
    preventSelfReview: false,
    reviewers: [],
    adminsBypass: true,
    branchPolicy: null,
    customRules: [],
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  repository.environments.set(name, environment);
  return environment;
}

/** Reports a deployment's state. A success makes older deployments of the environment inactive. */
export function createDeploymentStatus(
  world: World,
  repository: Repository,
  deployment: Deployment,
  by: Account,
  wanted: {
    readonly state: DeploymentState;
    readonly description?: string | undefined;
    readonly environment?: string | undefined;
    readonly environmentUrl?: string | undefined;
    readonly logUrl?: string | undefined;
    readonly viaAppId?: number | null;
    readonly autoInactive?: boolean;
  },
): DeploymentStatus {
  if (wanted.environment !== undefined && wanted.environment !== deployment.environment) {
    environmentOf(world, repository, wanted.environment);
    deployment.environment = wanted.environment;
  }
  const status: DeploymentStatus = world.register("DeploymentStatus", {
    ...world.identity("DeploymentStatus"),
    deploymentId: deployment.id,
    state: wanted.state,
    description: wanted.description ?? "",
    environment: deployment.environment,
    environmentUrl: wanted.environmentUrl ?? "",
    logUrl: wanted.logUrl ?? jobOf(repository, deployment)?.detailsUrl ?? "",
    targetUrl: wanted.logUrl ?? jobOf(repository, deployment)?.detailsUrl ?? "",
    creatorId: by.id,
    viaAppId: wanted.viaAppId ?? null,
    createdAt: world.now(),
  });
  deployment.statuses.push(status);
  deployment.updatedAt = world.now();
  tellStatus(world, repository, deployment, status, by);
  if (wanted.state === "success" && wanted.autoInactive !== false && !deployment.transient)
    retireOthers(world, repository, deployment, by);
  return status;
}

function retireOthers(world: World, repository: Repository, current: Deployment, by: Account): void {
  for (const other of repository.deployments)
    if (
      other !== current &&
      other.environment === current.environment &&
      !other.transient &&
      other.statuses.at(-1)?.state === "success"
    )
      createDeploymentStatus(world, repository, other, by, { state: "inactive" });
}

function tellStatus(
  world: World,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
  sender: Account,
): void {
  const run = repository.workflowRuns.find((one) => one.id === deployment.runId) ?? null;
  const check = repository.checkRuns.findLast((one) => one.suiteId === run?.suiteId);
  emit(world, {
    event: "deployment_status",
    action: "created",
    repository,
    sender,
    body: {
      deployment_status: deploymentStatusShape(world, repository, deployment, status),
      deployment: deploymentShape(world, repository, deployment),
      ...(check === undefined ? {} : { check_run: checkRunShape(world, repository, check) }),
      ...workflowOf(world, repository, run),
    },
  });
}

function workflowOf(
  world: World,
  repository: Repository,
  run: WorkflowRun | null,
): Readonly<Record<string, unknown>> {
  if (run === null) return { workflow: null, workflow_run: null };
  return {
    workflow: workflowShape(world, repository, run),
    // GitHub leaves the commit out here, and the attempt before.
    workflow_run: {
      ...workflowRunShape(world, repository, run),
      head_commit: null,
      previous_attempt_url: null,
    },
  };
}

function workflowShape(world: World, repository: Repository, run: WorkflowRun): Record<string, unknown> {
  const path = `.github/workflows/${run.name}.yml`;
  const page = repositoryPage(world, repository, `/blob/${repository.defaultBranch}/${path}`);
  return {
    id: 1,
    node_id: "W_1",
    name: run.name,
    path,
    state: "active",
    created_at: iso(repository.createdAt),
    updated_at: iso(repository.createdAt),
    url: repositoryUrl(world, repository, "/actions/workflows/1"),
    html_url: page,
    badge_url: repositoryPage(world, repository, `/workflows/${run.name}/badge.svg`),
  };
}

/** GitHub Actions itself. */
export function actionsApp(world: World): App {
  const app = world.appBySlug(ACTIONS_SLUG);
  if (app === undefined) throw new Error("GitHub Actions is missing");
  return app;
}

/** Starts a run of a workflow. */
export function startRun(
  world: World,
  repository: Repository,
  by: Account,
  wanted: {
    readonly name: string;
    readonly event: string;
    readonly sha: Sha;
    readonly branch: string | null;
    readonly environment?: string | null;
    readonly called?: WorkflowRun["called"];
  },
): WorkflowRun {
  const app = actionsApp(world);
  const run: WorkflowRun = world.register("WorkflowRun", {
    ...world.identity("WorkflowRun"),
    repositoryId: repository.id,
    name: wanted.name,
    event: wanted.event,
    headSha: wanted.sha,
    headBranch: wanted.branch,
    actorId: by.id,
    suiteId: suiteOf(world, repository, app, wanted.sha).id,
    runNumber: repository.workflowRuns.length + 1,
    environment: wanted.environment ?? null,
    runAttempt: 1,
    triggeringActorId: by.id,
    startedAt: world.now(),
    attemptsBefore: [],
    approvals: [],
    called: wanted.called ?? [],
    status: "queued",
    conclusion: null,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  repository.workflowRuns.push(run);
  tellRun(world, repository, run, "requested");
  return run;
}

/** Runs a workflow again, as somebody's wish: the same run, another attempt. */
export function restartRun(world: World, repository: Repository, run: WorkflowRun, by: Account): void {
  run.attemptsBefore.push({ triggeringActorId: run.triggeringActorId, startedAt: run.startedAt });
  run.runAttempt += 1;
  run.status = "queued";
  run.conclusion = null;
  run.triggeringActorId = by.id;
  run.startedAt = world.now();
  run.updatedAt = world.now();
  tellRun(world, repository, run, "requested");
}

/** Begins the job of a run that deploys; a job is a check run with a page of its own. */
export function startJob(
  world: World,
  repository: Repository,
  run: WorkflowRun,
  deployment: Deployment,
): CheckRun {
  const job = createCheckRun(world, repository, actionsApp(world), run.headSha, { name: run.name });
  job.detailsUrl = repositoryPage(world, repository, `/actions/runs/${run.id}/job/${job.id}`);
  job.deploymentId = deployment.id;
  job.runAttempt = run.runAttempt;
  return job;
}

/** Where the statuses of a job's deployment point. */
function jobOf(repository: Repository, deployment: Deployment | null): CheckRun | undefined {
  return repository.checkRuns.find((one) => deployment !== null && one.deploymentId === deployment.id);
}

/** Ends a run of a workflow. */
export function finishRun(
  world: World,
  repository: Repository,
  run: WorkflowRun,
  conclusion: WorkflowRun["conclusion"],
): void {
  run.status = "completed";
  run.conclusion = conclusion;
  run.updatedAt = world.now();
  const made = new Set(repository.deployments.filter((one) => one.runId === run.id).map(({ id }) => id));
  for (const job of repository.checkRuns)
    if (job.deploymentId !== null && made.has(job.deploymentId) && job.status !== "completed")
      updateCheckRun(world, repository, job, { status: "completed", conclusion });
  tellRun(world, repository, run, "completed");
}

/** Sends a `workflow_run` webhook. */
export function tellRun(world: World, repository: Repository, run: WorkflowRun, action: string): void {
  emit(world, {
    event: "workflow_run",
    action,
    repository,
    sender: world.account(run.triggeringActorId),
    body: {
      workflow: workflowShape(world, repository, run),
      workflow_run: workflowRunShape(world, repository, run),
    },
  });
}

/** Asks an app whether a deployment may go on. */
export function askGate(
  world: World,
  repository: Repository,
  deployment: Deployment,
  run: WorkflowRun,
  app: App,
  by: Account,
): Gate {
  const gate: Gate = world.register("Gate", {
    ...world.identity("Gate"),
    appId: app.id,
    environment: deployment.environment,
    requestedById: by.id,
    requestedAt: world.now(),
    state: "waiting",
    answers: [],
  });
  deployment.gates.push(gate);
  const pulls = [...repository.pulls.values()].filter(
    (pull) => pull.head.sha === deployment.sha && pull.state === "open",
  );
  emit(world, {
    event: "deployment_protection_rule",
    action: "requested",
    repository,
    sender: by,
    onlyApp: app.id,
    body: {
      environment: deployment.environment,
      event: run.event,
      sha: deployment.sha,
      ref: deployment.ref.startsWith("refs/") ? deployment.ref : `refs/heads/${deployment.ref}`,
      deployment_callback_url: repositoryUrl(
        world,
        repository,
        `/actions/runs/${run.id}/deployment_protection_rule`,
      ),
      deployment: deploymentShape(world, repository, deployment),
      pull_requests: pulls.map((pull) => pullRequestShape(world, repository, pull)),
    },
  });
  return gate;
}

/** An app answers, or comments while it still waits (`state` null). An answer is final: the job goes on, or has failed. */
export function answerGate(
  world: World,
  repository: Repository,
  run: WorkflowRun,
  app: App,
  answer: {
    readonly environment: string;
    readonly state: "approved" | "rejected" | null;
    readonly comment: string;
  },
): Gate {
  const deployment = repository.deployments.findLast(
    (one) => one.runId === run.id && one.gates.some((gate) => gate.environment === answer.environment),
  );
  const gate = deployment?.gates.find(
    (one) => one.environment === answer.environment && one.appId === app.id,
  );
  if (deployment === undefined || gate === undefined) throw new Refused(404, "Not Found");
  if (gate.state !== "waiting")
    throw new Refused(422, "Deployment protection rule has already been approved or rejected.");
  gate.answers.push({ state: answer.state, comment: answer.comment, at: world.now() });
  if (answer.state === null) return gate;
  gate.state = answer.state;
  const bot = world.account(actionsApp(world).botId);
  if (answer.state === "rejected") {
    createDeploymentStatus(world, repository, deployment, bot, { state: "failure" });
    finishRun(world, repository, run, "failure");
  } else proceedIfFree(world, repository, deployment, run);
  return gate;
}

/** A job goes on once every app has said yes, and a reviewer where reviewers are asked. */
function proceedIfFree(world: World, repository: Repository, deployment: Deployment, run: WorkflowRun): void {
  if (deployment.gates.some((one) => one.state !== "approved")) return;
  const asks = (repository.environments.get(deployment.environment)?.reviewers.length ?? 0) > 0;
  const given = run.approvals.some(
    ({ environment, attempt }) => environment === deployment.environment && attempt === run.runAttempt,
  );
  if (!asks || given) proceed(world, repository, deployment, run);
}

/** A reviewer of the environment answers a job that waits. Throws {@link Refused}. */
export function reviewJob(
  world: World,
  repository: Repository,
  deployment: Deployment,
  by: Account,
  answer: { readonly state: "approved" | "rejected"; readonly comment: string },
): void {
  const run = repository.workflowRuns.find((one) => one.id === deployment.runId);
  const environment = repository.environments.get(deployment.environment);
  if (run === undefined || environment === undefined || run.status !== "waiting")
    throw new Refused(422, "There are no pending deployments to review.");
  const isAsked = environment.reviewers.some(({ type, id }) =>
    type === "User" ? id === by.id : world.teams.get(id)?.members.has(by.id) === true,
  );
  if (!isAsked) throw new Refused(403, "You are not a required reviewer of this environment.");
  if (environment.preventSelfReview && [run.actorId, run.triggeringActorId].includes(by.id))
    throw new Refused(403, "You cannot approve a deployment that you triggered.");
  run.approvals.push({
    accountId: by.id,
    environment: environment.name,
    attempt: run.runAttempt,
    ...answer,
  });
  tellReview(world, repository, deployment, run, by, answer);
  if (answer.state === "approved") return proceedIfFree(world, repository, deployment, run);
  const bot = world.account(actionsApp(world).botId);
  createDeploymentStatus(world, repository, deployment, bot, { state: "failure" });
  finishRun(world, repository, run, "failure");
}

/** Sends a `deployment_review` webhook: GitHub's own word on which attempt was answered. */
function tellReview(
  world: World,
  repository: Repository,
  { environment }: Deployment,
  run: WorkflowRun,
  by: Account,
  answer: { readonly state: "approved" | "rejected"; readonly comment: string },
): void {
  const job = jobOf(repository, repository.deployments.findLast(({ runId }) => runId === run.id) ?? null);
  const page = repositoryPage(world, repository, `/actions/runs/${run.id}/job/${job?.id ?? 0}`);
  const times = { created_at: iso(run.startedAt), updated_at: iso(world.now()) };
  emit(world, {
    event: "deployment_review",
    action: answer.state,
    repository,
    sender: by,
    body: {
      approver: userShape(world, by),
      comment: answer.comment,
      reviewers: [],
      since: iso(run.startedAt),
      workflow_job_runs: [
        {
          id: job?.id ?? 0,
          name: run.name,
          status: "waiting",
          conclusion: null,
          html_url: page,
          environment,
          ...times,
        },
      ],
      workflow_run: workflowRunShape(world, repository, run),
    },
  });
}

/** Runs a deployment's job to its good end. */
export function proceed(
  world: World,
  repository: Repository,
  deployment: Deployment,
  run: WorkflowRun | null,
  state: DeploymentState = "success",
): void {
  const bot = run === null ? world.account(deployment.creatorId) : world.account(actionsApp(world).botId);
  createDeploymentStatus(world, repository, deployment, bot, { state: "in_progress" });
  if (state === "in_progress") return;
  createDeploymentStatus(world, repository, deployment, bot, { state });
  if (run !== null) finishRun(world, repository, run, state === "success" ? "success" : "failure");
}
