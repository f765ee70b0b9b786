/** What is recorded of the landings of a pull request's commits on integration branches. */

import type { Repo } from "../context/repo.ts";
import type { LandedBefore, PullRequest } from "../../domain/change/pull-request.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { isProductionBranch } from "../../domain/policy/scope.ts";
import { landedChanges } from "./landed-changes.ts";

/** Lists the recorded landings that ended on one of its commits, oldest first; none unless it goes to production by a policy that names integration branches. */
export async function landedBefore(
  repo: Repo,
  pull: PullRequest,
  policy: Policy,
): Promise<readonly LandedBefore[]> {
  const { info: repository } = repo;
  if (policy.production.integration.length === 0) return [];
  if (!isProductionBranch(policy, repository, pull.base.ref)) return [];
  const own = new Set(pull.commits.map(({ sha }) => sha));
  const until = pull.merged?.at ?? Infinity;
  const found: LandedBefore[] = [];
  for (const landed of await landedChanges(repo.tools, repository.id, "landing")) {
    if (!own.has(landed.after) || landed.at > until) continue;
    const entry = await repo.ledger.state("landing", landed.id);
    if (entry === undefined) continue;
    const { change, assessment, asked } = entry.body;
    const { ref, before, after, at, kind } = change.update;
    const counting = assessment.approvals.filter(({ counts }) => counts);
    const counted = counting.map(({ actorId }) => actorId);
    const isLate = change.late || counting.some(({ basis }) => basis === "read-later");
    const reviewers = change.pullRequests.flatMap(({ reviews }) => reviews.map(({ author }) => author));
    const approvers = new Map(
      reviewers.flatMap((each) => (each !== null && counted.includes(each.id) ? [[each.id, each]] : [])),
    );
    found.push({
      changeId: change.id,
      ref,
      before,
      after,
      at,
      kind,
      verdict: assessment.verdict,
      waived: assessment.results.filter(({ outcome }) => outcome === "waived").map(({ control }) => control),
      pulls: change.pullRequests.map(({ number }) => number),
      approvers: [...approvers.values()],
      asked,
      basis: isLate ? "read-later" : "observed",
    });
  }
  return found;
}
