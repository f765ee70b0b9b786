/** Review requests: who is requested to review, where the policy requires it, once for each pull request. */

import { judgeApprovals } from "./approval.ts";
import type { Requirement } from "../policy/file/requirement.ts";
import type { PullRequest } from "../change/pull-request.ts";
import { contributorsOf } from "./contribution/contributors.ts";
import type { Action } from "../records/entry.ts";
import type { Policy } from "../policy/file/policy.ts";
import { leafRequirementsIn, namedBy } from "../policy/file/requirement.ts";
import type { Reviewers } from "../records/change.ts";
import { approversText } from "../policy/approvers-text.ts";

/** Describes what a `request-reviewers` action requests. */
export interface RequestReviewersPayload {
  readonly repository: { readonly id: number; readonly owner: string; readonly name: string };
  readonly number: number;
  readonly reviewers: Reviewers;
}

/** Returns whom to request now; null: nobody needs to review, or nobody could. Of several, each pull request gets the next one. */
export function reviewersFor(
  pull: PullRequest,
  policy: Policy,
  candidates: ReviewerCandidates,
): Reviewers | null {
  const { requestReviews } = policy;
  if (requestReviews === null || pull.draft || pull.state !== "open") return null;
  const { requirements, approvals } = judgeApprovals(pull, policy, Infinity);
  const open = requirements
    .filter(({ outcome }) => outcome === "short")
    .flatMap(({ requirement }) => leafRequirementsIn(requirement.tree));
  if (open.length === 0) return null;
  if (requestReviews.from === "teams") {
    const own = `${pull.repository.owner.toLowerCase()}/`;
    const named = unique(open.flatMap(({ from }) => namedBy(from).teams ?? [])).map((team) =>
      team.toLowerCase(),
    );
    // GitHub takes only teams of the repository's own organisation.
    const teams = named.flatMap((team) => (team.startsWith(own) ? [team.slice(own.length)] : []));
    return teams.length === 0 ? null : { users: [], teams: turn(teams, pull.number, requestReviews.count) };
  }
  const out = new Set(
    [
      pull.author,
      ...contributorsOf(pull).map(({ actor }) => actor),
      ...pull.reviews.map(({ author }) => author),
    ]
      .concat(approvals.map(({ login }) => ({ login, id: 0, type: "User" as const })))
      .map((actor) => actor?.login.toLowerCase()),
  );
  const able = (leaf: Requirement): readonly string[] =>
    candidates.find(({ source }) => source === approversText(leaf.from))?.logins ?? [];
  const users = unique(open.flatMap(able)).filter((login) => !out.has(login.toLowerCase()));
  return users.length === 0 ? null : { users: turn(users, pull.number, requestReviews.count), teams: [] };
}

/** Returns the action that requests these reviewers. */
export function requestReviewersAction(
  { repository, number }: PullRequest,
  reviewers: Reviewers,
  to: Pick<Action, "repositoryId" | "organizationId" | "installationId">,
): Action {
  const { id, owner, name } = repository;
  const payload: RequestReviewersPayload = { repository: { id, owner, name }, number, reviewers };
  return { key: `reviewers:${id}#${number}`, kind: "request-reviewers", ...to, payload };
}

function turn(names: readonly string[], number: number, count: number): readonly string[] {
  const sorted = names.toSorted();
  const start = number % sorted.length;
  return [...sorted.slice(start), ...sorted.slice(0, start)].slice(0, count);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}
/** Lists who could approve, by login, for each way of being entitled (as `sources` words it). */
export type ReviewerCandidates = readonly { readonly source: string; readonly logins: readonly string[] }[];
