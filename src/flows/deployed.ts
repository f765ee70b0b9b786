/** What succeeded in production, however we know of it: what it brought there, who let it pass, and how it is judged. */

import { NO_COMMIT, type Actor, type Instant, type Sha } from "../domain/change.ts";
import { dueAfter } from "../domain/calendar.ts";
import { contributorsOf } from "../domain/contribution.ts";
import { assess } from "../domain/controls/assess.ts";
import { decideDeployment, policyOrDefault, seedOfDeployment } from "../domain/decision.ts";
import type {
  Carried,
  Deployment,
  DeploymentKind,
  DeploymentOrigin,
  DeploymentRun,
  DeploymentStatus,
  EnvironmentRules,
} from "../domain/deployment.ts";
import { decideUse } from "../domain/emergency/use.ts";
import { isProductionBranch, refOf } from "../domain/policy/scope.ts";
import type { PolicyInForce } from "../domain/policy/tighten.ts";
import type { BranchRecord, ChangeRecord, DeploymentRecord } from "../domain/record.ts";
import { Trouble } from "../domain/trouble.ts";
import { currentPolicy, followBranch, sinceOf } from "./assess-change.ts";
import { emergenciesForDeployment, planDue } from "./emergencies.ts";
import { knownDeployments, type KnownDeployment } from "./deployments-known.ts";
import { policyAt } from "./policy.ts";
import { noteLanded } from "./exposed.ts";
import { gateOf } from "./gates.ts";
import { SETTLING } from "./gather.ts";
import { askForMergeBack, isMergedBack } from "./merge-back.ts";
import { landedChanges, type Landed } from "./landed.ts";
import type { Tools, Watched } from "./ports.ts";
import { ownKey, spansAt, standingOf } from "./standing.ts";

/** How soon lists that lag are asked again (ms). */
const ASK_AGAIN = 5_000;

/** So many updates of a branch are looked at to find the one that brought a commit in its middle. */
const MOST_UPDATES = 20;

/** So many earlier deployments of a commit are looked at to find one that succeeded before we watched. */
const MOST_EARLIER = 5;

/** One success in production, and the policy it is judged by. */
export interface Success {
  readonly id: string;
  readonly origin: DeploymentOrigin;
  readonly environment: string;
  readonly originalEnvironment: string | null;
  readonly sha: Sha;
  readonly ref: string;
  readonly creator: Actor | null;
  readonly createdAt: Instant;
  readonly statuses: readonly DeploymentStatus[];
  /** When it succeeded. */
  readonly at: Instant;
  readonly run: DeploymentRun | null;
  readonly rules: EnvironmentRules | null;
  readonly policy: PolicyInForce;
}

/** Records a success with its verdict and whatever follows; answers what was recorded. Throws Trouble, also where GitHub's lists do not agree yet. */
export async function recordSuccess(tools: Tools, watched: Watched, success: Success): Promise<Deployment> {
  const deployment = await gatherDeployment(tools, watched, success);
  // Asked before it is recorded, so that neither is lost alone.
  await askForMergeBack(tools, deployment);
  await recordDeployment(tools, watched, deployment, success.policy);
  return deployment;
}

/** Judges a deployment and records it, for the first time or because more is known of it. */
export async function recordDeployment(
  tools: Tools,
  watched: Watched,
  deployment: Deployment,
  policy: PolicyInForce,
): Promise<void> {
  const at = deployment.succeededAt;
  const emergencies = await emergenciesForDeployment(tools, watched, deployment);
  const assessment = assess(
    { moment: "deployed", deployment, emergencies },
    { policy, appId: tools.appId, at, since: sinceOf(watched, policy) },
  );
  const to = { repository: watched.repository, installationId: watched.installationId, appId: tools.appId };
  const now = tools.clock.now();
  const { verdict } = assessment;
  const where = deployment.environment.toLowerCase();
  const spans = await spansAt(tools, watched, { at, where, verdict });
  const seed = seedOfDeployment({ deployment, assessment, policy, spans });
  const standing = await standingOf(tools, watched, policyOrDefault(policy), ownKey(seed), deployment.id);
  const decided = decideDeployment({
    deployment,
    assessment,
    policy,
    to,
    detectedAt: now,
    spans,
    standing,
    emergencies,
  });
  const use = decideUse({
    assessment,
    emergencies,
    use: { at, subject: deployment.id, shipped: deployment.sha },
    policy,
  });
  const entries = [...decided.entries, ...use.entries];
  const actions = tools.past === undefined ? decided.actions : [];
  await tools.ledger.record({ entries, actions }, now, watched.fence);
  await planDue(tools, watched, use.after);
  await noteLanded(tools, watched, deployment.id, seed?.cause.shared);
}

