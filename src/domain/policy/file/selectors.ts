/** People a policy names: who may approve, and who made a change. */

import { z } from "zod";
import { PERMISSIONS } from "../../change/people.ts";
import type { Infer } from "../../values/schema.ts";

/** Describes some logins or other names. */
export const Names = z.array(z.string().min(1)).min(1);
/** Describes some teams. */
export const Teams = z
  .array(z.string().regex(/^[^/\s]+\/[^/\s]+$/u, "a team is written organisation/team"))
  .min(1);

/** Describes the people a policy names by what they are. */
export const PEOPLE = {
  permission: z
    .enum(PERMISSIONS)
    .exclude(["none"])
    .optional()
    .describe("at least this repository permission"),
  users: Names.optional().describe("logins, in any case; recorded by id"),
  teams: Teams.optional().describe("teams as `organisation/team`"),
  organizations: Names.optional().describe("members of these organisations"),
};

/** Describes who may give an approval: any of these. */
export const FromSchema = z
  .strictObject({
    ...PEOPLE,
    codeowners: z
      .literal(true)
      .optional()
      .describe(
        "the owners of each changed file in CODEOWNERS; for a file without owners, anyone with write permission",
      ),
  })
  .refine((from) => Object.values(from).some((value) => value !== undefined), {
    message: "say who: permission, users, teams, organizations or codeowners",
  });

/** Describes who may give an approval. */
export type From = Infer<typeof FromSchema>;

/** Describes who made something: any of these. */
export const WhoSchema = z
  .strictObject({
    ...PEOPLE,
    apps: Names.optional().describe("apps by their slug, such as `dependabot`"),
  })
  .refine((who) => Object.values(who).some((value) => value !== undefined), {
    message: "say who: permission, users, teams, organizations or apps",
  });

/** Describes who made something. */
export type Who = Infer<typeof WhoSchema>;
