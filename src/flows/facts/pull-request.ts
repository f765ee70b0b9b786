/** Facts gathered whole: a pull request with everyone's rights and every proof its judgement will ask for. */

import type { Repo } from "../context/repo.ts";
import { proposedPolicy, policyForRepair, type RepairPolicy } from "../policy/repair.ts";
import { withProofs, withPushers } from "./approval-proofs.ts";
import { rightsIn } from "./rights.ts";
import { leafRequirements, requirementsOf } from "../../domain/approval/requirements.ts";
import { nextRetry, SETTLING } from "../../domain/change/settling.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { CHECK_NAME } from "../../domain/values/check-name.ts";
import { checkKey, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import { requiresCodeOwners, readsDescription, type Policy } from "../../domain/policy/file/policy.ts";
import { provenanceNotShownYet } from "../../domain/policy/entry-provenance.ts";
import { speaksOf } from "../../domain/policy/file/when.ts";
import { type PolicyInForce } from "../../domain/policy/tighten.ts";
import { mayBePreApproved } from "../../domain/approval/pre-approved/pre-approved-change.ts";
import type { ListedAction } from "../../ledger/queue/actions.ts";
import { landedBefore } from "../records/landed-changes.ts";
import { policyOf } from "../policy/in-force.ts";
import { checksNotShownYet } from "./observed-checks.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Check } from "../../domain/change/review.ts";

const SECOND = 1_000;

/**
 * Returns a pull request ready to be judged under the policy of its base. Once it has landed, that is as of the branch's head
 * `before` it did.
 */
export async function gatherPull(
  repo: Repo,
  number: number,
  landed?: { readonly policy: PolicyInForce; readonly before: Sha; readonly repair?: RepairPolicy | null },
): Promise<{
  readonly pull: PullRequest;
  readonly policy: PolicyInForce;
  /** The other open pull requests with the same head. */
  readonly sharing: readonly number[];
  /** When GitHub is asked again, because it does not show yet what a webhook reported; null: it shows all of it. */
  readonly retryAt: Instant | null;
  /** GitHub shows it open, and it is not any more: there is nothing to judge. */
  readonly isOver: boolean;
}> {
  const witnesses = repo.witnesses();
  const read = await repo.github.pull(number, {
    installationId: repo.installationId,
    lookups: repo.github.lookups,
    observations: await repo.observed(`pull/${number}`),
    observationsOfRef: (ref) => repo.observed(ref),
    witnesses,
  });
  const isOver = read.over !== null;
  let awaited = read.pull.awaited ?? [];
  let coming = read.coming;
  let rightsRetryAt: Instant | null = null;
  const retryAt = (): Instant | null => {
    const unshown = [...awaited, ...coming, ...(read.over === null ? [] : [read.over])];
    const retries = [nextRetry(unshown, repo.now()), rightsRetryAt].filter((at) => at !== null);
    return retries.length === 0 ? null : Math.min(...retries);
  };
  const found = landed?.policy ?? (await policyOf(repo, read.policy));
  const { sharing } = read;
  const proposed = landed === undefined ? await proposedPolicy(repo, read) : {};
  const repair =
    landed === undefined
      ? await policyForRepair(repo, { ...read.pull, ...proposed }, found, () =>
          repo.github.files(read.pull, read.pull.base.sha),
        )
      : (landed.repair ?? null);
  const policy = repair?.policy ?? found;
  const proposal = repair === null ? proposed : { broughtPolicy: repair.proposed };
  if (policy.state !== "known")
    return { pull: { ...read.pull, ...proposal }, policy, sharing, retryAt: retryAt(), isOver };
  const { effective } = policy.record;
  const { exemptions, standardChanges } = effective;
  const open = mayBePreApproved(effective, read.pull.author)
    ? [...exemptions, ...standardChanges]
    : exemptions;
  coming = [...coming, ...provenanceNotShownYet(effective, open)];
  if (read.reworded !== null && readsDescription(effective)) awaited = [...awaited, read.reworded];
  const { head, checks, merged: landing } = read.pull;
  const headChecks = { sha: head.sha, shown: checks, until: landing?.at ?? Infinity };
  if (read.pull.state !== "closed" && read.pull.cut?.includes("checks") !== true)
    awaited = [...awaited, ...(await checksNotShownYet(repo, headChecks, policy))];
  const before = await landedBefore(repo, read.pull, effective);
  const merged = read.pull.merged?.at ?? null;
  // Rights and texts matter as they are now, or as they were at the merge: read within minutes of it, they were those.
  const basis = merged === null || repo.now() - merged <= SETTLING ? "observed" : "read-later";
  const named = {
    ...(await withContent(repo, read.pull, {
      policy: effective,
      base: landed?.before ?? read.pull.base.sha,
    })),
    ...(await acceptanceOf(repo, number)),
    ...(before.length === 0 ? {} : { landedBefore: before }),
    ...(awaited.length === 0 ? {} : { awaited }),
    ...(readsDescription(effective) ? { body: { text: read.description, basis } as const } : {}),
  };
  const requirements = leafRequirements(requirementsOf(named, effective, repo.now()));
  const { rights, retryAt: rightsRetry } = await rightsIn(repo, read, named, {
    policy: policy.record,
    requirements,
    basis,
    ofOwner: await witnesses.ofOwner(),
  });
  rightsRetryAt = rightsRetry;
  let pull = await withPushers(repo, { ...named, ...proposal, ...rights }, read.ownBranch, effective);
  // Against the branch as it is after a merge commit, every earlier version of it would look the same: empty.
  const base = {
    name: landed?.before ?? pull.base.ref,
    commit: landed?.before ?? pull.base.sha,
    isFork: read.ownBranch === null,
  };
  pull = await withProofs(repo, pull, { base, policy: effective, requirements });
  return { pull, policy, sharing, retryAt: retryAt(), isOver };
}

/** Returns what was accepted of a pull request though it could not be verified. */
export async function acceptanceOf(repo: Repo, number: number): Promise<Pick<PullRequest, "accepted">> {
  const entry = await repo.ledger.state("acceptance", `${repo.info.id}#${number}`);
  return entry === undefined ? {} : { accepted: entry.body };
}

/**
 * Returns a commit's checks with our own as it was at a moment, by our record of posts. What was posted later, for another pull
 * request or on request, must not hide it. Where we have no record, GitHub's answer counts.
 */
export async function checksAt(
  repo: Repo,
  sha: Sha,
  checks: readonly Check[],
  at: Instant,
): Promise<readonly Check[]> {
  const posted = await repo.ledger.queue.completedOf(checkKey(repo.info.id, sha));
  // GitHub's times are whole seconds.
  const current = posted.findLast((action) => wholeSecond(postedAt(action)) <= at);
  if (current === undefined) return checks;
  const isOurs = (check: Check): boolean => check.name === CHECK_NAME && check.app?.id === repo.appId;
  const ours = checks.find(isOurs);
  const { conclusion } = (current.payload as CheckRunPayload).text;
  // Sent, and the App killed before it could note that: then only GitHub can show since when it was there. What was sent before is old.
  const later = posted.slice(posted.indexOf(current) + 1);
  const isShownSince = ours?.completedAt != null && ours.completedAt <= at ? ours.completedAt : null;
  const wasSent = later.some(
    ({ payload, storedAt }) =>
      isShownSince !== null &&
      wholeSecond(storedAt) <= isShownSince &&
      (payload as CheckRunPayload).text.conclusion === ours?.conclusion,
  );
  if (conclusion !== "success" && wasSent) return checks;
  const app = ours?.app ?? { id: repo.appId, slug: CHECK_NAME };
  const completedAt = conclusion === null ? null : postedAt(current);
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

/** The pull request with its files and their owners, where the policy requires them. */
async function withContent(
  repo: Repo,
  pull: PullRequest,
  { policy, base }: { readonly policy: Policy; readonly base: Sha },
): Promise<PullRequest> {
  const ofOwners = requiresCodeOwners(policy);
  const ofPaths =
    policy.rules.some(({ when }) => speaksOf(when, ["paths", "only-paths"])) ||
    mayBePreApproved(policy, pull.author);
  if (!ofOwners && !ofPaths) return pull;
  const files = await repo.github.files(pull, base);
  if (!ofOwners) return { ...pull, files };
  const owners = await repo.github.owners(base);
  return { ...pull, files, owners };
}

/**
 * Returns the numbers of the open pull requests whose head is a commit. GitHub lists them, and our own record those whose head is
 * in a fork. Throws {@link ExternalError}.
 */
export async function openPullsAt(repo: Repo, sha: Sha): Promise<readonly number[]> {
  const { open, other } = await repo.github.pullsWithHead(sha);
  return [...open, ...(await unlistedPullsAt(repo, sha, [...open, ...other]))];
}

/**
 * Returns the numbers of the open pull requests whose head GitHub's index of commits leaves out. It lists none of forks. Throws
 * {@link ExternalError}.
 */
export async function unlistedPullsAt(
  repo: Repo,
  sha: Sha,
  listed: readonly number[],
): Promise<readonly number[]> {
  const stored = await repo.ledger.queue.ofKey(checkKey(repo.info.id, sha));
  const recorded = new Set(stored.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []));
  if ([...recorded].every((number) => listed.includes(number))) return [];
  const open = await repo.github.listOpenPulls();
  return open
    .filter(({ headSha, number }) => headSha === sha && !listed.includes(number))
    .map(({ number }) => number);
}
