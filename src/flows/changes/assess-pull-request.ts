/** The gate: judge an open pull request or a merge group, and say so on GitHub. */

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
import { candidatesFor } from "../facts/pull-request.ts";
import { untoldPullsAt } from "../records/pulls-at-head.ts";
import { blockingProblemsOf } from "../policy/repair.ts";
import type { Task } from "../../domain/records/task.ts";
import { together } from "../../domain/deviation/decide.ts";
import { witnessesOf } from "../records/observations.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { advanceMergedPull } from "../reviews/retroactive-reviews.ts";
import { emergenciesOfOpenPull, gatherOpen, type OpenPullFacts } from "./open-pull-request.ts";
import { checksNotShownYet } from "../facts/observed-checks.ts";
import { isNotAnswered } from "../facts/unanswered.ts";
import { DAY } from "../../domain/time/durations.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import { type NotShown } from "../../domain/change/review.ts";
import { type Addressee } from "../../domain/records/entry.ts";

/**
 * Judges one pull request if it is open; if not, those that shared its check run. `request`: the delivery of a pressed
 * re-run button, which is answered even if nothing changed; so is `again`.
 */
export async function assessPull(
  tools: Tools,
  watched: RepositoryContext,
  number: number,
  request: string | null,
  again = false,
): Promise<void> {
  const { pull, policy, twins: told, lookAt, isOver } = await gatherOpen(tools, watched, number);
  const tasks = lookAt === null ? [] : [lookAgain(watched, number, lookAt)];
  if (isOver) {
    await tools.ledger.record({ tasks }, tools.clock.now(), watched.fence);
    return;
  }
  const untold = await untoldPullsAt(tools, watched, pull.head.sha, [number, ...told]);
  const twins = [...told, ...untold];
  if (pull.state !== "open") {
    await advanceMergedPull(tools, watched, pull, policy);
    // A review after the merge may be the one that is owed.
    if (tasks.length > 0) await tools.ledger.record({ tasks }, tools.clock.now(), watched.fence);
    for (const twin of again ? [] : twins) await assessPull(tools, watched, twin, null, true);
    return;
  }
  const emergencies = await emergenciesOfOpenPull(tools, watched, pull, policy);
  await say(tools, watched, {
    subject: `${watched.repository.id}#${number}`,
    pulls: [pull],
    headSha: pull.head.sha,
    policy,
    moment: (at) =>
      assess({ moment: "gate", pull, emergencies }, { policy, appId: tools.appId, at, since: watched.since }),
    request,
    twins: await saidOf(tools, watched, twins, pull.head.sha),
    again,
    emergencies,
    lookAgain: tasks,
  });
}

/** A pull request is judged again when GitHub may show what a webhook told of it. */
function lookAgain({ repository }: RepositoryContext, number: number, dueAt: number): Task {
  return { kind: "pull", repositoryId: repository.id, number, request: null, dueAt };
}

