/** Workflow runs, who approved their jobs, and how environments are guarded. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { DeploymentRun, EnvironmentRules } from "../../domain/deployment/deployment.ts";
import { askAllPages, askIfExists, pagesOf, place } from "../api/requests.ts";
import { allOf } from "../api/partial-list.ts";
import { InstantShape, MaybeActorShape, ShaShape } from "../queries/shapes.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor } from "../../domain/change/people.ts";

const RunShape = z.object({
  id: z.int(),
  head_sha: ShaShape,
  head_branch: z.string().nullish(),
  path: z.string(),
  event: z.string(),
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
  run_attempt: z.int().optional(),
  created_at: InstantShape,
  updated_at: InstantShape,
  run_started_at: InstantShape.optional(),
  actor: MaybeActorShape,
  triggering_actor: MaybeActorShape,
  referenced_workflows: z
    .array(z.object({ path: z.string(), sha: z.string().nullish() }))
    .nullish()
    .catch(undefined),
});

/** Describes a workflow run as GitHub shows it. `branch`: the branch or tag it ran for. */
export interface ReadRun extends Omit<DeploymentRun, "approvals"> {
  readonly sha: Sha;
  readonly branch: string | null;
  readonly status: string;
  readonly conclusion: string | null;
  readonly updatedAt: Instant;
}

function asRun(run: z.infer<typeof RunShape>): ReadRun {
  return {
    id: run.id,
    attempt: run.run_attempt ?? 1,
    event: run.event,
    // On a called workflow GitHub writes the ref behind the path.
    path: run.path.replace(/@.*$/u, ""),
    actor: run.actor,
    triggeringActor: run.triggering_actor,
    createdAt: run.created_at,
    startedAt: run.run_started_at ?? run.created_at,
    called: (run.referenced_workflows ?? []).map(({ path, sha }) => ({ path, sha: sha ?? null })),
    sha: run.head_sha,
    branch: run.head_branch ?? null,
    status: run.status ?? "",
    conclusion: run.conclusion ?? null,
    updatedAt: run.updated_at,
  };
}

/** Reads one run, or null where GitHub does not know it (any more). Throws {@link ExternalError}. */
export async function readRun(client: RepositoryClient, id: number): Promise<ReadRun | null> {
  const route = "GET /repos/{owner}/{repo}/actions/runs/{run_id}";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), run_id: id },
    RunShape,
  );
  return answer === null ? null : asRun(answer.data);
}

/** Pages of 100 runs read of one repository. */
const MOST_PAGES = 20;

/** GitHub gives no more than this many runs of one state. */
const MOST_RUNS = 1_000;

/**
 * Lists the runs made since an instant that succeeded, oldest first; `truncated` where there are more than GitHub gives.
 * Throws {@link ExternalError}.
 */
export async function listSucceededRuns(
  client: RepositoryClient,
  since: Instant,
): Promise<{ readonly listed: readonly ReadRun[]; readonly truncated: boolean }> {
  const found: ReadRun[] = [];
  let seen = 0;
  let truncated = false;
  const pages = pagesOf(
    client.github,
    "GET /repos/{owner}/{repo}/actions/runs",
    { ...place(client.repository), status: "success" },
    z.object({ workflow_runs: z.array(RunShape) }),
    MOST_PAGES,
  );
  for await (const { data, more } of pages) {
    seen += data.workflow_runs.length;
    truncated = more || seen >= MOST_RUNS;
    const recent = data.workflow_runs.filter((run) => run.created_at >= since);
    found.push(...recent.map(asRun));
    if (recent.length === data.workflow_runs.length) continue;
    truncated = false;
    break;
  }
  return { listed: found.toReversed(), truncated };
}

const ApprovalsShape = z.array(
  z.object({
    environments: z.array(z.object({ name: z.string().optional() })),
    state: z.string(),
    user: MaybeActorShape,
    comment: z.string().nullish(),
  }),
);

/** Reads who answered the jobs of a run that waited; null where GitHub would not show it. Throws {@link ExternalError}. */
export async function readApprovals(
  client: RepositoryClient,
  run: number,
): Promise<DeploymentRun["approvals"]> {
  const route = "GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), run_id: run },
    ApprovalsShape,
    [403, 404],
  );
  if (answer === null) return null;
  return answer.data.map(({ environments, state, user, comment }) => ({
    user,
    state,
    environments: environments.map(({ name }) => name ?? ""),
    comment: comment ?? "",
  }));
}

const JobShape = z.object({ deployment: z.object({ id: z.int() }).nullish() });

const JOB = /\/actions\/runs\/(\d+)\/jobs?\/(\d+)/u;

/**
 * Reads the run whose job made a deployment, by the address its statuses link to. It is read as of the attempt that did, with how
 * many attempts there are; null: none did. A workflow that calls the API can write any address, so the job's own deployment is
 * read from the job itself. `unshown`: there is no such job, or none yet. Throws {@link ExternalError}.
 */
