/** Standard changes, exemptions and freezes: what a policy lets through beforehand, or blocks for a time. */

import { z } from "zod";
import { ControlNameSchema, CONTROL_NAMES } from "../../values/result.ts";
import { DaySchema } from "./day.ts";
import { GlobSchema, PatternSchema, RegexSchema } from "../../patterns/pattern.ts";
import type { Infer } from "../../values/schema.ts";

const Login = z.string().min(1);

/** One who makes standard changes: an app by its slug, a person by login, or anyone by GitHub's id. */
const MakerSchema = z.union([
  z.strictObject({ app: z.string().min(1).describe("an app by its slug, such as `dependabot`") }),
  z.strictObject({ user: Login }),
  z.strictObject({ id: z.int().min(1).describe("GitHub's id of an account") }),
]);

/** Describes one who makes standard changes. */
export type PreApprovedMaker = Infer<typeof MakerSchema>;

/** GitHub's id of `github-actions[bot]`. */
const ACTIONS_BOT = 41_898_282;

/** Returns whether an account is the one in whose name every workflow acts. Whoever may push a workflow makes its pull requests. */
export function isWorkflowAccount(maker: PreApprovedMaker): boolean {
  if ("id" in maker) return maker.id === ACTIONS_BOT;
  const name = ("app" in maker ? maker.app : maker.user).toLowerCase();
  return name === "github-actions" || name === "github-actions[bot]";
}

const PushLimitSchema = z.strictObject({
  paths: z.array(PatternSchema).min(1).describe("the files these lines are in"),
  lines: z
    .array(RegexSchema)
    .min(1)
    .describe(
      "every line added or removed in such a file must match one of these from its first to its last character, without control characters but tabs",
    ),
});

/** Describes a kind of change approved beforehand, as written. */
export const StandardChangeFileSchema = z
  .strictObject({
    name: z.string().min(1).max(120).describe("its name in check runs and evidence packages"),
    by: z.array(MakerSchema).min(1).describe("who makes them; every commit and every push must be theirs"),
    paths: z
      .array(PatternSchema)
      .min(1)
      .describe("every changed file must match one of these, under its old and new name"),
    "direct-push": z
      .array(PushLimitSchema)
      .min(1)
      .optional()
      .describe(
        "they are pushed to the branch, not merged by pull requests: only by an app of your own, and only so far as this allows; default: pull requests only",
      ),
    "approved-by": Login.describe("who approved it, and the pull request that introduced this entry"),
    expires: DaySchema.describe("the first day without it, in calendar.timezone"),
  })
  .superRefine(({ by, "direct-push": push }, context) => {
    if (push === undefined) return;
    for (const [index, maker] of by.entries()) {
      const message = isWorkflowAccount(maker)
        ? "with direct-push: every workflow acts as github-actions; name an app of your own"
        : "user" in maker
          ? "with direct-push: only an app may push, by its slug or id"
          : null;
      if (message !== null) context.addIssue({ code: "custom", path: ["by", index], message });
    }
  });

/** Describes a control waived for a repository for a time, as written. */
export const ExemptionFileSchema = z.strictObject({
  repository: GlobSchema.describe("a repository's name, or a glob"),
  controls: z.array(z.enum(CONTROL_NAMES)).min(1).describe("the controls waived"),
  reason: z.string().min(1).describe("the reason, for auditors"),
  "approved-by": Login.describe("who approved it, and the pull request that introduced this entry"),
  expires: DaySchema.describe("the first day without it, in calendar.timezone"),
});

/** Describes a time in which nothing lands and nothing is deployed, as written. */
export const FreezeFileSchema = z
  .strictObject({
    from: DaySchema.describe("the first day, in calendar.timezone"),
    to: DaySchema.describe("the first day after it, in calendar.timezone"),
    except: z
      .literal("emergency")
      .optional()
      .describe("what may merge and be deployed nevertheless; default: nothing"),
  })
  .refine(({ from, to }) => from < to, { message: "from must be before to" });

/** Describes {@link StandardChange}. */
export const StandardChangeSchema = z.object({
  name: z.string(),
  by: z.array(MakerSchema),
  paths: z.array(PatternSchema),
  /** What may be pushed without a pull request; absent: nothing, it is for pull requests. */
  directPush: z.array(PushLimitSchema).exactOptional(),
  approvedBy: z.string(),
  expires: z.string(),
});

/** Describes a kind of change approved beforehand, in force. */
export type StandardChange = Infer<typeof StandardChangeSchema>;

/** Describes {@link Exemption}. */
export const ExemptionSchema = z.object({
  repository: z.string(),
  controls: z.array(ControlNameSchema),
  reason: z.string(),
  approvedBy: z.string(),
  expires: z.string(),
});

/** Describes a control waived for a repository for a time, in force. */
export type Exemption = Infer<typeof ExemptionSchema>;

/** Describes {@link Freeze}. */
export const FreezeSchema = z.object({
  from: z.string(),
  to: z.string(),
  except: z.literal("emergency").nullable(),
});

/** Describes a time in which nothing lands; `to` is the first day after it. */
export type Freeze = Infer<typeof FreezeSchema>;

/** Returns an entry as it is kept. */
export function standardChangeOf({
  "approved-by": approvedBy,
  "direct-push": directPush,
  ...rest
}: Infer<typeof StandardChangeFileSchema>): StandardChange {
  return { ...rest, ...(directPush === undefined ? {} : { directPush }), approvedBy };
}

/** Returns an entry as it is kept. */
export function exemptionOf({
  "approved-by": approvedBy,
  ...rest
}: Infer<typeof ExemptionFileSchema>): Exemption {
  return { ...rest, approvedBy };
}

/** Returns an entry as it is kept. */
export function freezeOf({ from, to, except }: Infer<typeof FreezeFileSchema>): Freeze {
  return { from, to, except: except ?? null };
}
