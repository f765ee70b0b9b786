/** The emergencies of a pull request: read from the log, and advanced by what happened since: a push, an approval, a label, time. */

import { addressee, type Repo } from "../context/repo.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import type { Action, Decision } from "../../domain/records/entry.ts";
import { isForDeployment } from "../../domain/emergency/deployment.ts";
import { contributed, eligibilityOf, type Eligibility } from "../../domain/emergency/eligibility.ts";
import { allows, emergencyRolesOf } from "../../domain/emergency/emergency.ts";
import { declarersOf, isOpen, type EmergencyRecord } from "../../domain/records/emergency.ts";
import { mergeDecisions } from "../../domain/deviation/decide.ts";
import { OVERTAKEN } from "../../domain/emergency/due.ts";
import type { EmergencyFacts } from "../../domain/records/emergency-facts.ts";
import {
  authorisation,
  authorised,
  confirmed,
  emergencyPrefix,
  expired,
  opened,
  overtaken,
  pushed,
  withdrawn,
} from "../../domain/emergency/life.ts";
import { decideEmergencyStep } from "../../domain/emergency/steps.ts";
import { askAuthorisers, askReason } from "../../domain/messages/emergency.ts";
import type { AccountName } from "../../domain/policy/identity.ts";
import type { From } from "../../domain/policy/file/selectors.ts";
import type { PolicyNames } from "../../domain/policy/file/names.ts";
import type { People } from "../../domain/policy/file/people.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { isProductionBranch } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { trusted } from "../policy/in-force.ts";
import type { Tools } from "../context/tools.ts";
import { teamsHere } from "../facts/rights.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Actor, Authority } from "../../domain/change/people.ts";

/** The label that opens an emergency, compared without case. It then waits for its reason. */
const EMERGENCY_LABEL = "emergency";

/** Describes a policy that is known, with its digest. */
export interface KnownPolicy {
  readonly policy: Policy;
  readonly policyDigest: string;
}

/** Returns the policy with its digest, or null where it is not known: then no emergency advances. */
export function known(policy: PolicyInForce): KnownPolicy | null {
  return policy.state === "known"
    ? { policy: policy.record.effective, policyDigest: policy.record.digest }
    : null;
}

/** Reads every emergency of a pull request, or (null) of the repository's deployments, oldest first, each with its review. */
export async function emergenciesOfPull(
  tools: Tools,
  repositoryId: number,
  pull: number | null,
): Promise<readonly EmergencyFacts[]> {
  const found: EmergencyFacts[] = [];
  const subjectPrefix = emergencyPrefix(repositoryId, pull);
  const asOf = tools.clock.now();
  for await (const entry of tools.ledger.states("emergency", { repositoryId, subjectPrefix })) {
    const review = await tools.ledger.state("retroactive-review", entry.subject);
    found.push({
      record: entry.body,
      review: review === undefined ? null : review.body,
      asOf,
    });
  }
  return found.toSorted((a, b) => a.record.opened.at - b.record.opened.at);
}

/** Reads the emergencies of this commit in this environment that no pull request stands for. */
export async function emergenciesForDeployment(
  repo: Repo,
  named: { readonly environment: string; readonly sha: Sha },
): Promise<readonly EmergencyFacts[]> {
  const all = await emergenciesOfPull(repo.tools, repo.info.id, null);
  return all.filter(({ record }) => isForDeployment(record, named));
}

/** Reads the emergencies of several pull requests. */
export async function emergenciesOfAll(
  repo: Repo,
  pulls: readonly { readonly number: number }[],
): Promise<readonly EmergencyFacts[]> {
  const all: EmergencyFacts[] = [];
  for (const { number } of pulls) all.push(...(await emergenciesOfPull(repo.tools, repo.info.id, number)));
  return all;
}

