import { leafRequirements, requirementsOf } from "../../domain/approval/requirements.ts";
import { nextRetry, SETTLING } from "../../domain/change/settling.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { CHECK_NAME } from "../../domain/values/check-name.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import { contributorsOf, makersOf } from "../../domain/approval/contribution/contributors.ts";
import type { From } from "../../domain/policy/file/selectors.ts";
import { notesOnAnybody } from "../../domain/policy/workflow-accounts.ts";
import { parsePolicy } from "../../domain/policy/file/parse.ts";
import { namedBy, type Requirement } from "../../domain/policy/file/requirement.ts";
import { asksForOwners, readsDescription, type Policy } from "../../domain/policy/file/policy.ts";
import { provenanceNotShownYet } from "../../domain/policy/entry-provenance.ts";
import type { PolicyNames } from "../../domain/policy/file/names.ts";
import { namedIn, speaksOf } from "../../domain/policy/file/when.ts";
import { policyInForce, type FileProblem, type PolicyInForce } from "../../domain/policy/tighten.ts";
import { mayBePreApproved } from "../../domain/approval/pre-approved-change.ts";
import { approversText } from "../../domain/policy/approvers-text.ts";
import type { ReviewerCandidates } from "../../domain/approval/review-requests.ts";
import type { ListedAction } from "../../ledger/queue/actions.ts";
import { landedBefore } from "../records/inherited-approvals.ts";
import { policyForRepair, blockingProblemsOf, type RepairPolicy } from "../policy/repair.ts";
import { observationsOf, witnessesOf } from "../records/observations.ts";
import { ownerNames } from "../policy/code-owner-names.ts";
import { aboutOf, policyOf, trusted, unknownIn } from "../policy/in-force.ts";
import type { Tools, RepositoryContext } from "../context/tools.ts";
import { withProofs } from "./approval-proofs.ts";
import { teamsWithAccess } from "../repositories/teams.ts";
import { checksNotShownYet } from "./observed-checks.ts";
import { rightsAroundApprovals } from "./rights-when-approved.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Authority } from "../../domain/change/people.ts";
import type { Check } from "../../domain/change/review.ts";

const SECOND = 1_000;

