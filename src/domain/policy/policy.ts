/** The policy file's schema: `.github/countersign.yml`. The docstrings and descriptions here are the reference page. */

import { z } from "zod";
import { leavesOf, oneKind, RequirementSchema, type RequirementTree } from "./requirement.ts";
import { WhenSchema, type When } from "./when.ts";

const Names = z.array(z.string().min(1)).min(1);

/** What `approval:` holds. */
export const ApprovalSchema = z
  .strictObject({
    ...RequirementSchema.shape,
    independence: z
      .enum(["every-commit", "strict"])
      .default("every-commit")
      .describe(
        "every-commit: each commit was seen by someone who did not make it alone; strict: a contributor never counts",
      ),
  })
  .superRefine(oneKind);

/** One rule: what is asked on top of `approval` where its `when` holds. */
export const RuleSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("a sentence: the check run says that it asks"),
  when: WhenSchema.describe("where the rule applies"),
  approval: RequirementSchema.describe("what it asks for, written as `approval` is"),
});

/** A path of a branch: a name or a glob. */
const Globs = z.array(z.string().min(1)).min(1);

/** A check that must have succeeded on the merged content. */
export const RequiredCheckSchema = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), app: z.string().min(1).optional().describe("the app's slug") }),
]);

const Day = z.iso.date("a date is written YYYY-MM-DD, and must exist");

/** The whole policy file. Unknown keys are errors. */
export const PolicyFileSchema = z.strictObject({
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
  deviations: z
    .strictObject({
      repository: z
        .string()
        .regex(/^[^/\s]+\/[^/\s]+$/u, "a repository is written owner/name")
        .optional()
        .describe("where deviation issues are opened; default: the repository itself if it is not public"),
      assignees: Names.optional(),
      labels: Names.optional(),
    })
    .optional()
    .describe("organisation file only"),
  periods: z
    .array(
      z
        .strictObject({ name: z.string().min(1), from: Day, to: Day })
        .refine(({ from, to }) => from < to, { message: "from must be before to" }),
    )
    .optional()
    .describe("observation periods, UTC, half-open; default: calendar quarters; organisation file only"),
  since: Day.optional().describe(
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
  };
  /** All must hold: the organisation's, and the repository's own on top. */
  readonly approvals: readonly RequirementTree[];
  /** Each asks on top, where its `when` holds. */
  readonly rules: readonly Rule[];
  readonly independence: "every-commit" | "strict";
  readonly checks: readonly { readonly name: string; readonly app: string | null }[];
  readonly deviations: {
    /** Null: the repository itself, unless it is public. */
    readonly repository: string | null;
    readonly assignees: readonly string[];
    readonly labels: readonly string[];
  };
  readonly periods: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  readonly since: string | null;
}

/** Whether a policy, or one of its rules, asks for code owners. */
export function asksForOwners(policy: Policy): boolean {
  return [...policy.approvals, ...policy.rules.map((rule) => rule.approval)]
    .flatMap(leavesOf)
    .some(({ from }) => from.codeowners === true);
}
