/** Time repairs: read again by census everything a webhook should have reported. */

import type { Repo } from "../context/repo.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isProductionEnvironment } from "../../domain/policy/scope.ts";
import { commandSubject } from "../../domain/messages/replies.ts";
import type { Repository } from "../../domain/change/repository.ts";
import type { Entry } from "../../domain/records/entry.ts";
import type { Task } from "../../domain/records/task.ts";
import type { DeliveryLog } from "../../github/installation/webhook-deliveries.ts";
import type { Overview } from "../../github/listings/overview.ts";
import type { Commented } from "../../github/webhooks/subject.ts";
import { answerCommand } from "../commands/answer-command.ts";
import { answerWaitingGates } from "../deployments/answer-gate.ts";
import { assessDeployment } from "../deployments/from-github.ts";
import { checkOwedMerge } from "../deployments/record-deployment.ts";
import { assessRuns } from "../deployments/from-workflow-run.ts";
import { assessTags } from "../deployments/from-tag.ts";
import { completeUnshown, followBranch, followIntegration } from "../changes/follow-branch.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { productionRefs, watchedRefs } from "../policy/production-branches.ts";
import { knownDeployments } from "../records/deployments.ts";
import { noticeEnvironments } from "../repositories/environments.ts";
import { assessPull } from "../changes/assess-pull-request.ts";
import { COMMENT_COMMANDS } from "./command-tables.ts";
import { keptDeliveries, poll } from "./poll.ts";
import { advanceDeploymentEmergencies } from "../deployments/emergencies.ts";
import {
  noteClock,
  noteInstallation,
  notesOfOwners,
  noteWebhookAddress,
  noteWebhooks,
} from "../repositories/blind-spots.ts";
import { Chores, isForAll, isLasting, notesOf } from "../repositories/own-checks.ts";
import { readControlState } from "../monitoring/protection.ts";
import { keepDeviations } from "../deviations/keep-deviations.ts";
import { registerRepository, noticeVanished } from "../repositories/repositories.ts";
import { observationSubject } from "../context/observations.ts";
import type { Tools } from "../context/tools.ts";
import { advanceDueEmergencies } from "../reviews/retroactive-reviews.ts";
import { answerMissedGates } from "../deployments/missed-gate-requests.ts";
import { findUnnamed } from "../completeness/unrecorded-merges.ts";
import { DAY } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Lists what the App can see, records what is new or gone, and queues a sweep of each repository. `round` names this census. */
export async function census(tools: Tools, round: string): Promise<void> {
  const installations = await tools.github.listInstallations(await tools.github.octokits.app());
  const seen = new Set<number>();
  const unread = new Set<number>();
  let failure: unknown = null;
  const repo = installations.filter(({ suspendedAt }) => suspendedAt === null);
  const owners = repo.map(({ account }) => account).filter((account) => account !== null);
  const chores = new Chores(tools, notesOfOwners(tools, owners));
  // Before anything is judged: what is found without its webhook may have been merged because nothing answered.
  await chores.do("GitHub's log of deliveries", () => noteDeliveries(tools));
  await chores.do("the App's webhook address", () => noteWebhookAddress(tools, owners));
  await noteClock(tools, owners);
  for (const installation of repo) {
    await noteInstallation(tools, installation);
    try {
      for (const repository of await meetAll(tools, installation, round)) seen.add(repository);
    } catch (error) {
      if (isForAll(error)) throw error;
      unread.add(installation.id);
      failure ??= error;
    }
  }
  await noticeVanished(tools, { installations, repositories: seen, unread });
  if (failure !== null) throw failure;
  chores.end();
}

async function meetAll(
  tools: Tools,
  installation: { readonly id: number; readonly createdAt: Instant },
  round: string,
): Promise<readonly number[]> {
  const octokit = await tools.github.octokits.installation(installation.id);
  const repositories = await tools.github.listRepositories(octokit);
  for (const { repository, archived } of repositories) {
    await registerRepository(tools, {
      repository,
      installationId: installation.id,
      installedFrom: installation.createdAt,
      archived,
    });
  }
  const dueAt = tools.clock.now();
  const tasks = repositories.map(({ repository }): Task => {
    return { kind: "sweep", repositoryId: repository.id, round, dueAt };
  });
  await tools.ledger.record({ tasks }, dueAt);
  return repositories.map(({ repository }) => repository.id);
}

/** The organisations under watch. */
async function organizations(
  tools: Tools,
): Promise<readonly { readonly id: number; readonly login: string }[]> {
  const found = new Map<number, string>();
  for await (const entry of tools.ledger.states("repository", { everyOrganization: true })) {
    const { repository, removedAt } = entry.body;
    if (removedAt === null) found.set(repository.ownerId, repository.owner);
  }
  return [...found].map(([id, login]) => ({ id, login }));
}

/** A deployment made so long before the newest recorded one is not waited for any more (ms). */
const MAY_STILL_SUCCEED = 35 * DAY;