/** Reads someone's rights, as far as these people are named by them. */
export async function authorityFor(
  repo: Repo,
  actor: Actor,
  among: readonly People[],
  names?: PolicyNames,
): Promise<Authority | null> {
  const observed = await repo.witnesses().ofOwner();
  const teams = await teamsHere(repo, repo.info, observed);
  const [authority] = await repo.github.authorities(
    { pull: { repository: repo.info, reviews: [] }, mayWrite: new Set<number>() },
    {
      // Whoever does anything here must be able to write.
      permission: ["write", ...among.map(({ permission }) => permission)],
      teams: among.flatMap((people) => people.teams ?? []),
      organizations: among.flatMap(({ organizations }) => organizations ?? []),
      users: among.flatMap(({ users }) => users ?? []),
      people: [actor],
    },
    new repo.github.Losses(observed, repo.github.lookups, Infinity, teams),
  );
  if (authority === undefined) return null;
  const [sure] = await trusted(repo, [authority], names);
  return sure ?? null;
}

/** Returns the pull request with everyone who pushed, as far as GitHub still knows: an authoriser must not be one. */
async function withPushers(repo: Repo, pull: PullRequest): Promise<PullRequest> {
  if (pull.head.ref === "") return pull;
  const observed = await repo.github.pushes(`refs/heads/${pull.head.ref}`);
  return { ...pull, pushes: repo.github.mergePushes([...pull.pushes, ...observed]) };
}

/** Reads someone's eligibility in an emergency, with the rights it rests on. */
export async function readEligibility(
  repo: Repo,
  facts: {
    readonly actor: Actor;
    readonly among: People;
    readonly pull: PullRequest | null;
    /** Of what is deployed without one. */
    readonly makers?: readonly AccountName[] | null;
    readonly record: EmergencyRecord | null;
    readonly policy: Policy;
  },
): Promise<{
  readonly eligibility: Eligibility;
  readonly authority: Authority | null;
}> {
  const { actor, among, record, policy } = facts;
  const { alone } = policy.emergency;
  const groups = alone === null ? [among] : [among, alone.from];
  const authority = await authorityFor(repo, actor, groups, policy.names);
  const unseen =
    facts.pull !== null && contributed(facts.pull, actor, policy).is === "unknown" ? facts.pull : null;
  const pull = unseen === null ? facts.pull : await withPushers(repo, unseen);
  const eligibility = eligibilityOf({
    actor,
    authority,
    among,
    pull,
    ...(facts.makers === undefined ? {} : { makers: facts.makers }),
    declarers: record === null ? [] : declarersOf(record),
    authoriser: record?.authorised?.by ?? null,
    policy,
  });
  return { eligibility, authority };
}

/** Reads the logins of those who may authorise, as far as GitHub shows them; at most a hundred. */
export async function authorisers(repo: Repo, policy: Policy): Promise<readonly string[]> {
  const from: From = policy.emergency.authorisers;
  return repo.github.candidates(from);
}

/**
 * Advances the emergencies of a pull request by the facts of now: the label, a push, an approving review, time. Records what that
 * came to, and returns them as they are then. Of a merged pull request only what came before the merge counts.
 */
export async function advanceEmergencies(
  repo: Repo,
  pull: PullRequest,
  inForce: PolicyInForce,
): Promise<readonly EmergencyFacts[]> {
  const facts = await emergenciesOfPull(repo.tools, repo.info.id, pull.number);
  const current = known(inForce);
  if (current === null) return facts;
  const steps: Partial<Decision>[] = [];
  const to = addressee(repo);
  const now = repo.now();
  const label = pull.labels.some((each) => each.toLowerCase() === EMERGENCY_LABEL);
  let after = facts;
  const change = (record: EmergencyRecord, said: readonly Action[]): void => {
    const kept = after.filter((each) => each.record.id !== record.id);
    const review = after.find((each) => each.record.id === record.id)?.review ?? null;
    steps.push(decideEmergencyStep(record, review, now), { actions: said });
    after = [...kept, { record, review, asOf: now }];
  };
  const isHeld = isProductionBranch(current.policy, repo.info, pull.base.ref);
  if (label && isHeld && facts.length === 0 && pull.state === "open") {
    const about = { repository: repo.info, pull: pull.number, deployment: null, ...current };
    const record = opened(about, "label", { by: null, at: now, via: "label" }, null, pull.head.sha);
    change(record, askReason(to, record, null));
  }
  const before = after;
  for (const { record } of before) {
    const moved = await advanced(repo, record, { pull, label, now, current });
    if (moved === null) continue;
    const eligible = moved.status === "waiting" ? await authorisers(repo, current.policy) : null;
    change(moved, eligible === null ? [] : askAuthorisers(to, moved, current.policy, eligible, "pushed"));
  }
  if (steps.length > 0) await repo.commit(mergeDecisions(...steps));
  return after;
}

