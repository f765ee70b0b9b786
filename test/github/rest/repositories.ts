import { z } from "zod";
import { createRuleset } from "../acts/settings.ts";
import type { Repository } from "../model.ts";
import { protectionFor, rulesFor } from "../rules.ts";
import { commitShape } from "../shapes/commits.ts";
import type { Shape } from "../shapes/form.ts";
import {
  deployKeyShape,
  fullRepositoryShape,
  repositoryPage,
  repositoryUrl,
} from "../shapes/repositories.ts";
import { branchRuleShapes, protectionShape, rulesetShape, simpleRulesetShape } from "../shapes/rules.ts";
import { Refused } from "../refused.ts";
import { paged } from "./paging.ts";
import {
  actingAccount,
  grants,
  invalidField,
  notFound,
  numberParam,
  ok,
  organizationOf,
  repositoryOf,
  type Call,
  type Routes,
} from "./route.ts";

/** A ruleset of all repositories that nobody may bypass, with the rules that `countersign ruleset` writes; no other is taken. */
const RulesetBodySchema = z.strictObject({
  name: z.string(),
  target: z.literal("branch"),
  enforcement: z.enum(["active", "disabled", "evaluate"]),
  bypass_actors: z.tuple([]),
  conditions: z.strictObject({
    ref_name: z.strictObject({ include: z.array(z.string()), exclude: z.array(z.string()) }),
    repository_name: z.strictObject({ include: z.tuple([z.literal("~ALL")]), exclude: z.tuple([]) }),
  }),
  rules: z.array(
    z.discriminatedUnion("type", [
      z.strictObject({ type: z.enum(["deletion", "non_fast_forward"]) }),
      z.strictObject({
        type: z.literal("pull_request"),
        parameters: z.strictObject({
          required_approving_review_count: z.int(),
          dismiss_stale_reviews_on_push: z.boolean(),
          require_code_owner_review: z.boolean(),
          require_last_push_approval: z.boolean(),
          required_review_thread_resolution: z.boolean(),
          allowed_merge_methods: z.array(z.enum(["merge", "squash", "rebase"])),
        }),
      }),
      z.strictObject({
        type: z.literal("required_status_checks"),
        parameters: z.strictObject({
          strict_required_status_checks_policy: z.boolean(),
          do_not_enforce_on_create: z.boolean(),
          required_status_checks: z.array(z.strictObject({ context: z.string(), integration_id: z.int() })),
        }),
      }),
    ]),
  ),
});

const METADATA = ["metadata:read"] as const;
const CONTENTS = ["contents:read"] as const;

/** The role a caller has in a repository, as `permissions` shows it; an installation has what its permissions allow. */
function callerRole(call: Call, repository: Repository): string {
  const { caller } = call;
  if (caller.kind === "user") return call.world.role(caller.account, repository);
  if (caller.kind !== "installation") return "read";
  return grants(caller.token.permissions, ["contents:write"]) ? "write" : "read";
}

function mayEditRules(call: Call, repository: Repository | null): boolean {
  const { caller } = call;
  if (caller.kind === "user")
    return repository !== null && call.world.may(caller.account, "admin", repository);
  const need = repository === null ? "organization_administration:write" : "administration:write";
  return caller.kind === "installation" && grants(caller.token.permissions, [need]);
}

function branchShape(call: Call, repository: Repository, name: string, sha: string): Shape {
  const protection = protectionFor(repository, name);
  const rules = rulesFor(call.world, repository, `refs/heads/${name}`);
  return {
    name,
    commit: { sha, url: repositoryUrl(call.world, repository, `/commits/${sha}`) },
    protected: protection !== undefined || rules.length > 0,
    protection: {
      enabled: protection !== undefined,
      required_status_checks: {
        enforcement_level:
          protection?.checks == null ? "off" : protection.enforceAdmins ? "everyone" : "non_admins",
        contexts: (protection?.checks?.checks ?? []).map((one) => one.context),
        checks: (protection?.checks?.checks ?? []).map((one) => ({
          context: one.context,
          app_id: one.appId,
        })),
      },
    },
    protection_url: repositoryUrl(call.world, repository, `/branches/${encodeURIComponent(name)}/protection`),
  };
}

function branchNamed(call: Call): { repository: Repository; name: string; sha: string } {
  const repository = repositoryOf(call);
  const name = call.params["branch"] ?? "";
  const sha = call.world.git(repository).branch(name);
  if (sha === null) throw new Refused(404, "Branch not found");
  return { repository, name, sha };
}

