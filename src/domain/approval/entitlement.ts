/**
 * Compares someone's rights with the people a policy names. Logins name; people are compared by the ids their rights
 * were read for.
 */

import { type PullRequest } from "../change/pull-request.ts";
import type { Certainty } from "../values/certainty.ts";
import type { Who } from "../policy/file/selectors.ts";
import type { Owners, Source } from "../policy/file/requirement.ts";
import { PERMISSIONS, type Actor, type Authority, type Permission } from "../change/people.ts";

/** Describes what someone may do. `atLeast`: what is certain of a permission that is not known. */
export type Rights = Omit<Authority, "asked"> & { readonly atLeast?: Permission };

/** Returns what was read of someone's rights, or null where nobody read them. */
export function authorityOf(pull: PullRequest, actor: Actor): Authority | null {
  const login = actor.login.toLowerCase();
  // Accounts of one person share an id where approvals are judged, and each has its own rights.
  return (
    pull.authorities.find((authority) => authority.actor.login.toLowerCase() === login) ??
    pull.authorities.find((authority) => authority.actor.id === actor.id) ??
    null
  );
}

/** Returns whether someone's authority meets any of the ways `from` names. */
export function entitlementOf({ owners, ...from }: Source, authority: Rights | null): Certainty {
  if (authority === null) return "unknown";
  const own = named(from, authority);
  if (owners === undefined || own === "yes") return own;
  const asOwner = ownerNamed(owners, authority);
  return own === "unknown" && asOwner === "no" ? "unknown" : asOwner;
}

/** An owner without write access is no owner to GitHub either. */
function ownerNamed({ users, teams, emails }: Owners, authority: Rights): Certainty {
  const asNamed = named({ users: [...users], teams: [...teams] }, authority);
  // GitHub does not show who has an address.
  const isOwner = asNamed === "no" && emails.length > 0 ? "unknown" : asNamed;
  if (isOwner === "no") return "no";
  const writes = holds(authority, "write");
  return writes === "yes" ? isOwner : writes;
}

/** Returns whether an account is one of those a condition names. */
export function isOneOf(who: Who, actor: Actor, authority: Rights | null): Certainty {
  const login = actor.login.toLowerCase();
  const doubted = authority?.doubted ?? [];
  const users = (who.users ?? []).map((user) => user.toLowerCase());
  if (users.some((user) => user === login && !doubted.includes(user))) return "yes";
  if (users.some((user) => doubted.includes(user))) return "unknown";
  if (actor.type !== "User") {
    return who.apps?.some((app) => `${app.toLowerCase()}[bot]` === login) === true ? "yes" : "no";
  }
  const more = [who.teams, who.organizations, who.permission].some((each) => each !== undefined);
  if (!more) return "no";
  return authority === null ? "unknown" : named(who, authority);
}

function named(from: Omit<Source, "owners" | "codeowners">, authority: Rights): Certainty {
  const login = authority.actor.login.toLowerCase();
  const doubted = authority.doubted ?? [];
  const users = (from.users ?? []).map((user) => user.toLowerCase());
  if (users.some((user) => user === login && !doubted.includes(user))) return "yes";
  if (from.teams?.some((team) => authority.teams.includes(team.toLowerCase())) === true) return "yes";
  if (from.organizations?.some((each) => authority.organizations.includes(each.toLowerCase())) === true)
    return "yes";
  const permitted = from.permission === undefined ? "no" : holds(authority, from.permission);
  if (permitted !== "no") return permitted;
  if (users.some((user) => doubted.includes(user))) return "unknown";
  const groups = [...(from.teams ?? []), ...(from.organizations ?? [])].map((each) => each.toLowerCase());
  return groups.some((each) => authority.unread.includes(each)) ? "unknown" : "no";
}

function holds(authority: Rights, permission: (typeof PERMISSIONS)[number]): Certainty {
  const { permission: held, atLeast = "none" } = authority;
  const isEnough = (had: Permission): boolean => PERMISSIONS.indexOf(had) >= PERMISSIONS.indexOf(permission);
  if (held !== "unknown") return isEnough(held) ? "yes" : "no";
  return isEnough(atLeast) ? "yes" : "unknown";
}

/** Lists the ways a source entitles someone: teams, organisations, a permission, their name, or as code owner. */
export function entitledBy({ owners, ...from }: Source, rights: Rights): readonly string[] {
  const ways = {
    ...from,
    teams: [...(from.teams ?? []), ...(owners?.teams ?? [])],
    users: [...(from.users ?? []), ...(owners?.users ?? [])],
  };
  return [
    ...ways.teams.filter((team) => rights.teams.includes(team.toLowerCase())),
    ...ways.users
      .filter((user) => user.toLowerCase() === rights.actor.login.toLowerCase())
      .map(() => "by name"),
    ...(ways.organizations ?? []).filter((each) => rights.organizations.includes(each.toLowerCase())),
    ...(ways.permission !== undefined && holds(rights, ways.permission) === "yes"
      ? [`${ways.permission} permission`]
      : []),
  ];
}
