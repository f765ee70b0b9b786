/** When the base of a pull request was really changed: a branch that is renamed under it is the same branch. */

import type { RepositoryClient } from "../api/repository-client.ts";
import { readRefUpdates } from "../listings/branch-updates.ts";
import { MINUTE } from "../../domain/time/durations.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Names another branch as the base, and the one before; a name is null where GitHub does not show it. */
export interface BaseChange {
  readonly from: string | null;
  readonly to: string | null;
  readonly at: Instant;
}

/** A renamed branch ends and begins within this (ms). */
const AT_ONCE = MINUTE;

/** Returns the newest change of the base that was no renaming; null: there was none. Throws {@link ExternalError}. */
export async function lastBaseChange(
  client: RepositoryClient,
  changes: readonly BaseChange[],
): Promise<Instant | null> {
  for (const change of changes.toSorted((a, b) => b.at - a.at))
    if (!(await isRenaming(client, change))) return change.at;
  return null;
}

/** Returns whether the old branch ended where the new one began, in the same minute, by GitHub's own list of updates. */
async function isRenaming(client: RepositoryClient, { from, to, at }: BaseChange): Promise<boolean> {
  if (from === null || to === null || from === to) return false;
  const near = async (branch: string): Promise<Awaited<ReturnType<typeof readRefUpdates>>["updates"]> => {
    const until = { since: null, from: at - AT_ONCE };
    const { updates } = await readRefUpdates(client, `refs/heads/${branch}`, until);
    return updates.filter((update) => Math.abs(update.at - at) <= AT_ONCE);
  };
  const ended = (await near(from)).filter(({ kind }) => kind === "branch-deleted");
  if (ended.length === 0) return false;
  const begun = (await near(to)).filter(({ kind }) => kind === "branch-created");
  return begun.some(({ after }) => ended.some(({ before }) => before === after));
}
