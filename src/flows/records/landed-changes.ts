/** Which recorded change landed which commit, cached so that a deployment need not read every change again. */

import type { Repo } from "../context/repo.ts";
import type { LandedBefore, PullRequest } from "../../domain/change/pull-request.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { isProductionBranch } from "../../domain/policy/scope.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";
import type { LoggedEntry } from "../../domain/records/entry.ts";
import { cachedRecords } from "./record-cache.ts";
import type { Tools } from "../context/tools.ts";
import { type Instant } from "../../domain/time/instant.ts";

/** Describes one recorded change, as far as finding it needs. */
export interface Landed {
  readonly id: string;
  readonly ref: string;
  readonly before: Sha;
  readonly after: Sha;
  readonly at: Instant;
  readonly seq: number;
  /** It landed pull requests that people had approved. */
  readonly isApproved: boolean;
}

/** Lists every recorded change of a repository, oldest first; of kind `landing`: what landed on its integration branches. */
export async function landedChanges(
  tools: Tools,
  repositoryId: number,
  kind: "change" | "landing" = "change",
): Promise<readonly Landed[]> {
  const known = await cachedRecords(tools, kind, repositoryId, keep);
  return [...known.values()].toSorted((a, b) => a.at - b.at || a.seq - b.seq);
}

function keep({ seq, body }: LoggedEntry<"change" | "landing">, known: Landed | undefined): Landed {
  const { change, assessment } = body;
  const { ref, before, after, at } = change.update;
  const isApproved =
    change.pullRequests.length > 0 &&
    assessment.results.some(
      ({ control, outcome }) => control === "independently-approved" && outcome === "pass",
    );
  return { id: change.id, ref, before, after, at, seq: known?.seq ?? seq, isApproved };
}

/** Returns where a branch was when what is recorded of it began; `updates`: those recorded, oldest first. {@link NO_COMMIT}: nobody knows. */
export async function originOf(repo: Repo, ref: string, updates: readonly Landed[]): Promise<Sha> {
  const place = await repo.ledger.state("branch", `${repo.info.id}:${ref}`);
  const origin = place === undefined ? null : place.body.origin;
  const first = updates.find((each) => each.ref === ref);
  // What was filled in later may reach further back than what was watched.
  if (first !== undefined && (origin === null || first.at < origin.at)) return first.before;
  return origin?.head ?? NO_COMMIT;
}

/** Lists the recorded landings that ended on one of its commits, oldest first. None unless it goes to production by a policy that names integration branches. */
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
