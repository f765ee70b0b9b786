import type { CheckRun, CheckSuite, CommitStatus, Repository, Sha } from "../model.ts";
import type { World } from "../world.ts";
import { userByIdShape } from "./accounts.ts";
import { appByIdShape } from "./apps.ts";
import { simpleCommitShape } from "./commits.ts";
import { deploymentShape } from "./deployments.ts";
import { htmlUrl, iso, isoOrNull, type Shape } from "./form.ts";
import { minimalPullShape } from "./pulls.ts";
import { repositoryPage, repositoryShape, repositoryUrl } from "./repositories.ts";

/** The open pull requests of this repository whose head is a commit, as checks list them: none whose head is in a fork. */
function pullsAt(world: World, repository: Repository, sha: Sha): Shape[] {
  return [...repository.pulls.values()]
    .filter((pull) => pull.state === "open" && pull.head.sha === sha)
    .filter((pull) => pull.head.repositoryId === repository.id)
    .map((pull) => minimalPullShape(world, repository, pull));
}

/** A check run. */
export function checkRunShape(world: World, repository: Repository, run: CheckRun): Shape {
  const url = repositoryUrl(world, repository, `/check-runs/${run.id}`);
  const app = world.apps.get(run.appId);
  return {
    id: run.id,
    name: run.name,
    node_id: run.nodeId,
    head_sha: run.headSha,
    external_id: run.externalId,
    url,
    html_url: repositoryPage(world, repository, `/runs/${run.id}`),
    details_url: run.detailsUrl ?? htmlUrl(world, `/apps/${app?.slug ?? "unknown"}/about`),
    status: run.status,
    conclusion: run.conclusion,
    started_at: isoOrNull(run.startedAt),
    completed_at: isoOrNull(run.completedAt),
    output: {
      title: run.output.title,
      summary: run.output.summary,
      text: run.output.text,
      annotations_count: run.output.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suiteId },
    app: appByIdShape(world, run.appId),
    pull_requests: pullsAt(world, repository, run.headSha),
    ...jobDeployment(world, repository, run),
  };
}

/** A job that names an environment tells its deployment. */
function jobDeployment(world: World, repository: Repository, run: CheckRun): Shape {
  const made = run.deploymentId === null ? undefined : world.deployment(repository, run.deploymentId);
  if (made === undefined) return {};
  const {
    creator: _,
    sha: __,
    ref: ___,
    payload: ____,
    ...simple
  } = deploymentShape(world, repository, made);
  return { deployment: simple };
}

/** What a suite's runs come to: GitHub's rollup of their states. */
export function suiteState(
  repository: Repository,
  suite: CheckSuite,
): { status: "queued" | "in_progress" | "completed"; conclusion: string | null; runs: CheckRun[] } {
  const all = repository.checkRuns.filter((run) => run.suiteId === suite.id);
  const runs = [...new Map(all.map((run) => [`${run.name} ${run.leg ?? ""}`, run])).values()];
  if (runs.length === 0) return { status: "queued", conclusion: null, runs };
  if (runs.some((run) => run.status !== "completed"))
    return { status: "in_progress", conclusion: null, runs };
  const worst = [
    "failure",
    "timed_out",
    "action_required",
    "cancelled",
    "stale",
    "success",
    "neutral",
    "skipped",
  ];
  const conclusion = worst.find((one) => runs.some((run) => run.conclusion === one)) ?? null;
  return { status: "completed", conclusion, runs };
}

/** A check suite. */
export function checkSuiteShape(world: World, repository: Repository, suite: CheckSuite): Shape {
  const url = repositoryUrl(world, repository, `/check-suites/${suite.id}`);
  const { status, conclusion, runs } = suiteState(repository, suite);
  return {
    id: suite.id,
    node_id: suite.nodeId,
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    status,
    conclusion,
    url,
    before: world.git(repository).commit(suite.headSha)?.parents[0] ?? null,
    after: suite.headSha,
    pull_requests: pullsAt(world, repository, suite.headSha),
    app: appByIdShape(world, suite.appId),
    repository: repositoryShape(world, repository),
    created_at: iso(suite.createdAt),
    updated_at: iso(suite.updatedAt),
    head_commit: simpleCommitShape(world, repository, suite.headSha),
    latest_check_runs_count: runs.length,
    check_runs_url: `${url}/check-runs`,
    rerequestable: true,
    runs_rerequestable: true,
  };
}

/** A commit status (`status`). */
export function statusShape(world: World, repository: Repository, status: CommitStatus): Shape {
  return {
    url: repositoryUrl(world, repository, `/statuses/${status.sha}`),
    avatar_url: htmlUrl(world, `/avatars/u/${status.creatorId}`),
    id: status.id,
    node_id: status.nodeId,
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
    creator: userByIdShape(world, status.creatorId),
  };
}

/** The newest status of each context on a commit, newest first. */
export function newestStatuses(repository: Repository, sha: Sha): CommitStatus[] {
  const all = repository.statuses.filter((status) => status.sha === sha);
  return [...new Map(all.map((status) => [status.context, status])).values()].reverse();
}

/** All contexts of a commit folded into one state (`combined-commit-status`). */
export function combinedStatusShape(world: World, repository: Repository, sha: Sha): Shape {
  const newest = newestStatuses(repository, sha);
  const some = (...states: string[]): boolean => newest.some((status) => states.includes(status.state));
  const waiting = newest.length === 0 || some("pending");
  return {
    state: some("error", "failure") ? "failure" : waiting ? "pending" : "success",
    // GitHub pages these by 100 and nobody has more contexts on one commit.
    statuses: newest.slice(0, 100).map((status) => statusShape(world, repository, status)),
    sha,
    total_count: newest.length,
    repository: repositoryShape(world, repository),
    commit_url: repositoryUrl(world, repository, `/commits/${sha}`),
    url: repositoryUrl(world, repository, `/commits/${sha}/status`),
  };
}