/**
 * Asks GitHub to send again every delivery that did not arrive. With `since`, only those after it, which is a short look. Where
 * nothing can be sent, what is not stored was read. Without `since`, GitHub's clock is compared with ours as well.
 */
export async function redeliver(tools: Tools, since?: Instant): Promise<void> {
  const app = await tools.github.octokits.app();
  const failed =
    since === undefined || tools.polls === true
      ? await noteDeliveries(tools)
      : (await tools.github.readDeliveryLog(app, { ...keptDeliveries(tools), since })).failed;
  if (since === undefined) await noteClock(tools, await organizations(tools));
  if (tools.polls === true) return;
  await noteLate(tools, failed);
  await eachOf(failed, ({ id }) => tools.github.requestRedelivery(app, id));
}

/** The webhooks about people, which have no time of their own. */
const OF_PEOPLE: ReadonlySet<string> = new Set(["member", "membership", "organization", "team"]);

/** Notes when GitHub first tried to report what someone gained or lost, before it reports it again. */
async function noteLate(tools: Tools, failed: DeliveryLog["failed"]): Promise<void> {
  const ofPeople = failed.filter(
    ({ event, installationId }) => OF_PEOPLE.has(event) && installationId !== null,
  );
  if (ofPeople.length === 0) return;
  const owners = new Map<number, number>();
  for await (const { body } of tools.ledger.states("repository", { everyOrganization: true }))
    owners.set(body.installationId, body.repository.ownerId);
  const entries: Entry[] = [];
  for (const { guid, installationId, at } of ofPeople) {
    const ownerId = owners.get(installationId ?? 0);
    if (ownerId === undefined) continue;
    const body = { kind: "told-late", ownerId, delivery: guid, at } as const;
    const subject = observationSubject(0, body, `late:${guid}`);
    if ((await tools.ledger.state("observation", subject)) !== undefined) continue;
    entries.push({ kind: "observation", subject, repositoryId: 0, organizationId: ownerId, at, body });
  }
  if (entries.length > 0) await tools.ledger.record({ entries }, tools.clock.now());
}

/** Notes since when webhooks do not arrive, and answers those that did not; where they are read from the log, after reading. */
async function noteDeliveries(tools: Tools): Promise<DeliveryLog["failed"]> {
  const app = await tools.github.octokits.app();
  let failure: unknown = null;
  if (tools.polls === true)
    await poll(tools, { untilStored: false }).catch((error: unknown) => {
      if (isForAll(error)) throw error;
      failure = error;
    });
  const log = await tools.github.readDeliveryLog(app, keptDeliveries(tools));
  await noteWebhooks(tools, await organizations(tools), log);
  // What could not be stored is noted as lost first.
  if (failure !== null) throw failure;
  return log.failed;
}

/**
 * Follows every production branch, judges every open pull request and unrecorded deployment of one repository. One
 * query shows the overviews of several repositories of a census; what is unchanged there is not requested again.
 */
export async function sweepRepository(repo: Repo, { round }: Task<"sweep">): Promise<void> {
  repo.github.lookups.forget([`policy:${repo.info.id}`]);
  const chores = new Chores(repo.tools, notesOf(repo));
  const seen = await overviewOf(repo, round);
  if (seen !== null) await chores.do("the policy", () => currentPolicy(repo, seen.policies));
  // What people decided while nobody listened comes before what it may concern.
  await chores.do("the comments", async () =>
    eachOf(await unreadCommands(repo, seen), (given) => answerCommand(repo, COMMENT_COMMANDS, given)),
  );
  let refs = await watchedRefs(repo);
  await chores.do("the branches", async () => {
    refs = await productionRefs(repo);
  });
  await chores.do("the integration branches", () => followIntegration(repo));
  const followed: string[] = [];
  for (const ref of refs)
    if (await chores.do(`the updates of ${ref}`, () => followBranch(repo, ref))) followed.push(ref);
  const isComplete = await chores.do("what was not shown whole", () => completeUnshown(repo));
  // That no update introduced a pull request is known only where all of them were read.
  for (const ref of isComplete ? followed : [])
    await chores.do(`the pull requests merged into ${ref}`, () => findUnnamed(repo, ref, seen));
  await chores.do("how it is protected", () => readControlState(repo, null, "all", seen));
  await chores.do("the open pull requests", () => judgeOpen(repo, seen));
  await chores.do("what is due", () => doDue(repo));
  await chores.do("the deployments", async () =>
    eachOf(await unrecordedDeployments(repo, seen), (number) => assessDeployment(repo, number)),
  );
  await chores.do("the merges of what is deployed", async () =>
    eachOf(await owedMerges(repo), (id) => checkOwedMerge(repo, id)),
  );
  await chores.do("the issues of deviations", () => keepDeviations(repo));
  await chores.do("the tags", () => assessTags(repo));
  await chores.do("the runs of workflows", () => assessRuns(repo));
  await chores.do("the jobs that wait for an answer", async () => {
    await answerMissedGates(repo);
    await answerWaitingGates(repo);
  });
  chores.end();
}

