/** Rulesets, branch protection and environments, as administrators change them. */

import type { Account, BranchProtection, Environment, Organization, Repository, Ruleset } from "../model.ts";
import { iso } from "../shapes/form.ts";
import { rulesetShape } from "../shapes/rules.ts";
import { emit } from "../webhooks.ts";
import type { World } from "../world.ts";
import { environmentOf } from "./deployments.ts";
import { needRole } from "./pulls.ts";
import { needOwner } from "./teams.ts";

/** What of a ruleset can be set. */
export type RulesetInput = Pick<
  Ruleset,
  "name" | "target" | "enforcement" | "bypassActors" | "conditions" | "rules"
>;

/** Creates a ruleset in a repository, or in an organization for all its repositories. */
export function createRuleset(
  world: World,
  owner: Repository | Organization,
  by: Account,
  input: RulesetInput,
): Ruleset {
  needAdmin(world, owner, by);
  const ruleset: Ruleset = world.register("Ruleset", {
    ...world.identity("Ruleset"),
    ...input,
    sourceType: isOrganization(owner) ? "Organization" : "Repository",
    sourceId: owner.id,
    createdAt: world.now(),
    updatedAt: world.now(),
  });
  owner.rulesets.push(ruleset);
  tellRuleset(world, owner, ruleset, by, "created");
  return ruleset;
}

function isOrganization(owner: Repository | Organization): owner is Organization {
  return "members" in owner;
}

function needAdmin(world: World, owner: Repository | Organization, by: Account): void {
  if (isOrganization(owner)) needOwner(world, owner, by);
  else needRole(world, owner, by, "admin");
}

/** Changes a ruleset; only what is given. The webhook tells enforcement and conditions, never who may bypass. */
export function editRuleset(
  world: World,
  owner: Repository | Organization,
  ruleset: Ruleset,
  by: Account,
  to: Partial<Pick<RulesetInput, "name" | "enforcement" | "bypassActors" | "conditions" | "rules">>,
): void {
  needAdmin(world, owner, by);
  const changes: Record<string, unknown> = {};
  if (to.name !== undefined && to.name !== ruleset.name) changes["name"] = { from: ruleset.name };
  if (to.enforcement !== undefined && to.enforcement !== ruleset.enforcement)
    changes["enforcement"] = { from: ruleset.enforcement };
  if (to.rules !== undefined) changes["rules"] = ruleChanges(ruleset.rules, to.rules);
  Object.assign(ruleset, to);
  ruleset.updatedAt = world.now();
  tellRuleset(world, owner, ruleset, by, "edited", { changes });
}

function ruleChanges(before: Ruleset["rules"], after: Ruleset["rules"]): Record<string, unknown> {
  const types = (rules: Ruleset["rules"]): string[] => rules.map((rule) => rule.type);
  return {
    added: after.filter((rule) => !types(before).includes(rule.type)),
    deleted: before.filter((rule) => !types(after).includes(rule.type)),
    updated: after
      .filter((rule) => {
        const old = before.find((one) => one.type === rule.type);
        return old !== undefined && JSON.stringify(old) !== JSON.stringify(rule);
      })
      .map((rule) => ({
        rule,
        changes: { configuration: { from: JSON.stringify(before.find((one) => one.type === rule.type)) } },
      })),
  };
}

/** Deletes a ruleset. */
export function deleteRuleset(
  world: World,
  owner: Repository | Organization,
  ruleset: Ruleset,
  by: Account,
): void {
  needAdmin(world, owner, by);
  owner.rulesets.splice(owner.rulesets.indexOf(ruleset), 1);
  tellRuleset(world, owner, ruleset, by, "deleted");
}

function tellRuleset(
  world: World,
  owner: Repository | Organization,
  ruleset: Ruleset,
  sender: Account,
  action: string,
  extra: Readonly<Record<string, unknown>> = {},
): void {
  emit(world, {
    event: "repository_ruleset",
    action,
    ...(isOrganization(owner) ? { repository: null, organization: owner } : { repository: owner }),
    sender,
    body: { repository_ruleset: rulesetShape(world, ruleset, false), ...extra },
  });
}

/** What of a branch protection can be set. */
export type ProtectionInput = Omit<BranchProtection, "id" | "nodeId" | "pattern" | "createdAt" | "updatedAt">;

