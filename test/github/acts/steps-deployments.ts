/** The steps of stories that concern checks, deployments, gates and workflows. */

import { z } from "zod";
import type { CheckRun, Deployment, DeploymentState, Repository, WorkflowRun } from "../model.ts";
import { Refused } from "../refused.ts";
import { appNamed } from "../setup.ts";
import { createCheckRun, createStatus, suiteOf, pressAction, rerequest, updateCheckRun } from "./checks.ts";
import {
  actionsApp,
  askGate,
  createDeployment,
  createDeploymentStatus,
  environmentOf,
  finishRun,
  proceed,
  restartRun,
  reviewJob,
  startJob,
  startRun,
} from "./deployments.ts";
import { needRole } from "./pulls.ts";
import {
  commitOf,
  pullOf,
  repeated,
  step,
  StepError,
  type StepOutput,
  type StepContext,
  type StepKind,
} from "./step.ts";

const STATES = ["pending", "queued", "in_progress", "success", "failure", "error", "inactive"] as const;
const state = z
  .string()
  .transform((word) => word.replaceAll("-", "_"))
  .pipe(z.enum(STATES));
const deployment = z.union([z.string(), z.number()]);
const pull = z.number().int();

const CONCLUSIONS = [
  "success",
  "failure",
  "neutral",
  "cancelled",
  "skipped",
  "timed_out",
  "action_required",
  "stale",
] as const;

