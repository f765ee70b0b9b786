/** What a followed branch is to production, and the entry that keeps how far it was followed. */

import type { Repo } from "../context/repo.ts";
import { type RefUpdate } from "../../domain/change/change.ts";
import { policyOrDefault } from "../../domain/decisions/decision.ts";
import type { Entry } from "../../domain/records/entry.ts";
import { branchOf, isIntegrationBranch, isProductionBranch } from "../../domain/policy/scope.ts";
import type { BranchRecord } from "../../domain/records/change.ts";
import type { Task } from "../../domain/records/task.ts";
import { currentPolicy } from "../policy/current-policy.ts";
import { productionRefsThen } from "../policy/former-production-branches.ts";
import { NO_COMMIT, type Sha } from "../../domain/change/sha.ts";

/** Describes what a followed branch is to production, and the kinds of entry that keep its place and its updates. */
export interface Role {
  readonly place: "branch" | "integration-branch";
  readonly update: "change" | "landing";
}

/** Describes a branch of production. */
export const PRODUCTION: Role = { place: "branch", update: "change" };
/** Describes a branch that gathers changes for production. */
export const INTEGRATION: Role = { place: "integration-branch", update: "landing" };

/** Returns what this ref is under the policy its repository has now; null: it is not followed. */
export async function roleOf(repo: Repo, ref: string): Promise<Role | null> {
  const branch = branchOf(ref);
  if (branch === null) return null;
  const policy = await currentPolicy(repo);
  if (isProductionBranch(policyOrDefault(policy), repo.info, branch)) return PRODUCTION;
  if (isIntegrationBranch(policyOrDefault(policy), repo.info, branch)) return INTEGRATION;
  if (policy.state === "known") return null;
  // Breaking the policy file must not end the watch of what it named before.
  for (const role of [PRODUCTION, INTEGRATION]) {
    if ((await repo.ledger.state(role.place, `${repo.info.id}:${ref}`)) !== undefined) return role;
  }
  return null;
}

/** Returns the entry that keeps how far a branch was followed. */
export function placeEntry(repo: Repo, body: BranchRecord, { place }: Role): Entry {
  const { id: repositoryId, ownerId: organizationId } = repo.info;
  return {
    kind: place,
    subject: `${repositoryId}:${body.ref}`,
    repositoryId,
    organizationId,
    at: body.at,
    body,
  };
}

/** Returns the task that judges the pull requests from an integration branch again: what landed on it is known now. */
export function headTasks(repo: Repo, role: Role, sha: Sha): readonly Task[] {
  const { info: repository } = repo;
  if (role !== INTEGRATION || sha === NO_COMMIT) return [];
  return [{ kind: "head", repositoryId: repository.id, sha, dueAt: repo.now() }];
}

/**
 * Records the head of a branch when observation began: what is recorded follows from there. Updates in the very second of the
 * installation were made before it, as far as is known.
 */
export async function recordBaseline(
  repo: Repo,
  ref: string,
  listing: {
    readonly updates: readonly RefUpdate[];
    readonly before: RefUpdate | null;
    readonly earlier: RefUpdate | null;
  },
  role: Role,
): Promise<BranchRecord> {
  const { earlier } = listing;
  const last = earlier ?? listing.updates.findLast((update) => update.at <= repo.since) ?? listing.before;
  // Where nothing older is listed, the branch was where its first update began.
  const head = last?.after ?? listing.updates[0]?.before ?? NO_COMMIT;
  const activityId = last?.activityId ?? null;
  const at = Math.max(repo.since, earlier?.at ?? 0);
  const body: BranchRecord = { ref, head, activityId, at, origin: { head, activityId, at } };
  await repo.commit({ entries: [placeEntry(repo, body, role)], tasks: headTasks(repo, role, head) });
  return body;
}

/** Returns a listing with the last update from before the branch was one of production, where it became one later. */
export async function sinceProduction<Listing extends { readonly updates: readonly RefUpdate[] }>(
  repo: Repo,
  ref: string,
  listing: Listing,
): Promise<Listing & { readonly earlier: RefUpdate | null }> {
  const branch = branchOf(ref);
  const { info: repository } = repo;
  const main = `refs/heads/${repository.defaultBranch}`;
  if (branch === null || ref === main || listing.updates.length === 0) return { ...listing, earlier: null };
  const wasProduction = await productionRefsThen(repo);
  let earlier: RefUpdate | null = null;
  for (const update of listing.updates) {
    if (await wasProduction(branch, update.at)) break;
    earlier = update;
  }
  return { ...listing, earlier };
}
