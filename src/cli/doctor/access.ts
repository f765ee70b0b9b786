/** Names of the policy's `access` that GitHub does not know, so that nobody leads or audits by them. */

import type { Instant } from "../../domain/time/instant.ts";
import { namedForAccess } from "../../domain/policy/access-now.ts";
import type { Policy } from "../../domain/policy/file/policy.ts";
import { nearestWord } from "../../domain/texts/nearest-word.ts";
import { Lookups } from "../../github/api/lookups.ts";
import type { Octokits } from "../../github/api/octokit.ts";
import type { GitHub } from "../../github/api/requests.ts";
import { readAccount, readTeamId, readTeamNames } from "../../github/people/accounts.ts";
import { problemWith, resultOf, type DoctorResult } from "./result.ts";

/** Describes the `access` of one organisation. */
export interface AccessOfOrganization {
  readonly organization: string;
  readonly installationId: number;
  readonly policy: Pick<Policy, "access">;
}

/** Asks GitHub for each team and login. Throws {@link ExternalError} where GitHub does not answer. */
export async function checkAccess(
  octokits: Octokits,
  all: readonly AccessOfOrganization[],
  now: () => Instant,
): Promise<readonly DoctorResult[]> {
  const lookups = new Lookups({ now });
  const results: DoctorResult[] = [];
  for (const { organization, installationId, policy } of all) {
    const what = `access in ${organization}`;
    const github = await octokits.installation(installationId);
    const { teams, logins } = namedForAccess(policy);
    const wrong: string[] = [];
    for (const team of teams) wrong.push(...(await teamProblem(github, team, lookups)));
    for (const login of logins)
      if ((await readAccount(github, login, lookups)) === null)
        wrong.push(`access.auditors names ${login}, and GitHub has no such account`);
    results.push(...wrong.map((each) => ({ ...problemWith(what, each), canWait: true as const })));
    if (wrong.length === 0) results.push(resultOf(what, "GitHub has every team and login that it names"));
  }
  return results;
}

async function teamProblem(github: GitHub, team: string, lookups: Lookups): Promise<readonly string[]> {
  if ((await readTeamId(github, team, lookups)) !== null) return [];
  const [owner = ""] = team.split("/");
  const known = await readTeamNames(github, owner, lookups);
  if (known === null || known.includes(team))
    return [
      `access.leads names ${team}, and GitHub does not show the App the teams of ${owner}: whether there is one is not known`,
    ];
  const near = nearestWord(team, known);
  const meant = near === null ? "" : `. Is ${near} meant?`;
  return [`access.leads names ${team}, and GitHub has no such team${meant}`];
}
