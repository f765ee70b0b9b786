/** The watch: judge every deployment that succeeded in a production environment, with the changes it carried. */

import type { Sha } from "../domain/change.ts";
import { assess } from "../domain/controls/assess.ts";
import { decideDeployment, policyOrDefault } from "../domain/decision.ts";
import type { Deployment, DeploymentKind } from "../domain/deployment.ts";
import { sha256 } from "../domain/digest.ts";
import { isProductionBranch, isProductionEnvironment, refOf } from "../domain/policy/scope.ts";
import type { ChangeRecord, DeploymentRecord } from "../domain/record.ts";
import { currentPolicy, followBranch, sinceOf } from "./assess-change.ts";
import type { Tools, Watched } from "./ports.ts";

/** The deployment's id in our records. */
export function deploymentId(repositoryId: number, number: number, environment: string): string {
  return sha256(`${repositoryId}\n${number}\n${environment.toLowerCase()}`);
}

/** Judges one deployment once it has succeeded in a production environment; anything else is none of ours. */
export async function assessDeployment(
  tools: Tools,
  watched: Watched,
  number: number,
  late: boolean,
): Promise<void> {
  const { repository } = watched;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const read = await tools.github.readDeployment(octokit, repository, number);
  const policy = await currentPolicy(tools, watched);
  const effective = policyOrDefault(policy);
  const success = read.statuses.find(
    (status) => status.state === "success" && isProductionEnvironment(effective, status.environment),
  );
  if (success === undefined) return;
  const id = deploymentId(repository.id, number, success.environment);
  if ((await tools.ledger.state("deployment", id)) !== undefined) return;

  const earlier = await earlierIn(tools, watched, success.environment, success.at, id);
  const previous = earlier.at(-1) ?? null;
  // What was deployed can only be accounted for when the branches it may come from have been followed so far.
  const refs = await watchedRefs(tools, watched);
  for (const ref of refs) await followBranch(tools, watched, ref, late);
  const onProductionBranch = await reachable(tools, watched, refs, read.sha);
  const brought =
    previous === null
      ? null
      : await tools.github.compareCommits(octokit, repository, previous.sha, read.sha, tools.github.lookups);
  const commits = brought === null || brought.truncated ? null : brought.commits;
  const carried = commits === null ? [] : await changesWith(tools, watched, new Set(commits));
  const landed = commits === null ? null : await landedNowhere(tools, watched, refs, commits);
  const deployment: Deployment = {
    id,
    repository,
    number,
    environment: success.environment,
    originalEnvironment: read.originalEnvironment,
    sha: read.sha,
    ref: read.ref,
    creator: read.creator,
    createdAt: read.createdAt,
    statuses: read.statuses,
    succeededAt: success.at,
    previous: previous === null ? null : { id: previous.id, sha: previous.sha, at: previous.succeededAt },
    kind: kindOf(previous?.sha ?? null, read.sha, brought?.status ?? null, onProductionBranch),
    onProductionBranch,
    carried: carried.map(({ change, assessment }) => ({ id: change.id, verdict: assessment.verdict })),
    unaccounted: landed,
    succeededBefore: earlier.some((each) => each.sha === read.sha),
    late,
  };
  const at = deployment.succeededAt;
  const assessment = assess(
    { moment: "deployed", deployment },
    { policy, appId: tools.appId, at, since: sinceOf(watched, policy) },
  );
  const to = { repository, installationId: watched.installationId, appId: tools.appId };
  const now = tools.clock.now();
  await tools.ledger.record(
    decideDeployment({ deployment, assessment, policy, to, detectedAt: now }),
    now,
    watched.fence,
  );
}

function kindOf(
  previous: Sha | null,
  sha: Sha,
  status: string | null,
  onBranch: boolean | null,
): DeploymentKind {
  if (onBranch === false) return "unmerged";
  if (previous === null) return "first";
  if (previous === sha) return "redeploy";
  if (status === "ahead") return "forward";
  if (status === "behind") return "rollback";
  // Both are on production branches, but neither contains the other: a hotfix branch, or the way back from one.
  return status === "diverged" ? "hotfix" : "unknown";
}

/** Deployments that succeeded in this environment before, oldest first. */
async function earlierIn(
  tools: Tools,
  watched: Watched,
  environment: string,
  before: number,
  self: string,
): Promise<readonly Deployment[]> {
  const found: Deployment[] = [];
  for await (const entry of tools.ledger.states("deployment", {
    repositoryId: watched.repository.id,
    to: before + 1,
    order: "at",
  })) {
    const { deployment } = entry.body as DeploymentRecord;
    if (deployment.id !== self && deployment.environment.toLowerCase() === environment.toLowerCase())
      found.push(deployment);
  }
  return found;
}

/** The production branches followed so far. */
export async function watchedRefs(tools: Tools, watched: Watched): Promise<readonly string[]> {
  const prefix = `${watched.repository.id}:`;
  const refs: string[] = [];
  for await (const entry of tools.ledger.states("branch", {
    repositoryId: watched.repository.id,
    subjectPrefix: prefix,
    order: "subject",
  })) {
    refs.push(entry.subject.slice(prefix.length));
  }
  const { defaultBranch } = watched.repository;
  const main = refOf(defaultBranch);
  const isProduction = isProductionBranch(
    policyOrDefault(await currentPolicy(tools, watched)),
    watched.repository,
    defaultBranch,
  );
  return refs.includes(main) || !isProduction ? refs : [main, ...refs];
}

async function reachable(
  tools: Tools,
  watched: Watched,
  refs: readonly string[],
  sha: Sha,
): Promise<boolean | null> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  let sure = true;
  for (const ref of refs) {
    const compared = await tools.github.compareCommits(
      octokit,
      watched.repository,
      ref.replace(/^refs\/heads\//u, ""),
      sha,
      null,
    );
    if (compared === null) sure = false;
    else if (compared.status === "behind" || compared.status === "identical") return true;
  }
  return sure ? false : null;
}

/** The recorded changes whose resulting commit is among these. */
async function changesWith(
  tools: Tools,
  watched: Watched,
  commits: ReadonlySet<Sha>,
): Promise<readonly ChangeRecord[]> {
  const found: ChangeRecord[] = [];
  for await (const entry of tools.ledger.states("change", {
    repositoryId: watched.repository.id,
    order: "at",
  })) {
    const record = entry.body as ChangeRecord;
    if (commits.has(record.change.update.after)) found.push(record);
  }
  return found;
}

/** Of these commits, those on none of the production branches. */
async function landedNowhere(
  tools: Tools,
  watched: Watched,
  refs: readonly string[],
  commits: readonly Sha[],
): Promise<readonly Sha[] | null> {
  const last = commits.at(-1);
  if (last === undefined) return [];
  const octokit = await tools.github.octokits.installation(watched.installationId);
  let missing = new Set(commits);
  for (const ref of refs) {
    const branch = ref.replace(/^refs\/heads\//u, "");
    const compared = await tools.github.compareCommits(octokit, watched.repository, branch, last, null);
    if (compared === null || compared.truncated) return null;
    const notHere = new Set(compared.commits);
    missing = new Set([...missing].filter((sha) => notHere.has(sha)));
  }
  return [...missing];
}
