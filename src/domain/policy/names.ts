/** Whom the names of a policy meant when it was first read. Logins may be given up and taken by others; ids may not. */

import type { Actor, Instant } from "../change.ts";
import type { Certainty } from "../contribution.ts";
import type { Maker } from "./leave.ts";

/** How an entry came into the policy. Only `approved` gives leave. */
export interface Brought {
  /** What names the entry. */
  readonly entry: string;
  readonly state: "approved" | "refused" | "unknown";
  /** One sentence: who approved what, or why it gives no leave. */
  readonly because: string;
  readonly url: string | null;
  readonly approver: Actor | null;
  readonly at: Instant | null;
}

/** A team (`organisation/team`) or login, lower case, that GitHub knew nobody by; `near`: the known one that may be meant. */
export interface UnknownName {
  readonly kind: "team" | "user";
  readonly name: string;
  readonly near: string | null;
}

/** What was found out about a policy when it was first read; it is recorded with it and judged by ever after. */
export interface PolicyNames {
  /** For each login, lower case (an app's bot is `slug[bot]`): its account then, or null where nobody was called so. */
  readonly accounts: readonly { readonly name: string; readonly account: Actor | null }[];
  /** For each team (`organisation/team`, lower case): its id then, or null where there was none. */
  readonly teams?: readonly { readonly name: string; readonly id: number | null }[];
  /** For each organisation, lower case: its id then, or null where there was none. */
  readonly organizations?: readonly { readonly name: string; readonly id: number | null }[];
  /** Names that meant nobody: such a policy lets nothing pass. Absent: none. */
  readonly unknown?: readonly UnknownName[];
  /** For each entry that names who approved it. */
  readonly brought: readonly Brought[];
}

/** Whether a login of the policy means this account. A login that meant another account, or an account that left its login, is unknown. */
export function isNamed(names: PolicyNames | undefined, login: string, actor: Actor): Certainty {
  const name = login.toLowerCase();
  const isCalled = actor.login.toLowerCase() === name;
  const known = names?.accounts.find((each) => each.name === name);
  if (known === undefined) return isCalled ? "yes" : "no";
  const isSame = known.account?.id === actor.id;
  if (isSame === isCalled) return isSame ? "yes" : "no";
  return "unknown";
}

/** Every login of the policy of which it cannot be told whether it means this account. */
export function doubtedFor(names: PolicyNames | undefined, actor: Actor): readonly string[] {
  const all = names?.accounts ?? [];
  return all.map(({ name }) => name).filter((name) => isNamed(names, name, actor) === "unknown");
}

/** The login by which a maker of standard changes is looked up; null where an id says it. */
export function loginOf(maker: Maker): string | null {
  if ("id" in maker) return null;
  return "app" in maker ? `${maker.app.toLowerCase()}[bot]` : maker.user.toLowerCase();
}

/** Whether an account is one of those that make a kind of standard change. */
export function isMakerOf(names: PolicyNames | undefined, makers: readonly Maker[], actor: Actor): Certainty {
  const each = makers.map((maker): Certainty => {
    if ("id" in maker) return maker.id === actor.id ? "yes" : "no";
    // An app's slug is no login of a person's.
    if ("app" in maker && actor.type !== "Bot") return "no";
    return isNamed(names, loginOf(maker) ?? "", actor);
  });
  if (each.includes("yes")) return "yes";
  return each.includes("unknown") ? "unknown" : "no";
}
