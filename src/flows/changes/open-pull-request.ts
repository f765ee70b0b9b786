/** An open pull request, also where GitHub cannot answer it: what is known of it, and what an emergency needs to know. */

import { nextRetry } from "../../domain/change/settling.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import { isIntegrationBranch } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { followIntegration } from "./follow-branch.ts";
import { emergenciesOfAll, advanceEmergencies } from "../emergencies/emergencies.ts";
import { acceptanceOf, gatherPull } from "../facts/pull-request.ts";
import { observationsOf } from "../records/observations.ts";
import { policyAt } from "../policy/in-force.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { isNotAnswered, unreadPull } from "../facts/unanswered.ts";

/** A pull request gathered with the policy it is judged by. */
export type OpenPullFacts = Awaited<ReturnType<typeof gatherPull>>;

/** A pull request as {@link gatherWhole}; of an open one that GitHub cannot answer, what is known of it. */
export async function gatherOpen(
  tools: Tools,
  watched: RepositoryContext,
  number: number,
): Promise<OpenPullFacts> {
  try {
    return await gatherWhole(tools, watched, number);
  } catch (error) {
    if (!isNotAnswered(error)) throw error;
    const now = tools.clock.now();
    const before = await tools.ledger.state("gate", `${watched.repository.id}#${number}`);
    const said = before?.body.pulls.find((pull) => pull.number === number)?.unread;
    const unread = { because: error.message, since: said?.since ?? now };
    const pull = await unreadPull(tools, watched, number, unread, null);
    if (pull?.state !== "open") throw error;
    const policy = await policyAt(tools, watched, pull.base.ref);
    const accepted = await acceptanceOf(tools, watched, number);
    const lookAt = nextRetry([{ what: `#${number}`, since: unread.since }], now);
    return { pull: { ...pull, ...accepted }, policy, twins: [], lookAt, isOver: false };
  }
}

/** A pull request with everything that landed on integration branches before it: where it comes from one, that is caught up first. */
async function gatherWhole(tools: Tools, watched: RepositoryContext, number: number): Promise<OpenPullFacts> {
  const gathered = await gatherPull(tools, watched, number);
  const { pull, policy } = gathered;
  if (
    pull.state !== "open" ||
    !isIntegrationBranch(policyOrDefault(policy), watched.repository, pull.head.ref)
  )
    return gathered;
  return (await followIntegration(tools, watched)) ? gatherPull(tools, watched, number) : gathered;
}

/** The emergencies of a pull request, brought up to what was said on it; of one that nobody can read as they are known. */
export async function emergenciesOfOpenPull(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  policy: PolicyInForce,
): Promise<readonly EmergencyFacts[]> {
  return pull.unread === undefined
    ? advanceEmergencies(tools, watched, pull, policy)
    : emergenciesOfAll(tools, watched, [pull]);
}

/**
 * Returns a pull request with who made it, where it could not be read: its head's commits and whoever was seen to push them. Whoever
 * authorises an emergency must have had no part in it. Throws Trouble.
 */
export async function withMakers(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
): Promise<PullRequest> {
  if (pull.unread === undefined) return pull;
  const { repository, head, base, number } = pull;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const { readEarlier, readPushes, mergePushes, lookups } = tools.github;
  const { commits } = await readEarlier(octokit, repository, base.sha, head.sha, lookups);
  const ref = head.fork === true ? `refs/pull/${number}/head` : `refs/heads/${head.ref}`;
  const observed = await observationsOf(tools, repository.id, ref, pull.createdAt);
  const told = observed.flatMap((each) =>
    each.kind === "pushed" ? [{ ...each, basis: "observed" as const }] : [],
  );
  const listed = head.fork === true ? [] : await readPushes(octokit, repository, ref);
  return {
    ...pull,
    commits: commits ?? [],
    commitsComplete: commits !== null,
    pushes: mergePushes([...told, ...listed]).filter(({ at }) => at >= pull.createdAt || head.fork !== true),
  };
}
