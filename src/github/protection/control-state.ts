/**
 * How a repository is protected right now: rulesets, classic protection, environments, and who may bypass. What is hidden is
 * marked as hidden.
 */

import type { RepositoryClient } from "../api/repository-client.ts";
import { z } from "zod";
import type { Repository } from "../../domain/change/repository.ts";
import type {
  Bypasser,
  Guard,
  Protection,
  SeenBranch,
  SeenEnvironment,
  SeenRuleset,
  Unobservable,
} from "../../domain/protection/snapshot.ts";
import type { SeenPeople } from "../../domain/protection/people.ts";
import { canonical } from "../../domain/values/digest.ts";
import { HIDDEN } from "../../domain/protection/settings.ts";
import { isUnobservable } from "../../domain/protection/snapshot.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { askAllPages, askIfExists, place, type GitHub } from "../api/requests.ts";
import type { Listing } from "../api/partial-list.ts";
import type { Overview } from "../listings/overview.ts";
import { DeployKeyShape, InstantShape } from "../queries/shapes.ts";
import { statusOf } from "../api/errors.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Selects what is read of one repository: its production branches (full refs), and which environments are production. */
export interface ProtectionAsked {
  readonly repository: Repository;
  readonly archived: boolean;
  readonly refs: readonly string[];
  readonly isProduction: (environment: string) => boolean;
  readonly now: Instant;
  /** What was read before: what hangs on rulesets GitHub has not changed since, and the Apps environments wait for, are taken from it. Null: all is read. */
  readonly known: Protection | null;
  /**
   * Holds the repository's overview: what it shows to be as it was is taken from `known`. It shows nothing of what is hidden
   * from the reader, so what could not be read before is read again.
   */
  readonly seen?: Overview | null;
}

/** Reads everything. Throws {@link ExternalError} only where GitHub does not answer; what it does not show is `unobservable`. */
export async function readProtection(github: GitHub, asked: ProtectionAsked): Promise<Protection> {
  const { repository, now: readAt, known, seen = null } = asked;
  const rulesets = await readRulesets({ github, repository }, known, seen);
  const isSame = known !== null && isDated(rulesets) && canonical(rulesets) === canonical(known.rulesets);
  const branches: SeenBranch[] = [];
  for (const ref of asked.refs) {
    const before = isSame ? known.branches.find((each) => each.ref === ref) : undefined;
    const was = known?.branches.find((each) => each.ref === ref);
    const hadNone = was?.unobservable === null && !was.guards.some(isClassic);
    const hasNone = hadNone && seen?.classicRules === 0;
    branches.push(await readBranch({ github, repository }, ref, rulesets, before, hasNone));
  }
  const { visibility } = repository;
  const environments = await readEnvironments(github, asked, true);
  return { readAt, visibility, archived: asked.archived, rulesets, branches, environments };
}

/** Returns whether GitHub shows of each ruleset when it was last changed. */
function isDated(rulesets: readonly SeenRuleset[] | Unobservable): boolean {
  return !isUnobservable(rulesets) && rulesets.every(({ updatedAt }) => updatedAt !== null);
}

const RulesetListShape = z.array(
  z
    .object({ id: z.int(), enforcement: z.string().optional(), updated_at: InstantShape.optional() })
    .transform(({ id, enforcement, updated_at: updatedAt }) => ({ id, enforcement, updatedAt })),
);

const BypasserShape = z
  .object({
    actor_id: z.int().nullish(),
    actor_type: z.string(),
    bypass_mode: z.enum(["always", "pull_request", "exempt"]).catch("always"),
  })
  .transform((actor): Bypasser => ({
    kind: KINDS[actor.actor_type] ?? "other",
    // GitHub gives organisation admins the id 1, which names nobody.
    id: actor.actor_type === "OrganizationAdmin" ? null : (actor.actor_id ?? null),
    mode: actor.bypass_mode === "pull_request" ? "pull-request" : actor.bypass_mode,
  }));

const KINDS: Readonly<Partial<Record<string, Bypasser["kind"]>>> = {
  RepositoryRole: "role",
  Team: "team",
  Integration: "app",
  User: "user",
  OrganizationAdmin: "organization-admins",
  DeployKey: "deploy-keys",
};