async function advanced(
  repo: Repo,
  record: EmergencyRecord,
  facts: {
    readonly pull: PullRequest;
    readonly label: boolean;
    readonly now: Instant;
    readonly current: KnownPolicy;
  },
): Promise<EmergencyRecord | null> {
  const { pull, label, now, current } = facts;
  const given = record.authorised;
  const end = isOpen(record) ? endOf(pull, now) : null;
  if (end !== null) return overtaken(record, end.at, end.because);
  switch (record.status) {
    case "awaiting-reason": {
      if (record.opened.via !== "label" || label || pull.state !== "open") return null;
      return withdrawn(record, { by: null, at: now, via: "label" }, "its label was taken off");
    }
    case "authorised": {
      if (given === null) return null;
      if (given.head !== null && given.head !== pull.head.sha) {
        const push = pull.pushes.findLast(({ after }) => after === pull.head.sha);
        const again = pushed(record, push?.at ?? now, push?.actor ?? null, pull.head.sha);
        return (await byReview(repo, again, pull, current)) ?? again;
      }
      return pull.state !== "merged" && now > given.until ? expired(record) : null;
    }
    case "waiting":
      return byReview(repo, record, pull, current);
    case "used":
      return byReview(repo, record, pull, current);
    default:
      return null;
  }
}

/** Returns when and why nothing is left of a pull request that an emergency could let pass, or null. */
function endOf(pull: PullRequest, now: Instant): { readonly at: Instant; readonly because: string } | null {
  if (pull.state === "closed")
    return { at: now, because: "its pull request was closed without being merged" };
  const at = pull.merged?.at;
  if (at === undefined || now < at + OVERTAKEN) return null;
  return { at, because: "its pull request was merged without it" };
}

/** Takes an approving review by someone who may authorise as an authorisation, or as the confirmation of one given alone. */
async function byReview(
  repo: Repo,
  record: EmergencyRecord,
  pull: PullRequest,
  current: KnownPolicy,
): Promise<EmergencyRecord | null> {
  const { declared, authorised: given } = record;
  if (declared === null) return null;
  const waits = record.status === "waiting";
  if (!waits && (given?.confirmBy == null || record.confirmed !== null)) return null;
  const since = waits ? declared.at : (given?.at ?? declared.at);
  const merged = waits ? (pull.merged?.at ?? Infinity) : Infinity;
  const reviews = pull.reviews
    .filter(
      ({ state, commit, submittedAt, dismissed, author }) =>
        state === "approved" &&
        commit === pull.head.sha &&
        submittedAt >= since &&
        submittedAt <= merged &&
        dismissed === null &&
        author?.type === "User",
    )
    .toSorted((a, b) => a.submittedAt - b.submittedAt || a.id - b.id);
  for (const { author, submittedAt: at } of reviews) {
    if (author === null) continue;
    const among = current.policy.emergency.authorisers;
    const seen = await readEligibility(repo, {
      actor: author,
      among,
      pull,
      record,
      policy: current.policy,
    });
    const roles = emergencyRolesOf(seen.eligibility, false);
    if (seen.authority === null) continue;
    if (waits && allows(record, "authorise", roles)) {
      const head = pull.head.sha;
      const rest = { by: author, at, via: "review", head, authority: seen.authority } as const;
      return authorised(record, authorisation(rest, current.policy, false), current);
    }
    if (!waits && allows(record, "confirm", roles))
      return confirmed(record, { by: author, at, via: "review" });
  }
  return null;
}

/**
 * Returns the emergencies of a pull request, updated with its comments. Of one that nobody can read: as they are known. Throws
 * {@link ExternalError}.
 */
export async function emergenciesOfOpenPull(
  repo: Repo,
  pull: PullRequest,
  policy: PolicyInForce,
): Promise<readonly EmergencyFacts[]> {
  return pull.unread === undefined ? advanceEmergencies(repo, pull, policy) : emergenciesOfAll(repo, [pull]);
}