/** A pull request ready to be judged under the policy of its base, or, once it has landed, as of the branch's head `before` it did. */
export async function gatherPull(
  tools: Tools,
  watched: RepositoryContext,
  number: number,
  landed?: { readonly policy: PolicyInForce; readonly before: Sha; readonly mended?: RepairPolicy | null },
): Promise<{
  readonly pull: PullRequest;
  readonly policy: PolicyInForce;
  /** The other open pull requests with the same head. */
  readonly twins: readonly number[];
  /** When GitHub is asked again, because it does not show yet what a webhook told; null: it shows all of it. */
  readonly lookAt: Instant | null;
  /** GitHub shows it open, and it is not any more: there is nothing to judge. */
  readonly isOver: boolean;
}> {
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const witnesses = witnessesOf(tools, watched);
  const read = await tools.github.readPullRequest(octokit, watched.repository, number, {
    installationId: watched.installationId,
    lookups: tools.github.lookups,
    observations: await observationsOf(tools, watched.repository.id, `pull/${number}`),
    observationsOfRef: (ref) => observationsOf(tools, watched.repository.id, ref),
    witnesses,
  });
  const ofOwner = await witnesses.ofOwner();
  const teams = await teamsWithAccess(tools, watched.repository, ofOwner);
  const losses = new tools.github.Losses(ofOwner, tools.github.lookups, read.pull.merged?.at, teams);
  const isOver = read.over !== null;
  let awaited = read.pull.awaited ?? [];
  let coming = read.coming;
  const lookAt = (): Instant | null => {
    const unshown = [...awaited, ...coming, ...(read.over === null ? [] : [read.over])];
    const looks = [nextRetry(unshown, tools.clock.now()), losses.lookAt].filter((at) => at !== null);
    return looks.length === 0 ? null : Math.min(...looks);
  };
  const found = landed?.policy ?? (await policyOf(tools, watched, read.policy));
  const { twins } = read;
  const told = landed === undefined ? await policyBrought(tools, watched, read) : {};
  const mended =
    landed === undefined
      ? await policyForRepair(tools, watched, { ...read.pull, ...told }, found, () =>
          tools.github.readFiles(octokit, read.pull, read.pull.base.sha, tools.github.lookups),
        )
      : (landed.mended ?? null);
  const policy = mended?.policy ?? found;
  const brought = mended === null ? told : { broughtPolicy: mended.brought };
  if (policy.state !== "known")
    return { pull: { ...read.pull, ...brought }, policy, twins, lookAt: lookAt(), isOver };
  const { effective } = policy.record;
  const { exemptions, standardChanges } = effective;
  const leaves = mayBePreApproved(effective, read.pull.author)
    ? [...exemptions, ...standardChanges]
    : exemptions;
  coming = [...coming, ...provenanceNotShownYet(effective, leaves)];
  if (read.reworded !== null && readsDescription(effective)) awaited = [...awaited, read.reworded];
  const { head, checks, merged: landing } = read.pull;
  const headChecks = { sha: head.sha, shown: checks, until: landing?.at ?? Infinity };
  if (read.pull.state !== "closed" && read.pull.cut?.includes("checks") !== true)
    awaited = [...awaited, ...(await checksNotShownYet(tools, watched, headChecks, policy))];
  const before = await landedBefore(tools, watched, read.pull, effective);
  const merged = read.pull.merged?.at ?? null;
  // Rights and texts matter as they are now, or as they were at the merge: read within minutes of it, they were those.
  const basis = merged === null || tools.clock.now() - merged <= SETTLING ? "observed" : "read-later";
  const named = {
    ...(await withContent(tools, watched, read.pull, {
      policy: effective,
      base: landed?.before ?? read.pull.base.sha,
    })),
    ...(await acceptanceOf(tools, watched, number)),
    ...(before.length === 0 ? {} : { landedBefore: before }),
    ...(awaited.length === 0 ? {} : { awaited }),
    ...(readsDescription(effective) ? { body: { text: read.description, basis } as const } : {}),
  };
  const requirements = leafRequirements(requirementsOf(named, effective, tools.clock.now()));
  const needs = needsOf(named, effective, requirements);
  const rights = await tools.github.readAuthorities(octokit, read, needs, tools.github.lookups, losses);
  const byPolicy = await trusted(tools, watched, rights, effective.names);
  const owners = await ownerNames(tools, watched, named, requirements);
  const authorities = await trusted(tools, watched, byPolicy, owners);
  const kept =
    basis === "observed" || merged === null
      ? new Map<number, Authority>()
      : await authoritiesBefore(tools, watched, number, merged, policy.record.digest, needs);
  let pull: PullRequest = {
    ...named,
    ...brought,
    authorities: authorities.map((each) => kept.get(each.actor.id) ?? { ...each, basis }),
  };
  pull = { ...pull, ...(await rightsAroundApprovals(tools, watched, pull, pull.authorities)) };
  pull = await withPushers(tools, watched, pull, read.ownBranch, effective);
  // Against the branch as it is after a merge commit, every earlier version of it would look the same: empty.
  const base = {
    name: landed?.before ?? pull.base.ref,
    commit: landed?.before ?? pull.base.sha,
    isFork: read.ownBranch === null,
  };
  pull = await withProofs(tools, watched, pull, { base, policy: effective, requirements });
  return { pull, policy, twins, lookAt: lookAt(), isOver };
}

type ReadPull = Awaited<ReturnType<Tools["github"]["readPullRequest"]>>;