/** Repositories, their branches, and how these are protected. */
export const repositoryRoutes: Routes = {
  "GET /repos/{owner}/{repo}": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      return ok(fullRepositoryShape(call.world, repository, callerRole(call, repository)));
    },
  },
  "GET /repos/{owner}/{repo}/branches": {
    need: CONTENTS,
    run(call) {
      const repository = repositoryOf(call);
      const wanted = call.query["protected"];
      const branches = call.world
        .git(repository)
        .refs("refs/heads/")
        .map((one) => branchShape(call, repository, one.name.replace("refs/heads/", ""), one.sha))
        .filter((one) => wanted === undefined || String(one["protected"]) === wanted);
      return paged(call, branches, (one) => one);
    },
  },
  "GET /repos/{owner}/{repo}/branches/{branch}": {
    need: CONTENTS,
    run(call) {
      const { repository, name, sha } = branchNamed(call);
      const shape = branchShape(call, repository, name, sha);
      return ok({
        ...shape,
        commit: commitShape(call.world, repository, call.world.git(repository).commitOf(sha)),
        _links: {
          self: repositoryUrl(call.world, repository, `/branches/${encodeURIComponent(name)}`),
          html: repositoryPage(call.world, repository, `/tree/${encodeURIComponent(name)}`),
        },
      });
    },
  },
  "GET /repos/{owner}/{repo}/branches/{branch}/protection": {
    need: ["administration:read"],
    run(call) {
      const { repository, name } = branchNamed(call);
      const protection = protectionFor(repository, name);
      if (protection === undefined) throw new Refused(404, "Branch not protected");
      return ok(protectionShape(call.world, repository, name, protection));
    },
  },
  "GET /repos/{owner}/{repo}/keys": {
    need: ["administration:read"],
    run(call) {
      const repository = repositoryOf(call);
      return paged(call, repository.deployKeys, (key) => deployKeyShape(call.world, repository, key));
    },
  },
  "GET /repos/{owner}/{repo}/rules/branches/{branch}": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      const rules = rulesFor(call.world, repository, `refs/heads/${call.params["branch"] ?? ""}`);
      return paged(
        call,
        rules,
        ({ rule, ruleset }) => branchRuleShapes(call.world, { ...ruleset, rules: [rule] })[0],
      );
    },
  },
  "GET /repos/{owner}/{repo}/rulesets": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      const parents = call.query["includes_parents"] !== "false";
      const inherited = call.world.organizations.get(repository.ownerId)?.rulesets ?? [];
      const targets = call.query["targets"]?.split(",");
      const found = [...repository.rulesets, ...(parents ? inherited : [])].filter(
        (one) => targets === undefined || targets.includes(one.target),
      );
      return paged(call, found, (one) => simpleRulesetShape(call.world, one));
    },
  },
  "GET /repos/{owner}/{repo}/rulesets/{ruleset_id}": {
    need: METADATA,
    run(call) {
      const repository = repositoryOf(call);
      const id = numberParam(call, "ruleset_id");
      const inherited = call.world.organizations.get(repository.ownerId)?.rulesets ?? [];
      const own = repository.rulesets.find((one) => one.id === id);
      const found = own ?? inherited.find((one) => one.id === id);
      if (found === undefined) throw notFound();
      return ok(rulesetShape(call.world, found, mayEditRules(call, own === undefined ? null : repository)));
    },
  },
  "GET /orgs/{org}/rulesets": {
    need: ["organization_administration:write"],
    run: (call) => paged(call, organizationOf(call).rulesets, (one) => simpleRulesetShape(call.world, one)),
  },
  "POST /orgs/{org}/rulesets": {
    need: ["organization_administration:write"],
    run(call) {
      const read = RulesetBodySchema.safeParse(call.body);
      if (!read.success) throw invalidField("Ruleset", "rules", "invalid");
      const { name, target, enforcement, conditions, rules } = read.data;
      const made = createRuleset(call.world, organizationOf(call), actingAccount(call.world, call.caller), {
        name,
        target,
        enforcement,
        bypassActors: [],
        conditions: conditions.ref_name,
        rules,
      });
      return ok(rulesetShape(call.world, made, true), 201);
    },
  },
  "GET /orgs/{org}/rulesets/{ruleset_id}": {
    need: ["organization_administration:write"],
    run(call) {
      const id = numberParam(call, "ruleset_id");
      const found = organizationOf(call).rulesets.find((one) => one.id === id);
      if (found === undefined) throw notFound();
      return ok(rulesetShape(call.world, found, mayEditRules(call, null)));
    },
  },
};
