/** The gate: judge an open pull request or a merge group, and show it on GitHub. */

import { addressee, type Repo } from "../context/repo.ts";
import { nextRetry } from "../../domain/change/settling.ts";
import { type PullRequest } from "../../domain/change/pull-request.ts";
import { assess } from "../../domain/assessment/assess.ts";
import { decideGate, policyOrDefault } from "../../domain/decisions/decision.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { isIntegrationBranch, isProductionBranch } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import type { GateRecord } from "../../domain/records/change.ts";
import { prefetch } from "../context/read-ahead.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { candidatesFor } from "../facts/rights.ts";
import { waitingGates } from "../records/deployment-gates.ts";
import { endedPullTasks } from "../records/merge-backs.ts";
import { unlistedPullsAt } from "../facts/pull-request.ts";
import { blockingProblemsOf } from "../policy/repair.ts";
import type { Task } from "../../domain/records/task.ts";
import type { Tools } from "../context/tools.ts";
import { advanceMergedPull } from "../reviews/retroactive-reviews.ts";
import { emergenciesOfOpenPull } from "../emergencies/emergencies.ts";
import { gatherOpen, type OpenPullFacts } from "./open-pull-request.ts";
import { checksNotShownYet } from "../facts/observed-checks.ts";
import { isNotAnswered } from "../facts/unanswered.ts";
import { DAY } from "../../domain/time/durations.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type NotShown } from "../../domain/change/review.ts";

/**
 * Judges one open pull request; of an ended one, what it still owes. Those that shared its check run are then judged
 * too. `request`: the delivery of a pressed re-run button, which is answered even if nothing changed; so is `again`.
 */
export async function assessPull(
  repo: Repo,
  number: number,
  request: string | null,
  again = false,
): Promise<void> {
  const { pull, policy, sharing: listed, retryAt, isOver } = await gatherOpen(repo, number);
  const tasks = retryAt === null ? [] : [retry(repo, number, retryAt)];
  if (isOver) {
    await repo.commit({ tasks });
    return;
  }
  const recorded = await unlistedPullsAt(repo, pull.head.sha, [number, ...listed]);
  const sharing = [...listed, ...recorded];
  if (pull.state !== "open") {
    await advanceMergedPull(repo, pull, policy);
    // A review after the merge may be the one that is owed.
    const due = [...tasks, ...(await endedPullTasks(repo, number))];
    if (due.length > 0) await repo.commit({ tasks: due });
    for (const other of again ? [] : sharing) await assessPull(repo, other, null, true);
    return;
  }
  const emergencies = await emergenciesOfOpenPull(repo, pull, policy);
  await say(repo, {
    subject: `${repo.info.id}#${number}`,
    pulls: [pull],
    headSha: pull.head.sha,
    policy,
    moment: (at) =>
      assess({ moment: "gate", pull, emergencies }, { policy, appId: repo.appId, at, since: repo.since }),
    request,
    sharing: await shownOf(repo, sharing, pull.head.sha),
    again,
    emergencies,
    retry: tasks,
  });
}

/** A pull request is judged again when GitHub may show what a webhook reported of it. */
function retry({ info: repository }: Repo, number: number, dueAt: number): Task {
  return { kind: "pull", repositoryId: repository.id, number, request: null, dueAt };
}

/** Judges a merge group pull request by pull request and answers on the group's own commit. */
export async function assessGroup(
  repo: Repo,
  group: Group,
  request: string | null,
  since = repo.now(),
): Promise<void> {
  const read: ReadGroup | null = (await shownGroup(repo, group)) ?? (await unshownGroup(repo, group, since));
  if (read === null) return;
  const ahead = await prefetch(repo, { pulls: read.pulls });
  const all = [];
  for (const number of read.pulls) all.push(await gatherOpen(ahead, number));
  // What was shown of it before may have landed or ended since: then there is nothing to judge.
  const gathered = all.filter((each) => read.isOnRecord !== true || isOpenStill(each));
  const first = gathered[0];
  if (first === undefined) return;
  // One of them may only fix a policy that lets no other pass.
  const policy = (gathered.find((each) => blockingProblemsOf(each.policy).length > 0) ?? first).policy;
  const shown = { sha: group.headSha, shown: read.checks };
  const unshown = read.checksAreWhole ? await checksNotShownYet(repo, shown, policy) : [];
  const retries = [...gathered.map(({ retryAt }) => retryAt), nextRetry(unshown, repo.now())];
  const again = groupRetry(
    repo,
    group,
    since,
    retries.filter((at) => at !== null),
  );
  const awaited = [...(read.awaited ?? []), ...unshown];
  const pulls = gathered.map(({ pull }) => withUnshown(pull, { ...read, awaited }));
  const emergencies = [];
  for (const each of gathered)
    emergencies.push(...(await emergenciesOfOpenPull(repo, each.pull, each.policy)));
  const subject = { moment: "group", pulls, sha: group.headSha, checks: read.checks, emergencies } as const;
  await say(repo, {
    subject: `${repo.info.id}@${group.headSha}`,
    pulls,
    headSha: group.headSha,
    policy,
    moment: (at) => assess(subject, { policy, appId: repo.appId, at, since: repo.since }),
    request,
    emergencies,
    retry: again,
  });
}

