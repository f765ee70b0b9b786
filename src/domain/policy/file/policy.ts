/** Defines the policy file `.github/countersign.yml`; the descriptions are the reference page. */

import { z } from "zod";
import { TermSchema, CalendarSchema } from "../../time/calendar.ts";
import { ControlNameSchema } from "../../values/result.ts";
import { AccessFileSchema, PolicyAccessSchema } from "./access.ts";
import { DaySchema, TermTextSchema } from "./day.ts";
import { EmergencyPolicySchema, EmergencySchema } from "./emergency.ts";
import {
  ExemptionSchema,
  FreezeSchema,
  StandardChangeSchema,
  ExemptionFileSchema,
  FreezeFileSchema,
  StandardChangeFileSchema,
} from "./waivers-and-freezes.ts";
import {
  ControlWordsSchema,
  NotificationReceiverSchema,
  RepositoriesEntrySchema,
  CalendarFileSchema,
  ControlsSchema,
  IdentitySchema,
  MonitoringSchema,
  NotificationSchema,
  RepositoriesSchema,
  RetentionSchema,
} from "./organisation.ts";
import { PolicyNamesSchema } from "./names.ts";
import { GlobSchema, RegexSchema } from "../../patterns/pattern.ts";
import { PeopleSchema } from "./people.ts";
import {
  RequirementTreeSchema,
  leafRequirementsIn,
  oneKind,
  RequirementFileSchema,
  type RequirementTree,
} from "./requirement.ts";
import { checksIn, WhenSchema } from "./when.ts";
import type { Infer } from "../../values/schema.ts";

const Names = z.array(z.string().min(1)).min(1);

/** Describes `approval:`. */
const ApprovalSchema = z
  .strictObject({
    ...RequirementFileSchema.shape,
    independence: z
      .enum(["every-commit", "strict"])
      .optional()
      .describe(
        "every-commit: someone who did not make it alone approved each commit; strict: a contributor never counts; default: every-commit",
      ),
    "request-reviews": z
      .strictObject({
        from: z.enum(["users", "teams"]).describe("the people or the teams that `from` names"),
        count: z.int().min(1).max(10).optional().describe("how many of them to ask; default: 1"),
      })
      .optional()
      .describe("request reviews on GitHub; default: none"),
  })
  .superRefine(oneKind);

/** Describes one rule: what is required beside `approval` where its `when` holds. */
const RuleFileSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("a sentence that the check run shows"),
  when: WhenSchema.describe("where the rule applies"),
  approval: RequirementFileSchema.describe("what it requires, written like `approval`"),
});

/** Describes names or globs of branches, environments or tags. */
const Globs = z.array(GlobSchema).min(1);

/** Describes a check that must have succeeded on the merged content. */
export const RequiredCheckSchema = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    app: z.string().min(1).optional().describe("the app's slug"),
    workflow: z
      .string()
      .min(1)
      .optional()
      .describe("the workflow of the job, by name or file; default: every workflow with a job of this name"),
    event: z
      .string()
      .min(1)
      .optional()
      .describe("the event that starts that workflow, such as pull_request; default: every event"),
  }),
]);

/** Describes the whole name of an environment. */
const EnvironmentNameSchema = z
  .string()
  .regex(/^[^*?[\]{}()!]+$/u, "environments used only for their secrets have whole names, not globs");

/** Lists the parts of a pull request that may name a ticket. */
export const RECORD_PLACES = ["title", "body", "branch"] as const;

