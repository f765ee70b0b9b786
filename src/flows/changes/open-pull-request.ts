/** An open pull request, also where GitHub cannot answer it: what is known of it, and what an emergency needs to know. */

import type { Repo } from "../context/repo.ts";
import { nextRetry } from "../../domain/change/settling.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { isIntegrationBranch } from "../../domain/policy/scope.ts";
import { followIntegration } from "./follow-branch.ts";
import { acceptanceOf, gatherPull } from "../facts/pull-request.ts";
import { policyAt } from "../policy/in-force.ts";
import { isNotAnswered, unreadPull } from "../facts/unanswered.ts";

/** Describes a pull request gathered with the policy it is judged by. */
export type OpenPullFacts = Awaited<ReturnType<typeof gatherPull>>;

/** Returns a pull request as {@link gatherWhole}; of an open one that GitHub cannot answer, what is known of it. */
export async function gatherOpen(repo: Repo, number: number): Promise<OpenPullFacts> {
  try {
    return await gatherWhole(repo, number);
  } catch (error) {
    if (!isNotAnswered(error)) throw error;
    const now = repo.now();
    const before = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
    const said = before?.body.pulls.find((pull) => pull.number === number)?.unread;
    const unread = { because: error.message, since: said?.since ?? now };
    const pull = await unreadPull(repo, number, unread, null);
    if (pull?.state !== "open") throw error;
    const policy = await policyAt(repo, pull.base.ref);
    const accepted = await acceptanceOf(repo, number);
    const retryAt = nextRetry([{ what: `#${number}`, since: unread.since }], now);
    return { pull: { ...pull, ...accepted }, policy, sharing: [], retryAt, isOver: false };
  }
}

/** A pull request with everything that landed on integration branches before it: where it comes from one, that is caught up first. */
async function gatherWhole(repo: Repo, number: number): Promise<OpenPullFacts> {
  const gathered = await gatherPull(repo, number);
  const { pull, policy } = gathered;
  if (pull.state !== "open" || !isIntegrationBranch(policyOrDefault(policy), repo.info, pull.head.ref))
    return gathered;
  return (await followIntegration(repo)) ? gatherPull(repo, number) : gathered;
}

/**
 * Returns a pull request with its makers where it could not be read. They are its head's commits and whoever was seen to push
 * them. Whoever authorises an emergency must have had no part in it. Throws {@link ExternalError}.
 */
export async function withMakers(repo: Repo, pull: PullRequest): Promise<PullRequest> {
  if (pull.unread === undefined) return pull;
  const { head, base, number } = pull;
  const { mergePushes } = repo.github;
  const { commits } = await repo.github.earlier(base.sha, head.sha);
  const ref = head.fork === true ? `refs/pull/${number}/head` : `refs/heads/${head.ref}`;
  const observed = await repo.observed(ref, pull.createdAt);
  const observedPushes = observed.flatMap((each) =>
    each.kind === "pushed" ? [{ ...each, basis: "observed" as const }] : [],
  );
  const listed = head.fork === true ? [] : await repo.github.pushes(ref);
  return {
    ...pull,
    commits: commits ?? [],
    commitsComplete: commits !== null,
    pushes: mergePushes([...observedPushes, ...listed]).filter(
      ({ at }) => at >= pull.createdAt || head.fork !== true,
    ),
  };
}
