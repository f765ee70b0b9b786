/** What a policy lets through beforehand, or holds back for a time: standard changes, exemptions, freezes. */

import { z } from "zod";
import { CONTROL_NAMES } from "../result.ts";
import { DaySchema } from "./day.ts";
import { GlobSchema, PatternSchema } from "./pattern.ts";

const Login = z.string().min(1);

/** One who makes standard changes: an app by its slug, a person by login, or anyone by GitHub's id. */
export const MakerSchema = z.union([
  z.strictObject({ app: z.string().min(1).describe("an app by its slug, such as `dependabot`") }),
  z.strictObject({ user: Login }),
  z.strictObject({ id: z.int().min(1).describe("GitHub's id of an account") }),
]);

/** One who makes standard changes. */
export type Maker = z.infer<typeof MakerSchema>;

/** A kind of change approved beforehand. */
export const StandardChangeSchema = z.strictObject({
  name: z.string().min(1).max(120).describe("what the check and the package call it"),
  by: z.array(MakerSchema).min(1).describe("who makes them: every commit and every push must be theirs"),
  paths: z
    .array(PatternSchema)
    .min(1)
    .describe("every changed file must match one of these, old name and new"),
  "approved-by": Login.describe("who approved it, and the pull request that brought this entry"),
  expires: DaySchema.describe("the first day it no longer holds, in calendar.timezone"),
});

/** A control given up for a repository, for a time. */
export const ExemptionSchema = z.strictObject({
  repository: GlobSchema.describe("a repository's name, or a glob"),
  controls: z.array(z.enum(CONTROL_NAMES)).min(1).describe("the controls given up meanwhile"),
  reason: z.string().min(1).describe("why; auditors read it"),
  "approved-by": Login.describe("who approved it, and the pull request that brought this entry"),
  expires: DaySchema.describe("the first day it no longer holds, in calendar.timezone"),
});

/** A span in which nothing lands and nothing is deployed. */
export const FreezeSchema = z
  .strictObject({
    from: DaySchema.describe("the first day, in calendar.timezone"),
    to: DaySchema.describe("the first day after it, in calendar.timezone"),
    except: z.literal("emergency").optional().describe("what may land all the same; default: nothing"),
  })
  .refine(({ from, to }) => from < to, { message: "from must be before to" });

/** A kind of change approved beforehand, in force. */
export interface StandardChange {
  readonly name: string;
  readonly by: readonly Maker[];
  readonly paths: z.infer<typeof StandardChangeSchema>["paths"];
  readonly approvedBy: string;
  readonly expires: string;
}

/** A control given up for a repository for a time, in force. */
export interface Exemption {
  readonly repository: string;
  readonly controls: readonly (typeof CONTROL_NAMES)[number][];
  readonly reason: string;
  readonly approvedBy: string;
  readonly expires: string;
}

/** A span in which nothing lands; `to` is the first day after it. */
export interface Freeze {
  readonly from: string;
  readonly to: string;
  readonly except: "emergency" | null;
}

/** An entry as it is kept. */
export function standardChangeOf({
  "approved-by": approvedBy,
  ...rest
}: z.infer<typeof StandardChangeSchema>): StandardChange {
  return { ...rest, approvedBy };
}

/** An entry as it is kept. */
export function exemptionOf({
  "approved-by": approvedBy,
  ...rest
}: z.infer<typeof ExemptionSchema>): Exemption {
  return { ...rest, approvedBy };
}

/** An entry as it is kept. */
export function freezeOf({ from, to, except }: z.infer<typeof FreezeSchema>): Freeze {
  return { from, to, except: except ?? null };
}
