/** The watch: judge every deployment that succeeded in a production environment, with the changes it carried. */

import { NO_COMMIT, type Instant, type Sha } from "../domain/change.ts";
import { assess } from "../domain/controls/assess.ts";
import { decideDeployment, policyOrDefault } from "../domain/decision.ts";
import type { Deployment, DeploymentKind, DeploymentStatus } from "../domain/deployment.ts";
import { sha256 } from "../domain/digest.ts";
import { isProductionBranch, isProductionEnvironment, refOf } from "../domain/policy/scope.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import type { BranchRecord, ChangeRecord, DeploymentRecord } from "../domain/record.ts";
import { Trouble } from "../domain/trouble.ts";
import type { readDeployment } from "../github/deployments.ts";
import { currentPolicy, followBranch, policyAt, sinceOf } from "./assess-change.ts";
import { noteLanded } from "./exposed.ts";
import { SETTLING } from "./gather.ts";
import { landedChanges, type Landed } from "./landed.ts";
import type { Tools, Watched } from "./ports.ts";

/** How soon lists that lag are asked again (ms). */
const ASK_AGAIN = 5_000;

/** A deployment may succeed before one that was made earlier, but not by more than this (ms). */
const OVERTAKING = 24 * 3_600_000;

/** So many updates of a branch are looked at to find the one that brought a commit in its middle. */
const MOST_UPDATES = 20;

/** So many earlier deployments of a commit are looked at to find one that succeeded before we watched. */
const MOST_EARLIER = 5;

type Read = Awaited<ReturnType<typeof readDeployment>>;

/** One success of a deployment in a production environment, and the policy it is judged by. */
interface Success {
  readonly read: Read;
  readonly status: DeploymentStatus;
  readonly policy: PolicyInForce;
}

/** The deployment's id in our records. */
export function deploymentId(repositoryId: number, number: number, environment: string): string {
  return sha256(`${repositoryId}\n${number}\n${environment.toLowerCase()}`);
}

/**
 * Judges one deployment once it has succeeded in a production environment; anything else is none of ours. What succeeded
 * there before and was not recorded is judged first, so that neither order nor loss makes a later one look like the first.
 */
export async function assessDeployment(tools: Tools, watched: Watched, number: number): Promise<void> {
  for (const success of await successesOf(tools, watched, number)) {
    for (const earlier of await unrecordedBefore(tools, watched, success)) {
      await recordSuccess(tools, watched, earlier);
    }
    await recordSuccess(tools, watched, success);
  }
}

/** Each production environment this deployment succeeded in and no record says so, with the first success there. */
async function successesOf(tools: Tools, watched: Watched, number: number): Promise<readonly Success[]> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const read = await tools.github.readDeployment(octokit, watched.repository, number);
  const succeeded: DeploymentStatus[] = [];
  for (const status of read.statuses) {
    const isNews = status.state === "success" && status.at >= watched.since;
    if (isNews && !(await isRecorded(tools, watched, number, status.environment))) succeeded.push(status);
  }
  if (succeeded.length === 0) return [];
  const policy = await policyWhen(tools, watched, read.createdAt);
  const first = new Map<string, DeploymentStatus>();
  for (const status of succeeded) {
    const environment = status.environment.toLowerCase();
    if (isProductionEnvironment(policyOrDefault(policy), environment) && !first.has(environment))
      first.set(environment, status);
  }
  return [...first.values()].map((status) => ({ read, status, policy }));
}

/** The policy the default branch had at a moment, as far as its updates are recorded. */
async function policyWhen(tools: Tools, watched: Watched, at: Instant): Promise<PolicyInForce> {
  const ref = refOf(watched.repository.defaultBranch);
  const updates = (await landedChanges(tools, watched.repository.id)).filter((each) => each.ref === ref);
  const then = updates.findLast((each) => each.at <= at);
  if (then === updates.at(-1)) return currentPolicy(tools, watched);
  const place = await tools.ledger.state("branch", `${watched.repository.id}:${ref}`);
  const origin = place === undefined ? null : (place.body as BranchRecord).origin.head;
  const commit = then?.after ?? origin;
  return commit === null || commit === NO_COMMIT
    ? currentPolicy(tools, watched)
    : policyAt(tools, watched, commit);
}

async function isRecorded(
  tools: Tools,
  watched: Watched,
  number: number,
  environment: string,
): Promise<boolean> {
  const id = deploymentId(watched.repository.id, number, environment);
  return (await tools.ledger.state("deployment", id)) !== undefined;
}

