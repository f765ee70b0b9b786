/** The accounts that the names of a policy meant when it was first read. Logins can pass to others; ids cannot. */

import { z } from "zod";
import { ActorSchema, type Actor } from "../../change/people.ts";
import type { Certainty } from "../../values/certainty.ts";
import type { PreApprovedMaker } from "./waivers-and-freezes.ts";
import type { Infer } from "../../values/schema.ts";
import { InstantSchema } from "../../time/instant.ts";

const EntryProvenanceSchema = z.object({
  /** The id of the entry. */
  entry: z.string(),
  state: z.enum(["approved", "refused", "unknown"]),
  /** One sentence: who approved what, or why it waives nothing. */
  because: z.string(),
  url: z.string().nullable(),
  approver: ActorSchema.nullable(),
  at: InstantSchema.nullable(),
  /** When the file's newest version was reported, where GitHub may not show yet all that came with it: it is read again. */
  openSince: InstantSchema.exactOptional(),
});

/** Describes how an entry came into the policy. Only one that is `approved` waives anything. */
export type EntryProvenance = Infer<typeof EntryProvenanceSchema>;

const UnknownNameSchema = z.object({
  kind: z.enum(["team", "user"]),
  name: z.string(),
  near: z.string().nullable(),
});

/**
 * Describes a team (`organisation/team`) or login, lower case, that GitHub did not find. `near`: the known one that may
 * be meant.
 */
export type UnknownName = Infer<typeof UnknownNameSchema>;

/** Describes {@link PolicyNames}. */
export const PolicyNamesSchema = z.object({
  /** For each login, lower case (an app's bot is `slug[bot]`): its account then, or null where nobody had it. */
  accounts: z.array(
    z.object({
      name: z.string(),
      account: ActorSchema.nullable(),
    }),
  ),
  /**
   * For each login that owns a control, lower case: its account when the policy first named it an owner. Nobody is
   * blocked where no account has it. Absent: not noted.
   */
  owners: z.array(z.object({ name: z.string(), id: z.int().nullable() })).exactOptional(),
  /**
   * For each login and team of `access`, lower case: its account or team when the policy first named it for that. Nobody is
   * blocked where there is none. Absent: not noted.
   */
  access: z
    .object({
      accounts: z.array(z.object({ name: z.string(), id: z.int().nullable() })),
      teams: z.array(z.object({ name: z.string(), id: z.int().nullable() })),
    })
    .exactOptional(),
  /** For each team (`organisation/team`, lower case): its id then, or null where there was none. */
  teams: z
    .array(
      z.object({
        name: z.string(),
        id: z.int().nullable(),
      }),
    )
    .exactOptional(),
  /** For each organisation, lower case: its id then, or null where there was none. */
  organizations: z
    .array(
      z.object({
        name: z.string(),
        id: z.int().nullable(),
      }),
    )
    .exactOptional(),
  /** Names that GitHub did not find: such a policy lets nothing pass. Absent: none. */
  unknown: z.array(UnknownNameSchema).exactOptional(),
  /** For each exemption and each line on repositories: the repositories it meant when its entry, word for word, was first read, and all that were known then. */
  repositories: z
    .array(z.object({ entry: z.string(), meant: z.array(z.int()), known: z.array(z.int()) }))
    .exactOptional(),
  /** For each entry that names who approved it. */
  brought: z.array(EntryProvenanceSchema),
});

/** Holds what was found out about a policy when it was first read. It is recorded with it and judged by ever after. */
export type PolicyNames = Infer<typeof PolicyNamesSchema>;

/** Whether a login of the policy means this account. A login that meant another account, or an account that left its login, is unknown. */
function isNamed(names: PolicyNames | undefined, login: string, actor: Actor): Certainty {
  const name = login.toLowerCase();
  const isCalled = actor.login.toLowerCase() === name;
  const known = names?.accounts.find((each) => each.name === name);
  if (known === undefined) return isCalled ? "yes" : "no";
  const isSame = known.account?.id === actor.id;
  if (isSame === isCalled) return isSame ? "yes" : "no";
  return "unknown";
}

/** Returns the id of the account that a control's owner meant when the policy first named them. Undefined: not noted. */
export function ownerMeant(names: PolicyNames | undefined, login: string): number | null | undefined {
  return names?.owners?.find(({ name }) => name === login.toLowerCase())?.id;
}

/** Lists the logins of the policy that may or may not mean this account. */
export function doubtedFor(names: PolicyNames | undefined, actor: Actor): readonly string[] {
  const all = names?.accounts ?? [];
  return all.map(({ name }) => name).filter((name) => isNamed(names, name, actor) === "unknown");
}

/** Returns the login by which a maker of standard changes is looked up; null where an id names it. */
export function loginOf(maker: PreApprovedMaker): string | null {
  if ("id" in maker) return null;
  return "app" in maker ? `${maker.app.toLowerCase()}[bot]` : maker.user.toLowerCase();
}

/** Returns whether an account is one of those that make a kind of standard change. */
export function isMakerOf(
  names: PolicyNames | undefined,
  makers: readonly PreApprovedMaker[],
  actor: Actor,
): Certainty {
  const each = makers.map((maker): Certainty => {
    if ("id" in maker) return maker.id === actor.id ? "yes" : "no";
    // An app's slug is no login of a person's.
    if ("app" in maker && actor.type !== "Bot") return "no";
    return isNamed(names, loginOf(maker) ?? "", actor);
  });
  if (each.includes("yes")) return "yes";
  return each.includes("unknown") ? "unknown" : "no";
}