/** Returns the overview of one repository, read with those of others; null: everything is to be asked for by itself. */
async function overviewOf(repo: Repo, round: string): Promise<Overview | null> {
  const { installationId, info: repository } = repo;
  // What GitHub does not let us see, an overview shows as not there.
  for await (const { body } of repo.ledger.states("coverage-gap", { organizationId: repository.ownerId }))
    if (body.cause === "permission-missing" && body.to === null) return null;
  const overviews = await repo.github.lookups.remember(
    `overviews:${installationId}:${round}`,
    [`installation:${installationId}`],
    async () => {
      const repositories: Repository[] = [];
      for await (const { body } of repo.ledger.states("repository", { organizationId: repository.ownerId }))
        if (body.installationId === installationId && body.removedAt === null)
          repositories.push(body.repository);
      const octokit = await repo.tools.github.octokits.installation(installationId);
      return new repo.github.Overviews(octokit, repositories);
    },
  );
  return overviews.take(repository);
}

/** Comments are read again for so long (ms): a sweep comes once a day, and may fail once. */
const READ_AGAIN = 3 * DAY;

/** Comments meant for us that were not answered: written in the last days, or since a spell in which the App was down. */
async function unreadCommands(repo: Repo, seen: Overview | null): Promise<readonly Commented[]> {
  const { info: repository } = repo;
  let since = repo.now() - READ_AGAIN;
  const gaps = repo.ledger.states("coverage-gap", { organizationId: repository.ownerId });
  for await (const entry of gaps) {
    const { cause, from, to } = entry.body;
    if (cause === "app-down" && to !== null && to >= since) since = Math.min(since, from);
  }
  since = Math.max(since, repo.since);
  // Whatever is written changes what it is written on.
  if (seen !== null && (seen.changedAt ?? 0) < since) return [];
  const given = await repo.github.listComments(since, repo.appId);
  const unread: Commented[] = [];
  for (const each of given) {
    const subject = commandSubject(repository.id, each.comment.id);
    if ((await repo.ledger.state("command", subject)) === undefined) unread.push(each);
  }
  return unread;
}

/** Deployments to production that are not recorded and may have succeeded; those that failed long ago will not. */
async function unrecordedDeployments(repo: Repo, seen: Overview | null): Promise<readonly number[]> {
  const { info: repository, since } = repo;
  const recorded = new Set<number>();
  let newest = since;
  for (const { number, createdAt } of await knownDeployments(repo.tools, repository.id)) {
    if (number !== null) recorded.add(number);
    newest = Math.max(newest, createdAt);
  }
  const from = Math.max(since, newest - MAY_STILL_SUCCEED);
  const policy = policyOrDefault(await currentPolicy(repo));
  const listed = seen?.deployedSince(from) ?? (await repo.github.listDeployments(from)).listed;
  const environments = listed.flatMap((each) => [each.environment, each.originalEnvironment ?? ""]);
  await noticeEnvironments(repo, policy, environments);
  return listed
    .filter(({ number, environment, originalEnvironment }) => {
      const names = [environment, originalEnvironment ?? environment];
      return !recorded.has(number) && names.some((name) => isProductionEnvironment(policy, name));
    })
    .map(({ number }) => number);
}

/** Deployments of heads that were not merged yet, or of which that was not known. */
async function owedMerges(repo: Repo): Promise<readonly string[]> {
  const known = await knownDeployments(repo.tools, repo.info.id);
  return known.filter(({ owedBy, isMergeUnknown }) => owedBy !== null || isMergeUnknown).map(({ id }) => id);
}

/** Advances what is due in one repository: expired emergencies, reviews and confirmations that are owed. */
export async function doDue(repo: Repo): Promise<void> {
  await advanceDeploymentEmergencies(repo);
  await eachOf(await advanceDueEmergencies(repo), (number) => assessPull(repo, number, null));
}

/** Judges every open pull request again. `round`: other repositories are assessed with this one. */
export async function rejudgeOpen(repo: Repo, round?: string): Promise<void> {
  const seen = round === undefined ? null : await overviewOf(repo, round);
  if (seen !== null) await currentPolicy(repo, seen.policies);
  await judgeOpen(repo, seen);
}

async function judgeOpen(repo: Repo, seen: Overview | null): Promise<void> {
  // The policy's scope of the repository is kept, also where nothing is open.
  await currentPolicy(repo);
  const open = seen?.open.isWhole === true ? seen.open.entries : await repo.github.listOpenPulls();
  await eachOf(open, ({ number }) => assessPull(repo, number, null));
}

/** Does each; one that fails does not hold up the others, and the first failure that may pass is thrown at the end, or else the first. */
async function eachOf<Item>(items: readonly Item[], act: (item: Item) => Promise<void>): Promise<void> {
  const failed: unknown[] = [];
  for (const item of items) {
    try {
      await act(item);
    } catch (error) {
      if (isForAll(error)) throw error;
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed.find((error) => !isLasting(error)) ?? failed[0];
}
