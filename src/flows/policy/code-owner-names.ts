/** Whom the logins and teams of a CODEOWNERS file meant when it was first read: like a policy's names, they may change hands. */

import type { Repo } from "../context/repo.ts";
import type { PullRequest } from "../../domain/change/pull-request.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { PolicyNames } from "../../domain/policy/file/names.ts";
import type { Requirement } from "../../domain/policy/file/requirement.ts";
import type { OwnersRecord } from "../../domain/records/repository.ts";
import { namesNow } from "./in-force.ts";

/**
 * Returns whom the owners of a file meant, found out once for each version and recorded. An owner who is new there is added to
 * what is known. Undefined where no owner is asked. Throws {@link ExternalError}.
 */
export async function ownerNames(
  repo: Repo,
  { owners }: PullRequest,
  requirements: readonly Requirement[],
): Promise<PolicyNames | undefined> {
  const asked = requirements.flatMap(({ from }) => from.owners ?? []);
  if (owners?.state !== "found" || asked.length === 0) return undefined;
  const subject = `${repo.info.id}:${sha256(owners.text)}`;
  const known = (await repo.latest("code-owners", subject)) ?? { accounts: [], teams: [] };
  const lacking = (
    names: readonly string[],
    there: readonly { readonly name: string }[],
  ): readonly string[] =>
    [...new Set(names.map((name) => name.toLowerCase()))]
      .filter((name) => !there.some((each) => each.name === name))
      .toSorted();
  const logins = lacking(
    asked.flatMap(({ users }) => users),
    known.accounts,
  );
  const teams = lacking(
    asked.flatMap((each) => each.teams),
    known.teams,
  );
  if (logins.length + teams.length === 0) return { ...known, brought: [] };
  const found = await namesNow(repo, logins, teams);
  const body: OwnersRecord = {
    path: owners.path,
    accounts: [...known.accounts, ...found.accounts],
    teams: [...known.teams, ...found.teams],
  };
  await repo.commit({ entries: [{ kind: "code-owners", subject, at: repo.now(), body }] });
  return { ...body, brought: [] };
}
