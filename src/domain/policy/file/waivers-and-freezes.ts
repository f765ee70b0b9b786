/** Standard changes, exemptions and freezes: what a policy lets through beforehand, or blocks for a time. */

import { z } from "zod";
import { ControlNameSchema, CONTROL_NAMES } from "../../values/result.ts";
import { DaySchema } from "./day.ts";
import { GlobSchema, PatternSchema } from "../../patterns/pattern.ts";
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

/** Describes a kind of change approved beforehand, as written. */
export const StandardChangeFileSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("its name in check runs and evidence packages"),
  by: z.array(MakerSchema).min(1).describe("who makes them; every commit and every push must be theirs"),
  paths: z
    .array(PatternSchema)
    .min(1)
    .describe("every changed file must match one of these, under its old and new name"),
  "approved-by": Login.describe("who approved it, and the pull request that introduced this entry"),
  expires: DaySchema.describe("the first day without it, in calendar.timezone"),
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
  ...rest
}: Infer<typeof StandardChangeFileSchema>): StandardChange {
  return { ...rest, approvedBy };
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
