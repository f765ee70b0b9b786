/** Shapes of just the fields we read from GitHub's webhooks and REST answers; what is not named here may be missing or odd. */

import { z } from "zod";
import type { Repository } from "../../domain/change/repository.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { Actor } from "../../domain/change/people.ts";

const ACTOR_TYPES = ["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"] as const;

/** Parses an account in a webhook or REST answer, as an {@link Actor}. */
export const ActorShape = z
  .object({ id: z.int(), login: z.string(), type: z.enum(ACTOR_TYPES).catch("User") })
  .transform((account): Actor => ({ id: account.id, login: account.login, type: account.type }));

/** Parses an account, or null when GitHub names none (a deleted person, a deploy key). */
export const MaybeActorShape = ActorShape.nullish().transform((actor) => actor ?? null);

/** Parses a time as GitHub writes it: RFC 3339 text, or seconds since 1970 in some push payloads. */
export const InstantShape = z.union([
  z.int().transform((seconds): Instant => seconds * 1000),
  z
    .string()
    .refine((text) => !Number.isNaN(Date.parse(text)))
    .transform((text): Instant => Date.parse(text)),
]);

/** Returns whether a text is a full git object id. */
export function isSha(text: string): boolean {
  return ShaShape.safeParse(text).success;
}

/** Parses a full git object id. */
export const ShaShape = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u);

/** Parses a repository in a webhook or REST answer, as a {@link Repository}. Old hosts send no `visibility`. */
export const RepositoryShape = z
  .object({
    id: z.int(),
    name: z.string(),
    private: z.boolean().optional(),
    visibility: z.enum(["public", "private", "internal"]).optional().catch(undefined),
    default_branch: z.string(),
    topics: z.array(z.string()).optional().catch(undefined),
    owner: z.object({ id: z.int(), login: z.string(), type: z.string().optional() }),
  })
  .transform((repository): Repository => ({
    id: repository.id,
    owner: repository.owner.login,
    ownerId: repository.owner.id,
    name: repository.name,
    visibility: repository.visibility ?? (repository.private === false ? "public" : "private"),
    defaultBranch: repository.default_branch,
    ...((repository.topics ?? []).length === 0
      ? {}
      : { topics: (repository.topics ?? []).map((topic) => topic.toLowerCase()).toSorted() }),
  }));

/** Parses the ids every webhook may carry; each is read for itself, so that one odd part hides no other. */
export const PlaceShape = z.object({
  action: z.string().optional().catch(undefined),
  installation: z.object({ id: z.int() }).optional().catch(undefined),
  organization: z.object({ id: z.int(), login: z.string() }).optional().catch(undefined),
  repository: z
    .object({ id: z.int(), owner: z.object({ id: z.int(), type: z.string().optional() }).optional() })
    .optional()
    .catch(undefined),
});

const RepositoryId = z.object({ id: z.int() });

/** A pull request's ends as webhooks show them; `repo` of a deleted fork is null. */
const EndShape = z.object({ ref: z.string(), sha: ShaShape, repo: RepositoryId.nullish() });

const PullShape = z.object({
  number: z.int(),
  merged: z.boolean().nullish(),
  merge_commit_sha: ShaShape.nullish().catch(undefined),
  title: z.string().optional().catch(undefined),
  created_at: InstantShape.optional().catch(undefined),
  updated_at: InstantShape.optional().catch(undefined),
  base: EndShape,
  head: EndShape,
});

/** Parses `pull_request`. `before` and `after` come with synchronize, `changes` with edited. */
export const PullRequestEvent = z.object({
  repository: RepositoryShape,
  pull_request: PullShape,
  sender: MaybeActorShape,
  label: z
    .object({ name: z.string() })
    .transform(({ name }) => name)
    .optional()
    .catch(undefined),
  before: ShaShape.optional().catch(undefined),
  after: ShaShape.optional().catch(undefined),
  changes: z
    .object({
      base: z.object({ ref: z.object({ from: z.string() }) }).optional(),
      body: z.object({ from: z.string() }).optional(),
      title: z.object({ from: z.string() }).optional(),
    })
    .optional()
    .catch(undefined),
});

/** Parses `pull_request_review`. */
export const ReviewEvent = z.object({
  repository: RepositoryShape,
  pull_request: z.object({ number: z.int(), updated_at: InstantShape.optional().catch(undefined) }),
  sender: MaybeActorShape,
  review: z.object({
    id: z.int(),
    user: MaybeActorShape,
    state: z.string(),
    commit_id: ShaShape.nullish().catch(undefined),
    submitted_at: InstantShape.nullish().catch(undefined),
    updated_at: InstantShape.nullish().catch(undefined),
  }),
});

/** Parses a deploy key. `added_by` is a login. */
export const DeployKeyShape = z.object({
  id: z.int(),
  read_only: z.boolean(),
  created_at: InstantShape,
  added_by: z
    .string()
    .nullish()
    .transform((login) => login ?? null),
});

/** Parses `deploy_key`. */
export const DeployKeyEvent = z.object({
  action: z.string(),
  repository: RepositoryShape,
  key: DeployKeyShape,
  sender: MaybeActorShape,
});

const Paths = z.array(z.string()).optional().catch(undefined);

