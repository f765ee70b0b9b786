/** Rights of people in a repository, as settings that are kept over time like the others. */

import type { Permission } from "../change/people.ts";
import type { Setting, SettingName, SettingValue } from "./settings.ts";
import { isUnobservable, type Unobservable } from "./snapshot.ts";

/** Holds who has rights beyond reading in a repository, and which teams give them. */
export interface SeenPeople {
  readonly people:
    | readonly { readonly id: number; readonly login: string; readonly role: TeamRole }[]
    | Unobservable;
  /** Null: not read this time. */
  readonly teams:
    | readonly { readonly id: number; readonly slug: string; readonly role: string }[]
    | Unobservable
    | null;
  /** Who owns the organisation; null: not read this time. */
  readonly owners: readonly { readonly id: number; readonly login: string }[] | Unobservable | null;
  /** The deploy keys that may push, each with the login of who added it; null: not read this time. */
  readonly keys: readonly { readonly id: number; readonly addedBy: string | null }[] | Unobservable | null;
}

/** What the settings of people are of. */
const WHOLE = { kind: "repository", id: "whole", name: "" } as const;

/** Names the setting with the teams that have rights. */
export const TEAMS = { place: WHOLE, setting: "teams" } as const;

/** What people may do: each includes those below. */
type TeamRole = "admin" | "maintain" | "write";

const SETTINGS: Readonly<Record<TeamRole, SettingName>> = {
  admin: "may-administer",
  maintain: "may-maintain",
  write: "may-write",
};

/** Lists the settings that are read of people, and not of how the repository is set. */
export const PEOPLE_SETTINGS: readonly SettingName[] = [
  ...Object.values(SETTINGS),
  "teams",
  "owners",
  "deploy-keys",
  "apps",
];

/** Returns whether a setting of people was read this time. */
export function isReadOf({ teams, owners, keys }: SeenPeople, setting: SettingName): boolean {
  if (setting === "teams") return teams !== null;
  if (setting === "deploy-keys") return keys !== null;
  return (setting !== "owners" && setting !== "apps") || owners !== null;
}

/** Why it is not known which other Apps have rights: their list needs more permissions than this App has. */
const APPS_HIDDEN =
  "GitHub lists the installed Apps only to callers who may read the administration of the organisation, and this App never asks for that";

/** A team as {@link peopleSettings} writes it. */
const TEAM = /^(?<slug>.+)#(?<id>\d+) \((?<role>[^()]*)\)$/u;

/** GitHub's older words for what a team may do. */
const ROLES: Readonly<Record<string, Permission>> = {
  pull: "read",
  triage: "triage",
  push: "write",
  maintain: "maintain",
  admin: "admin",
};

/** Reads back which teams have rights from the value of the setting `teams`; null: they are not known. */
export function teamsIn(
  value: SettingValue | null | undefined,
): readonly { readonly id: number; readonly slug: string; readonly role: Permission | undefined }[] | null {
  if (!Array.isArray(value)) return null;
  return value.flatMap((each: string) => {
    const { slug, id, role = "" } = TEAM.exec(each)?.groups ?? {};
    return slug === undefined ? [] : [{ id: Number(id), slug, role: ROLES[role] }];
  });
}

/** Returns who has which right, each under the highest they have: `login#id`. */
export function peopleSettings(seen: SeenPeople): readonly Setting[] {
  const place = WHOLE;
  const { people, teams } = seen;
  const roles = (["admin", "maintain", "write"] as const).map((role): Setting => {
    const setting = SETTINGS[role];
    if (isUnobservable(people)) return { place, setting, value: null, because: people.unobservable };
    const names = people.filter((one) => one.role === role).map(({ id, login }) => `${login}#${id}`);
    return { place, setting, value: names.toSorted(), because: null };
  });
  const listed = (
    setting: SettingName,
    names: readonly string[] | Unobservable | null,
  ): readonly Setting[] => {
    if (names === null) return [];
    return isUnobservable(names)
      ? [{ place, setting, value: null, because: names.unobservable }]
      : [{ place, setting, value: [...names].toSorted(), because: null }];
  };
  return [
    ...roles,
    ...listed(
      "teams",
      named(teams, ({ id, slug, role }) => `${slug}#${id} (${role})`),
    ),
    ...listed(
      "owners",
      named(seen.owners, ({ id, login }) => `${login}#${id}`),
    ),
    ...listed(
      "deploy-keys",
      named(seen.keys, ({ id, addedBy }) => `key:${id}${addedBy === null ? "" : ` (added by ${addedBy})`}`),
    ),
    ...listed("apps", seen.owners === null ? null : { unobservable: APPS_HIDDEN }),
  ];
}

function named<Each>(
  seen: readonly Each[] | Unobservable | null,
  name: (each: Each) => string,
): readonly string[] | Unobservable | null {
  return seen === null || isUnobservable(seen) ? seen : seen.map(name);
}
