/** The protection of a repository's production branches and environments when it was last read, as facts. */

import { z } from "zod";
import { RepositorySchema } from "../change/repository.ts";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";

const UnobservableSchema = z.object({
  unobservable: z.string(),
});

/** Describes why something could not be read: the App lacks a permission, or the plan does not show it. One sentence. */
export type Unobservable = Infer<typeof UnobservableSchema>;

const BypasserSchema = z.object({
  kind: z.enum([
    "role",
    "team",
    "app",
    "user",
    "organization-admins",
    "repository-admins",
    "deploy-keys",
    "other",
  ]),
  id: z.int().nullable(),
  /** `exempt`: GitHub does not even note that they did. */
  mode: z.enum(["always", "pull-request", "exempt"]),
});

/**
 * Describes someone or something that may bypass a guard. `id` is GitHub's, null where GitHub has none (organisation
 * admins, deploy keys).
 */
export type Bypasser = Infer<typeof BypasserSchema>;

const SeenRulesetSchema = z.object({
  id: z.int(),
  name: z.string(),
  owner: z.enum(["repository", "organization", "enterprise"]),
  target: z.string(),
  enforcement: z.enum(["active", "evaluate", "disabled"]),
  /** Patterns as GitHub writes them; null: its conditions were not shown. */
  refs: z
    .object({
      include: z.array(z.string()),
      exclude: z.array(z.string()),
    })
    .nullable(),
  rules: z.array(z.string()),
  bypassers: z.union([z.array(BypasserSchema), UnobservableSchema]),
  /** When GitHub last changed it. */
  updatedAt: InstantSchema.nullable(),
});

/** Describes a ruleset as a whole, in force or not. */
export type SeenRuleset = Infer<typeof SeenRulesetSchema>;

const RequiredCheckSchema = z.object({
  name: z.string(),
  app: z.int().nullable(),
});

const GuardSchema = z.object({
  /** `ruleset:ID`, or `classic`. */
  source: z.string(),
  pullRequest: z
    .object({
      approvals: z.int(),
      dismissStale: z.boolean(),
      codeOwners: z.boolean(),
      lastPush: z.boolean(),
    })
    .nullable(),
  checks: z.array(RequiredCheckSchema),
  forbidsForcePush: z.boolean(),
  forbidsDeletion: z.boolean(),
  mergeQueue: z.boolean(),
  bypassers: z.union([z.array(BypasserSchema), UnobservableSchema]),
});

/** Describes what one source (an active ruleset, or the branch's classic protection) requires of a branch. */
export type Guard = Infer<typeof GuardSchema>;

const SeenBranchSchema = z.object({
  ref: z.string(),
  guards: z.array(GuardSchema),
  /** Set where rulesets or classic protection could not be read: then what no other guard requires is not known. */
  unobservable: z.string().nullable(),
});

/** Describes one production branch. */
export type SeenBranch = Infer<typeof SeenBranchSchema>;

const SeenEnvironmentSchema = z.object({
  id: z.int(),
  name: z.string(),
  /** `user:ID`, `team:ID`; anyone of them may approve. */
  reviewers: z.array(z.string()),
  preventsSelfReview: z.boolean(),
  /** Null: GitHub does not show it. */
  adminsBypass: z.boolean().nullable(),
  branches: z.enum(["any", "protected", "named"]),
  waitMinutes: z.int(),
  /** Apps whose answer a deployment waits for, by slug; null: not shown. */
  apps: z.array(z.string()).nullable(),
  updatedAt: InstantSchema.nullable(),
});

/** Describes one production environment. */
export type SeenEnvironment = Infer<typeof SeenEnvironmentSchema>;

/** Describes {@link Protection}. */
export const ProtectionSchema = z.object({
  readAt: InstantSchema,
  visibility: RepositorySchema.shape.visibility,
  archived: z.boolean(),
  rulesets: z.union([z.array(SeenRulesetSchema), UnobservableSchema]),
  branches: z.array(SeenBranchSchema),
  environments: z.union([z.array(SeenEnvironmentSchema), UnobservableSchema]),
});

/** Holds everything read at one moment of how a repository is protected. */
export type Protection = Infer<typeof ProtectionSchema>;

/** Returns whether a part of a snapshot could not be read. */
export function isUnobservable(part: unknown): part is Unobservable {
  return typeof part === "object" && part !== null && "unobservable" in part;
}
