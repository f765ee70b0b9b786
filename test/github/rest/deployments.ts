import { answerGate, createDeploymentStatus } from "../acts/deployments.ts";
import type { Deployment, DeploymentState, Environment, Repository, WorkflowRun } from "../model.ts";
import {
  approvalShapes,
  customRuleShapes,
  deploymentShape,
  deploymentStatusShape,
  environmentShape,
  jobShape,
  pendingShapes,
  workflowRunShape,
} from "../shapes/deployments.ts";
import { paged } from "./paging.ts";
import { Refused } from "../refused.ts";
import {
  actingAccount,
  actingApp,
  invalidField,
  notFound,
  numberParam,
  ok,
  repositoryOf,
  textField,
  type Call,
  type Routes,
} from "./route.ts";

const READ = ["deployments:read"] as const;
const ACTIONS = ["actions:read"] as const;

const STATES: readonly DeploymentState[] = [
  "error",
  "failure",
  "inactive",
  "in_progress",
  "queued",
  "pending",
  "success",
];

function deploymentOf(call: Call): { repository: Repository; deployment: Deployment } {
  const repository = repositoryOf(call);
  const deployment = call.world.deployment(repository, numberParam(call, "deployment_id"));
  if (deployment === undefined) throw notFound();
  return { repository, deployment };
}

function environmentOf(call: Call): { repository: Repository; environment: Environment } {
  const repository = repositoryOf(call);
  const environment = repository.environments.get(call.params["environment_name"] ?? "");
  if (environment === undefined) throw notFound();
  return { repository, environment };
}

function runOf(call: Call): { repository: Repository; run: WorkflowRun } {
  const repository = repositoryOf(call);
  const run = repository.workflowRuns.find((one) => one.id === numberParam(call, "run_id"));
  if (run === undefined) throw notFound();
  return { repository, run };
}

/** Deployments, environments, and the runs of workflows that ask for them. */
export const deploymentRoutes: Routes = {
  "GET /repos/{owner}/{repo}/deployments": {
    need: READ,
    run(call) {
      const repository = repositoryOf(call);
      const { sha, ref, task, environment } = call.query;
      const found = repository.deployments
        .filter((one) => sha === undefined || one.sha === sha)
        .filter((one) => ref === undefined || one.ref === ref)
        .filter((one) => task === undefined || one.task === task)
        .filter((one) => environment === undefined || one.environment === environment)
        .reverse();
      return paged(call, found, (one) => deploymentShape(call.world, repository, one));
    },
  },
  "GET /repos/{owner}/{repo}/deployments/{deployment_id}": {
    need: READ,
    run(call) {
      const { repository, deployment } = deploymentOf(call);
      return ok(deploymentShape(call.world, repository, deployment));
    },
  },
  "GET /repos/{owner}/{repo}/deployments/{deployment_id}/statuses": {
    need: READ,
    run(call) {
      const { repository, deployment } = deploymentOf(call);
      return paged(call, deployment.statuses.toReversed(), (one) =>
        deploymentStatusShape(call.world, repository, deployment, one),
      );
    },
  },
  "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses": {
    need: ["deployments:write"],
    run(call) {
      const { repository, deployment } = deploymentOf(call);
      const state = STATES.find((one) => one === call.body["state"]);
      if (state === undefined) throw invalidField("DeploymentStatus", "state", "invalid");
      const by = actingAccount(call.world, call.caller);
      const status = createDeploymentStatus(call.world, repository, deployment, by, {
        state,
        description: textField(call, "description"),
        environment: textField(call, "environment"),
        environmentUrl: textField(call, "environment_url"),
        logUrl: textField(call, "log_url") ?? textField(call, "target_url"),
        viaAppId: actingApp(call.caller)?.id ?? null,
        autoInactive: call.body["auto_inactive"] !== false,
      });
      return ok(deploymentStatusShape(call.world, repository, deployment, status), 201);
    },
  },
  "POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule": {
    need: ["deployments:write"],
    run(call) {
      const { repository, run } = runOf(call);
      const app = actingApp(call.caller);
      if (app === null) throw new Refused(403, "You must authenticate via a GitHub App.");
      const environment = textField(call, "environment_name");
      if (environment === undefined) throw invalidField("DeploymentProtectionRule", "environment_name");
      const { state } = call.body;
      const comment = textField(call, "comment");
      if (state !== "approved" && state !== "rejected" && comment === undefined) {
        throw invalidField("DeploymentProtectionRule", "comment");
      }
      answerGate(call.world, repository, run, app, {
        environment,
        state: state === "approved" || state === "rejected" ? state : null,
        comment: comment ?? "",
      });
      return { status: 204 };
    },
  },
  "GET /repos/{owner}/{repo}/environments": {
    need: ACTIONS,
    run(call) {
      const repository = repositoryOf(call);
      return paged(
        call,
        [...repository.environments.values()],
        (one) => environmentShape(call.world, repository, one),
        (environments, total_count) => ({ total_count, environments }),
      );
    },
  },
  "GET /repos/{owner}/{repo}/environments/{environment_name}": {
    need: ACTIONS,
    run(call) {
      const { repository, environment } = environmentOf(call);
      return ok(environmentShape(call.world, repository, environment));
    },
  },
  "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules": {
    need: ACTIONS,
    run(call) {
      const rules = customRuleShapes(call.world, environmentOf(call).environment);
      return ok({ total_count: rules.length, custom_deployment_protection_rules: rules });
    },
  },
  "GET /repos/{owner}/{repo}/actions/runs": {
    need: ACTIONS,
    run(call) {
      const repository = repositoryOf(call);
      const { status, event, branch } = call.query;
      const found = repository.workflowRuns
        .filter((one) => status === undefined || status === one.status || status === one.conclusion)
        .filter((one) => event === undefined || event === one.event)
        .filter((one) => branch === undefined || branch === one.headBranch)
        .toReversed();
      return paged(
        call,
        found,
        (one) => workflowRunShape(call.world, repository, one),
        (workflow_runs, total_count) => ({ total_count, workflow_runs }),
      );
    },
  },
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}": {
    need: ACTIONS,
    run(call) {
      const { repository, run } = runOf(call);
      return ok(workflowRunShape(call.world, repository, run));
    },
  },
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}": {
    need: ACTIONS,
    run(call) {
      const { repository, run } = runOf(call);
      const attempt = numberParam(call, "attempt_number");
      if (attempt === run.runAttempt) return ok(workflowRunShape(call.world, repository, run));
      const before = run.attemptsBefore[attempt - 1];
      if (before === undefined) throw notFound();
      return ok(workflowRunShape(call.world, repository, { ...run, ...before, runAttempt: attempt }));
    },
  },
  "GET /repos/{owner}/{repo}/actions/jobs/{job_id}": {
    need: ACTIONS,
    run(call) {
      const repository = repositoryOf(call);
      const job = repository.checkRuns.find(({ id }) => id === numberParam(call, "job_id"));
      const deployment = repository.deployments.find(({ id }) => id === job?.deploymentId);
      const run = repository.workflowRuns.find(({ id }) => id === deployment?.runId);
      if (job === undefined || run === undefined) throw notFound();
      return ok(jobShape(call.world, repository, run, job));
    },
  },
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/pending_deployments": {
    need: ACTIONS,
    run(call) {
      const { repository, run } = runOf(call);
      return ok(pendingShapes(call.world, repository, run));
    },
  },
  "GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals": {
    need: ACTIONS,
    run(call) {
      const { repository, run } = runOf(call);
      return ok(approvalShapes(call.world, repository, run));
    },
  },
};