/** Judges a merge group pull request by pull request and answers on the group's own commit. */
export async function assessGroup(
  tools: Tools,
  watched: RepositoryContext,
  group: Group,
  request: string | null,
  since = tools.clock.now(),
): Promise<void> {
  const read: ReadGroup | null =
    (await shownGroup(tools, watched, group)) ?? (await unshownGroup(tools, watched, group, since));
  if (read === null) return;
  const ahead = await prefetch(tools, watched, { pulls: read.pulls });
  const all = [];
  for (const number of read.pulls) all.push(await gatherOpen(ahead, watched, number));
  // What was shown of it before may have landed or ended since: then there is nothing to judge.
  const gathered = all.filter((each) => read.isOnRecord !== true || isOpenStill(each));
  const first = gathered[0];
  if (first === undefined) return;
  // One of them may do nothing but mend a policy that lets no other pass.
  const policy = (gathered.find((each) => blockingProblemsOf(each.policy).length > 0) ?? first).policy;
  const shown = { sha: group.headSha, shown: read.checks };
  const unshown = read.checksAreWhole ? await checksNotShownYet(tools, watched, shown, policy) : [];
  const looks = [...gathered.map(({ lookAt }) => lookAt), nextRetry(unshown, tools.clock.now())];
  const again = lookAgainAtGroup(
    watched,
    group,
    since,
    looks.filter((at) => at !== null),
  );
  const awaited = [...(read.awaited ?? []), ...unshown];
  const pulls = gathered.map(({ pull }) => withUnshown(pull, { ...read, awaited }));
  const emergencies = [];
  for (const each of gathered)
    emergencies.push(...(await emergenciesOfOpenPull(tools, watched, each.pull, each.policy)));
  const subject = { moment: "group", pulls, sha: group.headSha, checks: read.checks, emergencies } as const;
  await say(tools, watched, {
    subject: `${watched.repository.id}@${group.headSha}`,
    pulls,
    headSha: group.headSha,
    policy,
    moment: (at) => assess(subject, { policy, appId: tools.appId, at, since: watched.since }),
    request,
    emergencies,
    lookAgain: again,
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
async function shownGroup(tools: Tools, watched: RepositoryContext, group: Group): Promise<ReadGroup | null> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  try {
    return await tools.github.readMergeGroup(octokit, watched.repository, group);
  } catch (error) {
    if (!isNotAnswered(error)) throw error;
    return null;
  }
}

/** A group is judged again when GitHub may show what it does not show yet. */
function lookAgainAtGroup(
  { repository }: RepositoryContext,
  { headSha, headRef, baseRef }: Group,
  since: number,
  looks: readonly number[],
): readonly Task[] {
  if (looks.length === 0) return [];
  const dueAt = Math.min(...looks);
  return [{ kind: "merge-group", repositoryId: repository.id, headSha, headRef, baseRef, since, dueAt }];
}

/** What is not shown of a merge group. */
const GROUP = "the pull requests of this merge group";

/** The pull requests that were shown of a group before, whole: its commit holds these for ever. Null: it was not. */
async function pullsOnRecord(
  tools: Tools,
  { repository, installationId }: RepositoryContext,
  { headSha }: Group,
): Promise<ReadGroup | null> {
  const pulls = (await tools.ledger.state("gate", `${repository.id}@${headSha}`))?.body.pulls ?? [];
  const isWhole = pulls.every(({ awaited = [] }) => awaited.every(({ what }) => what !== GROUP));
  if (pulls.length === 0 || !isWhole) return null;
  const octokit = await tools.github.octokits.installation(installationId);
  const checks = await tools.github.readChecks(octokit, repository, headSha);
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
async function groupsWith(
  tools: Tools,
  { repository }: RepositoryContext,
  pulls: readonly PullRequest[],
  at: number,
): Promise<readonly Task[]> {
  const tasks: Task[] = [];
  const numbers = new Set(pulls.map(({ number }) => number));
  const from = at - MADE_BEFORE;
  const filter = { repositoryId: repository.id, subjectPrefix: `${repository.id}@`, from };
  for await (const { body, recordedAt } of tools.ledger.states("gate", filter)) {
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
async function unshownGroup(
  tools: Tools,
  watched: RepositoryContext,
  group: Group,
  since: number,
): Promise<ReadGroup | null> {
  const number = /\/pr-(\d+)-[0-9a-f]+$/u.exec(group.headRef)?.[1];
  const moves = await witnessesOf(tools, watched).ofRef(group.headRef);
  const isGone = moves.some(
    (move) => move.kind === "pushed" && move.after === NO_COMMIT && move.before === group.headSha,
  );
  if (isGone) return null;
  const known = await pullsOnRecord(tools, watched, group);
  if (known !== null) return known;
  if (number === undefined) return null;
  const awaited = [{ what: GROUP, since }];
  const lookAt = nextRetry(awaited, tools.clock.now());
  if (lookAt === null) return { pulls: [Number(number)], checks: [], checksAreWhole: true, awaited };
  const tasks = lookAgainAtGroup(watched, group, since, [lookAt]);
  await tools.ledger.record({ tasks }, tools.clock.now(), watched.fence);
  return null;
}

function withUnshown(pull: PullRequest, { awaited = [], checksAreWhole }: ReadGroup): PullRequest {
  return {
    ...pull,
    ...(awaited.length === 0 ? {} : { awaited: [...(pull.awaited ?? []), ...awaited] }),
    ...(checksAreWhole ? {} : { cut: [...new Set([...(pull.cut ?? []), "checks" as const])] }),
  };
}

/** What was last said of these pull requests, where it was said of this commit. */
async function saidOf(
  tools: Tools,
  watched: RepositoryContext,
  numbers: readonly number[],
  sha: Sha,
): Promise<readonly GateRecord[]> {
  const entries = await Promise.all(
    numbers.map((number) => tools.ledger.state("gate", `${watched.repository.id}#${number}`)),
  );
  return entries
    .flatMap((entry) => (entry === undefined ? [] : [entry.body]))
    .filter(({ check }) => check.headSha === sha);
}

/** Whether a branch is one of production, or gathers for it: by its own policy, or by the default branch's, which says what is watched. */
async function isInScope(
  tools: Tools,
  watched: RepositoryContext,
  policy: PolicyInForce,
  base: string,
): Promise<boolean> {
  const { repository } = watched;
  if (policy.state !== "known" || isFollowed(policyOrDefault(policy), repository, base)) return true;
  if (base === repository.defaultBranch) return false;
  return isFollowed(policyOrDefault(await currentPolicy(tools, watched)), repository, base);
}

function isFollowed(policy: Policy, repository: RepositoryContext["repository"], base: string): boolean {
  return isProductionBranch(policy, repository, base) || isIntegrationBranch(policy, repository, base);
}

async function say(
  tools: Tools,
  watched: RepositoryContext,
  facts: {
    readonly subject: string;
    readonly pulls: readonly PullRequest[];
    readonly headSha: Sha;
    readonly policy: PolicyInForce;
    readonly moment: (at: number) => ReturnType<typeof assess>;
    readonly request: string | null;
    readonly twins?: readonly GateRecord[];
    readonly again?: boolean;
    readonly emergencies: readonly EmergencyFacts[];
    readonly lookAgain?: readonly Task[];
  },
): Promise<void> {
  const { subject, pulls, headSha, policy, request, twins = [], again = false, emergencies } = facts;
  const at = tools.clock.now();
  const base = pulls[0]?.base.ref ?? "";
  const inScope = await isInScope(tools, watched, policy, base);
  const assessment = inScope ? facts.moment(at) : null;
  const waiting = assessment !== null && assessment.verdict !== "compliant";
  const previous = await tools.ledger.state("gate", subject);
  const to: Addressee = {
    repository: watched.repository,
    installationId: watched.installationId,
    appId: tools.appId,
  };
  const decision = decideGate({
    subject,
    pulls,
    headSha,
    assessment,
    policy,
    candidates:
      waiting && pulls.every(({ unread }) => unread === undefined)
        ? await candidatesFor(tools, watched, pulls, policy, at, emergencies.length > 0)
        : [],
    previous: previous === undefined ? null : previous.body,
    request,
    to,
    at,
    twins,
    again,
    emergencies,
  });
  // Whoever pushes takes it out of the queue.
  const isLost =
    waiting && previous?.body.check.conclusion === "success" && previous.body.check.headSha === headSha;
  const groups = isLost && !subject.includes("@") ? await groupsWith(tools, watched, pulls, at) : [];
  const tasks = [...(facts.lookAgain ?? []), ...groups];
  await tools.ledger.record(together(decision, { tasks }), at, watched.fence);
}