/** What is wrong with the policy file a pull request would bring, beside the organisation's as it is. */
async function policyBrought(
  tools: Tools,
  watched: RepositoryContext,
  read: ReadPull,
): Promise<Pick<PullRequest, "broughtPolicy">> {
  const { broughtPolicy: brought, policy } = read;
  if (brought === null) return {};
  // Of the organisation's own file there is nothing above it.
  const isTop = brought.repository.toLowerCase().endsWith("/.github");
  const together = isTop
    ? policyInForce(brought, { state: "absent" })
    : policyInForce(
        policy.organization,
        brought,
        await aboutOf(tools, watched, policy.organization, tools.clock.now()),
      );
  const own = `${brought.repository}/${brought.path}`;
  const problems = (await problemsOf(tools, watched, together)).filter(({ file }) => file === own);
  const parsed = parsePolicy(brought.text);
  const notes = parsed.ok ? notesOnAnybody(parsed.file, parsed.lineOf) : [];
  return {
    broughtPolicy: {
      path: brought.path,
      ...(notes.length === 0 ? {} : { notes: notes.map(({ line, message }) => `line ${line}: ${message}`) }),
      problems: problems.map(({ line, column, message }) => ({ line, column, message })),
    },
  };
}

async function problemsOf(
  tools: Tools,
  watched: RepositoryContext,
  policy: PolicyInForce,
): Promise<readonly FileProblem[]> {
  if (policy.state === "broken") return policy.problems;
  if (policy.state !== "known") return [];
  const { record } = policy;
  const names: PolicyNames = { accounts: [], brought: [], unknown: await unknownIn(tools, watched, record) };
  return blockingProblemsOf({
    state: "known",
    record: { ...record, effective: { ...record.effective, names } },
  });
}

/** What was accepted of a pull request though it could not be verified. */
export async function acceptanceOf(
  tools: Tools,
  watched: RepositoryContext,
  number: number,
): Promise<Pick<PullRequest, "accepted">> {
  const entry = await tools.ledger.state("acceptance", `${watched.repository.id}#${number}`);
  return entry === undefined ? {} : { accepted: entry.body };
}

/** What reviewers might do when the gate last looked before a merge, under the same policy: better known than what is read long after. */
async function authoritiesBefore(
  tools: Tools,
  watched: RepositoryContext,
  number: number,
  merged: Instant,
  policyDigest: string,
  needs: Needs,
): Promise<ReadonlyMap<number, Authority>> {
  const entry = await tools.ledger.state("gate", `${watched.repository.id}#${number}`);
  if (entry === undefined || entry.recordedAt > merged + SECOND) return new Map();
  const { pulls, assessment } = entry.body;
  if (assessment.policyDigest !== policyDigest) return new Map();
  const asksPermission = needs.permission.some((each) => each !== undefined);
  // Which teams were looked through then depends on the rules that applied then.
  const groups = [...needs.teams, ...needs.organizations].map((each) => each.toLowerCase());
  const known = pulls
    .filter((pull) => pull.number === number)
    .flatMap((pull) => pull.authorities)
    // Where the policy asks for no permission, none was read.
    .filter(({ permission, unread }) => (permission !== "unknown" || !asksPermission) && unread.length === 0)
    .filter(({ asked: looked = [] }) => groups.every((group) => looked.includes(group)));
  return new Map(known.map((authority) => [authority.actor.id, authority]));
}

/**
 * A commit's checks with our own as it stood at a moment, by our record of what was posted and when: what was posted
 * later, for another pull request or because somebody asked, must not hide it. Where we have no record, GitHub's word stands.
 */
export async function checksAt(
  tools: Tools,
  watched: RepositoryContext,
  sha: Sha,
  checks: readonly Check[],
  at: Instant,
): Promise<readonly Check[]> {
  const posted = await tools.ledger.queue.carriedOut(checkKey(watched.repository.id, sha));
  // GitHub's times are whole seconds.
  const standing = posted.findLast((action) => wholeSecond(postedAt(action)) <= at);
  if (standing === undefined) return checks;
  const isOurs = (check: Check): boolean => check.name === CHECK_NAME && check.app?.id === tools.appId;
  const ours = checks.find(isOurs);
  const { conclusion } = (standing.payload as CheckRunPayload).text;
  // Sent, and the App killed before it could note that: then only GitHub knows since when it stood. What was sent before is old.
  const later = posted.slice(posted.indexOf(standing) + 1);
  const isShownSince = ours?.completedAt != null && ours.completedAt <= at ? ours.completedAt : null;
  const wasSent = later.some(
    ({ payload, storedAt }) =>
      isShownSince !== null &&
      wholeSecond(storedAt) <= isShownSince &&
      (payload as CheckRunPayload).text.conclusion === ours?.conclusion,
  );
  if (conclusion !== "success" && wasSent) return checks;
  const app = ours?.app ?? { id: tools.appId, slug: CHECK_NAME };
  const completedAt = conclusion === null ? null : postedAt(standing);
  return [
    ...checks.filter((check) => !isOurs(check)),
    {
      name: CHECK_NAME,
      app,
      conclusion,
      completedAt: completedAt === null ? null : Math.min(completedAt, at),
    },
  ];
}

