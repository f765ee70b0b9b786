/** The policy file's schema: `.github/countersign.yml`. The docstrings and descriptions here are the reference page. */

import { z } from "zod";
import { TermSchema, CalendarSchema } from "../calendar.ts";
import { ControlNameSchema } from "../result.ts";
import { DaySchema, TermTextSchema } from "./day.ts";
import { EmergencyPolicySchema, EmergencySchema } from "./emergency.ts";
import {
  ExemptionSchema,
  FreezeSchema,
  StandardChangeSchema,
  ExemptionFileSchema,
  FreezeFileSchema,
  StandardChangeFileSchema,
} from "./leave.ts";
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
import { GlobSchema, RegexSchema } from "./pattern.ts";
import { PeopleSchema } from "./people.ts";
import {
  RequirementTreeSchema,
  leavesOf,
  oneKind,
  RequirementFileSchema,
  type RequirementTree,
} from "./requirement.ts";
import { checksIn, WhenSchema } from "./when.ts";
import type { Infer } from "../schema.ts";

const Names = z.array(z.string().min(1)).min(1);

/** What `approval:` holds. */
export const ApprovalSchema = z
  .strictObject({
    ...RequirementFileSchema.shape,
    independence: z
      .enum(["every-commit", "strict"])
      .optional()
      .describe(
        "every-commit: each commit was seen by someone who did not make it alone; strict: a contributor never counts; default: every-commit",
      ),
    "request-reviews": z
      .strictObject({
        from: z.enum(["users", "teams"]).describe("whom to ask: the people or the teams that `from` names"),
        count: z.int().min(1).max(10).optional().describe("how many of them; default: 1"),
      })
      .optional()
      .describe("ask for reviews on GitHub; default: nobody is asked"),
  })
  .superRefine(oneKind);

/** One rule: what is asked on top of `approval` where its `when` holds. */
export const RuleFileSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("a sentence: the check run says that it asks"),
  when: WhenSchema.describe("where the rule applies"),
  approval: RequirementFileSchema.describe("what it asks for, written as `approval` is"),
});

/** Names or globs of branches, environments or tags. */
const Globs = z.array(GlobSchema).min(1);

/** A check that must have succeeded on the merged content. */
export const RequiredCheckSchema = z.union([
  z.string().min(1),
  z.strictObject({
    name: z.string().min(1),
    app: z.string().min(1).optional().describe("the app's slug"),
    workflow: z
      .string()
      .min(1)
      .optional()
      .describe(
        "the workflow whose job it is, by its name or file; default: every one with a job of this name",
      ),
    event: z
      .string()
      .min(1)
      .optional()
      .describe("what begins that workflow, such as pull_request; default: every one that did"),
  }),
]);

/** Parts of a pull request that may name a ticket. */
export const RECORD_PLACES = ["title", "body", "branch"] as const;

/** The whole policy file. Unknown keys are errors. */
export const PolicyFileSchema = z.strictObject({
  repositories: z
    .array(RepositoriesSchema)
    .min(1)
    .optional()
    .describe(
      "what holds for some repositories; the first line that fits one says it; default: all are in scope; organisation file only",
    ),
  mode: z
    .enum(["observe", "enforce"])
    .optional()
    .describe(
      "observe: the check passes and says what would have been refused; enforce: it holds back. Default: observe",
    ),
  production: z
    .strictObject({
      branches: Globs.optional().describe("branch globs; default: the default branch"),
      environments: Globs.optional().describe(
        "environment globs, matched without case; default: production, prod",
      ),
      not: Globs.optional().describe(
        "environment globs, matched without case, that read like production and are not: they raise no monitoring gap, and what `environments` names stays production; default: none; organisation file only",
      ),
      integration: Globs.optional().describe(
        "branch globs: pull requests into them are judged as if into production, and what landed compliant there carries its approvals into production branches; default: none",
      ),
      tags: Globs.optional().describe("tag globs: such a tag made or moved is a deployment; default: none"),
      workflows: Globs.optional().describe(
        "globs of workflow files, such as `migrate.yml`: a run that succeeds is a deployment, also without an environment; default: none",
      ),
      "merge-back": TermTextSchema.optional().describe(
        "how soon what was deployed from another production branch must be on the default branch; default: nothing is asked",
      ),
      "gate-waits": TermTextSchema.optional().describe(
        "how long the deployment gate waits for what may still become compliant before it rejects; default: 24 hours",
      ),
    })
    .optional(),
  approval: ApprovalSchema.optional().describe(
    "asked of every change; default: 1 approval from permission write",
  ),
  rules: z
    .array(RuleFileSchema)
    .min(1)
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
    .describe("every rule whose `when` holds asks its own, on top of `approval`; default: none"),
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
      pattern: RegexSchema.describe("what a ticket looks like, such as `[A-Z]+-\\\\d+`"),
      in: z
        .array(z.enum(RECORD_PLACES))
        .min(1)
        .optional()
        .describe("where it is looked for; default: title, body, branch"),
    })
    .optional()
    .describe("the change ticket every pull request must name; default: none"),
  description: z
    .strictObject({
      sections: z
        .array(z.string().min(1).max(80))
        .min(1)
        .describe("headings that the pull request's text must have and fill"),
    })
    .optional()
    .describe("what the text of every pull request must say; default: nothing is asked"),
  "standard-changes": z
    .array(StandardChangeFileSchema)
    .min(1)
    .optional()
    .describe("changes approved beforehand: narrow, expiring, each approved by someone; default: none"),
  exemptions: z
    .array(ExemptionFileSchema)
    .min(1)
    .optional()
    .describe("controls given up for a time; default: none; organisation file only"),
  identities: z
    .array(IdentitySchema)
    .min(1)
    .optional()
    .describe("people with several accounts; default: each account is a person; organisation file only"),
  emergency: EmergencySchema.optional().describe("the way for emergencies"),
  unverifiable: z
    .strictObject({
      "accepted-by": PeopleSchema.describe("who may accept, with a reason, what cannot be verified"),
    })
    .optional()
    .describe("who answers for what cannot be verified; default: permission admin"),
  controls: ControlsSchema.optional().describe(
    "the company's own numbers, words and owners of controls; organisation file only",
  ),
  notifications: z
    .array(NotificationSchema)
    .min(1)
    .optional()
    .describe("what is told outside GitHub; default: nothing; organisation file only"),
  freeze: z
    .array(FreezeFileSchema)
    .min(1)
    .optional()
    .describe("spans in which nothing lands and nothing is deployed; default: none"),
  calendar: CalendarFileSchema.optional().describe("when people work; organisation file only"),
  monitoring: MonitoringSchema.optional().describe(
    "who looks at the controls every month; organisation file only",
  ),
  retention: RetentionSchema.optional().describe("how long evidence must be kept; organisation file only"),
  deviations: z
    .strictObject({
      repository: z
        .string()
        .regex(/^[^/\s]+\/[^/\s]+$/u, "a repository is written owner/name")
        .optional()
        .describe("where deviation issues are opened; default: the repository itself if it is not public"),
      assignees: Names.optional().describe("logins the issues are assigned to"),
      labels: Names.optional().describe("labels the issues are given"),
      "per-day": z
        .int()
        .min(1)
        .max(1000)
        .optional()
        .describe("at most so many new issues a day; default: 10"),
    })
    .optional()
    .describe("where deviations are told on GitHub"),
  periods: z
    .array(
      z
        .strictObject({
          name: z.string().min(1).describe("by which `export --period` finds it"),
          from: DaySchema.describe("its first day"),
          to: DaySchema.describe("the first day after it"),
        })
        .refine(({ from, to }) => from < to, { message: "from must be before to" }),
    )
    .optional()
    .describe("observation periods, UTC, half-open; default: calendar quarters; organisation file only"),
  since: DaySchema.optional().describe(
    "what happened before is historic, never a deviation; default: installation; organisation file only",
  ),
});