/** The steps, by name. */
export const DEPLOYMENT_STEPS: Readonly<Record<string, StepKind>> = {
  "set-check": step(
    {
      commit: z.string().optional(),
      pull: pull.optional(),
      name: z.string(),
      app: z.string().optional(),
      conclusion: z
        .string()
        .transform((word) => word.replaceAll("-", "_"))
        .pipe(z.enum([...CONCLUSIONS, "queued", "in_progress", "pending"])),
      via: z.literal("status").optional(),
      workflow: z.string().optional(),
      event: z.string().optional(),
      leg: z.string().optional(),
      times: z.number().int().min(1).optional(),
    },
    (context, wanted) => {
      const { world, repository } = context;
      const named = wanted.pull === undefined ? wanted.commit : `pull/${wanted.pull}`;
      if (named === undefined) throw new StepError("`set-check` needs `commit` or `pull`");
      const sha = commitOf(context, named);
      const { conclusion } = wanted;
      if (wanted.via === "status") {
        needRole(world, repository, context.actor, "write");
        const state = conclusion === "success" || conclusion === "failure" ? conclusion : "pending";
        const { name, times = 1 } = wanted;
        repeated(world, times, (turn) => {
          const numbered = turn === times ? name : `${name} (${turn})`;
          createStatus(world, repository, context.actor, sha, { state, context: numbered });
        });
        return { sha };
      }
      const app = appNamed(world, wanted.app ?? "ci");
      const isOpen = conclusion === "queued" || conclusion === "in_progress" || conclusion === "pending";
      const input = isOpen
        ? { status: conclusion === "pending" ? ("queued" as const) : conclusion }
        : { status: "completed" as const, conclusion };
      const { name, leg = null } = wanted;
      const workflow =
        wanted.workflow === undefined
          ? null
          : { name: wanted.workflow, event: wanted.event ?? "pull_request" };
      const suite = suiteOf(world, repository, app, sha, workflow);
      const known = world
        .checkRuns(repository, sha)
        .find((run) => run.suiteId === suite.id && run.name === name && run.leg === leg);
      if (known !== undefined && known.status !== "completed")
        updateCheckRun(world, repository, known, input);
      else createCheckRun(world, repository, app, sha, { name, workflow, leg, ...input });
      return { sha };
    },
  ),
  press: step({ pull, button: z.string() }, (context, wanted) => {
    const { world, repository, actor } = context;
    needRole(world, repository, actor, "write");
    const run = ourRun(context, wanted.pull);
    const action = run.actions.find((one) => one.identifier.includes(wanted.button));
    if (action !== undefined) pressAction(world, repository, run, actor, action.identifier);
    else if (wanted.button === "recheck") rerequest(world, repository, run, actor);
    else throw new StepError(`the check of pull request ${wanted.pull} has no button ${wanted.button}`);
    return undefined;
  }),
  rerun: step({ pull: pull.optional(), deployment: deployment.optional() }, (context, wanted) => {
    const { world, repository, actor } = context;
    if (wanted.deployment !== undefined) return redeploy(context, deploymentOf(context, wanted.deployment));
    if (wanted.pull === undefined) throw new StepError("`rerun` needs `pull` or `deployment`");
    needRole(world, repository, actor, "write");
    rerequest(world, repository, ourRun(context, wanted.pull), actor);
    return undefined;
  }),
  deploy: step(
    {
      environment: z.string().optional(),
      commit: z.string().optional(),
      via: z.enum(["api", "workflow", "outside"]).optional(),
      event: z.string().optional(),
      state: state.optional(),
      "links-to": deployment.optional(),
    },
    (context, wanted) => {
      const { world, repository, actor } = context;
      const name = wanted.commit ?? repository.defaultBranch;
      const sha = commitOf(context, name);
      // Deployed by a tool GitHub knows nothing of.
      if (wanted.via === "outside") return { sha };
      needRole(world, repository, actor, "write");
      const environment = wanted.environment ?? "production";
      const ref = refNamed(context, name, sha);
      if (wanted.via === "workflow")
        return viaWorkflow(context, { sha, ref, environment, event: wanted.event ?? "push" }, wanted.state);
      const made = createDeployment(world, repository, actor, { sha, ref, environment });
      const goal = wanted.state ?? "success";
      const linked = wanted["links-to"] === undefined ? undefined : deploymentOf(context, wanted["links-to"]);
      const logUrl =
        repository.checkRuns.find((one) => one.deploymentId === linked?.id)?.detailsUrl ?? undefined;
      if (goal !== "pending" && goal !== "queued" && goal !== "in_progress")
        createDeploymentStatus(world, repository, made, actor, { state: "in_progress" });
      createDeploymentStatus(world, repository, made, actor, { state: goal, logUrl });
      return { deployment: made.id, sha };
    },
  ),
  "deployment-status": step({ deployment, state, environment: z.string().optional() }, (context, wanted) => {
    const { world, repository, actor } = context;
    needRole(world, repository, actor, "write");
    const which = deploymentOf(context, wanted.deployment);
    const { environment } = wanted;
    createDeploymentStatus(world, repository, which, actor, { state: wanted.state, environment });
    return { deployment: which.id };
  }),
  "review-deployment": step(
    { deployment, state: z.enum(["approved", "rejected"]).optional(), comment: z.string().optional() },
    (context, wanted) => {
      const { world, repository, actor } = context;
      const which = deploymentOf(context, wanted.deployment);
      if (context.bypass) letPass(context, which);
      else
        reviewJob(world, repository, which, actor, {
          state: wanted.state ?? "approved",
          comment: wanted.comment ?? "",
        });
      return { deployment: which.id, sha: which.sha };
    },
  ),
  "request-gate": step(
    { environment: z.string().optional(), commit: z.string().optional() },
    (context, wanted) => {
      const { world, repository, actor } = context;
      needRole(world, repository, actor, "write");
      const name = wanted.commit ?? repository.defaultBranch;
      const sha = commitOf(context, name);
      const environment = wanted.environment ?? "production";
      guard(context, environment);
      return viaWorkflow(
        context,
        { sha, ref: refNamed(context, name, sha), environment, event: "workflow_dispatch" },
        undefined,
      );
    },
  ),
  "run-workflow": step(
    {
      name: z.string(),
      environment: z.string().optional(),
      commit: z.string().optional(),
      calls: z.string().optional(),
    },
    (context, wanted) => {
      const { world, repository, actor } = context;
      needRole(world, repository, actor, "write");
      const name = wanted.commit ?? repository.defaultBranch;
      const sha = commitOf(context, name);
      const ref = refNamed(context, name, sha);
      const event = "workflow_dispatch";
      const called =
        wanted.calls === undefined
          ? []
          : [{ path: wanted.calls, sha: "c".repeat(40), ref: wanted.calls.replace(/^.*@/, "") }];
      if (wanted.environment !== undefined)
        return viaWorkflow(
          context,
          { sha, ref, environment: wanted.environment, event, name: wanted.name, called },
          undefined,
        );
      const run = startRun(world, repository, actor, {
        name: wanted.name,
        event,
        sha,
        branch: ref === sha ? null : ref,
        called,
      });
      finishRun(world, repository, run, "success");
      return { run: run.id, sha };
    },
  ),
};

function ourRun(context: StepContext, number: number): CheckRun {
  const { world, repository } = context;
  const app = world.hookedApp();
  const run = world
    .checkRuns(repository, pullOf(context, number).head.sha)
    .findLast((one) => one.appId === app?.id);
  if (run === undefined) throw new StepError(`the App has set no check on pull request ${number}`);
  return run;
}

