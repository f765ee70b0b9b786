/** What people may do: as GitHub shows it of those whose rights matter, less what rests on names that changed hands, and who else could give an approval. */

import type { Repo } from "../context/repo.ts";
import { leafRequirements, requirementsOf } from "../../domain/approval/requirements.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { contributorsOf } from "../../domain/approval/contribution/contributors.ts";
import type { ReviewerCandidates } from "../../domain/approval/review-requests.ts";
import type { From } from "../../domain/policy/file/selectors.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { namedBy, type Requirement } from "../../domain/policy/file/requirement.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { namedIn } from "../../domain/policy/file/when.ts";
import { TEAMS, teamsIn } from "../../domain/protection/people.ts";
import { settingSubject } from "../../domain/decisions/protection-reading.ts";
import type { Observation } from "../../domain/change/observation.ts";
import { approversText } from "../../domain/policy/approvers-text.ts";
import type { TeamsWithAccess } from "../../github/freshness/freshness.ts";
import { ownerNames } from "../policy/code-owner-names.ts";
import { trusted } from "../policy/in-force.ts";
import type { Tools } from "../context/tools.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Authority } from "../../domain/change/people.ts";
import type { Repository } from "../../domain/change/repository.ts";

const SECOND = 1_000;

type Needs = Parameters<Tools["github"]["readAuthorities"]>[2];

/** A pull request as it was read. */
type ReadPull = Awaited<ReturnType<Tools["github"]["readPullRequest"]>>;

/** Reads the rights of all who matter to the judgement of a pull request; those seen before a merge are better known than what is read long after. Throws {@link ExternalError}. */
export async function rightsIn(
  repo: Repo,
  read: ReadPull,
  pull: PullRequest,
  known: {
    readonly policy: Extract<PolicyInForce, { readonly state: "known" }>["record"];
    readonly requirements: readonly Requirement[];
    /** Rights are read as they are now, or long after the merge. */
    readonly basis: "observed" | "read-later";
    /** What webhooks reported of the owner's people. */
    readonly ofOwner: readonly Observation[];
  },
): Promise<{
  readonly authorities: readonly Authority[];
  /** When they are read again, because GitHub does not show yet what a webhook reported; null: it shows all of it. */
  readonly retryAt: Instant | null;
}> {
  const { policy, requirements, basis, ofOwner } = known;
  const merged = pull.merged?.at ?? null;
  const teams = await teamsHere(repo, repo.info, ofOwner);
  const { Losses, lookups } = repo.github;
  const losses = new Losses(ofOwner, lookups, merged ?? undefined, teams);
  const needs = needsOf(pull, policy.effective, requirements);
  const rights = await repo.github.authorities(read, needs, losses);
  const owners = await ownerNames(repo, pull, requirements);
  const byPolicy = await trusted(repo, rights, policy.effective.names);
  const authorities = await trusted(repo, byPolicy, owners);
  const kept =
    basis === "observed" || merged === null
      ? new Map<number, Authority>()
      : await authoritiesBefore(repo, pull.number, merged, policy.digest, needs);
  return {
    authorities: authorities.map((each) => kept.get(each.actor.id) ?? { ...each, basis }),
    retryAt: losses.retryAt,
  };
}

/** What must be known of people for a pull request to be judged. */
function needsOf(pull: PullRequest, policy: Policy, requirements: readonly Requirement[]): Needs {
  const who = policy.rules.flatMap(({ when }) => namedIn(when));
  const from = [...requirements.map((each) => namedBy(each.from)), ...who];
  // Whether someone else's dismissal lifts a request for changes depends on whether they are an administrator.
  const dismissers = pull.reviews.flatMap(({ author, state, dismissed }) =>
    state === "approved" || dismissed === null || dismissed.by === null || dismissed.by.id === author?.id
      ? []
      : [dismissed.by],
  );
  const ofOwners = requirements.flatMap((each) => (each.from.owners === undefined ? [] : ["write" as const]));
  const permission: Needs["permission"] = [...from.map((each) => each.permission), ...ofOwners];
  return {
    permission: dismissers.length === 0 ? permission : [...permission, "admin"],
    teams: from.flatMap((each) => each.teams ?? []),
    organizations: from.flatMap((each) => each.organizations ?? []),
    users: from.flatMap((each) => each.users ?? []),
    people: [...dismissers, ...(who.length === 0 ? [] : contributorsOf(pull).map(({ actor }) => actor))],
  };
}

/** What reviewers might do when the gate last looked before a merge, under the same policy: better known than what is read long after. */
async function authoritiesBefore(
  repo: Repo,
  number: number,
  merged: Instant,
  policyDigest: string,
  needs: Needs,
): Promise<ReadonlyMap<number, Authority>> {
  const entry = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
  if (entry === undefined || entry.recordedAt > merged + SECOND) return new Map();
  const { pulls, assessment } = entry.body;
  if (assessment.policyDigest !== policyDigest) return new Map();
  const needsPermission = needs.permission.some((each) => each !== undefined);
  // Which teams were looked through then depends on the rules that applied then.
  const groups = [...needs.teams, ...needs.organizations].map((each) => each.toLowerCase());
  const known = pulls
    .filter((pull) => pull.number === number)
    .flatMap((pull) => pull.authorities)
    // Where the policy requires no permission, none was read.
    .filter(({ permission, unread }) => (permission !== "unknown" || !needsPermission) && unread.length === 0)
    .filter(({ asked: groupsRead = [] }) => groups.every((group) => groupsRead.includes(group)));
  return new Map(known.map((authority) => [authority.actor.id, authority]));
}

/** Lists who could give what these pull requests need, and in an emergency who may authorise it; only asked where something is missing. */
export async function candidatesFor(
  repo: Repo,
  pulls: readonly PullRequest[],
  policy: PolicyInForce,
  at: Instant,
  inEmergency = false,
): Promise<ReviewerCandidates> {
  if (policy.state !== "known") return [];
  const { effective } = policy.record;
  const all = pulls.flatMap((pull) => leafRequirements(requirementsOf(pull, effective, at)));
  const authorisers = inEmergency ? [{ from: effective.emergency.authorisers }] : [];
  const bySource = new Map<string, From>(
    [...all, ...authorisers].map(({ from }) => [approversText(from), namedBy(from)]),
  );
  const found = [...bySource].map(async ([source, from]) => ({
    source,
    logins: await repo.github.candidates(from),
  }));
  return Promise.all(found);
}

/** Returns the teams with rights in a repository; null: nobody knows. Asked only where someone left a team, or a team was deleted. */
export async function teamsHere(
  { ledger }: Pick<Tools, "ledger">,
  { id }: Repository,
  ofOwner: readonly Observation[],
): Promise<TeamsWithAccess> {
  const rightChanges = ofOwner.filter((each) => each.kind === "right-lost");
  if (rightChanges.every(({ isBack, team }) => isBack || team === undefined)) return [];
  const read = await ledger.state("control-state", settingSubject(id, TEAMS));
  const teams = teamsIn(read?.body.value);
  if (teams === null) return null;
  // What was read may be older than what was reported since.
  const given = rightChanges.flatMap(({ of, through }) =>
    of === String(id) && through !== undefined ? [through] : [],
  );
  return [...teams, ...given.map((name) => ({ id: null, slug: name.split("/")[1] ?? "" }))];
}