const RulesetShape = z
  .object({
    id: z.int(),
    name: z.string(),
    target: z.string().optional(),
    source_type: z.string().optional(),
    enforcement: z.enum(["active", "evaluate", "disabled"]),
    bypass_actors: z.array(BypasserShape).optional(),
    conditions: z
      .object({
        ref_name: z
          .object({ include: z.array(z.string()).optional(), exclude: z.array(z.string()).optional() })
          .optional(),
      })
      .nullish(),
    rules: z.array(z.object({ type: z.string() })).optional(),
    updated_at: InstantShape.optional(),
  })
  .transform((ruleset): SeenRuleset => {
    const refs = ruleset.conditions?.ref_name;
    return {
      id: ruleset.id,
      name: ruleset.name,
      owner: OWNERS[ruleset.source_type ?? ""] ?? "repository",
      target: ruleset.target ?? "branch",
      enforcement: ruleset.enforcement,
      refs: refs === undefined ? null : { include: refs.include ?? [], exclude: refs.exclude ?? [] },
      rules: (ruleset.rules ?? []).map(({ type }) => type),
      bypassers: ruleset.bypass_actors ?? { unobservable: HIDDEN },
      updatedAt: ruleset.updated_at ?? null,
    };
  });

const OWNERS: Readonly<Partial<Record<string, SeenRuleset["owner"]>>> = {
  Organization: "organization",
  Enterprise: "enterprise",
};

async function readRulesets(
  client: RepositoryClient,
  known: Protection | null,
  seen: Overview | null,
): Promise<readonly SeenRuleset[] | Unobservable> {
  const at = place(client.repository);
  const before = known === null || isUnobservable(known.rulesets) ? [] : known.rulesets;
  return orUnobservable("rulesets", async () => {
    const wasShown = known !== null && !isUnobservable(known.rulesets);
    const list = wasShown && seen?.rulesets?.isWhole === true ? seen.rulesets : await listRulesets(client);
    if (!list.isWhole) return { unobservable: "there are more rulesets than are listed" };
    const found: SeenRuleset[] = [];
    for (const { id, enforcement, updatedAt } of list.entries) {
      const same = before.find(
        (each) =>
          each.id === id &&
          each.updatedAt === updatedAt &&
          (enforcement === undefined || each.enforcement === enforcement),
      );
      // Who may bypass it is read every time, where it is shown at all.
      if (same !== undefined && isUnobservable(same.bypassers)) {
        found.push(same);
        continue;
      }
      const one = await askIfExists(
        client.github,
        "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}",
        { ...at, ruleset_id: id, includes_parents: true },
        RulesetShape,
      );
      // Deleted between the two questions.
      if (one !== null) found.push(one.data);
    }
    return found.toSorted((a, b) => a.id - b.id);
  });
}

async function listRulesets(
  client: RepositoryClient,
): Promise<Listing<z.infer<typeof RulesetListShape>[number]>> {
  const parameters = { ...place(client.repository), includes_parents: true };
  const list = await askAllPages(
    client.github,
    "GET /repos/{owner}/{repo}/rulesets",
    parameters,
    RulesetListShape,
  );
  return list.isWhole ? { ...list, entries: list.entries.flat() } : { ...list, seen: list.seen.flat() };
}

const ChecksShape = z.array(z.object({ context: z.string(), integration_id: z.int().nullish() }));

const BranchRulesShape = z.array(
  z.object({
    type: z.string(),
    ruleset_id: z.int().optional(),
    parameters: z
      .object({
        required_approving_review_count: z.int().optional(),
        dismiss_stale_reviews_on_push: z.boolean().optional(),
        require_code_owner_review: z.boolean().optional(),
        require_last_push_approval: z.boolean().optional(),
        required_status_checks: ChecksShape.optional(),
      })
      .optional(),
  }),
);

