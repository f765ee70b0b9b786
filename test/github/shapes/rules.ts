import type { BranchProtection, Repository, Ruleset } from "../model.ts";
import type { World } from "../world.ts";
import { appByIdShape } from "./apps.ts";
import { userByIdShape } from "./accounts.ts";
import { iso, type Shape } from "./form.ts";
import { repositoryUrl } from "./repositories.ts";

function sourceName(world: World, ruleset: Ruleset): string {
  if (ruleset.sourceType === "Organization") return world.organizations.get(ruleset.sourceId)?.login ?? "";
  const repository = world.repositories.get(ruleset.sourceId);
  return repository === undefined ? "" : world.fullName(repository);
}

/** A ruleset as lists write it: neither conditions nor rules. */
export function simpleRulesetShape(world: World, ruleset: Ruleset): Shape {
  const source = sourceName(world, ruleset);
  const place = ruleset.sourceType === "Organization" ? `/orgs/${source}` : `/repos/${source}`;
  return {
    id: ruleset.id,
    node_id: ruleset.nodeId,
    name: ruleset.name,
    target: ruleset.target,
    source_type: ruleset.sourceType,
    source,
    enforcement: ruleset.enforcement,
    created_at: iso(ruleset.createdAt),
    updated_at: iso(ruleset.updatedAt),
    _links: {
      self: { href: `${world.apiUrl}${place}/rulesets/${ruleset.id}` },
      html: { href: `${world.webUrl}/${source}/rules/${ruleset.id}` },
    },
  };
}

/** A whole ruleset; `bypass_actors` only for callers that may edit it, as on GitHub. */
export function rulesetShape(world: World, ruleset: Ruleset, mayEdit: boolean): Shape {
  const refs = { include: [...ruleset.conditions.include], exclude: [...ruleset.conditions.exclude] };
  return {
    ...simpleRulesetShape(world, ruleset),
    conditions:
      ruleset.sourceType === "Organization"
        ? { ref_name: refs, repository_name: { include: ["~ALL"], exclude: [], protected: false } }
        : { ref_name: refs },
    rules: ruleset.rules.map((rule) => structuredClone(rule)),
    ...(mayEdit
      ? {
          bypass_actors: ruleset.bypassActors.map((actor) => ({
            actor_id: actor.actorId,
            actor_type: actor.actorType,
            bypass_mode: actor.bypassMode,
          })),
        }
      : {}),
    current_user_can_bypass: "never",
  };
}

/** The rules of one ruleset as `/rules/branches/{branch}` lists them. */
export function branchRuleShapes(world: World, ruleset: Ruleset): Shape[] {
  return ruleset.rules.map((rule) => ({
    ...structuredClone(rule),
    ruleset_source_type: ruleset.sourceType,
    ruleset_source: sourceName(world, ruleset),
    ruleset_id: ruleset.id,
  }));
}

/** Classic protection of a branch (`branch-protection`). */
export function protectionShape(
  world: World,
  repository: Repository,
  branch: string,
  protection: BranchProtection,
): Shape {
  const url = repositoryUrl(world, repository, `/branches/${encodeURIComponent(branch)}/protection`);
  const { reviews, checks, restrictions } = protection;
  return {
    url,
    ...(checks === null
      ? {}
      : {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: checks.strict,
            contexts: checks.checks.map((one) => one.context),
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: checks.checks.map((one) => ({ context: one.context, app_id: one.appId })),
          },
        }),
    ...(reviews === null
      ? {}
      : {
          required_pull_request_reviews: {
            url: `${url}/required_pull_request_reviews`,
            dismiss_stale_reviews: reviews.dismissStale,
            require_code_owner_reviews: reviews.codeOwners,
            require_last_push_approval: reviews.lastPush,
            required_approving_review_count: reviews.count,
            bypass_pull_request_allowances: {
              users: reviews.bypassIds.map((id) => userByIdShape(world, id)),
              teams: [],
              apps: [],
            },
          },
        }),
    ...(restrictions === null
      ? {}
      : {
          restrictions: {
            url: `${url}/restrictions`,
            users_url: `${url}/restrictions/users`,
            teams_url: `${url}/restrictions/teams`,
            apps_url: `${url}/restrictions/apps`,
            users: restrictions
              .filter((id) => world.account(id).type === "User")
              .map((id) => userByIdShape(world, id)),
            teams: [],
            apps: restrictions.flatMap((id) => {
              const appId = world.account(id).appId;
              return appId === null ? [] : [appByIdShape(world, appId)];
            }),
          },
        }),
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforceAdmins },
    required_linear_history: { enabled: protection.requiredLinearHistory },
    allow_force_pushes: { enabled: protection.allowForcePushes },
    allow_deletions: { enabled: protection.allowDeletions },
    block_creations: { enabled: false },
    required_conversation_resolution: { enabled: false },
    lock_branch: { enabled: protection.lockBranch },
    allow_fork_syncing: { enabled: false },
  };
}