type ReadGroup = NonNullable<Awaited<ReturnType<Tools["github"]["readMergeGroup"]>>> & {
  readonly awaited?: readonly NotShown[];
  /** It is not shown now; this is what was shown of it before. */
  readonly isOnRecord?: true;
};

function isOpenStill({ pull, isOver }: OpenPullFacts): boolean {
  return pull.state === "open" && !isOver;
}

interface Group {
  readonly headSha: Sha;
  readonly baseRef: string;
  readonly headRef: string;
}

/** A group as GitHub shows it; null where it does not, or cannot answer: one pull request that nobody can read spoils the queue's answer. */
async function shownGroup(repo: Repo, group: Group): Promise<ReadGroup | null> {
  try {
    return await repo.github.mergeGroup(group);
  } catch (error) {
    if (!isNotAnswered(error)) throw error;
    return null;
  }
}

/** A group is judged again when GitHub may show what it does not show yet. */
function groupRetry(
  { info: repository }: Repo,
  { headSha, headRef, baseRef }: Group,
  since: number,
  retries: readonly number[],
): readonly Task[] {
  if (retries.length === 0) return [];
  const dueAt = Math.min(...retries);
  return [{ kind: "merge-group", repositoryId: repository.id, headSha, headRef, baseRef, since, dueAt }];
}

/** What is not shown of a merge group. */
const GROUP = "the pull requests of this merge group";

/** The pull requests that were shown of a group before, whole: its commit holds these for ever. Null: it was not. */
async function pullsOnRecord(repo: Repo, { headSha }: Group): Promise<ReadGroup | null> {
  const { info: repository } = repo;
  const pulls = (await repo.latest("gate", `${repository.id}@${headSha}`))?.pulls ?? [];
  const isWhole = pulls.every(({ awaited = [] }) => awaited.every(({ what }) => what !== GROUP));
  if (pulls.length === 0 || !isWhole) return null;
  const checks = await repo.github.checks(headSha);
  return {
    pulls: pulls.map(({ number }) => number),
    checks: checks.isWhole ? checks.entries : checks.seen,
    checksAreWhole: checks.isWhole,
    isOnRecord: true,
  };
}

/** Groups are merged within a day, or ended (ms); what they hold was pushed or reviewed in the days before. */
const GROUPS_KEPT = DAY;
const MADE_BEFORE = 14 * GROUPS_KEPT;

/** Returns the tasks that judge the merge groups again that were let pass with one of these pull requests, which is not let pass any more. */
async function groupsWith(repo: Repo, pulls: readonly PullRequest[], at: number): Promise<readonly Task[]> {
  const { info: repository } = repo;
  const tasks: Task[] = [];
  const numbers = new Set(pulls.map(({ number }) => number));
  const from = at - MADE_BEFORE;
  const filter = { repositoryId: repository.id, subjectPrefix: `${repository.id}@`, from };
  for await (const { body, recordedAt } of repo.ledger.states("gate", filter)) {
    const isLetPass = body.check.conclusion === "success" && at - recordedAt < GROUPS_KEPT;
    if (!isLetPass || !body.pulls.some(({ number }) => numbers.has(number))) continue;
    const baseRef = `refs/heads/${body.pulls[0]?.base.ref ?? ""}`;
    const { headSha } = body.check;
    tasks.push({
      kind: "merge-group",
      repositoryId: repository.id,
      headSha,
      headRef: "",
      baseRef,
      since: at,
      dueAt: at,
    });
  }
  return tasks;
}

/**
 * What is judged of a group whose pull requests GitHub does not show: those it showed of it before; nothing while they may still be shown, then the one its branch is
 * named after, without the others. Null also where the group is gone.
 */