/** What succeeded in the same environment before and no webhook told, oldest first. */
async function unrecordedBefore(
  tools: Tools,
  watched: Watched,
  { read, status }: Success,
): Promise<readonly Success[]> {
  const { repository } = watched;
  const { environment } = status;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const last = (await earlierIn(tools, watched, environment, status.at)).at(-1);
  const from = Math.max(watched.since, (last?.createdAt ?? watched.since) - OVERTAKING);
  const found: Success[] = [];
  for (const { number } of await tools.github.listDeployments(octokit, repository, from, { environment })) {
    if (number === read.number || (await isRecorded(tools, watched, number, environment))) continue;
    const key = `deployment:${deploymentId(repository.id, number, environment)}`;
    const successes = await tools.github.lookups.remember(key, [], () => successesOf(tools, watched, number));
    found.push(
      ...successes.filter(
        (each) =>
          each.status.environment.toLowerCase() === environment.toLowerCase() &&
          isBefore(each.status, status),
      ),
    );
  }
  return found.toSorted((a, b) => (isBefore(a.status, b.status) ? -1 : 1));
}

function isBefore(a: DeploymentStatus, b: DeploymentStatus): boolean {
  return a.at < b.at || (a.at === b.at && a.id < b.id);
}

async function recordSuccess(
  tools: Tools,
  watched: Watched,
  { read, status, policy }: Success,
): Promise<void> {
  const { repository } = watched;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const id = deploymentId(repository.id, read.number, status.environment);
  const earlier = await earlierIn(tools, watched, status.environment, status.at, id);
  const previous = earlier.at(-1) ?? null;
  const branches = await compareWithBranches(tools, watched, read.sha);
  const brought =
    previous === null
      ? null
      : await tools.github.compareCommits(octokit, repository, previous.sha, read.sha, tools.github.lookups);
  const commits = brought === null || brought.truncated ? null : brought.commits;
  const account =
    commits === null
      ? { carried: [], unaccounted: null }
      : await accountFor(tools, watched, { commits, branches, sha: read.sha, at: status.at });
  const kind = kindOf(previous?.sha ?? null, read.sha, brought?.status ?? null, branches.onProductionBranch);
  const deployment: Deployment = {
    id,
    repository,
    number: read.number,
    environment: status.environment,
    originalEnvironment: read.originalEnvironment,
    sha: read.sha,
    ref: read.ref,
    creator: read.creator,
    createdAt: read.createdAt,
    statuses: read.statuses,
    succeededAt: status.at,
    previous: previous === null ? null : { id: previous.id, sha: previous.sha, at: previous.succeededAt },
    kind,
    onProductionBranch: branches.onProductionBranch,
    carried: account.carried,
    unaccounted: account.unaccounted,
    succeededBefore:
      earlier.some((each) => each.sha === read.sha) ||
      (kind === "rollback" && (await ranBeforeWeWatched(tools, watched, read, status))),
    late: tools.clock.now() - status.at >= SETTLING,
  };
  const assessment = assess(
    { moment: "deployed", deployment },
    { policy, appId: tools.appId, at: status.at, since: sinceOf(watched, policy) },
  );
  const to = { repository, installationId: watched.installationId, appId: tools.appId };
  const now = tools.clock.now();
  await tools.ledger.record(
    decideDeployment({ deployment, assessment, policy, to, detectedAt: now }),
    now,
    watched.fence,
  );
  await noteLanded(tools, watched, deployment.id);
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
  before: Instant,
  self = "",
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

/** Where a commit stands to the production branches. */
interface Standing {
  readonly onProductionBranch: boolean | null;
  /** The production branch found to hold it. */
  readonly ref: string | null;
  /** Of the commit and its ancestors, those on none of the branches; null when GitHub would not say. */
  readonly nowhere: readonly Sha[] | null;
}

/** Asks branch by branch, the default branch first, until one holds the commit. */
async function compareWithBranches(tools: Tools, watched: Watched, sha: Sha): Promise<Standing> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  let sure = true;
  let nowhere: readonly Sha[] | null = null;
  let whole = true;
  for (const ref of await watchedRefs(tools, watched)) {
    const branch = ref.replace(/^refs\/heads\//u, "");
    const compared = await tools.github.compareCommits(octokit, watched.repository, branch, sha, null);
    if (compared === null) {
      sure = false;
      continue;
    }
    if (compared.status === "behind" || compared.status === "identical")
      return { onProductionBranch: true, ref, nowhere: [] };
    const lacks = new Set(compared.commits);
    whole &&= !compared.truncated;
    nowhere = nowhere === null ? compared.commits : nowhere.filter((each) => lacks.has(each));
  }
  return { onProductionBranch: sure ? false : null, ref: null, nowhere: sure && whole ? nowhere : null };
}

/** The changes that brought these commits to the production branches, and the commits that no change accounts for. */
async function accountFor(
  tools: Tools,
  watched: Watched,
  brought: {
    readonly commits: readonly Sha[];
    readonly branches: Standing;
    readonly sha: Sha;
    readonly at: Instant;
  },
): Promise<Pick<Deployment, "carried" | "unaccounted">> {
  const { commits, branches, sha, at } = brought;
  const wanted = new Set(commits);
  const pick = (landed: readonly Landed[]): readonly Landed[] =>
    landed.filter((each) => wanted.has(each.after));
  const unaccounted = branches.nowhere?.filter((each) => wanted.has(each)) ?? null;
  if (commits.length === 0) return { carried: [], unaccounted };
  let landed = await landedChanges(tools, watched.repository.id);
  if (!landed.some((each) => each.after === sha)) {
    for (const ref of branches.ref === null ? await watchedRefs(tools, watched) : [branches.ref])
      await followBranch(tools, watched, ref);
    landed = await landedChanges(tools, watched.repository.id);
  }
  const carried = [...pick(landed)];
  if (branches.ref !== null && !landed.some((each) => each.after === sha)) {
    const around = await broughtWithin(tools, watched, landed, branches.ref, sha);
    if (around === "older") return { carried: await verdictsOf(tools, carried), unaccounted };
    if (around === null) {
      if (tools.clock.now() - at < SETTLING) {
        throw new Trouble("github-answer", `GitHub does not list yet which update brought ${sha}.`, {
          waitMs: ASK_AGAIN,
        });
      }
      return { carried: await verdictsOf(tools, carried), unaccounted: null };
    }
    carried.push(around);
  }
  return { carried: await verdictsOf(tools, carried), unaccounted };
}

/** The update that brought a commit together with later ones; `older`: it was there when observation began; null: none is recorded. */
async function broughtWithin(
  tools: Tools,
  watched: Watched,
  landed: readonly Landed[],
  ref: string,
  sha: Sha,
): Promise<Landed | "older" | null> {
  const place = await tools.ledger.state("branch", `${watched.repository.id}:${ref}`);
  const origin = place === undefined ? NO_COMMIT : (place.body as BranchRecord).origin.head;
  if (origin !== NO_COMMIT && (await contains(tools, watched, origin, sha))) return "older";
  const updates = landed.filter((each) => each.ref === ref && each.after !== NO_COMMIT);
  for (const update of updates.toReversed().slice(0, MOST_UPDATES)) {
    if (!(await contains(tools, watched, update.after, sha))) return null;
    const isNew = update.before === NO_COMMIT || !(await contains(tools, watched, update.before, sha));
    if (isNew) return update;
  }
  return null;
}

/** Whether `sha` is `commit` or an ancestor of it, as far as GitHub says. */
async function contains(tools: Tools, watched: Watched, commit: Sha, sha: Sha): Promise<boolean> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { lookups } = tools.github;
  const compared = await tools.github.compareCommits(octokit, watched.repository, commit, sha, lookups);
  return compared !== null && (compared.status === "behind" || compared.status === "identical");
}

async function verdictsOf(tools: Tools, landed: readonly Landed[]): Promise<Deployment["carried"]> {
  const found = [];
  for (const { id } of landed) {
    const entry = await tools.ledger.state("change", id);
    if (entry !== undefined) found.push({ id, verdict: (entry.body as ChangeRecord).assessment.verdict });
  }
  return found;
}

/** Whether GitHub knows an earlier success of the same commit in the same environment, also from before we watched. */
async function ranBeforeWeWatched(
  tools: Tools,
  watched: Watched,
  { number, sha }: Read,
  { environment, at }: DeploymentStatus,
): Promise<boolean> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const only = { environment, sha };
  const listed = await tools.github.listDeployments(octokit, watched.repository, 0, only);
  for (const earlier of listed.filter((each) => each.number !== number).slice(-MOST_EARLIER)) {
    const { statuses } = await tools.github.readDeployment(octokit, watched.repository, earlier.number);
    const ran = statuses.some(
      (status) =>
        status.state === "success" &&
        status.at < at &&
        status.environment.toLowerCase() === environment.toLowerCase(),
    );
    if (ran) return true;
  }
  return false;
}
