/** Explains why no approver is left: who made the change, who has no access, who does not exist. */

import type { NobodyLeft } from "./requirement-state.ts";
import type { PullRequest } from "../change/pull-request.ts";
import type { Source } from "../policy/file/requirement.ts";
import { listed, NAMES_SHOWN, oneLine, some } from "../texts/wording.ts";
import type { Holders } from "../change/people.ts";

/** Returns one sentence for each person a source names who cannot approve, where others still can. */
export function unableToApproveNotes({ holders = [] }: Pick<PullRequest, "holders">): readonly string[] {
  return holders
    .filter(({ complete }) => !complete)
    .flatMap((each) => unableOf(each).map((said) => `${said}, though the policy requires an approval`));
}

function unableOf({ unable }: Holders): readonly string[] {
  const of = (because: Holders["unable"][number]["because"]): readonly string[] =>
    unable.filter((each) => each.because === because).map(({ name }) => oneLine(name));
  const noAccess = of("no-access");
  return [
    ...(noAccess.length === 0 ? [] : [`${names(noAccess)} ${has(noAccess)} no access here`]),
    ...of("no-account").map((name) => `no account is called ${name}`),
    ...of("no-team").map((name) => `there is no team ${name}`),
  ];
}

/** Returns who is missing and what would help. `made`: logins named by the source who made the change; `left`: those who could still approve it. */
export function whyNoApproverLeft(
  source: Source,
  holders: Holders,
  made: readonly string[],
  left: readonly string[],
): NobodyLeft {
  const noAccess = holders.unable.filter(({ because }) => because === "no-access").map(({ name }) => name);
  const who = [
    ...(made.length === 0 ? [] : [`${names(made)} made this change`]),
    ...unableOf(holders),
    ...(left.length === 0 ? [] : [`only ${names(left)} could`]),
  ];
  const unknown = holders.unable.filter(({ because }) => because === "no-team" || because === "no-account");
  return {
    because: who.length === 0 ? "nobody is named" : listed(who),
    remedy: remedy(source, noAccess, unknown.length > 0),
  };
}

function remedy(
  { owners, teams, organizations, permission }: Source,
  noAccess: readonly string[],
  isUnknown: boolean,
): string {
  if (noAccess.length > 0) return `Give ${names(noAccess)} access to the repository`;
  // Nobody joins a team that does not exist.
  if (isUnknown && owners === undefined) return "Name someone else in the policy";
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