const RuleSchema = z.object({
  name: z.string(),
  when: WhenSchema,
  approval: RequirementTreeSchema,
});

/** A rule in force; its conditions are kept as they were written. */
export type Rule = Infer<typeof RuleSchema>;

/** A policy file as written. */
export type PolicyFile = Infer<typeof PolicyFileSchema>;

/** Describes {@link Policy}. */
export const PolicySchema = z.object({
  mode: z.enum(["observe", "enforce"]),
  production: z.object({
    /** Globs; null: the default branch alone. */
    branches: z.array(z.string()).nullable(),
    /** Whether the default branch is in scope beside `branches`: no file of an organisation gave it up. */
    alsoDefaultBranch: z.literal(true).exactOptional(),
    environments: z.array(z.string()),
    /** Environment globs that only read like production; absent: none. */
    not: z.array(z.string()).exactOptional(),
    /** Branch globs: what landed compliant there carries its approvals on. */
    integration: z.array(z.string()),
    /** Tag globs: such a tag made or moved is a deployment. */
    tags: z.array(z.string()),
    /** Globs of workflow files below `.github/workflows/`: a run that succeeds is a deployment. */
    workflows: z.array(z.string()),
    /** Null: nothing is asked. */
    mergeBack: TermSchema.nullable(),
    gateWaits: TermSchema,
  }),
  /** All must hold: the organisation's, and the repository's own on top. */
  approvals: z.array(RequirementTreeSchema),
  /** Each asks on top, where its `when` holds. */
  rules: z.array(RuleSchema),
  independence: z.enum(["every-commit", "strict"]),
  /** Null: nobody is asked. */
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
  /** Why this repository is out of scope, and who answers for that; absent: it is in scope. */
  outOfScope: z
    .object({
      reason: z.string(),
      owner: z.string(),
    })
    .exactOptional(),
  /** The line that its name and topics fit now, where it came to it by a move and a stricter one holds; absent: none. */
  laxerLine: RepositoriesEntrySchema.exactOptional(),
  /** Whom its names meant when it was first read; absent where nobody looked, as at a terminal. */
  names: PolicyNamesSchema.exactOptional(),
});

/** The policy in force for one repository: the organisation's minimum with what the repository adds. */
export type Policy = Infer<typeof PolicySchema>;

/** Whether a policy, or one of its rules, asks for code owners. */
export function asksForOwners({ approvals, rules }: Policy): boolean {
  const isOfOwners = (tree: RequirementTree): boolean =>
    leavesOf(tree).some(({ from }) => from.codeowners === true);
  return approvals.some(isOfOwners) || rules.some(({ approval }) => isOfOwners(approval));
}

/** The names of the checks on which something depends by a policy. */
export function checksAskedFor({ checks, rules }: Policy): ReadonlySet<string> {
  return new Set([...checks.map(({ name }) => name), ...rules.flatMap(({ when }) => checksIn(when))]);
}

/** Whether a policy asks for what the description of a pull request says. */
export function readsDescription(policy: Policy): boolean {
  return policy.sections.length > 0 || policy.records.some((record) => record.in.includes("body"));
}
