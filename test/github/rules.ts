/** What rulesets and branch protection forbid, worded as GitHub words it. Reads the world, changes nothing. */

import picomatch from "picomatch";
import type {
  Account,
  BranchProtection,
  CheckRun,
  MergeMethod,
  PullRequest,
  Repository,
  Review,
  Rule,
  Ruleset,
  Sha,
} from "./model.ts";
import type { World } from "./world.ts";

/** A rule in force on a ref, and the ruleset it comes from. */
export interface RuleInForce {
  readonly rule: Rule;
  readonly ruleset: Ruleset;
}

/** GitHub's ids of the built-in repository roles, as bypass lists name them. */
export const ROLE_IDS = { maintain: 2, write: 4, admin: 5 } as const;

/** The active rulesets, of the repository and its organization, that concern a ref (full name). */
export function rulesetsFor(world: World, repository: Repository, ref: string): Ruleset[] {
  const target = ref.startsWith("refs/tags/") ? "tag" : "branch";
  const inherited = world.organizations.get(repository.ownerId)?.rulesets ?? [];
  return [...repository.rulesets, ...inherited].filter(
    (ruleset) =>
      ruleset.enforcement === "active" &&
      ruleset.target === target &&
      ruleset.conditions.include.some((pattern) => refMatches(repository, ref, pattern)) &&
      !ruleset.conditions.exclude.some((pattern) => refMatches(repository, ref, pattern)),
  );
}

/** The rules in force on a ref (full name). */
export function rulesFor(world: World, repository: Repository, ref: string): RuleInForce[] {
  return rulesetsFor(world, repository, ref).flatMap((ruleset) =>
    ruleset.rules.map((rule) => ({ rule, ruleset })),
  );
}

function refMatches(repository: Repository, ref: string, pattern: string): boolean {
  if (pattern === "~ALL") return true;
  if (pattern === "~DEFAULT_BRANCH") return ref === `refs/heads/${repository.defaultBranch}`;
  return picomatch.isMatch(ref, pattern, { dot: true });
}

/** The classic protection of a branch: an exact name goes before a pattern. */
export function protectionFor(repository: Repository, branch: string): BranchProtection | undefined {
  return (
    repository.protections.get(branch) ??
    [...repository.protections.values()].find((one) => picomatch.isMatch(branch, one.pattern, { dot: true }))
  );
}

/** Who is acting: an account, or the key it pushed with. */
export interface Mover {
  readonly actor: Account;
  readonly deployKey?: boolean;
  /** The step was given the right to bypass everything. */
  readonly bypass?: boolean;
}

/** Whether someone may go past a ruleset. */
export function mayBypass(
  world: World,
  repository: Repository,
  ruleset: Ruleset,
  mover: Mover,
  byPullRequest: boolean,
): boolean {
  if (mover.bypass === true) return true;
  return ruleset.bypassActors.some((entry) => {
    if (entry.bypassMode === "pull_request" && !byPullRequest) return false;
    switch (entry.actorType) {
      case "DeployKey":
        return mover.deployKey === true;
      case "User":
        return entry.actorId === mover.actor.id;
      case "Integration":
        return mover.actor.appId !== null && entry.actorId === mover.actor.appId;
      case "Team":
        return world.teams.get(entry.actorId ?? 0)?.members.has(mover.actor.id) === true;
      case "OrganizationAdmin":
        return world.organizations.get(repository.ownerId)?.members.get(mover.actor.id) === "admin";
      case "RepositoryRole":
        return roleMatches(world.role(mover.actor, repository), entry.actorId);
    }
  });
}

function roleMatches(role: string, id: number | null): boolean {
  if (id === ROLE_IDS.admin) return role === "admin";
  if (id === ROLE_IDS.maintain) return role === "maintain" || role === "admin";
  return id === ROLE_IDS.write && ["write", "maintain", "admin"].includes(role);
}

/** A required check: by name, and by app where one is named. */
export interface RequiredCheck {
  readonly context: string;
  readonly appId: number | null;
}