function deploymentOf(context: StepContext, which: string | number): Deployment {
  const id = typeof which === "number" ? which : (context.made.get(which)?.deployment ?? Number(which));
  const found = context.world.deployment(context.repository, id);
  if (found === undefined) throw new StepError(`there is no deployment ${which}`);
  return found;
}

/** The name a deployment shows: the branch or tag it was asked for, else the commit. */
function refNamed(context: StepContext, name: string, sha: string): string {
  const git = context.world.git(context.repository);
  return git.ref(`refs/heads/${name}`) === null && git.ref(`refs/tags/${name}`) === null ? sha : name;
}

/** "Start all waiting jobs": an administrator lets a job pass its environment's rules. */
function letPass(context: StepContext, deployment: Deployment): void {
  const { world, repository, actor } = context;
  const run = runOf(repository, deployment);
  const adminsBypass = repository.environments.get(deployment.environment)?.adminsBypass ?? false;
  if (run?.status !== "waiting" || !adminsBypass || world.role(actor, repository) !== "admin")
    throw new Refused(403, "Only administrators may bypass this environment's rules.");
  proceed(world, repository, deployment, run);
}

/** Has the App under test guard an environment. */
function guard(context: StepContext, name: string): void {
  const { world, repository } = context;
  const app = world.hookedApp();
  const environment = environmentOf(world, repository, name);
  if (app === undefined || environment.customRules.some((rule) => rule.appId === app.id)) return;
  environment.customRules.push(
    world.register("CustomRule", { ...world.identity("CustomRule"), appId: app.id, enabled: true }),
  );
}

interface WorkflowDeployment {
  readonly sha: string;
  readonly ref: string;
  readonly environment: string;
  readonly event: string;
  readonly name?: string;
  readonly called?: WorkflowRun["called"];
  /** The run this is another attempt of. */
  readonly again?: WorkflowRun;
}

/** A workflow's deployment: reviewers and apps that guard the environment are asked first. */
function viaWorkflow(
  context: StepContext,
  wanted: WorkflowDeployment,
  goal: DeploymentState | undefined,
): StepOutput {
  const { world, repository, actor } = context;
  const environment = environmentOf(world, repository, wanted.environment);
  const run =
    wanted.again ??
    startRun(world, repository, actor, {
      name: wanted.name ?? "deploy",
      event: wanted.event,
      sha: wanted.sha,
      branch: wanted.ref === wanted.sha ? null : wanted.ref,
      environment: wanted.environment,
      called: wanted.called ?? [],
    });
  if (wanted.again !== undefined) restartRun(world, repository, run, actor);
  const bot = world.account(actionsApp(world).botId);
  const { sha, ref } = wanted;
  const made = createDeployment(world, repository, bot, { sha, ref, environment: environment.name, run });
  startJob(world, repository, run, made);
  const guards = environment.customRules.filter((rule) => rule.enabled);
  const isGuarded = guards.length > 0 || environment.reviewers.length > 0;
  const mayPass = context.bypass && environment.adminsBypass && world.role(actor, repository) === "admin";
  if (isGuarded && context.bypass && !mayPass)
    throw new Refused(403, "Only administrators may bypass this environment's rules.");
  if (isGuarded && !mayPass) {
    run.status = "waiting";
    createDeploymentStatus(world, repository, made, bot, { state: "waiting" });
    for (const rule of guards) {
      const app = world.apps.get(rule.appId);
      if (app !== undefined) askGate(world, repository, made, run, app, actor);
    }
  } else proceed(world, repository, made, run, goal);
  return { deployment: made.id, run: run.id, sha };
}

/** Runs a deployment's workflow again; one made through the API is made anew. */
function redeploy(context: StepContext, old: Deployment): StepOutput {
  const { world, repository, actor } = context;
  needRole(world, repository, actor, "write");
  const run = runOf(repository, old);
  const { sha, ref, environment } = old;
  if (run !== undefined) {
    if (run.status !== "completed") throw new Refused(403, "This workflow is already running");
    return viaWorkflow(context, { sha, ref, environment, event: run.event, again: run }, undefined);
  }
  const made = createDeployment(world, repository, actor, { sha, ref, environment });
  proceed(world, repository, made, null);
  return { deployment: made.id, sha };
}

function runOf(
  repository: Repository,
  deployment: Deployment,
): Repository["workflowRuns"][number] | undefined {
  return repository.workflowRuns.find((run) => run.id === deployment.runId);
}
