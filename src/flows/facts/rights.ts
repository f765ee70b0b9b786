/** What people may do: as GitHub shows it of those whose rights matter, less what rests on names that changed hands; around the moment they approved; and who else could give an approval. */

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
import {
  HERE,
  type Authority,
  type RightsAround,
  type Permission,
  type RightChange,
} from "../../domain/change/people.ts";
import type { Review } from "../../domain/change/review.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { DAY } from "../../domain/time/durations.ts";
import { observationSubject } from "../context/observations.ts";
import type { Repository } from "../../domain/change/repository.ts";

const SECOND = 1_000;

type Needs = Parameters<Tools["github"]["readAuthorities"]>[2];

/** A pull request as it was read. */
type ReadPull = Awaited<ReturnType<Tools["github"]["readPullRequest"]>>;

/** Reads the rights of all who matter to the judgement of a pull request. Those seen before a merge are better known than what is read long after. Throws {@link ExternalError}. */
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
  /** The rights now or before the merge, and around the moments of approvals. */
  readonly rights: Pick<PullRequest, "authorities" | "given">;
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
  const all = authorities.map((each) => kept.get(each.actor.id) ?? { ...each, basis });
  const around = await rightsAroundApprovals(repo, pull, all);
  return { rights: { authorities: all, ...around }, retryAt: losses.retryAt };
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

/** Lists who could give what these pull requests need, and in an emergency who may authorise it. Only asked where something is missing. */
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

type RightObserved = Extract<Observation, { kind: "right-lost" }>;

/** Adds what was read and reported of the rights of everyone who approved; `authorities`: what was read of them just now. */
async function rightsAroundApprovals(
  repo: Repo,
  pull: PullRequest,
  authorities: readonly Authority[],
): Promise<Pick<PullRequest, "given">> {
  const { info: repository } = repo;
  const approvals = pull.reviews.filter(
    ({ state, author }) => author?.type === "User" && (state === "approved" || state === "unknown"),
  );
  if (approvals.length === 0) return {};
  const gate = await repo.ledger.state("gate", `${repository.id}#${pull.number}`);
  const before = gate?.body.pulls.find(({ number }) => number === pull.number)?.given ?? [];
  const since = Math.min(...approvals.map(({ submittedAt }) => submittedAt)) - DAY;
  const rights = await rightsObserved(repo.tools, repository.ownerId, since);
  const given: RightsAround[] = [];
  for (const review of approvals) {
    const known = before.find((each) => each.review === review.id)?.readings ?? [];
    const now = authorities.find(({ actor }) => actor.id === review.author?.id);
    const seq = await seqOf(repo.tools, repository.id, pull.number, review);
    given.push({
      review: review.id,
      readings: now === undefined || known.some((each) => coversAll(each, now)) ? known : [...known, now],
      told: rights
        .filter(({ body }) => body.personId === null || body.personId === review.author?.id)
        .flatMap((each) => rightChanges(each, repository.id, review, seq)),
    });
  }
  return { given };
}

/** Returns whether a reading covers everything that a later one shows. */
function coversAll(known: Authority, later: Authority): boolean {
  const isKnown = (name: string): boolean =>
    known.asked?.includes(name) === true && !known.unread.includes(name);
  return (
    (known.permission !== "unknown" || later.permission === "unknown") &&
    (later.asked ?? []).filter((name) => !later.unread.includes(name)).every(isKnown)
  );
}

/** Returns every gain and loss of a right in an owner's teams and repositories, oldest first, each when GitHub first reported it. */
async function rightsObserved(
  tools: Tools,
  ownerId: number,
  from: Instant,
): Promise<
  readonly {
    readonly body: RightObserved;
    readonly at: Instant;
    readonly isLate: boolean;
    readonly seq: number;
  }[]
> {
  const found: LoggedEntry<"observation">[] = [];
  const filter = { repositoryId: 0, subjectPrefix: `0/owner/${ownerId}/`, from, order: "at" } as const;
  for await (const entry of tools.ledger.states("observation", filter)) found.push(entry);
  const late = new Map(
    found.flatMap(({ body }) => (body.kind === "told-late" ? [[body.delivery, body.at] as const] : [])),
  );
  return found
    .flatMap(({ body, seq }) => {
      if (body.kind !== "right-lost") return [];
      const first = body.delivery === undefined ? undefined : late.get(body.delivery);
      return [{ body, at: first ?? body.at, isLate: first !== undefined, seq }];
    })
    .toSorted((a, b) => a.at - b.at || a.seq - b.seq);
}

function rightChanges(
  { body, at, isLate, seq }: Awaited<ReturnType<typeof rightsObserved>>[number],
  repositoryId: number,
  { submittedAt }: Review,
  reviewSeq: number | null,
): readonly RightChange[] {
  const isHere = body.of === String(repositoryId);
  if (/^\d+$/u.test(body.of) && !isHere) return [];
  const atLeast = body.isBack ? atLeastOf(body.permission) : body.permission;
  // What a team is given in a repository does not show who is in the team.
  const here = body.through === undefined ? HERE : `${HERE} by ${body.through}`;
  const change = { of: isHere ? here : body.of, gained: body.isBack, at };
  // Within one second of GitHub's, what was received first came first.
  const isTie = at >= submittedAt && at < submittedAt + SECOND;
  const tie = isLate || reviewSeq === null ? "unknown" : seq < reviewSeq ? "no" : "yes";
  const later = isTie ? tie : at < submittedAt ? "no" : "yes";
  return [{ ...change, later, ...(atLeast === undefined ? {} : { atLeast }) }];
}

/** The least that is meant by what a webhook's older words stand for at most. */
function atLeastOf(permission: Permission | undefined): Permission | undefined {
  if (permission === "maintain") return "write";
  return permission === "triage" ? "read" : permission;
}

/** Returns the place in the log of the webhook that reported a review; null: none did. */
async function seqOf(
  tools: Tools,
  repositoryId: number,
  pull: number,
  { id, author, state, submittedAt, commit }: Review,
): Promise<number | null> {
  const observation = {
    kind: "review-given",
    pull,
    review: { id, author, state, submittedAt, commit },
  } as const;
  const entry = await tools.ledger.state(
    "observation",
    observationSubject(repositoryId, observation, `review:${id}`),
  );
  return entry?.seq ?? null;
}