/** How a required check stands on a commit. Neutral and skipped check runs pass, as on GitHub. */
export function checkState(
  world: World,
  repository: Repository,
  sha: Sha,
  required: RequiredCheck,
): "success" | "failure" | "pending" | "expected" {
  const states = world
    .checkRuns(repository, sha)
    .filter((run) => run.name === required.context && (required.appId ?? run.appId) === run.appId)
    .map(runState);
  const status = repository.statuses
    .filter((one) => one.sha === sha && one.context === required.context)
    .filter((one) => required.appId === null || world.accounts.get(one.creatorId)?.appId === required.appId)
    .at(-1);
  if (status !== undefined)
    states.push(status.state === "success" || status.state === "pending" ? status.state : "failure");
  if (states.length === 0) return "expected";
  return (
    states.find((state) => state === "failure") ?? states.find((state) => state === "pending") ?? "success"
  );
}

function runState(run: CheckRun): "success" | "failure" | "pending" {
  if (run.status !== "completed") return "pending";
  const passes = run.conclusion === "success" || run.conclusion === "neutral" || run.conclusion === "skipped";
  return passes ? "success" : "failure";
}

/** The newest approving or refusing review of each person who may write, dismissed ones left out. */
export function decisiveReviews(world: World, repository: Repository, pull: PullRequest): Review[] {
  const newest = new Map<number, Review>();
  for (const review of pull.reviews)
    if (review.state === "APPROVED" || review.state === "CHANGES_REQUESTED" || review.state === "DISMISSED")
      newest.set(review.authorId, review);
  return [...newest.values()].filter(
    (review) =>
      review.state !== "DISMISSED" && world.may(world.account(review.authorId), "write", repository),
  );
}

/** The checks that rules of rulesets require. */
export function rulesetChecks(rules: readonly RuleInForce[]): RequiredCheck[] {
  return rules.flatMap(({ rule }) =>
    rule.type === "required_status_checks"
      ? rule.parameters.required_status_checks.map((one) => ({
          context: one.context,
          appId: one.integration_id ?? null,
        }))
      : [],
  );
}

/** Every check required on a branch, by rulesets and classic protection. */
export function requiredChecks(world: World, repository: Repository, branch: string): RequiredCheck[] {
  return [
    ...(protectionFor(repository, branch)?.checks?.checks ?? []),
    ...rulesetChecks(rulesFor(world, repository, `refs/heads/${branch}`)),
  ];
}

/** The merge queue rule of a branch, if it has one. */
export function queueRule(
  world: World,
  repository: Repository,
  branch: string,
): Extract<Rule, { type: "merge_queue" }> | undefined {
  for (const { rule } of rulesFor(world, repository, `refs/heads/${branch}`))
    if (rule.type === "merge_queue") return rule;
  return undefined;
}

/** What keeps a pull request from being merged by someone; empty when nothing does. `viaQueue` leaves out that the queue must be used. */
export function mergeProblems(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
  method: MergeMethod | null,
  viaQueue = false,
): string[] {
  if (mover.bypass === true) return [];
  const ref = `refs/heads/${pull.base.ref}`;
  const rules = rulesFor(world, repository, ref).filter(
    ({ ruleset }) => !mayBypass(world, repository, ruleset, mover, true),
  );
  const problems: string[] = [];
  for (const { rule } of rules) {
    if (rule.type === "pull_request") {
      const { parameters } = rule;
      problems.push(...reviewProblems(world, repository, pull, parameters.required_approving_review_count));
      if (parameters.require_last_push_approval) problems.push(...lastPushProblem(world, repository, pull));
      if (method !== null && !parameters.allowed_merge_methods.includes(method))
        problems.push(`${methodName(method)} are not allowed on this branch.`);
    }
    if (rule.type === "merge_queue" && !viaQueue)
      problems.push("Changes must be made through the merge queue");
    if (rule.type === "required_linear_history" && method === "merge")
      problems.push("This branch must not contain merge commits.");
    if (rule.type === "required_status_checks" && rule.parameters.strict_required_status_checks_policy)
      problems.push(...behindProblem(world, repository, pull));
  }
  problems.push(...classicMergeProblems(world, repository, pull, mover, method));
  const classic = protectionBinds(world, repository, pull.base.ref, mover)
    ? (protectionFor(repository, pull.base.ref)?.checks?.checks ?? [])
    : [];
  problems.push(...checkProblems(world, repository, pull.head.sha, [...classic, ...rulesetChecks(rules)]));
  return [...new Set(problems)];
}

