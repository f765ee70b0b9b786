/** Heads of pull requests that are deployed before their merge, where the policy allows it: what could be merged, and what was. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import { couldBeMerged } from "../../domain/assessment/before-merge.ts";
import type { Change } from "../../domain/change/change.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import type { Sha } from "../../domain/change/sha.ts";
import { checkKey, policyOrDefault, type CheckRunPayload } from "../../domain/decisions/decision.ts";
import type { BeforeMerge, Deployment } from "../../domain/deployment/deployment.ts";
import { matchesAny } from "../../domain/patterns/glob.ts";
import { isProductionBranch, refOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { dueAfter } from "../../domain/time/calendar.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import type { Instant } from "../../domain/time/instant.ts";
import { followBranch } from "../changes/follow-branch.ts";
import { checksAt, gatherPull } from "../facts/pull-request.ts";
import { landedChanges } from "../records/landed-changes.ts";

/** So many pull requests with one head are looked at. */
const MOST_PULLS = 10;

/** How soon lists that lag are asked again (ms). */
const ASK_AGAIN = 5_000;

/** Describes a deployment of what may not be merged yet. */
interface Early {
  readonly sha: Sha;
  readonly environment: string;
  /** When it began, and when it succeeded. */
  readonly began: Instant;
  readonly at: Instant;
  readonly policy: PolicyInForce;
}

/** Returns the pull request whose head was deployed before its merge. Null: there is none, or the policy does not allow it there. Throws {@link ExternalError}. */
export async function beforeMergeOf(repo: Repo, early: Early): Promise<BeforeMerge | null> {
  const { production } = policyOrDefault(early.policy);
  const allowed = production.beforeMerge;
  if (allowed === undefined || !matchesAny(allowed.environments, early.environment, "lets", true))
    return null;
  const found: BeforeMerge[] = [];
  for (const number of (await pullsAt(repo, early.sha)).slice(0, MOST_PULLS)) {
    const each = await ofPull(repo, number, early, allowed.within);
    if (each !== null) found.push(each);
  }
  const best = (["approved", "unknown", "refused"] as const).flatMap((approval) =>
    found.filter((each) => each.approval === approval),
  );
  return best[0] ?? null;
}

/** The pull requests GitHub ties to a commit, and those our own check run on it was about: GitHub ties none of forks. */
async function pullsAt(repo: Repo, sha: Sha): Promise<readonly number[]> {
  const { open, other } = await repo.github.pullsWithHead(sha);
  const stored = await repo.ledger.queue.ofKey(checkKey(repo.info.id, sha));
  const recorded = stored.flatMap(({ payload }) => (payload as CheckRunPayload).pulls ?? []);
  return [...new Set([...open, ...recorded, ...other])];
}

async function ofPull(
  repo: Repo,
  number: number,
  { sha, began, at, policy }: Early,
  within: Parameters<typeof dueAfter>[1],
): Promise<BeforeMerge | null> {
  const effective = policyOrDefault(policy);
  const entry = await repo.ledger.state("gate", `${repo.info.id}#${number}`);
  const check = entry?.body.check;
  const isLetPass = check?.conclusion === "success" && check.headSha === sha;
  const letPassAt = entry !== undefined && isLetPass ? entry.recordedAt : null;
  const judged = entry?.body.pulls.find((pull) => pull.number === number && pull.head.sha === sha) ?? null;
  const shown = await shownNow(repo, number, at);
  if (judged === null && shown.head.sha !== sha) return null;
  const { merged, base } = shown;
  if (merged !== null && merged.at <= began) return null;
  if (!isProductionBranch(effective, repo.info, base.ref)) return null;
  if (judged !== null && judged.base.ref !== base.ref) return null;
  // Our own check as it was then, by our record of what was posted.
  const checks = await checksAt(repo, sha, shown.checks, began);
  const facts = {
    judged,
    letPassAt,
    shown: { ...shown, checks },
    observed: await repo.observed(`pull/${number}`),
    at: began,
    policy,
    appId: repo.appId,
    since: repo.since,
  };
  const dueAt = dueAfter(at, within, effective.calendar);
  return {
    pull: number,
    base: base.ref,
    commits: (judged ?? shown).commits.map((commit) => commit.sha),
    ...couldBeMerged(facts),
    dueAt,
    state: await stateOf(repo, shown, { sha, dueAt, base: base.ref, succeededAt: at }),
  };
}

/** Returns whether the head of a pull request was merged as deployed by now. Throws {@link ExternalError}. */
export async function mergeStateOf(
  repo: Repo,
  { pull, dueAt, base }: BeforeMerge,
  { sha, succeededAt }: Pick<Deployment, "sha" | "succeededAt">,
): Promise<BeforeMerge["state"]> {
  return stateOf(repo, await shownNow(repo, pull, repo.now()), { sha, dueAt, base, succeededAt });
}

async function shownNow(repo: Repo, number: number, since: Instant): Promise<PullRequest> {
  const { pull, isOver } = await gatherPull(repo, number);
  if (isOver && repo.now() - since < SETTLING) throw notYet(`that #${number} is not open any more`);
  return pull;
}

async function stateOf(
  repo: Repo,
  { number, state, merged, head, base, retargetedAt }: PullRequest,
  owed: Pick<Deployment, "sha" | "succeededAt"> & {
    readonly dueAt: Instant;
    readonly base: string | undefined;
  },
): Promise<BeforeMerge["state"]> {
  const { sha, dueAt, succeededAt } = owed;
  if (state === "open") return repo.now() < dueAt ? "due" : "missed";
  if (merged === null) return "closed";
  if (head.sha !== sha) return "other";
  // A branch that was renamed under it is the same branch: that is no change of the base.
  if (owed.base !== undefined && owed.base !== base.ref && (retargetedAt ?? 0) > succeededAt) return "other";
  const landing = await landingOf(repo, number, { ref: refOf(base.ref), from: merged.at - SETTLING });
  if (landing === null) {
    if (repo.now() - merged.at < SETTLING) throw notYet(`which update merged #${number}`);
    return "unknown";
  }
  const shipped = landing.shipped.filter((each) => each.pull === number);
  if (shipped.some(({ coverage }) => coverage === "residual")) return "other";
  if (shipped.length === 0 || shipped.some(({ coverage }) => coverage === "unverifiable")) return "unknown";
  return landing.update.at <= dueAt ? "merged" : "missed";
}

/** The recorded change that merged a pull request into a branch; null: none is recorded. */
async function landingOf(
  repo: Repo,
  number: number,
  { ref, from }: { readonly ref: string; readonly from: Instant },
): Promise<Change | null> {
  const find = async (): Promise<Change | null> => {
    const landed = await landedChanges(repo.tools, repo.info.id);
    for (const each of landed.filter(({ at, ref: other }) => at >= from && other === ref)) {
      const change = (await repo.latest("change", each.id))?.change;
      if (change?.pullRequests.some((pull) => pull.number === number) === true) return change;
    }
    return null;
  };
  const known = await find();
  if (known !== null || repo.past !== undefined) return known;
  await followBranch(repo, ref);
  return find();
}

function notYet(what: string): ExternalError {
  return new ExternalError("github-answer", `GitHub does not show yet ${what}.`, { waitMs: ASK_AGAIN });
}