/** Sets the classic protection of a branch or pattern. */
export function setProtection(
  world: World,
  repository: Repository,
  by: Account,
  pattern: string,
  input: Partial<ProtectionInput>,
): BranchProtection {
  needRole(world, repository, by, "admin");
  const old = repository.protections.get(pattern);
  const protection: BranchProtection = world.register("BranchProtection", {
    ...(old ?? { ...world.identity("BranchProtection"), createdAt: world.now() }),
    enforceAdmins: false,
    allowForcePushes: false,
    allowDeletions: false,
    requiredLinearHistory: false,
    lockBranch: false,
    reviews: null,
    checks: null,
    restrictions: null,
    ...old,
    ...input,
    pattern,
    updatedAt: world.now(),
  });
  repository.protections.set(pattern, protection);
  tellProtection(world, repository, protection, by, old === undefined ? "created" : "edited");
  return protection;
}

/** Removes the classic protection of a branch or pattern. */
export function deleteProtection(world: World, repository: Repository, by: Account, pattern: string): void {
  needRole(world, repository, by, "admin");
  const old = repository.protections.get(pattern);
  if (old === undefined) return;
  repository.protections.delete(pattern);
  tellProtection(world, repository, old, by, "deleted");
}

function tellProtection(
  world: World,
  repository: Repository,
  protection: BranchProtection,
  sender: Account,
  action: string,
): void {
  const level = (on: boolean): string => (on ? "everyone" : "off");
  const { reviews, checks } = protection;
  emit(world, {
    event: "branch_protection_rule",
    action,
    repository,
    sender,
    body: {
      ...(action === "edited" ? { changes: {} } : {}),
      rule: {
        id: protection.id,
        repository_id: repository.id,
        name: protection.pattern,
        created_at: iso(protection.createdAt),
        updated_at: iso(protection.updatedAt),
        admin_enforced: protection.enforceAdmins,
        pull_request_reviews_enforcement_level: reviewLevel(protection),
        required_approving_review_count: reviews?.count ?? 0,
        dismiss_stale_reviews_on_push: reviews?.dismissStale ?? false,
        require_code_owner_review: reviews?.codeOwners ?? false,
        require_last_push_approval: reviews?.lastPush ?? false,
        authorized_dismissal_actors_only: false,
        ignore_approvals_from_contributors: false,
        required_status_checks: checks?.checks.map((one) => one.context) ?? [],
        required_status_checks_enforcement_level: reviewLevelOf(checks !== null, protection.enforceAdmins),
        strict_required_status_checks_policy: checks?.strict ?? false,
        signature_requirement_enforcement_level: "off",
        linear_history_requirement_enforcement_level: level(protection.requiredLinearHistory),
        lock_branch_enforcement_level: level(protection.lockBranch),
        allow_force_pushes_enforcement_level: level(protection.allowForcePushes),
        allow_deletions_enforcement_level: level(protection.allowDeletions),
        merge_queue_enforcement_level: "off",
        required_deployments_enforcement_level: "off",
        required_conversation_resolution_level: "off",
        authorized_actors_only: protection.restrictions !== null,
        authorized_actor_names: (protection.restrictions ?? []).map((id) => world.account(id).login),
      },
    },
  });
}

function reviewLevel(protection: BranchProtection): string {
  return reviewLevelOf(protection.reviews !== null, protection.enforceAdmins);
}

function reviewLevelOf(on: boolean, admins: boolean): string {
  if (!on) return "off";
  return admins ? "everyone" : "non_admins";
}

/** Changes an environment, making it if it is missing. GitHub sends no webhook for this. */
export function setEnvironment(
  world: World,
  repository: Repository,
  by: Account,
  name: string,
  to: Partial<
    Pick<Environment, "reviewers" | "preventSelfReview" | "adminsBypass" | "waitTimer" | "branchPolicy">
  >,
): Environment {
  needRole(world, repository, by, "admin");
  const environment = environmentOf(world, repository, name);
  Object.assign(environment, to);
  environment.updatedAt = world.now();
  return environment;
}

/** Deletes an environment. GitHub sends no webhook for this. */
export function deleteEnvironment(world: World, repository: Repository, by: Account, name: string): void {
  needRole(world, repository, by, "admin");
  repository.environments.delete(name);
}
