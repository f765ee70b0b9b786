/** Facts of a deployment gathered whole: what ran there before, what it deployed, who let it pass. */

import type { Repo } from "../context/repo.ts";
import { SETTLING } from "../../domain/change/settling.ts";
import type { Actor } from "../../domain/change/people.ts";
import { dueAfter } from "../../domain/time/calendar.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import { beforeMergeOf } from "./before-merge.ts";
import {
  beganAt,
  type Deployment,
  type DeploymentKind,
  type DeploymentOrigin,
  type DeploymentRun,
  type DeploymentStatus,
  type EnvironmentRules,
} from "../../domain/deployment/deployment.ts";
import { refOf } from "../../domain/policy/scope.ts";
import type { PolicyInForce } from "../../domain/policy/tighten.ts";
import { deployedContent, landedElsewhere, type DeployedContent } from "./introduced-commits.ts";
import { knownDeployments, type KnownDeployment } from "../records/deployments.ts";
import { gateOf } from "../records/deployment-gates.ts";
import { branchPositionOf, watchedRefs, type BranchPosition } from "../policy/production-branches.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Sha } from "../../domain/change/sha.ts";

/** So many earlier deployments of a commit are read to find one that succeeded before we watched. */
const MOST_EARLIER = 5;

/** Describes one success in production, and the policy it is judged by. */
export interface Success {
  readonly id: string;
  readonly origin: DeploymentOrigin;
  readonly environment: string;
  readonly originalEnvironment: string | null;
  readonly sha: Sha;
  readonly ref: string;
  readonly creator: Actor | null;
  readonly createdAt: Instant;
  readonly statuses: readonly DeploymentStatus[];
  /** When it succeeded. */
  readonly at: Instant;
  readonly run: DeploymentRun | null;
  readonly rules: EnvironmentRules | null;
  readonly policy: PolicyInForce;
  readonly mayOnlyUseSecrets?: true;
}

/** Returns everything known of a success, or of what would be one if it succeeded now. */
export async function gatherDeployment(repo: Repo, success: Success): Promise<Deployment> {
  const { info: repository } = repo;
  const { id, sha, environment, at, origin } = success;
  const earlier = await earlierIn(repo, environment, at, id);
  const previous = earlier.at(-1) ?? null;
  const now = await branchPositionOf(repo, sha, at);
  const difference = previous === null ? null : await repo.github.compare(previous.sha, sha);
  const commits = difference === null || difference.truncated ? null : difference.commits;
  const accountWith = async (where: BranchPosition): Promise<DeployedContent> =>
    previous !== null && commits === null
      ? { carried: [], unaccounted: null, landedAt: null }
      : await deployedContent(repo, { commits, position: where, sha, at });
  const found = await accountWith(now);
  const ref =
    found.landedAt !== null && found.landedAt > at
      ? await landedElsewhere(repo, { sha, at, ref: now.ref })
      : null;
  const position: BranchPosition = ref === null ? now : { onProductionBranch: true, ref, nowhere: [] };
  const account = ref === null ? found : await accountWith(position);
  // What came to the branch only afterwards was on none when it was deployed, whenever we look.
  const cameLater = account.landedAt !== null && account.landedAt > at;
  const onProductionBranch = cameLater ? false : position.onProductionBranch;
  const kind =
    onProductionBranch === false
      ? "unmerged"
      : await kindOf(repo, {
          previous: previous?.sha ?? null,
          sha,
          status: difference?.status ?? null,
          position,
        });
  const before = earlier.findLast((each) => each.sha === sha);
  const succeededBefore =
    before !== undefined || (kind === "rollback" && (await ranBeforeWeWatched(repo, success)));
  const ancestor = kind === "rollback" && !succeededBefore ? await ancestorOf(repo, earlier, sha) : null;
  const counted =
    ancestor === null
      ? account
      : await deployedContent(repo, { commits: ancestor.commits, position, sha, at });
  const { production, calendar } = policyOrDefault(success.policy);
  const began = beganAt(success);
  const isEarly = kind === "unmerged" || (account.landedAt !== null && account.landedAt > began);
  const beforeMerge = isEarly ? await beforeMergeOf(repo, { ...success, began }) : null;
  const owed = kind === "hotfix" ? production.mergeBack : null;
  return {
    id,
    repository,
    origin,
    number: origin.kind === "github" ? origin.number : null,
    environment,
    originalEnvironment: success.originalEnvironment,
    sha,
    ref: success.ref,
    creator: success.creator,
    createdAt: success.createdAt,
    statuses: success.statuses,
    succeededAt: at,
    previous: previous === null ? null : { id: previous.id, sha: previous.sha, at: previous.succeededAt },
    kind,
    onProductionBranch,
    landedAt: account.landedAt,
    run: success.run,
    rules: success.rules,
    gate: await gateOf(repo, success),
    carried: previous === null ? [] : counted.carried,
    unaccounted: previous === null ? null : counted.unaccounted,
    ...(ancestor === null ? {} : { ancestor: { id: ancestor.id, sha: ancestor.sha } }),
    succeededBefore,
    verdictBefore: before?.contentVerdict ?? null,
    ...(success.mayOnlyUseSecrets === undefined ? {} : { mayOnlyUseSecrets: true }),
    ...(beforeMerge === null ? {} : { beforeMerge }),
    mergeBack: owed === null ? null : { dueAt: dueAfter(at, owed, calendar), state: "due" },
    late: repo.now() - at >= SETTLING,
  };
}

