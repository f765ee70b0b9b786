/** Approvals a policy requires: one requirement, or several of which all or any must be met. */

import { z } from "zod";
import { FromSchema, type From } from "./selectors.ts";
import type { Infer } from "../../values/schema.ts";

/** Limits how deep requirements and conditions may be nested. */
export const DEEPEST = 10;

const OwnersSchema = z.object({
  users: z.array(z.string()),
  teams: z.array(z.string()),
  emails: z.array(z.string()),
  /** The lines of the file that name them, from 1. */
  lines: z.array(z.int()),
});

/** Lists the owners that CODEOWNERS names. As on GitHub, nobody counts who may not write to the repository. */
export type Owners = Infer<typeof OwnersSchema>;

const SourceSchema = z.object({ ...FromSchema.shape, owners: OwnersSchema.exactOptional() });

/** Describes who may give one approval: those the policy names, and those CODEOWNERS adds to them. */
export type Source = Infer<typeof SourceSchema>;

/** Lists everyone a source names, whatever else they must be. */
export function namedBy({ owners, users = [], teams = [], ...others }: Source): From {
  const allUsers = [...users, ...(owners?.users ?? [])];
  const allTeams = [...teams, ...(owners?.teams ?? [])];
  return {
    ...others,
    ...(allUsers.length === 0 ? {} : { users: allUsers }),
    ...(allTeams.length === 0 ? {} : { teams: allTeams }),
  };
}

const RequirementSchema = z.object({
  required: z.int(),
  from: SourceSchema,
  /** The changed files it is required for; absent: the whole change. */
  files: z.array(z.string()).exactOptional(),
  /** Why it is not known who is required. */
  unknown: z.string().exactOptional(),
});

/** Describes one approval requirement: so many people, each entitled by `from`. */
export type Requirement = Infer<typeof RequirementSchema>;

const AllOf = z.object({
  get "all-of"() {
    return z.array(RequirementTreeSchema);
  },
});

const AnyOf = z.object({
  get "any-of"() {
    return z.array(RequirementTreeSchema);
  },
});

/** Describes {@link RequirementTree}. */
export const RequirementTreeSchema = z.union([RequirementSchema, AllOf, AnyOf]);

/** Describes requirements, nested. One person may count for several of them. */
export type RequirementTree = Infer<typeof RequirementTreeSchema>;

const Written = z.strictObject({
  required: z.int().min(0).max(20).optional().describe("the number of people who must approve; default: 1"),
  from: FromSchema.optional().describe("who may approve; default: permission write"),
  get "all-of"() {
    return z
      .array(RequirementFileSchema)
      .min(1)
      .optional()
      .describe("requirements that must all be met; one person may count for several");
  },
  get "any-of"() {
    return z.array(RequirementFileSchema).min(1).optional().describe("alternative requirements");
  },
});

/** Describes `approval:` as it is written. */
export type WrittenRequirement = Infer<typeof Written>;

/** Describes `approval:` as it is written: either `required` and `from`, or `all-of`, or `any-of`. */
export const RequirementFileSchema = Written.superRefine((written, context) => oneKind(written, context));

/** Reports problems of each requirement alone: what is given twice, and what is nested too deeply. */
export function oneKind(written: WrittenRequirement, context: z.RefinementCtx): void {
  const leaf = written.required !== undefined || written.from !== undefined;
  const said = [leaf, written["all-of"] !== undefined, written["any-of"] !== undefined];
  if (said.filter(Boolean).length > 1)
    context.addIssue({ code: "custom", message: "say required and from, or all-of, or any-of, not several" });
  if (depthOf(written) > DEEPEST)
    context.addIssue({ code: "custom", message: `requirements may be nested ${DEEPEST} deep` });
}

function depthOf(written: WrittenRequirement): number {
  const inner = [...(written["all-of"] ?? []), ...(written["any-of"] ?? [])];
  return 1 + Math.max(0, ...inner.map(depthOf));
}

/** Returns what is written, with its defaults. */
export function requirementOf(written: WrittenRequirement): RequirementTree {
  if (written["all-of"] !== undefined) return { "all-of": written["all-of"].map(requirementOf) };
  if (written["any-of"] !== undefined) return { "any-of": written["any-of"].map(requirementOf) };
  return { required: written.required ?? 1, from: written.from ?? { permission: "write" } };
}

/** Lists the leaf requirements of a tree, in its order. */
export function leafRequirementsIn(tree: RequirementTree): readonly Requirement[] {
  if ("all-of" in tree) return tree["all-of"].flatMap(leafRequirementsIn);
  if ("any-of" in tree) return tree["any-of"].flatMap(leafRequirementsIn);
  return [tree];
}
