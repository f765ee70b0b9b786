/** What the policy's `access` gives one person at a moment. */

import { endOfDay } from "../time/calendar.ts";
import type { Instant } from "../time/instant.ts";
import type { Policy } from "./file/policy.ts";

/** Names someone by GitHub's id, or by an address that their provider has verified. */
export type AccessPerson = { readonly githubId: number } | { readonly email: string };

/** Holds whom the policy's `access` names today. People are compared by GitHub's id. */
export interface AccessNow {
  readonly leads: ReadonlySet<number>;
  readonly auditors: ReadonlySet<number>;
  readonly emails: readonly string[];
  /** When the auditors' access ends. */
  readonly auditorsUntil: Instant;
}

/** Returns whom a policy's `access` names; null: nobody. `membersOf`: the people in a team that has this id; empty: it has not, or cannot be read. */
export async function accessNow(
  { access, names, calendar }: Pick<Policy, "access" | "names" | "calendar">,
  membersOf: (team: string, id: number) => Promise<readonly number[]>,
): Promise<AccessNow | null> {
  const meant = names?.access;
  if (access === undefined || meant === undefined) return null;
  const leads: number[] = [];
  for (const team of lowered(access.leads)) {
    const id = idOf(meant.teams, team);
    if (id !== null) leads.push(...(await membersOf(team, id)));
  }
  const { auditors } = access;
  const ids = lowered(auditors?.users ?? []).flatMap((login) => idOf(meant.accounts, login) ?? []);
  return {
    leads: new Set(leads),
    auditors: new Set(ids),
    emails: auditors?.emails ?? [],
    auditorsUntil: auditors === null ? -Infinity : endOfDay(auditors.until, calendar.timezone),
  };
}

/** Returns what someone is beside what GitHub makes them; null: nothing more. */
export function roleFor(access: AccessNow, person: AccessPerson, at: Instant): "lead" | "auditor" | null {
  if ("githubId" in person && access.leads.has(person.githubId)) return "lead";
  if (at >= access.auditorsUntil) return null;
  const isNamed =
    "githubId" in person
      ? access.auditors.has(person.githubId)
      : access.emails.some((email) => inAscii(email) === inAscii(person.email));
  return isNamed ? "auditor" : null;
}

/** Lists the logins and teams that decide who sees what, lower case. */
export function namedForAccess({ access }: Pick<Policy, "access">): {
  readonly logins: readonly string[];
  readonly teams: readonly string[];
} {
  return { logins: lowered(access?.auditors?.users ?? []), teams: lowered(access?.leads ?? []) };
}

function idOf(
  meant: readonly { readonly name: string; readonly id: number | null }[],
  name: string,
): number | null {
  return meant.find((each) => each.name === name)?.id ?? null;
}

/** Only the letters A to Z have two cases here: Unicode has others that become them. */
function inAscii(email: string): string {
  return email.replaceAll(/[A-Z]/gu, (letter) => letter.toLowerCase());
}

function lowered(names: readonly string[]): readonly string[] {
  return [...new Set(names.map((name) => name.toLowerCase()))].toSorted();
}
