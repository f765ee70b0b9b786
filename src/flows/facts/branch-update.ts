/** Everything about one update of a branch: its pull requests, what it shipped, and its checks. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Change, RefUpdate, ShippedContent } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { externalIn } from "../../domain/change/external-content.ts";
import { provenanceNotShownYet } from "../../domain/policy/entry-provenance.ts";
import { branchOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { directPushEntries } from "../../domain/approval/pre-approved/direct-push-approval.ts";
import { lacksCommits, pushedContent } from "./pushed-content.ts";
import { approvedElsewhere } from "./approved-elsewhere.ts";
import { checksAt, gatherPull } from "./pull-request.ts";
import { landedChanges } from "../records/landed-changes.ts";
import type { RepairPolicy } from "../policy/repair.ts";
import type { Tools } from "../context/tools.ts";
import { checksNotShownYet } from "./observed-checks.ts";
import { lacksAnswer, orNotAnswered, unreadPull } from "./unanswered.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";

/** How soon what GitHub does not show yet is first asked for again (ms). */
const FIRST_RETRY = 2_000;

/** Reads everything of an update that its judgement needs. `landed`: pull requests known to have landed by it. Throws {@link ExternalError}. */
export async function gatherChange(
  repo: Repo,
  update: RefUpdate,
  known: {
    readonly id: string;
    readonly occurrence: number;
    readonly policy: PolicyInForce;
    readonly repair: RepairPolicy | null;
    readonly landed: readonly number[];
  },
): Promise<Change> {
  const { id, occurrence, policy, repair, landed } = known;
  const { info: repository } = repo;
  const read = await repo.github.change(update);
  const isFresh = repo.now() - update.at < SETTLING;
  if (isPullRequestMerge(update) && isFresh && read.pulls.length === 0)
    throw notYet(repo.tools, update, `which pull request ${update.after} merged`);
  const [pending] = read.pending;
  if (isFresh && pending !== undefined) throw notYet(repo.tools, update, `that #${pending} is merged`);
  const onCommit = { sha: update.after, shown: read.checks, until: update.at };
  const awaitedChecks =
    update.kind === "queue" && isFresh ? await checksNotShownYet(repo, onCommit, policy) : [];
  const effective = policyOrDefault(policy);
  const entries = [...effective.exemptions, ...directPushEntries(effective, update)];
  const notShown = [...awaitedChecks, ...(isFresh ? provenanceNotShownYet(effective, entries) : [])];
  if (notShown.length > 0) throw notYet(repo.tools, update, notShown.map(({ what }) => what).join(", "));
  const pullRequests: PullRequest[] = [];
  const shipped: ShippedContent[] = [];
  const gathered: PullRequest[] = [];
  for (const number of new Set([...read.pulls, ...landed])) {
    const as = { policy, before: update.before, repair };
    const answer = await orNotAnswered(repo, update, () => gatherPull(repo, number, as));
    if (lacksAnswer(answer)) {
      const because = { because: answer.unanswered, since: update.at };
      const pull = await unreadPull(repo, number, because, update);
      if (pull !== null) gathered.push(pull);
      continue;
    }
    const { pull, retryAt } = answer;
    if (isFresh && retryAt !== null) throw notYet(repo.tools, update, `all that webhooks told of #${number}`);
    if (pull.merged !== null) gathered.push(pull);
    else if (isFresh) throw notYet(repo.tools, update, `that #${number} is merged`);
  }
  const awaited = isPullRequestMerge(update) ? uncovered(read.commits, gathered, update) : [];
  if (isFresh && awaited.length > 0)
    throw notYet(repo.tools, update, awaited.map(({ what }) => what).join(", "));
  // Which of several it was is unknown of one that nobody can read.
  pullRequests.push(...gathered.filter(({ unread }) => unread !== undefined));
  const whole = gathered.filter(({ unread }) => unread === undefined);
  for (const pull of landedOfItsOwn(whole, update, read.named)) {
    pullRequests.push({
      ...pull,
      checks: await checksAt(repo, pull.head.sha, pull.checks, update.at),
    });
    if (isPullRequestMerge(update)) shipped.push(await repo.github.proveShipped(update, pull));
  }
  const approved = await approvedElsewhere(repo, update);
  const pushed = await pushedContent(repo, update, effective);
  if (isFresh && pushed !== null && lacksCommits(pushed))
    throw notYet(repo.tools, update, "all commits of this push");
  return {
    id,
    repository,
    update,
    occurrence,
    tree: read.tree,
    commitCount: read.commitCount,
    pullRequests,
    shipped,
    ...(read.cut.length === 0 ? {} : { cut: read.cut }),
    ...(awaited.length === 0 || pullRequests.length === 0 ? {} : { awaited }),
    ...(read.mayPointElsewhere ? { external: await externalOf(repo, update) } : {}),
    ...(approved.length === 0 ? {} : { approvedElsewhere: approved }),
    ...(pushed === null ? {} : { pushed }),
    alreadyLanded: update.kind === "branch-created" ? await hasLanded(repo, update) : null,
    checks: await checksAt(repo, update.after, read.checks, update.at),
    late: repo.now() - update.at >= SETTLING,
  };
}