function wholeSecond(at: Instant): Instant {
  return Math.floor(at / SECOND) * SECOND;
}

function postedAt({ outcome, doneAt }: ListedAction): Instant {
  const { at } = (outcome ?? {}) as { readonly at?: unknown };
  return typeof at === "number" ? at : (doneAt ?? Infinity);
}

/** The pull request with its files and their owners, where the policy asks for them. */
async function withContent(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  { policy, base }: { readonly policy: Policy; readonly base: Sha },
): Promise<PullRequest> {
  const ofOwners = asksForOwners(policy);
  const ofPaths =
    policy.rules.some(({ when }) => speaksOf(when, ["paths", "only-paths"])) ||
    mayBePreApproved(policy, pull.author);
  if (!ofOwners && !ofPaths) return pull;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const files = await tools.github.readFiles(octokit, pull, base, tools.github.lookups);
  if (!ofOwners) return { ...pull, files };
  const owners = await tools.github.readOwners(octokit, watched.repository, base, tools.github.lookups);
  return { ...pull, files, owners };
}

/** Returns the pull request with the pushes that GitHub's activity list tells, where whoever pushed something was not seen. */
async function withPushers(
  tools: Tools,
  watched: RepositoryContext,
  pull: PullRequest,
  ownBranch: string | null,
  policy: Policy,
): Promise<PullRequest> {
  // A webhook was missed, or the branch is older than our installation.
  if (ownBranch === null || !hasUnseenPusher(pull, policy)) return pull;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const told = await tools.github.readPushes(octokit, watched.repository, ownBranch);
  return { ...pull, pushes: tools.github.mergePushes([...pull.pushes, ...told]) };
}

function hasUnseenPusher(pull: PullRequest, policy: Policy): boolean {
  const ofPeople = policy.rules.some(({ when }) => speaksOf(when, ["contributors", "only-contributors"]));
  return (
    (ofPeople || pull.reviews.length > 0 || mayBePreApproved(policy, pull.author)) &&
    makersOf(pull).some(
      ({ pushers, unseen, addsNothing }) =>
        unseen !== null && !addsNothing && pushers.every(({ type }) => type !== "User"),
    )
  );
}

type Needs = Parameters<Tools["github"]["readAuthorities"]>[2];

/** What must be known of people for a pull request to be judged. */
function needsOf(pull: PullRequest, policy: Policy, requirements: readonly Requirement[]): Needs {
  const who = policy.rules.flatMap(({ when }) => namedIn(when));
  const from = [...requirements.map((each) => namedBy(each.from)), ...who];
  // Whether somebody else's dismissal lifts a request for changes depends on whether they are an administrator.
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

/** Who could give what these pull requests need, and in an emergency who may authorise it; only asked where something is missing. */
export async function candidatesFor(
  tools: Tools,
  watched: RepositoryContext,
  pulls: readonly PullRequest[],
  policy: PolicyInForce,
  at: Instant,
  inEmergency = false,
): Promise<ReviewerCandidates> {
  if (policy.state !== "known") return [];
  const { effective } = policy.record;
  const octokit = await tools.github.octokits.installation(watched.installationId);
  const all = pulls.flatMap((pull) => leafRequirements(requirementsOf(pull, effective, at)));
  const authorisers = inEmergency ? [{ from: effective.emergency.authorisers }] : [];
  const bySource = new Map<string, From>(
    [...all, ...authorisers].map(({ from }) => [approversText(from), namedBy(from)]),
  );
  const found = [...bySource].map(async ([source, from]) => ({
    source,
    logins: await tools.github.readCandidates(octokit, watched.repository, from, tools.github.lookups),
  }));
  return Promise.all(found);
}