/** Parses `push`. */
export const PushEvent = z.object({
  repository: z.intersection(
    RepositoryShape,
    // In a push payload this is the time of the push itself.
    z.object({ pushed_at: InstantShape.optional().catch(undefined) }),
  ),
  ref: z.string(),
  before: ShaShape,
  after: ShaShape,
  forced: z.boolean().optional(),
  sender: MaybeActorShape,
  /** The commit of a tag, also where `after` names an annotated tag. */
  head_commit: z.object({ id: ShaShape }).nullish().catch(undefined),
  commits: z
    .array(z.object({ added: Paths, modified: Paths, removed: Paths }))
    .optional()
    .catch(undefined),
});

const PullNumbers = z
  .array(z.object({ number: z.int(), base: z.object({ repo: RepositoryId }).optional() }))
  .optional()
  .catch(undefined);

/** Parses `check_run`. `requested_action` comes with the buttons. */
export const CheckRunEvent = z.object({
  repository: RepositoryShape,
  sender: MaybeActorShape,
  requested_action: z.object({ identifier: z.string() }).nullish().catch(undefined),
  check_run: z.object({
    head_sha: ShaShape,
    name: z.string(),
    app: z.object({ id: z.int() }).nullish(),
    external_id: z.string().nullish().catch(undefined),
    pull_requests: PullNumbers,
    completed_at: InstantShape.nullish().catch(undefined),
    check_suite: z.object({ id: z.int() }).nullish().catch(undefined),
  }),
});

/** Parses `check_suite`. */
export const CheckSuiteEvent = z.object({
  repository: RepositoryShape,
  check_suite: z.object({ head_sha: ShaShape, app: z.object({ id: z.int() }).nullish() }),
});

/** Parses `status`. */
export const StatusEvent = z.object({
  repository: RepositoryShape,
  sha: ShaShape,
  context: z.string().optional().catch(undefined),
  created_at: InstantShape.optional().catch(undefined),
});

/** Parses `merge_group`. */
export const MergeGroupEvent = z.object({
  repository: RepositoryShape,
  merge_group: z.object({ head_sha: ShaShape, head_ref: z.string(), base_ref: z.string() }),
});

/** Parses `deployment` and `deployment_status`. */
export const DeploymentEvent = z.object({
  repository: RepositoryShape,
  deployment: z.object({ id: z.int(), environment: z.string().optional() }),
  deployment_status: z.object({ state: z.string(), environment: z.string().optional() }).optional(),
});

/** Parses events that concern a repository as a whole. */
export const RepositoryEvent = z.object({
  repository: RepositoryShape,
  sender: MaybeActorShape,
  changes: z
    .object({ default_branch: z.unknown().optional(), topics: z.unknown().optional() })
    .optional()
    .catch(undefined),
});

const Organization = z.object({ id: z.int(), login: z.string() });

const Changed = z.object({ updated_at: InstantShape.optional().catch(undefined) });

/** Parses `repository_ruleset`, `branch_protection_rule` and `branch_protection_configuration`. A ruleset may be an organisation's. */
export const ProtectionEvent = z.object({
  action: z.string(),
  repository: RepositoryShape.optional(),
  organization: Organization.optional().catch(undefined),
  repository_ruleset: Changed.optional().catch(undefined),
  rule: Changed.optional().catch(undefined),
  sender: MaybeActorShape,
});

/** Parses which of GitHub's older words apply to a right, the least first. */
const RightsShape = z.object({
  pull: z.boolean().optional(),
  triage: z.boolean().optional(),
  push: z.boolean().optional(),
  maintain: z.boolean().optional(),
  admin: z.boolean().optional(),
});

/** Parses `membership` and `team`. A deleted team may have no slug left. `permissions`: what the team has in the repository now. */
export const TeamEvent = z.object({
  action: z.string(),
  member: MaybeActorShape,
  organization: Organization,
  team: z.object({
    id: z.int().optional().catch(undefined),
    slug: z.string().optional(),
    parent: z.object({ id: z.int() }).nullish().catch(undefined),
  }),
  repository: z
    .intersection(RepositoryShape, z.object({ permissions: RightsShape.optional().catch(undefined) }))
    .optional()
    .catch(undefined),
  sender: MaybeActorShape,
  changes: z
    .object({ repository: z.object({ permissions: z.object({ from: RightsShape }) }).optional() })
    .optional()
    .catch(undefined),
});

/** Parses `team_add`. */
export const TeamAddEvent = z.object({ repository: RepositoryShape, team: z.object({ slug: z.string() }) });

/** Parses `organization`. */
export const OrganizationEvent = z.object({
  action: z.string(),
  organization: Organization,
  membership: z.object({ user: MaybeActorShape }).optional().catch(undefined),
  sender: MaybeActorShape,
});

/** Parses `member`: who may do what in a repository by their own name. */
export const MemberEvent = z.object({
  action: z.string(),
  repository: RepositoryShape,
  member: MaybeActorShape,
  sender: MaybeActorShape,
  changes: z
    .object({
      permission: z.object({ to: z.string().nullish() }).optional(),
      old_permission: z.object({ from: z.string().nullish() }).optional(),
    })
    .optional()
    .catch(undefined),
});

const Installation = z.object({
  id: z.int(),
  updated_at: InstantShape.optional().catch(undefined),
  suspended_at: InstantShape.nullish().catch(undefined),
});

/** Parses `installation`. */
export const InstallationEvent = z.object({ installation: Installation, sender: MaybeActorShape });

/** Parses `installation_repositories`. */
export const InstallationRepositoriesEvent = z.object({
  installation: Installation,
  sender: MaybeActorShape,
  repositories_added: z.array(RepositoryId),
  repositories_removed: z.array(RepositoryId),
});

/** Parses `installation_target`: the account was renamed. */
export const InstallationTargetEvent = z.object({ installation: z.object({ id: z.int() }) });