/** Deployments that succeeded in this environment before, oldest first. */
export async function earlierIn(
  repo: Repo,
  environment: string,
  before: Instant,
  self = "",
): Promise<readonly KnownDeployment[]> {
  const name = environment.toLowerCase();
  return (await knownDeployments(repo.tools, repo.info.id)).filter(
    (each) => each.succeededAt <= before && each.id !== self && each.environment.toLowerCase() === name,
  );
}

/** How a commit on a production branch stands to what ran there before. */
async function kindOf(
  repo: Repo,
  facts: {
    readonly previous: Sha | null;
    readonly sha: Sha;
    readonly status: string | null;
    readonly position: BranchPosition;
  },
): Promise<DeploymentKind> {
  const { previous, sha, status, position } = facts;
  if (previous === null) return "first";
  if (previous === sha) return "redeploy";
  if (status === "behind") return "rollback";
  if (status !== "ahead" && status !== "diverged") return "unknown";
  const main = refOf(repo.info.defaultBranch);
  if (position.ref === null || position.ref === main) return "forward";
  // On another production branch alone: a hotfix, unless production has been on such a branch all along.
  if (!(await watchedRefs(repo)).includes(main)) return "forward";
  const wasOnMain = await repo.github.isOnBranch(repo.info.defaultBranch, previous);
  if (wasOnMain === null) return "unknown";
  return wasOnMain ? "hotfix" : "forward";
}

/** The newest deployment here of a commit that is an ancestor of another one, and what lies between the two; null: none is known. */
async function ancestorOf(
  repo: Repo,
  earlier: readonly KnownDeployment[],
  sha: Sha,
): Promise<{ readonly id: string; readonly sha: Sha; readonly commits: readonly Sha[] } | null> {
  const newest = new Map(earlier.map((each) => [each.sha, each]));
  for (const each of [...newest.values()].toReversed().slice(0, MOST_EARLIER)) {
    const compared = await repo.github.compare(each.sha, sha);
    if (compared?.status === "ahead" && !compared.truncated)
      return { id: each.id, sha: each.sha, commits: compared.commits };
  }
  return null;
}

/** Whether GitHub shows an earlier success of the same commit in the same environment, also from before we watched. */
async function ranBeforeWeWatched(repo: Repo, { origin, sha, environment, at }: Success): Promise<boolean> {
  if (origin.kind !== "github") return false;
  const only = { environment, sha };
  const { listed } = await repo.github.listDeployments(0, only);
  for (const earlier of listed.filter((each) => each.number !== origin.number).slice(-MOST_EARLIER)) {
    const { statuses } = await repo.github.deployment(earlier.number);
    const ran = statuses.some(
      (status) =>
        status.state === "success" &&
        status.at < at &&
        status.environment.toLowerCase() === environment.toLowerCase(),
    );
    if (ran) return true;
  }
  return false;
}