export async function runBehind(
  client: RepositoryClient,
  deployment: { readonly number: number; readonly sha: Sha; readonly links: readonly string[] },
): Promise<(ReadRun & { readonly attempts: number }) | "unshown" | null> {
  let isShown = true;
  for (const link of new Set(deployment.links)) {
    const [, run, job] = JOB.exec(link) ?? [];
    if (run === undefined || job === undefined) continue;
    const route = "GET /repos/{owner}/{repo}/check-runs/{check_run_id}";
    const asked = { ...place(client.repository), check_run_id: Number(job) };
    const answer = await askIfExists(client.github, route, asked, JobShape);
    isShown &&= answer !== null;
    if (answer?.data.deployment?.id !== deployment.number) continue;
    const found = await readRun(client, Number(run));
    if (found?.sha === deployment.sha)
      return { ...(await ofAttempt(client, found, Number(job))), attempts: found.attempt };
    isShown &&= found !== null;
  }
  return isShown ? null : "unshown";
}

/** The run as the attempt began it whose job deployed: GitHub gives a run as its newest attempt. */
async function ofAttempt(client: RepositoryClient, newest: ReadRun, job: number): Promise<ReadRun> {
  if (newest.attempt === 1) return newest;
  const where = place(client.repository);
  const shape = z.object({ run_attempt: z.int().optional() });
  const route = "GET /repos/{owner}/{repo}/actions/jobs/{job_id}";
  const shown = await askIfExists(client.github, route, { ...where, job_id: job }, shape);
  const attempt = shown?.data.run_attempt ?? newest.attempt;
  if (attempt === newest.attempt) return newest;
  const asked = { ...where, run_id: newest.id, attempt_number: attempt };
  const of = "GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}";
  const answer = await askIfExists(client.github, of, asked, RunShape);
  return answer === null ? { ...newest, attempt } : asRun(answer.data);
}

const EnvironmentShape = z.object({
  name: z.string(),
  updated_at: InstantShape,
  can_admins_bypass: z.boolean().nullish(),
  protection_rules: z
    .array(
      z.object({
        type: z.string(),
        prevent_self_review: z.boolean().optional(),
        reviewers: z.array(z.unknown()).optional(),
      }),
    )
    .nullish(),
});

const CustomRulesShape = z.object({
  custom_deployment_protection_rules: z
    .array(z.object({ enabled: z.boolean(), app: z.object({ id: z.int() }).nullish() }))
    .nullish(),
});

/**
 * Reads how an environment is guarded now; null: there is no such environment, or GitHub would not show it.
 * Throws {@link ExternalError}.
 */
export async function readEnvironment(
  client: RepositoryClient,
  name: string,
  appId: number,
): Promise<EnvironmentRules | null> {
  const route = "GET /repos/{owner}/{repo}/environments/{environment_name}";
  const asked = { ...place(client.repository), environment_name: name };
  const answer = await askIfExists(client.github, route, asked, EnvironmentShape, [403, 404]);
  if (answer === null) return null;
  const { protection_rules: rules, can_admins_bypass: adminsBypass, updated_at: changedAt } = answer.data;
  const required = (rules ?? []).filter(({ type }) => type === "required_reviewers");
  const custom = await askIfExists(
    client.github,
    `${route}/deployment_protection_rules`,
    asked,
    CustomRulesShape,
    [403, 404],
  );
  return {
    name: answer.data.name,
    reviewers: required.reduce((count, { reviewers }) => count + (reviewers?.length ?? 0), 0),
    preventSelfReview: required.some(({ prevent_self_review: prevents }) => prevents === true),
    adminsBypass: adminsBypass ?? null,
    gated:
      custom === null
        ? null
        : (custom.data.custom_deployment_protection_rules ?? []).some(
            ({ enabled, app }) => enabled && app?.id === appId,
          ),
    changedAt,
  };
}

const TagsShape = z.array(z.object({ name: z.string(), commit: z.object({ sha: ShaShape }) }));

/** Lists every tag with its commit. Throws {@link ExternalError}. */
export async function listTags(
  client: RepositoryClient,
): Promise<readonly { readonly name: string; readonly sha: Sha }[]> {
  const route = "GET /repos/{owner}/{repo}/tags";
  const list = await askAllPages(client.github, route, place(client.repository), TagsShape);
  return allOf(list, "tags")
    .flat()
    .map(({ name, commit }) => ({ name, sha: commit.sha }));
}

const CommitShape = z.object({ sha: ShaShape });

const MakersShape = z.object({
  // Where it ties an author to no account, GitHub sends null or an empty object.
  author: MaybeActorShape.catch(null),
  committer: MaybeActorShape.catch(null),
});

/** Reads the accounts GitHub ties a commit's author and committer to; null where it knows no such commit. Throws {@link ExternalError}. */
export async function readMakers(client: RepositoryClient, sha: Sha): Promise<readonly Actor[] | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), ref: sha },
    MakersShape,
    [404, 422],
  );
  if (answer === null) return null;
  return [answer.data.author, answer.data.committer].filter((each) => each !== null);
}

/** Reads the commit that a commit's id, or a tag's full name, resolves to; null where GitHub has none. Throws {@link ExternalError}. */
export async function readCommit(client: RepositoryClient, name: string): Promise<Sha | null> {
  const route = "GET /repos/{owner}/{repo}/commits/{ref}";
  const answer = await askIfExists(
    client.github,
    route,
    { ...place(client.repository), ref: name },
    CommitShape,
    [404, 422],
  );
  return answer?.data.sha ?? null;
}
