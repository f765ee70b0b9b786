/** Whom the names of the policy's `access` mean. */

import type { Repo } from "../context/repo.ts";
import type { Sha } from "../../domain/change/sha.ts";
import { namedForAccess } from "../../domain/policy/access-now.ts";
import type { PolicyNames } from "../../domain/policy/file/names.ts";
import type { PolicyRecord, PolicySource } from "../../domain/policy/record.ts";

type Meant = NonNullable<PolicyNames["access"]>;

/**
 * Returns whom `access` meant when a policy first named them. A name that meant nobody means whoever has it once the file is
 * changed, since that was approved anew. `before`: the organisation's policy recorded last; null: none was.
 */
export async function accessMeant(
  { github }: Repo,
  { effective, organization }: PolicyRecord,
  before: PolicyRecord | null,
): Promise<Meant> {
  const { logins, teams } = namedForAccess(effective);
  const isSameFile = blobOf(before?.organization) === blobOf(organization);
  const known = before?.effective.names?.access;
  const pinned = async (
    kind: keyof Meant,
    name: string,
    now: () => Promise<number | null>,
  ): Promise<Meant[keyof Meant][number]> => {
    const meant = known?.[kind].find((each) => each.name === name);
    const isKept = meant !== undefined && (meant.id !== null || isSameFile);
    return { name, id: isKept ? meant.id : await now() };
  };
  return {
    accounts: await eachOf(logins, (name) =>
      pinned("accounts", name, async () => (await github.account(name))?.id ?? null),
    ),
    teams: await eachOf(teams, (name) => pinned("teams", name, () => github.teamId(name))),
  };
}

async function eachOf<Found>(
  names: readonly string[],
  find: (name: string) => Promise<Found>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const name of names) found.push(await find(name));
  return found;
}

function blobOf(source: PolicySource | undefined): Sha | null {
  return source?.state === "found" ? source.blob : null;
}