/** Everything known of a success, or of what would be one if it succeeded now. */
export async function gatherDeployment(
  tools: Tools,
  watched: Watched,
  success: Success,
): Promise<Deployment> {
  const { repository } = watched;
  const { id, sha, environment, at, origin } = success;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const earlier = await earlierIn(tools, watched, environment, at, id);
  const previous = earlier.at(-1) ?? null;
  const now = await standingAt(tools, watched, sha, at);
  const brought =
    previous === null
      ? null
      : await tools.github.compareCommits(octokit, repository, previous.sha, sha, tools.github.lookups);
  const commits = brought === null || brought.truncated ? null : brought.commits;
  const accountWith = async (where: Standing): Promise<Account> =>
    previous !== null && commits === null
      ? { carried: [], unaccounted: null, landedAt: null }
      : await accountFor(tools, watched, { commits, standing: where, sha, at });
  const found = await accountWith(now);
  const ref =
    found.landedAt !== null && found.landedAt > at
      ? await landedElsewhere(tools, watched, { sha, at, ref: now.ref })
      : null;
  const standing: Standing = ref === null ? now : { onProductionBranch: true, ref, nowhere: [] };
  const account = ref === null ? found : await accountWith(standing);
  // What came to the branch only afterwards was on none when it was deployed, whenever we look.
  const cameLater = account.landedAt !== null && account.landedAt > at;
  const onProductionBranch = cameLater ? false : standing.onProductionBranch;
  const kind =
    onProductionBranch === false
      ? "unmerged"
      : await kindOf(tools, watched, {
          previous: previous?.sha ?? null,
          sha,
          status: brought?.status ?? null,
          standing,
        });
  const { production, calendar } = policyOrDefault(success.policy);
  const owed = kind === "hotfix" ? production.mergeBack : null;
  const before = earlier.findLast((each) => each.sha === sha);
  return {
    id,
    repository,
    origin,
    number: origin.kind === "github" ? origin.number : null,
    environment,
    originalEnvironment: success.originalEnvironment,
    sha,
    ref: success.ref,
    creator: success.creator,
    createdAt: success.createdAt,
    statuses: success.statuses,
    succeededAt: at,
    previous: previous === null ? null : { id: previous.id, sha: previous.sha, at: previous.succeededAt },
    kind,
    onProductionBranch,
    landedAt: account.landedAt,
    run: success.run,
    rules: success.rules,
    gate: await gateOf(tools, watched, success),
    carried: previous === null ? [] : account.carried,
    unaccounted: previous === null ? null : account.unaccounted,
    succeededBefore:
      before !== undefined || (kind === "rollback" && (await ranBeforeWeWatched(tools, watched, success))),
    verdictBefore: before?.contentVerdict ?? null,
    mergeBack: owed === null ? null : { dueAt: dueAfter(at, owed, calendar), state: "due" },
    late: tools.clock.now() - at >= SETTLING,
  };
}

/** The policy the default branch had at a moment, as far as its updates are recorded. */
export async function policyWhen(tools: Tools, watched: Watched, at: Instant): Promise<PolicyInForce> {
  const ref = refOf(watched.repository.defaultBranch);
  const updates = (await landedChanges(tools, watched.repository.id)).filter((each) => each.ref === ref);
  const then = updates.findLast((each) => each.at <= at);
  if (then === updates.at(-1) && tools.past === undefined) return currentPolicy(tools, watched);
  const commit = then?.after ?? (await originOf(tools, watched, ref, updates));
  return commit === NO_COMMIT ? currentPolicy(tools, watched) : policyAt(tools, watched, commit);
}

/** Where a branch stood when what is recorded of it began; `updates`: those recorded, oldest first. {@link NO_COMMIT}: nobody knows. */
async function originOf(
  tools: Tools,
  watched: Watched,
  ref: string,
  updates: readonly Landed[],
): Promise<Sha> {
  const place = await tools.ledger.state("branch", `${watched.repository.id}:${ref}`);
  const origin = place === undefined ? null : (place.body as BranchRecord).origin;
  const first = updates.find((each) => each.ref === ref);
  // What was filled in later may reach further back than what was watched.
  if (first !== undefined && (origin === null || first.at < origin.at)) return first.before;
  return origin?.head ?? NO_COMMIT;
}

/** Whether a success is recorded. */
export async function isRecorded(tools: Tools, id: string): Promise<boolean> {
  return (await tools.ledger.state("deployment", id)) !== undefined;
}

