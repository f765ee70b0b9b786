/** People, bots and apps, and what they may do in a repository. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
/** Describes {@link Actor}. */
export const ActorSchema = z.object({
  id: z.int(),
  login: z.string(),
  type: z.enum(["User", "Bot", "Organization", "Mannequin", "EnterpriseUserAccount"]),
});

/** Describes a person, bot or app. Compared by `id`, never by login. `type` is GitHub's own account type. */
export type Actor = Infer<typeof ActorSchema>;

/** Names GitHub's own committer for commits made in its web editor. It is nobody's account. */
export const WEB_FLOW_ID = 19864447;

/** Describes {@link Basis}. */
export const BasisSchema = z.enum(["observed", "read-later"]);

/**
 * Names how a fact came to be known. Either seen when it happened (reported by a webhook, or read within ten minutes),
 * or read from GitHub afterwards (lower assurance, counted apart).
 */
export type Basis = Infer<typeof BasisSchema>;

/** Lists what a person may do in a repository, from least to most. */
export const PERMISSIONS = ["none", "read", "triage", "write", "maintain", "admin"] as const;

/** Describes {@link Permission}. */
export const PermissionSchema = z.enum(PERMISSIONS);

/** Names a repository permission, least first in {@link PERMISSIONS}. */
export type Permission = Infer<typeof PermissionSchema>;

/** Describes {@link Authority}. */
export const AuthoritySchema = z.object({
  actor: ActorSchema,
  permission: z.enum([...PermissionSchema.options, "unknown"]),
  teams: z.array(z.string()),
  organizations: z.array(z.string()),
  unread: z
    .array(z.string())
    .describe(
      'Teams and organisations asked for that GitHub would not list: membership unknown, never "not a member". Lower case.',
    ),
  asked: z
    .array(z.string())
    .exactOptional()
    .describe("Teams and organisations whose members were looked through, lower case; absent: none"),
  doubted: z
    .array(z.string())
    .exactOptional()
    .describe(
      "Logins of the policy, lower case, of which it cannot be told that they mean this account: one of them changed hands since. Absent: none.",
    ),
  at: InstantSchema,
  basis: BasisSchema,
});

/** Describes the authority someone held when it was read. Team slugs are `org/slug`, lower case. */
export type Authority = Infer<typeof AuthoritySchema>;

/** Represents the repository of a pull request among the names of teams and organisations, of which none can be so. */
export const HERE = "@here";

const RightChangeSchema = z.object({
  of: z
    .string()
    .describe(
      "A team (`org/slug`) or an organisation, lower case; `@here`: the repository, `@here by` a team: what it was given there",
    ),
  gained: z.boolean().describe("False: lost"),
  atLeast: PermissionSchema.exactOptional().describe(
    "What was given in the repository, at least; absent: not told",
  ),
  at: InstantSchema,
  later: z.enum(["yes", "no", "unknown"]).describe("Whether it came after the approval"),
});

/** Describes a right someone gained or lost around an approval of theirs, as a webhook reported it. */
export type RightChange = Infer<typeof RightChangeSchema>;

/** Describes {@link RightsAround}. */
export const GivenSchema = z.object({
  review: z.int(),
  readings: z
    .array(AuthoritySchema)
    .describe(
      "What its giver might do, as first read after it was given; more than one where the first left something open",
    ),
  told: z.array(RightChangeSchema).describe("Oldest first"),
});

/** Describes what was seen of someone's rights around the moment an approval was given. */
export type RightsAround = Infer<typeof GivenSchema>;

/** Describes {@link KeyHolder}. */
export const KeyHolderSchema = z.object({
  actor: ActorSchema.nullable().describe(
    "Null: GitHub does not show who added it: anyone's push may be by it",
  ),
  from: InstantSchema,
  until: InstantSchema.nullable().describe("Null: it still is"),
});

/** Describes someone who has, or had, added a deploy key with write access. What anyone pushes with it looks like their push. */
export type KeyHolder = Infer<typeof KeyHolderSchema>;

/** Describes {@link Holders}. */
export const HoldersSchema = z.object({
  source: z.string().describe("The source in words, as the check run words it"),
  people: z.array(ActorSchema).describe("Those who can review here"),
  unable: z
    .array(z.object({ name: z.string(), because: z.enum(["no-account", "no-team", "no-access"]) }))
    .describe("Those who cannot: no such account or team, or no access to the repository"),
  complete: z.boolean().describe("False: there are, or may be, more than these"),
});

/** Lists the people whom one source of approvals names, as far as GitHub shows them. */
export type Holders = Infer<typeof HoldersSchema>;