/** Describes the whole policy file. Unknown keys are errors. */
export const PolicyFileSchema = z.strictObject({
  repositories: z
    .array(RepositoriesSchema)
    .min(1)
    .optional()
    .describe(
      "settings for some repositories; the first line that matches applies; default: all are in scope; organisation file only",
    ),
  mode: z
    .enum(["observe", "enforce"])
    .optional()
    .describe(
      "observe: the check passes and reports what would be blocked; enforce: it blocks. Default: observe",
    ),
  production: z
    .strictObject({
      branches: Globs.optional().describe("branch globs; default: the default branch"),
      environments: Globs.optional().describe(
        "environment globs, matched without case; default: production, prod",
      ),
      not: Globs.optional().describe(
        "environment globs, matched without case, that look like production and are not; they are no monitoring gap, and `environments` takes precedence; default: none; organisation file only",
      ),
      "secrets-only": z
        .array(EnvironmentNameSchema)
        .min(1)
        .optional()
        .describe(
          "whole names of environments that jobs use only for their secrets, such as plans, without case; such a job deploys nothing, and any other deployment there is one to production; a glob of `environments` does not make them production for jobs; default: none; organisation file only",
        ),
      integration: Globs.optional().describe(
        "branch globs; pull requests into them are assessed as if into production, and production branches inherit the approvals of what merged compliant there; default: none",
      ),
      tags: Globs.optional().describe(
        "tag globs; a matching tag that is created or moved is a deployment; default: none",
      ),
      workflows: Globs.optional().describe(
        "globs of workflow files, such as `migrate.yml`; a successful run is a deployment, even without an environment; default: none",
      ),
      "merge-back": TermTextSchema.optional().describe(
        "time within which a deployment from another production branch must be on the default branch; default: no limit",
      ),
      "before-merge": z
        .strictObject({
          environments: Globs.describe("environment globs, matched without case"),
          within: TermTextSchema.describe(
            "time within which the pull request must be merged as it was deployed",
          ),
        })
        .optional()
        .describe(
          "where the approved head of a pull request may be deployed before it is merged; default: nowhere; organisation file only",
        ),
      "gate-waits": TermTextSchema.optional().describe(
        "how long the deployment gate waits for a deployment to become compliant before it rejects it; default: 24 hours",
      ),
    })
    .superRefine((production, context) => {
      const named = new Set((production.environments ?? []).map((each) => each.toLowerCase()));
      for (const [index, name] of (production["secrets-only"] ?? []).entries())
        if (named.has(name.toLowerCase()))
          context.addIssue({
            code: "custom",
            path: ["secrets-only", index],
            message: `"${name}" is named under environments too: it is production, or only for its secrets`,
          });
    })
    .optional(),
  approval: ApprovalSchema.optional().describe(
    "required of every change; default: 1 approval from permission write",
  ),
  rules: z
    .array(RuleFileSchema)
    .superRefine((rules, context) => {
      for (const [index, { name }] of rules.entries())
        if (rules.findIndex((rule) => rule.name === name) < index)
          context.addIssue({
            code: "custom",
            path: [index, "name"],
            message: `another rule is called "${name}" already`,
          });
    })
    .optional()
    .describe("every rule whose `when` holds adds its approval to `approval`; default: none"),
  checks: z
    .strictObject({
      required: z
        .array(RequiredCheckSchema)
        .min(1)
        .describe("checks that must succeed on the merged content"),
    })
    .optional(),
  record: z
    .strictObject({
      pattern: RegexSchema.describe("the regular expression of a ticket, such as `[A-Z]+-\\\\d+`"),
      in: z
        .array(z.enum(RECORD_PLACES))
        .min(1)
        .optional()
        .describe("where to search for it; default: title, body, branch"),
    })
    .optional()
    .describe("the change ticket every pull request must name; default: none"),
  description: z
    .strictObject({
      sections: z
        .array(z.string().min(1).max(80))
        .min(1)
        .describe("headings that the description must contain and fill"),
    })
    .optional()
    .describe("what the description of every pull request must contain; default: nothing"),
  "standard-changes": z
    .array(StandardChangeFileSchema)
    .optional()
    .describe("pre-approved changes, each narrow, expiring and approved by someone; default: none"),
  exemptions: z
    .array(ExemptionFileSchema)
    .optional()
    .describe("controls waived for a limited time; default: none; organisation file only"),
  identities: z
    .array(IdentitySchema)
    .optional()
    .describe("people with several accounts; default: each account is a person; organisation file only"),
  emergency: EmergencySchema.optional().describe("how emergencies work"),
  unverifiable: z
    .strictObject({
      "accepted-by": PeopleSchema.describe("who may accept, with a reason, what cannot be verified"),
    })
    .optional()
    .describe("who decides on what cannot be verified; default: permission admin"),
  access: AccessFileSchema.optional().describe(
    "who sees the whole organisation on the pages; default: nobody; organisation file only",
  ),
  controls: ControlsSchema.optional().describe(
    "the company's own numbers, texts and owners of controls; organisation file only",
  ),
  notifications: z
    .array(NotificationSchema)
    .optional()
    .describe("messages to receivers outside GitHub; default: none; organisation file only"),
  freeze: z
    .array(FreezeFileSchema)
    .optional()
    .describe("times without merges and deployments; default: none"),
  calendar: CalendarFileSchema.optional().describe("working days; organisation file only"),
  monitoring: MonitoringSchema.optional().describe(
    "who reviews the controls every month; organisation file only",
  ),
  retention: RetentionSchema.optional().describe("retention of evidence; organisation file only"),
  deviations: z
    .strictObject({
      repository: z
        .string()
        .regex(/^[^/\s]+\/[^/\s]+$/u, "a repository is written owner/name")
        .optional()
        .describe("where deviation issues are opened; default: the repository itself if it is not public"),
      assignees: Names.optional().describe("assignees of the issues"),
      labels: Names.optional().describe("labels of the issues"),
      "per-day": z
        .int()
        .min(1)
        .max(1000)
        .optional()
        .describe("the maximum of new issues for a day; default: 10"),
    })
    .optional()
    .describe("where and how deviation issues are opened"),
  periods: z
    .array(
      z
        .strictObject({
          name: z.string().min(1).describe("its name for `export --period`"),
          from: DaySchema.describe("its first day"),
          to: DaySchema.describe("the first day after it"),
        })
        .refine(({ from, to }) => from < to, { message: "from must be before to" }),
    )
    .optional()
    .describe("observation periods, UTC, half-open; default: calendar quarters; organisation file only"),
  since: DaySchema.optional().describe(
    "changes before it are historic, never a deviation; default: installation; organisation file only",
  ),
});

const RuleSchema = z.object({
  name: z.string(),
  when: WhenSchema,
  approval: RequirementTreeSchema,
});