async function unshownGroup(repo: Repo, group: Group, since: number): Promise<ReadGroup | null> {
  const number = /\/pr-(\d+)-[0-9a-f]+$/u.exec(group.headRef)?.[1];
  const moves = await repo.witnesses().ofRef(group.headRef);
  const isGone = moves.some(
    (move) => move.kind === "pushed" && move.after === NO_COMMIT && move.before === group.headSha,
  );
  if (isGone) return null;
  const known = await pullsOnRecord(repo, group);
  if (known !== null) return known;
  if (number === undefined) return null;
  const awaited = [{ what: GROUP, since }];
  const retryAt = nextRetry(awaited, repo.now());
  if (retryAt === null) return { pulls: [Number(number)], checks: [], checksAreWhole: true, awaited };
  const tasks = groupRetry(repo, group, since, [retryAt]);
  await repo.commit({ tasks });
  return null;
}

function withUnshown(pull: PullRequest, { awaited = [], checksAreWhole }: ReadGroup): PullRequest {
  return {
    ...pull,
    ...(awaited.length === 0 ? {} : { awaited: [...(pull.awaited ?? []), ...awaited] }),
    ...(checksAreWhole ? {} : { cut: [...new Set([...(pull.cut ?? []), "checks" as const])] }),
  };
}

/** What was last shown of these pull requests, where it was shown for this commit. */
async function shownOf(repo: Repo, numbers: readonly number[], sha: Sha): Promise<readonly GateRecord[]> {
  const entries = await Promise.all(
    numbers.map((number) => repo.ledger.state("gate", `${repo.info.id}#${number}`)),
  );
  return entries
    .flatMap((entry) => (entry === undefined ? [] : [entry.body]))
    .filter(({ check }) => check.headSha === sha);
}

/** Whether a branch is one of production, or gathers for it: by its own policy, or by the default branch's, which defines what is watched. */
async function isInScope(repo: Repo, policy: PolicyInForce, base: string): Promise<boolean> {
  const { info: repository } = repo;
  if (policy.state !== "known" || isFollowed(policyOrDefault(policy), repository, base)) return true;
  if (base === repository.defaultBranch) return false;
  return isFollowed(policyOrDefault(await currentPolicy(repo)), repository, base);
}

function isFollowed(policy: Policy, repository: Repo["info"], base: string): boolean {
  return isProductionBranch(policy, repository, base) || isIntegrationBranch(policy, repository, base);
}

async function say(
  repo: Repo,
  facts: {
    readonly subject: string;
    readonly pulls: readonly PullRequest[];
    readonly headSha: Sha;
    readonly policy: PolicyInForce;
    readonly moment: (at: number) => ReturnType<typeof assess>;
    readonly request: string | null;
    readonly sharing?: readonly GateRecord[];
    readonly again?: boolean;
    readonly emergencies: readonly EmergencyFacts[];
    readonly retry?: readonly Task[];
  },
): Promise<void> {
  const { subject, pulls, headSha, policy, request, sharing = [], again = false, emergencies } = facts;
  const at = repo.now();
  const base = pulls[0]?.base.ref ?? "";
  const inScope = await isInScope(repo, policy, base);
  const assessment = inScope ? facts.moment(at) : null;
  const waiting = assessment !== null && assessment.verdict !== "compliant";
  const previous = await repo.ledger.state("gate", subject);
  const decision = decideGate({
    subject,
    pulls,
    headSha,
    assessment,
    policy,
    candidates:
      waiting && pulls.every(({ unread }) => unread === undefined)
        ? await candidatesFor(repo, pulls, policy, at, emergencies.length > 0)
        : [],
    previous: previous === undefined ? null : previous.body,
    request,
    to: addressee(repo),
    at,
    sharing,
    again,
    emergencies,
  });
  // Whoever pushes takes it out of the queue.
  const isLost =
    waiting && previous?.body.check.conclusion === "success" && previous.body.check.headSha === headSha;
  const groups = isLost && !subject.includes("@") ? await groupsWith(repo, pulls, at) : [];
  const isNews = assessment?.verdict === "compliant" && previous?.body.check.conclusion !== "success";
  const gates = isNews ? await gatesWaitingFor(repo, policy, at) : [];
  const tasks = [...decision.tasks, ...(facts.retry ?? []), ...groups, ...gates];
  await repo.commit({ ...decision, tasks });
}

/** What may be deployed before its merge may have waited at the deployment gate for its approval. */
async function gatesWaitingFor(repo: Repo, policy: PolicyInForce, dueAt: number): Promise<readonly Task[]> {
  if (policyOrDefault(policy).production.beforeMerge === undefined) return [];
  const waiting = await waitingGates(repo.tools, repo.info.id);
  return waiting.length === 0 ? [] : [{ kind: "gates", repositoryId: repo.info.id, dueAt }];
}
