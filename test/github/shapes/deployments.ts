import type {
  CheckRun,
  Deployment,
  DeploymentStatus,
  Environment,
  Repository,
  WorkflowRun,
} from "../model.ts";
import type { World } from "../world.ts";
import { teamShape, userByIdShape } from "./accounts.ts";
import { appByIdShape } from "./apps.ts";
import { simpleCommitShape } from "./commits.ts";
import { htmlUrl, iso, type Shape } from "./form.ts";
import { repositoryPage, repositoryShape, repositoryUrl } from "./repositories.ts";

/** A deployment. */
export function deploymentShape(world: World, repository: Repository, deployment: Deployment): Shape {
  const url = repositoryUrl(world, repository, `/deployments/${deployment.id}`);
  return {
    url,
    id: deployment.id,
    node_id: deployment.nodeId,
    task: deployment.task,
    original_environment: deployment.originalEnvironment,
    environment: deployment.environment,
    description: deployment.description,
    created_at: iso(deployment.createdAt),
    updated_at: iso(deployment.updatedAt),
    statuses_url: `${url}/statuses`,
    repository_url: repositoryUrl(world, repository),
    creator: userByIdShape(world, deployment.creatorId),
    sha: deployment.sha,
    ref: deployment.ref,
    payload: deployment.payload,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: deployment.viaAppId === null ? null : appByIdShape(world, deployment.viaAppId),
  };
}

/** One status of a deployment. */
export function deploymentStatusShape(
  world: World,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
): Shape {
  const deploymentUrl = repositoryUrl(world, repository, `/deployments/${deployment.id}`);
  return {
    url: `${deploymentUrl}/statuses/${status.id}`,
    id: status.id,
    node_id: status.nodeId,
    state: status.state,
    creator: userByIdShape(world, status.creatorId),
    description: status.description,
    environment: status.environment,
    target_url: status.targetUrl,
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
    deployment_url: deploymentUrl,
    repository_url: repositoryUrl(world, repository),
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
    performed_via_github_app: status.viaAppId === null ? null : appByIdShape(world, status.viaAppId),
  };
}

/** An environment with the rules that guard it; `can_admins_bypass` is answered but undocumented, as on GitHub. */
export function environmentShape(world: World, repository: Repository, environment: Environment): Shape {
  const rules: Shape[] = [];
  if (environment.waitTimer > 0) {
    rules.push({ ...ruleIdentity(environment, 1), type: "wait_timer", wait_timer: environment.waitTimer });
  }
  if (environment.reviewers.length > 0) {
    rules.push({
      ...ruleIdentity(environment, 2),
      type: "required_reviewers",
      prevent_self_review: environment.preventSelfReview,
      reviewers: environment.reviewers.map((one) => ({
        type: one.type,
        reviewer: reviewerShape(world, one.type, one.id),
      })),
    });
  }
  if (environment.branchPolicy !== null) {
    rules.push({ ...ruleIdentity(environment, 3), type: "branch_policy" });
  }
  return {
    id: environment.id,
    node_id: environment.nodeId,
    name: environment.name,
    url: repositoryUrl(world, repository, `/environments/${encodeURIComponent(environment.name)}`),
    html_url: repositoryPage(
      world,
      repository,
      `/deployments/activity_log?environments_filter=${encodeURIComponent(environment.name)}`,
    ),
    created_at: iso(environment.createdAt),
    updated_at: iso(environment.updatedAt),
    can_admins_bypass: environment.adminsBypass,
    protection_rules: rules,
    deployment_branch_policy:
      environment.branchPolicy === null
        ? null
        : {
            protected_branches: environment.branchPolicy.protectedBranches,
            custom_branch_policies: environment.branchPolicy.customBranchPolicies,
          },
  };
}

function ruleIdentity(environment: Environment, place: number): Shape {
  const id = environment.id * 10 + place;
  return { id, node_id: `GA_${Buffer.from(`EnvironmentRule:${id}`).toString("base64url")}` };
}

function reviewerShape(world: World, type: "User" | "Team", id: number): Shape {
  const team = type === "Team" ? world.teams.get(id) : undefined;
  return team === undefined ? userByIdShape(world, id) : teamShape(world, team);
}

/** The apps asked before a deployment to an environment goes on. */
export function customRuleShapes(world: World, environment: Environment): Shape[] {
  return environment.customRules.map((rule) => {
    const app = world.apps.get(rule.appId);
    return {
      id: rule.id,
      node_id: rule.nodeId,
      enabled: rule.enabled,
      app: {
        id: rule.appId,
        slug: app?.slug ?? "",
        integration_url: `${world.apiUrl}/apps/${app?.slug ?? ""}`,
        node_id: app?.nodeId ?? "",
      },
    };
  });
}

