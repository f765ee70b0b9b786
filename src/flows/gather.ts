/** Facts gathered whole: a pull request with everyone's rights and every proof its judgement will ask for. */

import { nextProof } from "../domain/approval.ts";
import type { PullRequest } from "../domain/change.ts";
import { makersOf } from "../domain/contribution.ts";
import type { Policy } from "../domain/policy/policy.ts";
import { policyInForce, type PolicyInForce } from "../domain/policy/tighten.ts";
import type { Observation } from "../domain/record.ts";
import { sources } from "../domain/wording.ts";
import type { Candidates } from "../domain/message.ts";
import type { Tools, Watched } from "./ports.ts";

/** GitHub's lists lag behind its webhooks; nothing is concluded from their silence before this long (ms). */
export const SETTLING = 10 * 60_000;

/** So many comparisons are made for one pull request; beyond that its content stays unproven. */
const MOST_PROOFS = 60;

/** The entry subject an observation is kept under, so that those of one pull request or branch are found together. */
export function observationSubject(repositoryId: number, observation: Observation, own: string): string {
  const about = "pull" in observation ? `pull/${observation.pull}` : observation.ref;
  return `${repositoryId}/${about}/${own}`;
}

/** Everything observed of one pull request or one ref since `from`, oldest first; `about` as in {@link observationSubject}. */
export async function observationsOf(
  tools: Tools,
  repositoryId: number,
  about: string,
  from = 0,
): Promise<readonly Observation[]> {
  const found: Observation[] = [];
  const subjectPrefix = `${repositoryId}/${about}/`;
  for await (const entry of tools.ledger.states("observation", {
    repositoryId,
    subjectPrefix,
    from,
    order: "at",
  })) {
    found.push(entry.body as Observation);
  }
  return found;
}

/** A pull request ready to be judged under the policy of its base, or under `policy` where one is given. */
export async function gatherPull(
  tools: Tools,
  watched: Watched,
  number: number,
  given?: PolicyInForce,
): Promise<{ readonly pull: PullRequest; readonly policy: PolicyInForce }> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const read = await tools.github.readPullRequest(octokit, watched.repository, number, {
    installationId: watched.installationId,
    lookups: tools.github.lookups,
    observations: await observationsOf(tools, watched.repository.id, `pull/${number}`),
    observationsOfRef: (ref) => observationsOf(tools, watched.repository.id, ref),
  });
  const policy = given ?? policyInForce(read.policy.organization, read.policy.repository);
  if (policy.state !== "known") return { pull: read.pull, policy };
  const needs = needsOf(policy.record.effective);
  const authorities = await tools.github.readAuthorities(octokit, read, needs, tools.github.lookups);
  const merged = read.pull.merged?.at ?? null;
  // Rights matter as they are now, or as they were at the merge: read within minutes of it, they were those.
  const basis = merged === null || tools.clock.now() - merged <= SETTLING ? "observed" : "read-later";
  let pull: PullRequest = { ...read.pull, authorities: authorities.map((each) => ({ ...each, basis })) };
  if (read.ownBranch !== null && hasUnseenPusher(pull)) {
    // A webhook was missed, or the branch is older than our installation: GitHub's activity list says who pushed.
    const told = await tools.github.readPushes(octokit, watched.repository, read.ownBranch);
    pull = { ...pull, pushes: tools.github.mergePushes([...pull.pushes, ...told]) };
  }
  for (let made = 0; made < MOST_PROOFS; made += 1) {
    const missing = nextProof(pull);
    if (missing === null) break;
    const base = pull.base.ref;
    const proof = await tools.github.proveSameContent(
      octokit,
      watched.repository,
      base,
      missing,
      tools.github.lookups,
    );
    pull = { ...pull, sameContent: [...pull.sameContent, proof] };
  }
  return { pull, policy };
}

function hasUnseenPusher(pull: PullRequest): boolean {
  return (
    pull.reviews.length > 0 && makersOf(pull).some((makers) => makers.pusher === null && !makers.addsNothing)
  );
}

/** What must be known of people for a policy to be judged. */
export function needsOf(policy: Policy): {
  permission: Policy["approvals"][number]["from"]["permission"][];
  teams: string[];
  organizations: string[];
  users: string[];
} {
  const from = policy.approvals.map((requirement) => requirement.from);
  return {
    permission: from.map((each) => each.permission),
    teams: from.flatMap((each) => each.teams ?? []),
    organizations: from.flatMap((each) => each.organizations ?? []),
    users: from.flatMap((each) => each.users ?? []),
  };
}

/** Who could give what the policy asks for; only asked where something is missing. */
export async function candidatesFor(
  tools: Tools,
  watched: Watched,
  policy: PolicyInForce,
): Promise<Candidates> {
  if (policy.state !== "known") return [];
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const asked = policy.record.effective.approvals.map(async ({ from }) => ({
    source: sources(from),
    logins: await tools.github.readCandidates(octokit, watched.repository, from, tools.github.lookups),
  }));
  return Promise.all(asked);
}