/** An update that GitHub does not show all of yet is asked for again, ever later. */
function notYet(tools: Tools, { at }: RefUpdate, what: string): ExternalError {
  const waitMs = Math.max(FIRST_RETRY, tools.clock.now() - at);
  return new ExternalError("github-answer", `GitHub does not show yet ${what}.`, { waitMs });
}

/** The commits of a merge that belong to none of the pull requests found: another one landed with them. */
function uncovered(
  commits: Awaited<ReturnType<Tools["github"]["readChange"]>>["commits"],
  pulls: readonly PullRequest[],
  { at: since }: RefUpdate,
): NonNullable<Change["awaited"]> {
  const covered = new Set(
    pulls.flatMap((pull) => [pull.merged?.commit, ...pull.commits.map(({ sha }) => sha)]),
  );
  return commits
    .filter(({ sha, tied }) => !tied && !covered.has(sha))
    .map(({ sha }) => ({ what: `the pull request that introduced ${sha.slice(0, 7)}`, since }));
}

/** What an update newly points at without holding it, by GitHub's comparison of its ends. */
async function externalOf(
  repo: Repo,
  { before, after }: RefUpdate,
): Promise<NonNullable<Change["external"]>> {
  const compared = await repo.github.compareFiles(before, after);
  if (compared === null) return { list: [], complete: false };
  const { list, complete } = externalIn(compared.files);
  return { list, complete: complete && !compared.truncated };
}

/**
 * The pull requests that an update landed, without those that landed because another one shows all their commits: that one was merged, and
 * its approvals are for all it shows. `named`: the one that GitHub's own merge names.
 */
function landedOfItsOwn(
  pulls: readonly PullRequest[],
  update: RefUpdate,
  named: number | null,
): readonly PullRequest[] {
  if (update.kind !== "pull-request") return pulls;
  return pulls
    .filter(
      ({ head }) =>
        !pulls.some(
          (other) => other.head.sha !== head.sha && other.commits.some((commit) => commit.sha === head.sha),
        ),
    )
    .filter((pull, _, own) => theOneMerged(own, pull.head.sha, update, named).includes(pull));
}

/**
 * Of the pull requests with one head, those that may be the one that was merged: GitHub shows all as merged. Their content and base are
 * the same, so whoever merges and writes another number gains an approval that was given for just this. If nothing shows which, all of them.
 */
function theOneMerged(
  pulls: readonly PullRequest[],
  head: Sha,
  { after, actor }: RefUpdate,
  named: number | null,
): readonly PullRequest[] {
  const same = pulls.filter((pull) => pull.head.sha === head);
  if (same.length === 1) return same;
  const byMerge = same.filter(
    ({ merged }) => merged?.commit === after && (actor === null || merged.by?.id === actor.id),
  );
  const left = byMerge.length === 0 ? same : byMerge;
  const byName = left.filter(({ number }) => number === named);
  return byName.length === 0 ? left : byName;
}

/** Returns whether an update merged pull requests. */
export function isPullRequestMerge(update: RefUpdate): boolean {
  return update.kind === "pull-request" || update.kind === "queue";
}

/** Whether a new branch begins at a commit that has landed already: on a branch watched before, or on the default branch. */
async function hasLanded(repo: Repo, update: RefUpdate): Promise<boolean | null> {
  const { info: repository } = repo;
  const landed = await landedChanges(repo.tools, repository.id);
  if (landed.some(({ ref, after }) => ref !== update.ref && after === update.after)) return true;
  for await (const entry of repo.states("branch")) {
    const { ref, origin } = entry.body;
    if (ref !== update.ref && origin.head === update.after) return true;
  }
  if (branchOf(update.ref) === repository.defaultBranch) return false;
  const compared = await repo.github.compare(repository.defaultBranch, update.after);
  return compared === null ? null : compared.status === "behind" || compared.status === "identical";
}