/** The environments a run waits before. */
export function pendingShapes(world: World, repository: Repository, run: WorkflowRun): Shape[] {
  if (run.status !== "waiting") return [];
  const waiting = repository.deployments.filter(
    (one) => one.runId === run.id && one.statuses.at(-1)?.state === "waiting",
  );
  return waiting.flatMap(({ environment: name }) => {
    const environment = repository.environments.get(name);
    if (environment === undefined) return [];
    const url = repositoryUrl(world, repository, `/environments/${encodeURIComponent(name)}`);
    return [
      {
        environment: {
          id: environment.id,
          node_id: environment.nodeId,
          name,
          url,
          html_url: repositoryPage(
            world,
            repository,
            `/deployments/activity_log?environments_filter=${name}`,
          ),
        },
        wait_timer: environment.waitTimer,
        wait_timer_started_at: null,
        current_user_can_approve: false,
        reviewers: environment.reviewers.map(({ type, id }) => ({
          type,
          reviewer: reviewerShape(world, type, id),
        })),
      },
    ];
  });
}

/** A run of a workflow. */
export function workflowRunShape(world: World, repository: Repository, run: WorkflowRun): Shape {
  const url = repositoryUrl(world, repository, `/actions/runs/${run.id}`);
  const file = `.github/workflows/${run.name}.yml`;
  const suite = repository.checkSuites.find((one) => one.id === run.suiteId);
  return {
    id: run.id,
    name: run.name,
    node_id: run.nodeId,
    check_suite_id: run.suiteId,
    check_suite_node_id: suite?.nodeId ?? "",
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: file,
    run_number: run.runNumber,
    run_attempt: run.runAttempt,
    referenced_workflows: run.called.map((each) => ({ ...each })),
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    display_title: world.git(repository).commit(run.headSha)?.message.split("\n")[0] ?? run.name,
    workflow_id: 1,
    url,
    html_url: repositoryPage(world, repository, `/actions/runs/${run.id}`),
    pull_requests: [],
    created_at: iso(run.createdAt),
    updated_at: iso(run.updatedAt),
    actor: userByIdShape(world, run.actorId),
    triggering_actor: userByIdShape(world, run.triggeringActorId),
    run_started_at: iso(run.startedAt),
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: repositoryUrl(world, repository, `/check-suites/${run.suiteId}`),
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.runAttempt > 1 ? `${url}/attempts/${run.runAttempt - 1}` : null,
    workflow_url: repositoryUrl(world, repository, "/actions/workflows/1"),
    head_commit: simpleCommitShape(world, repository, run.headSha),
    repository: repositoryShape(world, repository),
    head_repository: repositoryShape(world, repository),
  };
}

/** The job of a run that deploys. */
export function jobShape(world: World, repository: Repository, run: WorkflowRun, job: CheckRun): Shape {
  return {
    id: job.id,
    node_id: job.nodeId,
    run_id: run.id,
    run_url: repositoryUrl(world, repository, `/actions/runs/${run.id}`),
    run_attempt: job.runAttempt,
    head_sha: run.headSha,
    workflow_name: run.name,
    head_branch: run.headBranch,
    name: job.name,
    url: repositoryUrl(world, repository, `/actions/jobs/${job.id}`),
    html_url: job.detailsUrl,
    status: job.status,
    conclusion: job.conclusion,
    created_at: iso(job.startedAt ?? run.startedAt),
    started_at: iso(job.startedAt ?? run.startedAt),
    completed_at: job.completedAt === null ? null : iso(job.completedAt),
    check_run_url: repositoryUrl(world, repository, `/check-runs/${job.id}`),
    labels: ["ubuntu-latest"],
    runner_id: 1,
    runner_name: "a runner",
    runner_group_id: 1,
    runner_group_name: "Default",
  };
}

/** What apps and people answered about the deployments of a run (`environment-approvals`). */
export function approvalShapes(world: World, repository: Repository, run: WorkflowRun): Shape[] {
  const environments = (name: string): Shape[] => {
    const environment = repository.environments.get(name);
    return environment === undefined ? [] : [approvedEnvironment(world, repository, environment)];
  };
  const people = run.approvals.map((each) => ({
    environments: environments(each.environment),
    state: each.state,
    user: userByIdShape(world, each.accountId),
    comment: each.comment,
  }));
  const deployments = repository.deployments.filter((one) => one.runId === run.id);
  const apps = deployments.flatMap((deployment) =>
    deployment.gates.flatMap((gate) => {
      const last = gate.answers.at(-1);
      if (gate.state === "waiting" || last === undefined) return [];
      return [
        {
          environments: environments(gate.environment),
          state: gate.state,
          user: userByIdShape(world, world.apps.get(gate.appId)?.botId ?? 0),
          comment: last.comment,
        },
      ];
    }),
  );
  return [...people, ...apps];
}

function approvedEnvironment(world: World, repository: Repository, environment: Environment): Shape {
  return {
    id: environment.id,
    node_id: environment.nodeId,
    name: environment.name,
    url: repositoryUrl(world, repository, `/environments/${encodeURIComponent(environment.name)}`),
    html_url: htmlUrl(world, `/${world.fullName(repository)}/deployments`),
    created_at: iso(environment.createdAt),
    updated_at: iso(environment.updatedAt),
  };
}
