/** The policy file's schema: `.github/countersign.yml`. The docstrings and descriptions here are the reference page. */

import { z } from "zod";
import type { Calendar, Term } from "../calendar.ts";
import type { ControlName } from "../result.ts";
import { DaySchema, TermSchema } from "./day.ts";
import { EmergencySchema, type EmergencyPolicy } from "./emergency.ts";
import {
  ExemptionSchema,
  FreezeSchema,
  StandardChangeSchema,
  type Exemption,
  type Freeze,
  type StandardChange,
} from "./leave.ts";
import {
  CalendarSchema,
  ControlsSchema,
  IdentitySchema,
  MonitoringSchema,
  NotificationSchema,
  RepositoriesSchema,
  RetentionSchema,
  type ControlWords,
  type Identity,
  type NotificationReceiver,
  type RepositoriesEntry,
} from "./organisation.ts";
import type { PolicyNames } from "./names.ts";
import { GlobSchema, RegexSchema } from "./pattern.ts";
import { PeopleSchema, type People } from "./people.ts";
import { leavesOf, oneKind, RequirementSchema, type RequirementTree } from "./requirement.ts";
import { WhenSchema, type When } from "./when.ts";

const Names = z.array(z.string().min(1)).min(1);

/** What `approval:` holds. */
export const ApprovalSchema = z
  .strictObject({
    ...RequirementSchema.shape,
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
export const RuleSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("a sentence: the check run says that it asks"),
  when: WhenSchema.describe("where the rule applies"),
  approval: RequirementSchema.describe("what it asks for, written as `approval` is"),
});

/** Names or globs of branches, environments or tags. */
const Globs = z.array(GlobSchema).min(1);

/** A check that must have succeeded on the merged content. */
export const RequiredCheckSchema = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), app: z.string().min(1).optional().describe("the app's slug") }),
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
      integration: Globs.optional().describe(
        "branch globs: pull requests into them are judged as if into production, and what landed compliant there carries its approvals into production branches; default: none",
      ),
      tags: Globs.optional().describe("tag globs: such a tag made or moved is a deployment; default: none"),
      workflows: Globs.optional().describe(
        "globs of workflow files, such as `migrate.yml`: a run that succeeds is a deployment, also without an environment; default: none",
      ),
      "merge-back": TermSchema.optional().describe(
        "how soon what was deployed from another production branch must be on the default branch; default: nothing is asked",
      ),
      "gate-waits": TermSchema.optional().describe(
        "how long the deployment gate waits for what may still become compliant before it rejects; default: 24 hours",
      ),
    })
    .optional(),
  approval: ApprovalSchema.optional().describe(
    "asked of every change; default: 1 approval from permission write",
  ),
  rules: z
    .array(RuleSchema)
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
    .array(StandardChangeSchema)
    .min(1)
    .optional()
    .describe("changes approved beforehand: narrow, expiring, each approved by someone; default: none"),
  exemptions: z
    .array(ExemptionSchema)
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
    .array(FreezeSchema)
    .min(1)
    .optional()
    .describe("spans in which nothing lands and nothing is deployed; default: none"),
  calendar: CalendarSchema.optional().describe("when people work; organisation file only"),
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

/** A rule in force; its conditions are kept as they were written. */
export interface Rule {
  readonly name: string;
  readonly when: When;
  readonly approval: RequirementTree;
}

/** A policy file as written. */
export type PolicyFile = z.infer<typeof PolicyFileSchema>;

/** The policy in force for one repository: the organisation's minimum with what the repository adds. */
export interface Policy {
  readonly mode: "observe" | "enforce";
  readonly production: {
    /** Globs; null: the default branch alone. */
    readonly branches: readonly string[] | null;
    /** Whether the default branch is in scope beside `branches`: no file of an organisation gave it up. */
    readonly alsoDefaultBranch?: true;
    readonly environments: readonly string[];
    /** Branch globs: what landed compliant there carries its approvals on. */
    readonly integration: readonly string[];
    /** Tag globs: such a tag made or moved is a deployment. */
    readonly tags: readonly string[];
    /** Globs of workflow files below `.github/workflows/`: a run that succeeds is a deployment. */
    readonly workflows: readonly string[];
    /** Null: nothing is asked. */
    readonly mergeBack: Term | null;
    readonly gateWaits: Term;
  };
  /** All must hold: the organisation's, and the repository's own on top. */
  readonly approvals: readonly RequirementTree[];
  /** Each asks on top, where its `when` holds. */
  readonly rules: readonly Rule[];
  readonly independence: "every-commit" | "strict";
  /** Null: nobody is asked. */
  readonly requestReviews: { readonly from: "users" | "teams"; readonly count: number } | null;
  readonly checks: readonly { readonly name: string; readonly app: string | null }[];
  readonly deviations: {
    /** Null: the repository itself, unless it is public. */
    readonly repository: string | null;
    readonly assignees: readonly string[];
    readonly labels: readonly string[];
    readonly perDay: number;
  };
  /** Each must be found. */
  readonly records: readonly {
    readonly pattern: string;
    readonly in: readonly (typeof RECORD_PLACES)[number][];
  }[];
  /** Headings the description must fill. */
  readonly sections: readonly string[];
  readonly standardChanges: readonly StandardChange[];
  readonly exemptions: readonly Exemption[];
  readonly identities: readonly Identity[];
  readonly emergency: EmergencyPolicy;
  readonly unverifiable: { readonly acceptedBy: People };
  readonly controls: Readonly<Partial<Record<ControlName, ControlWords>>>;
  readonly notifications: readonly NotificationReceiver[];
  readonly freezes: readonly Freeze[];
  readonly calendar: Calendar;
  readonly monitoring: { readonly owner: string | null; readonly every: "month" };
  readonly retention: { readonly years: number | null };
  readonly repositories: readonly RepositoriesEntry[];
  readonly periods: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  readonly since: string | null;
  /** Why this repository is out of scope, and who answers for that; absent: it is in scope. */
  readonly outOfScope?: { readonly reason: string; readonly owner: string };
  /** Whom its names meant when it was first read; absent where nobody looked, as at a terminal. */
  readonly names?: PolicyNames;
}

/** Whether a policy, or one of its rules, asks for code owners. */
export function asksForOwners({ approvals, rules }: Policy): boolean {
  const isOfOwners = (tree: RequirementTree): boolean =>
    leavesOf(tree).some(({ from }) => from.codeowners === true);
  return approvals.some(isOfOwners) || rules.some(({ approval }) => isOfOwners(approval));
}

/** Whether a policy asks for what the description of a pull request says. */
export function readsDescription(policy: Policy): boolean {
  return policy.sections.length > 0 || policy.records.some((record) => record.in.includes("body"));
}
