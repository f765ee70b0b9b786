/** `access:` of the organisation's file: who beside GitHub's members is shown the whole evidence log, and until when. */

import { z } from "zod";

import type { Infer } from "../../values/schema.ts";
import { DaySchema } from "./day.ts";
import { Names, Teams } from "./selectors.ts";

/** An address in ASCII: what only looks like one of its letters is another address. */
const EmailSchema = z
  .string()
  .max(254)
  .regex(
    /^[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+$/u,
    "an address is written name@company.example, in ASCII",
  );

/** Describes `access:` as it is written. */
export const AccessFileSchema = z
  .strictObject({
    leads: z
      .strictObject({ teams: Teams.describe("teams as `organisation/team`; their members see everything") })
      .optional()
      .describe("who sees the whole organisation on the pages; default: nobody"),
    auditors: z
      .strictObject({
        users: Names.optional().describe("logins, in any case; recorded by id"),
        emails: z
          .array(EmailSchema)
          .min(1)
          .optional()
          .describe("addresses that the OpenID provider has verified, for people without a GitHub account"),
        until: DaySchema.describe("the last day with access, in calendar.timezone"),
      })
      .refine(({ users, emails }) => users !== undefined || emails !== undefined, {
        message: "say who: users or emails",
      })
      .optional()
      .describe("who reads the whole organisation on the pages for a time; default: nobody"),
  })
  .refine(({ leads, auditors }) => leads !== undefined || auditors !== undefined, {
    message: "say who: leads or auditors",
  });

/** Describes {@link PolicyAccess}. */
export const PolicyAccessSchema = z.object({
  /** Teams as `organisation/team`. */
  leads: z.array(z.string()),
  /** Null: there are none. */
  auditors: z
    .object({ users: z.array(z.string()), emails: z.array(z.string()), until: z.string() })
    .nullable(),
});

/** Holds who beside GitHub's members is shown the whole log of an organisation. */
export type PolicyAccess = Infer<typeof PolicyAccessSchema>;

/** Returns the access as it is kept. */
export function accessOf({ leads, auditors }: Infer<typeof AccessFileSchema>): PolicyAccess {
  return {
    leads: leads?.teams ?? [],
    auditors:
      auditors === undefined
        ? null
        : { users: auditors.users ?? [], emails: auditors.emails ?? [], until: auditors.until },
  };
}
