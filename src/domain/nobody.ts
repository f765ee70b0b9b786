/** Why nobody is left who could give an approval: who made the change, who has no access, who does not exist. */

import type { Holders } from "./change.ts";
import type { Source } from "./policy/requirement.ts";
import { listed, NAMES_SHOWN, oneLine, some } from "./wording.ts";

/** Says who is missing and what would help. `made`: logins named by the source who made the change; `left`: those who could still approve it. */
export function whyNobody(
  source: Source,
  { unable }: Holders,
  made: readonly string[],
  left: readonly string[],
): string {
  const of = (because: Holders["unable"][number]["because"]): readonly string[] =>
    unable.filter((each) => each.because === because).map(({ name }) => oneLine(name));
  const noAccess = of("no-access");
  const who = [
    made.length === 0 ? null : `${names(made)} made this change`,
    noAccess.length === 0 ? null : `${names(noAccess)} ${has(noAccess)} no access here`,
    ...of("no-account").map((name) => `no account is called ${name}`),
    ...of("no-team").map((name) => `there is no team ${name}`),
    left.length === 0 ? null : `only ${names(left)} could`,
  ].filter((each) => each !== null);
  const because = who.length === 0 ? "nobody is named" : listed(who);
  return `${because}. ${remedy(source, noAccess)}`;
}

function remedy({ owners, teams, organizations, permission }: Source, noAccess: readonly string[]): string {
  if (noAccess.length > 0) return `Give ${names(noAccess)} access to the repository`;
  if (owners !== undefined) return "Name another owner in CODEOWNERS, on the base branch";
  if (teams !== undefined) return `Add someone else to ${listed(teams.map(oneLine), "or")}`;
  if (organizations !== undefined) return `Add someone else to ${listed(organizations.map(oneLine), "or")}`;
  if (permission !== undefined) return `Give someone else ${permission} permission`;
  return "Name someone else in the policy";
}

function names(logins: readonly string[]): string {
  return logins.length <= NAMES_SHOWN ? listed(logins) : some(logins, NAMES_SHOWN);
}

function has(logins: readonly string[]): string {
  return logins.length === 1 ? "has" : "have";
}