async function readBranch(
  client: RepositoryClient,
  ref: string,
  rulesets: readonly SeenRuleset[] | Unobservable,
  before: SeenBranch | undefined,
  hasNoClassic: boolean,
): Promise<SeenBranch> {
  const branch = ref.replace(/^refs\/heads\//u, "");
  const parameters = { ...place(client.repository), branch };
  const rules = await orUnobservable("rulesets", async () => {
    // No ruleset was changed, made or deleted since: they require of the branch what they required then.
    if (before?.unobservable === null) return before.guards.filter((guard) => !isClassic(guard));
    const route = "GET /repos/{owner}/{repo}/rules/branches/{branch}";
    const list = await askAllPages(client.github, route, parameters, BranchRulesShape);
    if (!list.isWhole) return { unobservable: "there are more rules of the branch than are listed" };
    return rulesetGuards(list.entries.flat(), rulesets);
  });
  const classic = hasNoClassic
    ? null
    : await orUnobservable("classic branch protection", () => readClassic(client.github, parameters));
  const hidden = [rules, classic].find(isUnobservable);
  return {
    ref,
    guards: [
      ...(isUnobservable(rules) ? [] : rules),
      ...(classic === null || isUnobservable(classic) ? [] : [classic]),
    ],
    unobservable: hidden?.unobservable ?? null,
  };
}

function isClassic({ source }: Guard): boolean {
  return source === "classic";
}

function rulesetGuards(
  rules: z.infer<typeof BranchRulesShape>,
  rulesets: readonly SeenRuleset[] | Unobservable,
): readonly Guard[] {
  return [...Map.groupBy(rules, (rule) => rule.ruleset_id ?? 0)].map(([id, own]): Guard => {
    const known = isUnobservable(rulesets) ? undefined : rulesets.find((each) => each.id === id);
    const review = own.find(({ type }) => type === "pull_request")?.parameters;
    const has = (type: string): boolean => own.some((rule) => rule.type === type);
    return {
      source: `ruleset:${id}`,
      pullRequest: has("pull_request")
        ? {
            approvals: review?.required_approving_review_count ?? 0,
            dismissStale: review?.dismiss_stale_reviews_on_push ?? false,
            codeOwners: review?.require_code_owner_review ?? false,
            lastPush: review?.require_last_push_approval ?? false,
          }
        : null,
      checks: own
        .flatMap(({ parameters }) => parameters?.required_status_checks ?? [])
        .map((check) => ({ name: check.context, app: check.integration_id ?? null })),
      forbidsForcePush: has("non_fast_forward"),
      forbidsDeletion: has("deletion"),
      mergeQueue: has("merge_queue"),
      bypassers: known?.bypassers ?? { unobservable: HIDDEN },
    };
  });
}

const Enabled = z.object({ enabled: z.boolean() }).optional();
const Ids = z.array(z.object({ id: z.int() })).optional();

const ClassicShape = z
  .object({
    required_status_checks: z
      .object({
        checks: z.array(z.object({ context: z.string(), app_id: z.int().nullish() })).optional(),
        contexts: z.array(z.string()).optional(),
      })
      .optional(),
    required_pull_request_reviews: z
      .object({
        required_approving_review_count: z.int().optional(),
        dismiss_stale_reviews: z.boolean().optional(),
        require_code_owner_reviews: z.boolean().optional(),
        require_last_push_approval: z.boolean().optional(),
        bypass_pull_request_allowances: z.object({ users: Ids, teams: Ids, apps: Ids }).optional(),
      })
      .optional(),
    enforce_admins: Enabled,
    allow_force_pushes: Enabled,
    allow_deletions: Enabled,
  })
  .transform((classic): Guard => {
    const reviews = classic.required_pull_request_reviews;
    const allowed = reviews?.bypass_pull_request_allowances;
    const some = (kind: Bypasser["kind"], ids: z.infer<typeof Ids>): readonly Bypasser[] =>
      (ids ?? []).map(({ id }) => ({ kind, id, mode: "pull-request" }));
    const checks = classic.required_status_checks;
    const admins: readonly Bypasser[] =
      classic.enforce_admins?.enabled === true
        ? []
        : [{ kind: "repository-admins", id: null, mode: "always" }];
    return {
      source: "classic",
      pullRequest:
        reviews === undefined
          ? null
          : {
              approvals: reviews.required_approving_review_count ?? 0,
              dismissStale: reviews.dismiss_stale_reviews ?? false,
              codeOwners: reviews.require_code_owner_reviews ?? false,
              lastPush: reviews.require_last_push_approval ?? false,
            },
      // GitHub writes "any source" as -1 or null.
      checks:
        checks?.checks?.map(({ context, app_id: app }) => ({
          name: context,
          app: app == null || app < 0 ? null : app,
        })) ?? (checks?.contexts ?? []).map((name) => ({ name, app: null })),
      forbidsForcePush: classic.allow_force_pushes?.enabled !== true,
      forbidsDeletion: classic.allow_deletions?.enabled !== true,
      mergeQueue: false,
      bypassers: [
        ...admins,
        ...some("user", allowed?.users),
        ...some("team", allowed?.teams),
        ...some("app", allowed?.apps),
      ],
    };
  });

async function readClassic(
  github: GitHub,
  parameters: { readonly owner: string; readonly repo: string; readonly branch: string },
): Promise<Guard | null> {
  const route = "GET /repos/{owner}/{repo}/branches/{branch}/protection";
  return (await askIfExists(github, route, parameters, ClassicShape))?.data ?? null;
}

const RuleShape = z.object({
  type: z.string(),
  wait_timer: z.int().optional(),
  prevent_self_review: z.boolean().optional(),
  reviewers: z
    .array(z.object({ type: z.enum(["User", "Team"]), reviewer: z.object({ id: z.int() }) }))
    .optional(),
});

const EnvironmentsShape = z.object({
  environments: z
    .array(
      z.object({
        id: z.int(),
        name: z.string(),
        updated_at: InstantShape.optional(),
        can_admins_bypass: z.boolean().optional(),
        protection_rules: z.array(RuleShape).optional(),
        deployment_branch_policy: z
          .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
          .nullish(),
      }),
    )
    .optional(),
});

const GateAppsShape = z.object({
  custom_deployment_protection_rules: z
    .array(z.object({ enabled: z.boolean(), app: z.object({ slug: z.string() }) }))
    .optional(),
});

/** Reads the production environments alone. Throws {@link ExternalError} only where GitHub does not answer. */
export async function readEnvironments(
  github: GitHub,
  asked: Pick<ProtectionAsked, "repository" | "isProduction" | "known" | "seen">,
  isThere = false,
): Promise<readonly SeenEnvironment[] | Unobservable> {
  const { repository, isProduction, known, seen } = asked;
  const at = place(repository);
  const before = known === null || isUnobservable(known.environments) ? [] : known.environments;
  const hadNone = known !== null && !isUnobservable(known.environments) && before.length === 0;
  const names = seen?.environments;
  if (hadNone && names?.isWhole === true && !names.entries.some(isProduction)) return [];
  return orUnobservable(
    "environments",
    async () => {
      const list = await askAllPages(github, "GET /repos/{owner}/{repo}/environments", at, EnvironmentsShape);
      if (!list.isWhole) return { unobservable: "there are more environments than are listed" };
      const found: SeenEnvironment[] = [];
      for (const environment of list.entries.flatMap(({ environments }) => environments ?? [])) {
        if (!isProduction(environment.name)) continue;
        const rules = environment.protection_rules ?? [];
        const review = rules.find(({ type }) => type === "required_reviewers");
        const branches = environment.deployment_branch_policy;
        const updatedAt = environment.updated_at ?? null;
        const same = before.find((each) => each.id === environment.id && each.updatedAt === updatedAt);
        found.push({
          id: environment.id,
          name: environment.name,
          reviewers: (review?.reviewers ?? []).map(
            ({ type, reviewer }) => `${type.toLowerCase()}:${reviewer.id}`,
          ),
          preventsSelfReview: review?.prevent_self_review ?? false,
          adminsBypass: environment.can_admins_bypass ?? null,
          branches: branches == null ? "any" : branches.protected_branches ? "protected" : "named",
          waitMinutes: rules.find(({ type }) => type === "wait_timer")?.wait_timer ?? 0,
          apps: same === undefined ? await readGateApps({ github, repository }, environment.name) : same.apps,
          updatedAt,
        });
      }
      return found.toSorted((a, b) => a.id - b.id);
    },
    isThere,
  );
}

async function readGateApps(client: RepositoryClient, name: string): Promise<readonly string[] | null> {
  const answer = await askIfExists(
    client.github,
    "GET /repos/{owner}/{repo}/environments/{environment_name}/deployment_protection_rules",
    { ...place(client.repository), environment_name: name },
    GateAppsShape,
    [403, 404],
  );
  const rules = answer?.data.custom_deployment_protection_rules ?? [];
  return answer === null ? null : rules.filter(({ enabled }) => enabled).map(({ app }) => app.slug);
}

const PersonShape = z.object({
  id: z.int(),
  login: z.string(),
  permissions: z
    .object({ admin: z.boolean(), maintain: z.boolean().optional(), push: z.boolean() })
    .optional(),
});

const TeamShape = z.object({ id: z.int(), slug: z.string(), permission: z.string() });

/** So many pages of a hundred are read of the people of one repository. */
const MOST_PAGES = 20;

const OwnersShape = z.array(PersonShape.pick({ id: true, login: true }));

/**
 * Reads who has more than the right to read in a repository. Where `isWhole`, also through which teams, who owns the
 * organisation, and which deploy keys may push. One request for each hundred of each. Throws {@link ExternalError}.
 */
export async function readPeople(client: RepositoryClient, isWhole: boolean): Promise<SeenPeople> {
  const at = place(client.repository);
  const people = await orUnobservable("who may write", async () => {
    const route = "GET /repos/{owner}/{repo}/collaborators";
    const read = await askAllPages(
      client.github,
      route,
      { ...at, permission: "push" },
      z.array(PersonShape),
      MOST_PAGES,
    );
    if (!read.isWhole) return { unobservable: "there are more people than are listed" };
    return read.entries.flat().map(({ id, login, permissions }) => ({
      id,
      login,
      role: permissions?.admin === true ? "admin" : permissions?.maintain === true ? "maintain" : "write",
    })) satisfies SeenPeople["people"];
  });
  if (!isWhole) return { people, teams: null, owners: null, keys: null };
  const teams = await orUnobservable("which teams have rights", async () => {
    const read = await askAllPages(
      client.github,
      "GET /repos/{owner}/{repo}/teams",
      at,
      z.array(TeamShape),
      MOST_PAGES,
    );
    if (!read.isWhole) return { unobservable: "there are more teams than are listed" };
    return read.entries.flat().map(({ id, slug, permission: role }) => ({ id, slug, role }));
  });
  const owners = await orUnobservable(
    "who owns the organisation",
    async () => {
      const asked = { org: client.repository.owner, role: "admin" };
      const read = await askAllPages(
        client.github,
        "GET /orgs/{org}/members",
        asked,
        OwnersShape,
        MOST_PAGES,
      );
      return read.isWhole ? read.entries.flat() : { unobservable: "there are more owners than are listed" };
    },
    true,
  );
  const keys = await orUnobservable("deploy keys", async () => {
    const read = await askAllPages(
      client.github,
      "GET /repos/{owner}/{repo}/keys",
      at,
      z.array(DeployKeyShape),
      MOST_PAGES,
    );
    if (!read.isWhole) return { unobservable: "there are more deploy keys than are listed" };
    const able = read.entries.flat().filter((key) => !key.read_only);
    return able.map(({ id, added_by: addedBy }) => ({ id, addedBy }));
  });
  return { people, teams, owners, keys };
}

/**
 * Treats what GitHub refuses to show as not known, never as missing: the permission, or the plan. Nor does an answer that
 * cannot be read stop the rest. `isThere`: the repository was read already, so that 404 is not about it.
 */
async function orUnobservable<Read>(
  what: string,
  read: () => Promise<Read>,
  isThere = false,
): Promise<Read | Unobservable> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ExternalError)) throw error;
    if (error.code === "github-answer" || error.code === "github-unanswered")
      return { unobservable: `${what}: GitHub's answer cannot be read` };
    const status = error.code === "github-refused" ? statusOf(error.cause) : null;
    if (status === 404 && isThere) return { unobservable: `${what}: GitHub does not show them` };
    // 404 is a repository that is gone, which is another matter.
    if (status !== 403) throw error;
    const because = /upgrade/iu.test(error.message)
      ? "the plan of this organisation does not have them for this repository"
      : "the App's permissions do not show them";
    return { unobservable: `${what}: ${because}` };
  }
}
