/** The steps of stories that change rules, environments and policy files. */

import { z } from "zod";
import type { BranchProtection, BypassActor, Repository, Rule, Ruleset } from "../model.ts";
import { ROLE_IDS } from "../rules.ts";
import { addRepository, appNamed, defaultRules, policyText, POLICY_PATH } from "../setup.ts";
import type { World } from "../world.ts";
import { addDeployKey, deleteDeployKeys } from "./deploy-keys.ts";
import { needRole, openPull } from "./pulls.ts";
import { makeCommit, pushTo } from "./pushes.ts";
import {
  createRuleset,
  deleteEnvironment,
  deleteProtection,
  deleteRuleset,
  editRuleset,
  setEnvironment,
  setProtection,
} from "./settings.ts";
import {
  commitOf,
  madeBy,
  moverOf,
  ownerOf,
  personOf,
  step,
  StepError,
  type StepOutput,
  type StepContext,
  type StepKind,
} from "./step.ts";

const RULE_KEYS = {
  branch: z.string().optional(),
  enforcement: z.enum(["active", "disabled", "evaluate"]).optional(),
  approvals: z.number().int().optional(),
  checks: z.array(z.strictObject({ name: z.string(), app: z.string().optional() })).optional(),
  bypass: z.union([z.boolean(), z.array(z.string())]).optional(),
  exclude: z.array(z.string()).optional(),
  delete: z.boolean().optional(),
};

const RULESET_KEYS = { ...RULE_KEYS, in: z.enum(["organisation", "repository"]).optional() };

type RuleKeys = z.infer<z.ZodObject<typeof RULE_KEYS>>;

type RulesetKeys = z.infer<z.ZodObject<typeof RULESET_KEYS>>;