/** How a commit on a production branch stands to what ran there before. */
async function kindOf(
  tools: Tools,
  watched: Watched,
  facts: {
    readonly previous: Sha | null;
    readonly sha: Sha;
    readonly status: string | null;
    readonly standing: Standing;
  },
): Promise<DeploymentKind> {
  const { previous, sha, status, standing } = facts;
  if (previous === null) return "first";
  if (previous === sha) return "redeploy";
  if (status === "behind") return "rollback";
  if (status !== "ahead" && status !== "diverged") return "unknown";
  const main = refOf(watched.repository.defaultBranch);
  if (standing.ref === null || standing.ref === main) return "forward";
  // On another production branch alone: a hotfix, unless production has been on such a branch all along.
  const left =
    (await watchedRefs(tools, watched)).includes(main) && (await isOn(tools, watched, main, previous));
  return left ? "hotfix" : "forward";
}

async function isOn(tools: Tools, watched: Watched, ref: string, sha: Sha): Promise<boolean> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const branch = ref.replace(/^refs\/heads\//u, "");
  return (await tools.github.isOnBranch(octokit, watched.repository, branch, sha)) === true;
}

/** Deployments that succeeded in this environment before, oldest first. */
export async function earlierIn(
  tools: Tools,
  watched: Watched,
  environment: string,
  before: Instant,
  self = "",
): Promise<readonly KnownDeployment[]> {
  const name = environment.toLowerCase();
  return (await knownDeployments(tools, watched.repository.id)).filter(
    (each) => each.succeededAt <= before && each.id !== self && each.environment.toLowerCase() === name,
  );
}

/** The production branches followed so far. */
export async function watchedRefs(tools: Tools, watched: Watched): Promise<readonly string[]> {
  if (tools.past !== undefined) return tools.past.refs;
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
  // The default branch comes first: what is on several branches is on that one.
  return isProduction || refs.includes(main) ? [main, ...refs.filter((ref) => ref !== main)] : refs;
}

/** Where a commit stands to the production branches. */
interface Standing {
  readonly onProductionBranch: boolean | null;
  /** The production branch found to hold it. */
  readonly ref: string | null;
  /** Of the commit and its ancestors, those on none of the branches; null when GitHub would not say. */
  readonly nowhere: readonly Sha[] | null;
}