function protectionBinds(world: World, repository: Repository, branch: string, mover: Mover): boolean {
  const protection = protectionFor(repository, branch);
  if (protection === undefined) return false;
  return protection.enforceAdmins || world.role(mover.actor, repository) !== "admin";
}

function classicMergeProblems(
  world: World,
  repository: Repository,
  pull: PullRequest,
  mover: Mover,
  method: MergeMethod | null,
): string[] {
  const protection = protectionFor(repository, pull.base.ref);
  if (protection === undefined || !protectionBinds(world, repository, pull.base.ref, mover)) return [];
  const problems: string[] = [];
  if (protection.reviews !== null && !protection.reviews.bypassIds.includes(mover.actor.id))
    problems.push(...reviewProblems(world, repository, pull, protection.reviews.count));
  if (protection.lockBranch) problems.push("Cannot change this locked branch");
  if (protection.requiredLinearHistory && method === "merge")
    problems.push("This branch must not contain merge commits.");
  if (protection.checks?.strict === true) problems.push(...behindProblem(world, repository, pull));
  if (protection.restrictions !== null && !protection.restrictions.includes(mover.actor.id))
    problems.push("You're not authorized to push to this branch.");
  return problems;
}

function reviewProblems(world: World, repository: Repository, pull: PullRequest, count: number): string[] {
  const reviews = decisiveReviews(world, repository, pull);
  if (reviews.some((review) => review.state === "CHANGES_REQUESTED") && count > 0)
    return ["Changes have been requested."];
  const approvals = reviews.filter((review) => review.state === "APPROVED").length;
  if (approvals >= count) return [];
  const noun = count === 1 ? "review is" : "reviews are";
  return [`At least ${count} approving ${noun} required by reviewers with write access.`];
}

function lastPushProblem(world: World, repository: Repository, pull: PullRequest): string[] {
  const last = world.activity(repository, `refs/heads/${pull.head.ref}`).at(-1);
  const fine = decisiveReviews(world, repository, pull).some(
    (review) =>
      review.state === "APPROVED" && review.commitId === pull.head.sha && review.authorId !== last?.actorId,
  );
  return fine ? [] : ["New changes require approval from someone other than the last pusher."];
}

function behindProblem(world: World, repository: Repository, pull: PullRequest): string[] {
  const git = world.git(repository);
  const base = git.branch(pull.base.ref);
  if (base === null || git.isAncestor(base, pull.head.sha)) return [];
  return ["The head branch is not up to date with the base branch."];
}

function checkProblems(
  world: World,
  repository: Repository,
  sha: Sha,
  checks: readonly RequiredCheck[],
): string[] {
  const open = checks
    .map((check) => ({ check, state: checkState(world, repository, sha, check) }))
    .filter(({ state }) => state !== "success");
  if (open.length === 0) return [];
  const [only] = open;
  if (checks.length === 1 && only !== undefined) {
    const verb = { failure: "is failing", pending: "is in progress", expected: "is expected", success: "" };
    return [`Required status check "${only.check.context}" ${verb[only.state]}.`];
  }
  const failing = open.filter(({ state }) => state === "failure").length;
  return [
    `${open.length} of ${checks.length} required status checks ${failing > 0 ? "have not succeeded" : "are expected"}.`,
  ];
}

/** What keeps a ref from being moved by a push; `null` as before or after: created or deleted. */
export function pushProblems(
  world: World,
  repository: Repository,
  ref: string,
  move: { readonly before: Sha | null; readonly after: Sha | null },
  mover: Mover,
): string[] {
  if (mover.bypass === true) return [];
  const git = world.git(repository);
  const forced = move.before !== null && move.after !== null && !git.isAncestor(move.before, move.after);
  const rules = rulesFor(world, repository, ref).filter(
    ({ ruleset }) => !mayBypass(world, repository, ruleset, mover, false),
  );
  const problems: string[] = [];
  for (const { rule } of rules) {
    if (rule.type === "deletion" && move.after === null) problems.push("Cannot delete this branch");
    if (rule.type === "non_fast_forward" && forced) problems.push("Cannot force-push to this branch");
    if (rule.type === "creation" && move.before === null)
      problems.push("Cannot create ref due to creations being restricted.");
    if (rule.type === "update" && move.before !== null && move.after !== null)
      problems.push("Cannot update this protected ref.");
    if (move.after === null || move.before === null) continue;
    if (rule.type === "pull_request") problems.push("Changes must be made through a pull request.");
    if (rule.type === "merge_queue") problems.push("Changes must be made through the merge queue");
    if (rule.type === "required_signatures" && unsigned(world, repository, move.before, move.after))
      problems.push("Commits must have verified signatures.");
    if (rule.type === "required_linear_history" && hasMerges(world, repository, move.before, move.after))
      problems.push("This branch must not contain merge commits.");
  }
  if (move.after !== null && move.before !== null)
    problems.push(...checkProblems(world, repository, move.after, rulesetChecks(rules)));
  problems.push(...classicPushProblems(world, repository, ref, move, forced, mover));
  return [...new Set(problems)];
}

