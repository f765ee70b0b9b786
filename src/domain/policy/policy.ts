/** The policy file's schema: `.github/countersign.yml`. The docstrings and descriptions here are the reference page. */

import { z } from "zod";
import { PERMISSIONS } from "../change.ts";

const Names = z.array(z.string().min(1)).min(1);

/** Who may give an approval: any of these. */
export const FromSchema = z
  .strictObject({
    permission: z
      .enum(PERMISSIONS)
      .exclude(["none"])
      .optional()
      .describe("at least this repository permission"),
    users: Names.optional().describe("logins, compared without case and kept by id"),
    teams: z
      .array(z.string().regex(/^[^/\s]+\/[^/\s]+$/u, "a team is written organisation/team"))
      .min(1)
      .optional()
      .describe("teams as `organisation/team`"),
    organizations: Names.optional().describe("members of these organisations"),
  })
  .refine((from) => Object.values(from).some((value) => value !== undefined), {
    message: "say who: permission, users, teams or organizations",
  });

/** Who may give an approval. */
export type From = z.infer<typeof FromSchema>;

/** One approval requirement. */
export const RequirementSchema = z.strictObject({
  required: z.int().min(0).max(20).default(1).describe("how many people must approve; default 1"),
  from: FromSchema.prefault({ permission: "write" }).describe("who may approve; default: permission write"),
});

/** One approval requirement: so many people, each entitled by `from`. */
export type Requirement = z.infer<typeof RequirementSchema>;

/** What `approval:` holds. */
export const ApprovalSchema = RequirementSchema.extend({
  independence: z
    .enum(["every-commit", "strict"])
    .default("every-commit")
    .describe(
      "every-commit: each commit was seen by someone who did not make it alone; strict: a contributor never counts",
    ),
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
  readonly approvals: readonly Requirement[];
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