/** Where a commit stood at a moment: a forced push may since have taken off what a branch ended on then. */
async function standingAt(tools: Tools, watched: Watched, sha: Sha, at: Instant): Promise<Standing> {
  const standing = await compareWithBranches(tools, watched, sha);
  if (standing.onProductionBranch === true) return standing;
  const landed = await landedChanges(tools, watched.repository.id);
  const headed = landed.find((each) => each.after === sha && each.at <= at);
  return headed === undefined ? standing : { onProductionBranch: true, ref: headed.ref, nowhere: [] };
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

/** Another production branch that a commit had come to by a moment, though it came to this one only later. */
async function landedElsewhere(
  tools: Tools,
  watched: Watched,
  { sha, at, ref }: { readonly sha: Sha; readonly at: Instant; readonly ref: string | null },
): Promise<string | null> {
  const landed = await landedChanges(tools, watched.repository.id);
  const then = landed.filter((each) => each.at <= at && each.ref !== ref);
  const exact = then.find((each) => each.after === sha);
  if (exact !== undefined) return exact.ref;
  for (const other of new Set(then.map((each) => each.ref))) {
    const brought = await broughtWithin(tools, watched, then, other, sha);
    if (brought !== null && brought !== "older") return other;
  }
  return null;
}

type Account = Pick<Deployment, "carried" | "unaccounted" | "landedAt">;

/** The changes that brought these commits to the production branches, when the newest did, and the commits that no change accounts for. */
async function accountFor(
  tools: Tools,
  watched: Watched,
  brought: {
    /** Null: nothing ran there before, so it is only asked when the commit came. */
    readonly commits: readonly Sha[] | null;
    readonly standing: Standing;
    readonly sha: Sha;
    readonly at: Instant;
  },
): Promise<Account> {
  const { commits, standing, sha, at } = brought;
  const wanted = new Set(commits ?? []);
  const pick = (landed: readonly Landed[]): readonly Landed[] =>
    landed.filter((each) => wanted.has(each.after));
  let landed = await landedChanges(tools, watched.repository.id);
  const unaccounted = (await reachesBack(tools, watched, landed, { wanted, standing, sha }))
    ? null
    : (standing.nowhere?.filter((each) => wanted.has(each)) ?? null);
  const exact = (): Landed | undefined =>
    landed.find((each) => each.after === sha && (standing.ref === null || each.ref === standing.ref));
  if (commits?.length === 0) return { carried: [], unaccounted, landedAt: exact()?.at ?? null };
  if (exact() === undefined && tools.past === undefined) {
    for (const ref of standing.ref === null ? await watchedRefs(tools, watched) : [standing.ref])
      await followBranch(tools, watched, ref);
    landed = await landedChanges(tools, watched.repository.id);
  }
  const carried = [...pick(landed)];
  let landedAt = exact()?.at ?? null;
  if (standing.ref !== null && landedAt === null) {
    const around = await broughtWithin(tools, watched, landed, standing.ref, sha);
    if (around === "older") return { carried: await carriedOf(tools, carried), unaccounted, landedAt: null };
    if (around === null) {
      if (tools.clock.now() - at < SETTLING) {
        throw new Trouble("github-answer", `GitHub does not list yet which update brought ${sha}.`, {
          waitMs: ASK_AGAIN,
        });
      }
      return { carried: await carriedOf(tools, carried), unaccounted: null, landedAt: null };
    }
    carried.push(around);
    landedAt = around.at;
  }
  return { carried: await carriedOf(tools, carried), unaccounted, landedAt };
}

/** Whether some of what is brought landed before the record of a past that was filled in begins: nothing is known of that. */
async function reachesBack(
  tools: Tools,
  watched: Watched,
  landed: readonly Landed[],
  brought: { readonly wanted: ReadonlySet<Sha>; readonly standing: Standing; readonly sha: Sha },
): Promise<boolean> {
  const { wanted, standing, sha } = brought;
  if (tools.past === undefined || standing.ref === null || wanted.size === 0) return false;
  const origin = await originOf(tools, watched, standing.ref, landed);
  if (origin === NO_COMMIT) return false;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { lookups } = tools.github;
  const since = await tools.github.compareCommits(octokit, watched.repository, origin, sha, lookups);
  if (since === null || since.truncated) return true;
  const recorded = new Set(since.commits);
  return [...wanted].some((each) => !recorded.has(each));
}

/** The update that brought a commit together with later ones; `older`: it was there when observation began; null: none is recorded. */
async function broughtWithin(
  tools: Tools,
  watched: Watched,
  landed: readonly Landed[],
  ref: string,
  sha: Sha,
): Promise<Landed | "older" | null> {
  const origin = await originOf(tools, watched, ref, landed);
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

async function carriedOf(tools: Tools, landed: readonly Landed[]): Promise<readonly Carried[]> {
  const found: Carried[] = [];
  for (const { id, at } of landed) {
    const entry = await tools.ledger.state("change", id);
    if (entry === undefined) continue;
    const { change, assessment } = entry.body as ChangeRecord;
    // A branch cut from where a change had landed brought nothing beside it.
    const isCut = change.update.kind === "branch-created" && change.alreadyLanded === true;
    if (isCut && landed.some((each) => each.id !== id && each.after === change.update.after)) continue;
    const makers = change.pullRequests.flatMap((pull) => contributorsOf(pull).map(({ actor }) => actor));
    if (change.pullRequests.length === 0 && change.update.actor !== null) makers.push(change.update.actor);
    const people = makers.filter(({ type }) => type !== "Bot").map((actor) => actor.id);
    found.push({
      id,
      verdict: assessment.verdict,
      landedAt: at,
      pulls: change.pullRequests.map(({ number }) => number),
      sha: change.update.after,
      makers: [...new Set(people)].toSorted((a, b) => a - b),
    });
  }
  return found;
}

/** Whether GitHub knows an earlier success of the same commit in the same environment, also from before we watched. */
async function ranBeforeWeWatched(
  tools: Tools,
  watched: Watched,
  { origin, sha, environment, at }: Success,
): Promise<boolean> {
  if (origin.kind !== "github") return false;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const only = { environment, sha };
  const { listed } = await tools.github.listDeployments(octokit, watched.repository, 0, only);
  for (const earlier of listed.filter((each) => each.number !== origin.number).slice(-MOST_EARLIER)) {
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

/** When the merge of a hotfix is due: judges it again on whether it was merged back. */
export async function checkMergeBack(tools: Tools, watched: Watched, id: string): Promise<void> {
  const entry = await tools.ledger.state("deployment", id);
  if (entry === undefined) return;
  const { deployment } = entry.body as DeploymentRecord;
  const { mergeBack } = deployment;
  if (mergeBack?.state !== "due") return;
  const state = (await isMergedBack(tools, watched, deployment)) ? "merged" : "missed";
  const policy = await policyWhen(tools, watched, deployment.createdAt);
  await recordDeployment(tools, watched, { ...deployment, mergeBack: { ...mergeBack, state } }, policy);
}