function classicPushProblems(
  world: World,
  repository: Repository,
  ref: string,
  move: { readonly before: Sha | null; readonly after: Sha | null },
  forced: boolean,
  mover: Mover,
): string[] {
  const protection = ref.startsWith("refs/heads/") ? protectionFor(repository, branchOf(ref)) : undefined;
  if (protection === undefined) return [];
  // Force pushes and deletions are forbidden to administrators too.
  if (move.after === null) return protection.allowDeletions ? [] : ["Cannot delete a protected branch"];
  if (forced && !protection.allowForcePushes) return ["Cannot force-push to a protected branch"];
  if (move.before === null || !protectionBinds(world, repository, branchOf(ref), mover)) return [];
  const problems: string[] = [];
  if (protection.reviews !== null && !protection.reviews.bypassIds.includes(mover.actor.id))
    problems.push("Changes must be made through a pull request.");
  if (protection.lockBranch) problems.push("Cannot change this locked branch");
  if (protection.restrictions !== null && !protection.restrictions.includes(mover.actor.id))
    problems.push("You're not authorized to push to this branch.");
  if (protection.requiredLinearHistory && hasMerges(world, repository, move.before, move.after))
    problems.push("This branch must not contain merge commits.");
  problems.push(...checkProblems(world, repository, move.after, protection.checks?.checks ?? []));
  return problems;
}

/** The refusal git prints when a push breaks rules. */
export function pushRefusal(repository: Repository, ref: string, problems: readonly string[]): string {
  const classic = repository.rulesets.length === 0;
  const head = classic
    ? `GH006: Protected branch update failed for ${ref}.`
    : `GH013: Repository rule violations found for ${ref}.`;
  return [head, ...problems.map((problem) => `- ${problem}`)].join("\n");
}

/** Whether a pull request can be merged as git goes, and GitHub's `mergeable_state` for someone without special rights. */
export function mergeability(
  world: World,
  repository: Repository,
  pull: PullRequest,
): { readonly mergeable: boolean | null; readonly state: string } {
  if (pull.state === "closed") return { mergeable: null, state: "unknown" };
  const git = world.git(repository);
  const base = git.branch(pull.base.ref);
  if (base === null || git.merge(base, pull.head.sha).conflicts.length > 0)
    return { mergeable: false, state: "dirty" };
  if (pull.draft) return { mergeable: true, state: "draft" };
  const nobody = { actor: world.account(0) };
  const problems = mergeProblems(world, repository, pull, nobody, null);
  if (problems.some((problem) => problem.includes("not up to date")))
    return { mergeable: true, state: "behind" };
  if (problems.length > 0) return { mergeable: true, state: "blocked" };
  const states = world.checkRuns(repository, pull.head.sha).map(runState);
  return { mergeable: true, state: states.every((state) => state === "success") ? "clean" : "unstable" };
}

function methodName(method: MergeMethod): string {
  return { merge: "Merge commits", squash: "Squash merges", rebase: "Rebase merges" }[method];
}

function branchOf(ref: string): string {
  return ref.replace(/^refs\/heads\//, "");
}

function hasMerges(world: World, repository: Repository, before: Sha, after: Sha): boolean {
  const git = world.git(repository);
  return git.commitsBetween(before, after).some((sha) => git.commitOf(sha).parents.length > 1);
}

function unsigned(world: World, repository: Repository, before: Sha, after: Sha): boolean {
  const git = world.git(repository);
  return git.commitsBetween(before, after).some((sha) => git.commitOf(sha).signature === null);
}
