/** Which account a name means today. */

import { z } from "zod";
import type { Actor } from "../../domain/change/people.ts";
import { ExternalError } from "../../domain/values/external-error.ts";
import { askAllPages, askIfExists, type GitHub } from "../api/requests.ts";
import { tags, type Lookups } from "../api/lookups.ts";

const Account = z.object({
  id: z.int(),
  login: z.string(),
  type: z.enum(["User", "Bot", "Organization", "Mannequin"]).catch("User"),
});

/** Reads the account a login means today; an app's bot is written `slug[bot]`. Null: there is no such account. Remembered for a while. */
export function readAccount(github: GitHub, login: string, lookups: Lookups): Promise<Actor | null> {
  return lookups.remember(`account:${login.toLowerCase()}`, [], async () => {
    const answer = await askIfExists(github, "GET /users/{username}", { username: login }, Account, [404]);
    return answer === null ? null : answer.data;
  });
}

/**
 * Reads the id of the team a name (`organisation/team`) means today. Null: there is none, or we may not read it. Remembered
 * for a while.
 */
export function readTeamId(github: GitHub, name: string, lookups: Lookups): Promise<number | null> {
  const [org = "", slug = ""] = name.split("/");
  return lookups.remember(`team-id:${name}`, [tags.team(name), tags.organization(org)], async () => {
    const route = "GET /orgs/{org}/teams/{team_slug}";
    const shape = z.object({ id: z.int() });
    const answer = await askIfExists(github, route, { org, team_slug: slug }, shape, [403, 404]);
    return answer?.data.id ?? null;
  });
}

const Slugs = z.array(z.object({ slug: z.string() }));

/**
 * Lists every team of an organisation as `organisation/team`, lower case; null: GitHub does not show them, or not all.
 * Remembered for a while.
 */
export function readTeamNames(
  github: GitHub,
  organization: string,
  lookups: Lookups,
): Promise<readonly string[] | null> {
  const org = organization.toLowerCase();
  return lookups.remember(`team-names:${org}`, [tags.organization(org)], async () => {
    try {
      const list = await askAllPages(github, "GET /orgs/{org}/teams", { org }, Slugs);
      return !list.isWhole ? null : list.entries.flat().map(({ slug }) => `${org}/${slug.toLowerCase()}`);
    } catch (error) {
      if (error instanceof ExternalError && error.code === "github-refused" && !error.retry) return null;
      throw error;
    }
  });
}