/** Holds a rule in force, with its conditions as written. */
export type Rule = Infer<typeof RuleSchema>;

/** Holds a policy file as written. */
export type PolicyFile = Infer<typeof PolicyFileSchema>;

/** Describes {@link Policy}. */
export const PolicySchema = z.object({
  mode: z.enum(["observe", "enforce"]),
  production: z.object({
    /** Globs; null: only the default branch. */
    branches: z.array(z.string()).nullable(),
    /** The default branch is in scope beside `branches`: no organisation's file excluded it. */
    alsoDefaultBranch: z.literal(true).exactOptional(),
    environments: z.array(z.string()),
    /** Environment globs that only look like production; absent: none. */
    not: z.array(z.string()).exactOptional(),
    /** Names, lower case, of environments that jobs use only for their secrets; absent: none. */
    secretsOnly: z.array(z.string()).exactOptional(),
    /** Branch globs; production inherits the approvals of compliant landings there. */
    integration: z.array(z.string()),
    /** Tag globs; a matching tag that is created or moved is a deployment. */
    tags: z.array(z.string()),
    /** Globs of workflow files below `.github/workflows/`; a successful run is a deployment. */
    workflows: z.array(z.string()),
    /** Null: no limit. */
    mergeBack: TermSchema.nullable(),
    /** Where an approved head may be deployed before its merge, and how long the merge is owed; absent: nowhere. */
    beforeMerge: z.object({ environments: z.array(z.string()), within: TermSchema }).exactOptional(),
    gateWaits: TermSchema,
  }),
  /** All are required: the organisation's, and the repository's own. */
  approvals: z.array(RequirementTreeSchema),
  /** Each adds its requirement where its `when` holds. */
  rules: z.array(RuleSchema),
  independence: z.enum(["every-commit", "strict"]),
  /** Null: no review is requested. */
  requestReviews: z
    .object({
      from: z.enum(["users", "teams"]),
      count: z.int(),
    })
    .nullable(),
  checks: z.array(
    z.object({
      name: z.string(),
      app: z.string().nullable(),
      workflow: z.string().exactOptional(),
      event: z.string().exactOptional(),
    }),
  ),
  deviations: z.object({
    /** Null: the repository itself, unless it is public. */
    repository: z.string().nullable(),
    assignees: z.array(z.string()),
    labels: z.array(z.string()),
    perDay: z.int(),
  }),
  /** Each must be found. */
  records: z.array(
    z.object({
      pattern: z.string(),
      in: z.array(z.enum(RECORD_PLACES)),
    }),
  ),
  /** Headings the description must fill. */
  sections: z.array(z.string()),
  standardChanges: z.array(StandardChangeSchema),
  exemptions: z.array(ExemptionSchema),
  identities: z.array(IdentitySchema),
  emergency: EmergencyPolicySchema,
  unverifiable: z.object({
    acceptedBy: PeopleSchema,
  }),
  /** Who is shown the whole log on the pages; absent: nobody. */
  access: PolicyAccessSchema.exactOptional(),
  controls: z.partialRecord(ControlNameSchema, ControlWordsSchema),
  notifications: z.array(NotificationReceiverSchema),
  freezes: z.array(FreezeSchema),
  calendar: CalendarSchema,
  monitoring: z.object({
    owner: z.string().nullable(),
    every: z.literal("month"),
  }),
  retention: z.object({
    years: z.int().nullable(),
  }),
  repositories: z.array(RepositoriesEntrySchema),
  periods: z.array(
    z.object({
      name: z.string(),
      from: z.string(),
      to: z.string(),
    }),
  ),
  since: z.string().nullable(),
  /** Why this repository is out of scope, and the owner of that decision; absent: it is in scope. */
  outOfScope: z
    .object({
      reason: z.string(),
      owner: z.string(),
    })
    .exactOptional(),
  /** The line that its name and topics match now, if it was moved there and a stricter line applies; absent: none. */
  laxerLine: RepositoriesEntrySchema.exactOptional(),
  /** The accounts of its names when it was first read; absent where they were not read, as at a terminal. */
  names: PolicyNamesSchema.exactOptional(),
});

/** Holds the policy in force for one repository: the organisation's minimum with the repository's additions. */
export type Policy = Infer<typeof PolicySchema>;

/** Returns whether a policy, or one of its rules, requires code owners. */
export function requiresCodeOwners({ approvals, rules }: Policy): boolean {
  const isOfOwners = (tree: RequirementTree): boolean =>
    leafRequirementsIn(tree).some(({ from }) => from.codeowners === true);
  return approvals.some(isOfOwners) || rules.some(({ approval }) => isOfOwners(approval));
}

/** Returns the names of the checks that a policy or its rules use. */
export function checkNamesUsed({ checks, rules }: Policy): ReadonlySet<string> {
  return new Set([...checks.map(({ name }) => name), ...rules.flatMap(({ when }) => checksIn(when))]);
}

/** Returns whether a policy reads the description of a pull request. */
export function readsDescription(policy: Policy): boolean {
  return policy.sections.length > 0 || policy.records.some((record) => record.in.includes("body"));
}