/** The steps, by name. */
export const SETTING_STEPS: Readonly<Record<string, StepKind>> = {
  "edit-policy": step(
    {
      in: z.enum(["organisation", "repository"]).optional(),
      policy: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
      text: z.string().optional(),
      pull: z.number().int().optional(),
    },
    editPolicy,
  ),
  "edit-ruleset": step(RULESET_KEYS, (context, wanted) => {
    editRules(context, wanted);
    return undefined;
  }),
  "set-protection": step(RULE_KEYS, (context, wanted) => {
    const { world, repository, actor } = context;
    const pattern = wanted.branch ?? repository.defaultBranch;
    if (wanted.delete === true) deleteProtection(world, repository, actor, pattern);
    else setProtection(world, repository, actor, pattern, protectionOf(context, wanted));
    return undefined;
  }),
  "set-deploy-key": step(
    { write: z.boolean().optional(), delete: z.boolean().optional() },
    ({ world, repository, actor }, wanted) => {
      needRole(world, repository, actor, "admin");
      if (wanted.delete === true) deleteDeployKeys(world, repository, actor);
      else addDeployKey(world, repository, actor, wanted.write === false);
      return undefined;
    },
  ),
  "set-environment": step(
    {
      environment: z.string(),
      reviewers: z.array(z.string()).optional(),
      "prevent-self-review": z.boolean().optional(),
      "admins-bypass": z.boolean().optional(),
      delete: z.boolean().optional(),
    },
    (context, wanted) => {
      const { world, repository, actor, organization } = context;
      if (wanted.delete === true) deleteEnvironment(world, repository, actor, wanted.environment);
      else
        setEnvironment(world, repository, actor, wanted.environment, {
          ...(wanted.reviewers === undefined
            ? {}
            : {
                reviewers: wanted.reviewers.map((name) => {
                  const team = world.team(organization.id, name.replace(/^.*\//, ""));
                  return team === undefined
                    ? { type: "User" as const, id: personOf(world, name).id }
                    : { type: "Team" as const, id: team.id };
                }),
              }),
          ...(wanted["prevent-self-review"] === undefined
            ? {}
            : { preventSelfReview: wanted["prevent-self-review"] }),
          ...(wanted["admins-bypass"] === undefined ? {} : { adminsBypass: wanted["admins-bypass"] }),
        });
      return undefined;
    },
  ),
};

function editPolicy(
  context: StepContext,
  wanted: {
    readonly in?: "organisation" | "repository" | undefined;
    readonly policy?: string | Record<string, unknown> | undefined;
    readonly text?: string | undefined;
    readonly pull?: number | undefined;
  },
): StepOutput {
  const { world, actor } = context;
  const repository = wanted.in === "repository" ? context.repository : organizationsOwn(context);
  const content = wanted.text ?? (wanted.policy === undefined ? null : policyText(wanted.policy));
  const here = { ...context, repository };
  const onto = commitOf(here, repository.defaultBranch);
  const files = { [POLICY_PATH]: content };
  const message = "Change the policy";
  const commit = makeCommit(world, repository, { parents: [onto], onto, files, message, by: actor });
  if (wanted.pull === undefined)
    return madeBy(pushTo(world, repository, moverOf(context), repository.defaultBranch, commit, false));
  const number = world.nextNumber(repository, "pull");
  if (wanted.pull !== number)
    throw new StepError(`the next pull request of ${repository.name} is ${number}, not ${wanted.pull}`);
  const branch = `policy-${number}`;
  pushTo(world, repository, moverOf(context), branch, commit, false);
  const base = repository.defaultBranch;
  openPull(world, repository, actor, { title: message, base, head: { repository, branch } });
  return { pull: number, sha: commit };
}

/** The organization's `.github` repository, made if it is missing. */
function organizationsOwn(context: StepContext): Repository {
  const { world, organization } = context;
  return (
    world.repository(organization.login, ".github")?.repository ??
    addRepository(world, organization, ownerOf(world), ".github", {})
  );
}

function editRules(context: StepContext, wanted: RulesetKeys): void {
  const { world, repository, actor } = context;
  const owner = wanted.in === "organisation" ? context.organization : repository;
  const include = wanted.branch === undefined ? null : patternsOf(repository, wanted.branch);
  const known = owner.rulesets.find(
    (one) => include === null || one.conditions.include.some((pattern) => include.includes(pattern)),
  );
  if (wanted.delete === true) {
    if (known === undefined) throw new StepError(`no ruleset guards ${wanted.branch ?? "this repository"}`);
    deleteRuleset(world, owner, known, actor);
    return;
  }
  const bypassActors = wanted.bypass === undefined ? undefined : bypassOf(context, wanted.bypass);
  // An organization's ruleset begins as the one that goes with the App.
  const app = world.hookedApp();
  const first = wanted.in === "organisation" && app !== undefined ? defaultRules(app) : [];
  const rules = rulesWith(world, known?.rules ?? first, wanted);
  const exclude = (wanted.exclude ?? []).map((branch) => `refs/heads/${branch}`);
  if (known === undefined)
    createRuleset(world, owner, actor, {
      name: wanted.branch ?? "rules",
      target: "branch",
      enforcement: wanted.enforcement ?? "active",
      bypassActors: bypassActors ?? [],
      conditions: { include: include ?? ["~DEFAULT_BRANCH"], exclude },
      rules,
    });
  else
    editRuleset(world, owner, known, actor, {
      ...(wanted.enforcement === undefined ? {} : { enforcement: wanted.enforcement }),
      ...(bypassActors === undefined ? {} : { bypassActors }),
      ...(wanted.exclude === undefined ? {} : { conditions: { ...known.conditions, exclude } }),
      ...(wanted.approvals === undefined && wanted.checks === undefined ? {} : { rules }),
    });
}

function patternsOf(repository: Repository, branch: string): string[] {
  const full = `refs/heads/${branch}`;
  return branch === repository.defaultBranch ? ["~DEFAULT_BRANCH", full] : [full];
}

function rulesWith(world: World, old: Ruleset["rules"], wanted: RuleKeys): Rule[] {
  const { approvals, checks } = wanted;
  const rest = old.filter(
    (rule) =>
      (approvals === undefined || rule.type !== "pull_request") &&
      (checks === undefined || rule.type !== "required_status_checks"),
  );
  const reviews = old.find((rule) => rule.type === "pull_request")?.parameters;
  if (approvals !== undefined)
    rest.push({
      type: "pull_request",
      parameters: {
        dismiss_stale_reviews_on_push: false,
        require_code_owner_review: false,
        require_last_push_approval: false,
        required_review_thread_resolution: false,
        allowed_merge_methods: ["merge", "squash", "rebase"],
        ...reviews,
        required_approving_review_count: approvals,
      },
    });
  if (checks !== undefined && checks.length > 0)
    rest.push({
      type: "required_status_checks",
      parameters: {
        strict_required_status_checks_policy: false,
        do_not_enforce_on_create: true,
        required_status_checks: checks.map((check) => ({
          context: check.name,
          ...(check.app === undefined ? {} : { integration_id: appNamed(world, check.app).id }),
        })),
      },
    });
  return rest;
}

/** Who may bypass, by name: `admin`, `maintain`, `write`, `organization-admin`, `deploy-key`, a person, a team or an app; `true` is admins. */
function bypassOf(context: StepContext, who: boolean | readonly string[]): BypassActor[] {
  const names = who === true ? ["admin"] : who === false ? [] : who;
  return names.map((name): BypassActor => {
    const bypassMode = "always";
    if (name === "admin" || name === "maintain" || name === "write")
      return { actorType: "RepositoryRole", actorId: ROLE_IDS[name], bypassMode };
    if (name === "organization-admin") return { actorType: "OrganizationAdmin", actorId: null, bypassMode };
    if (name === "deploy-key") return { actorType: "DeployKey", actorId: null, bypassMode };
    const team = context.world.team(context.organization.id, name.replace(/^.*\//, ""));
    if (team !== undefined) return { actorType: "Team", actorId: team.id, bypassMode };
    const account = personOf(context.world, name);
    return account.appId === null
      ? { actorType: "User", actorId: account.id, bypassMode }
      : { actorType: "Integration", actorId: account.appId, bypassMode };
  });
}

function protectionOf(context: StepContext, wanted: RuleKeys): Partial<BranchProtection> {
  const { world } = context;
  const names = wanted.bypass === true ? null : wanted.bypass === false ? [] : wanted.bypass;
  const off = wanted.enforcement === "disabled";
  return {
    ...(wanted.bypass === undefined ? {} : { enforceAdmins: names !== null }),
    ...(wanted.approvals === undefined
      ? {}
      : {
          reviews: off
            ? null
            : {
                count: wanted.approvals,
                dismissStale: false,
                codeOwners: false,
                lastPush: false,
                bypassIds: (names ?? []).map((name) => personOf(world, name).id),
              },
        }),
    ...(wanted.checks === undefined
      ? {}
      : {
          checks: off
            ? null
            : {
                strict: false,
                checks: wanted.checks.map((check) => ({
                  context: check.name,
                  appId: check.app === undefined ? null : appNamed(world, check.app).id,
                })),
              },
        }),
  };
}
