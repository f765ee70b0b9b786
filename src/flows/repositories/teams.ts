/** Which teams give their members rights in a repository, as far as it was read or told. */

import type { Repository } from "../../domain/change/repository.ts";
import { settingSubject } from "../../domain/decisions/protection-reading.ts";
import { TEAMS, teamsIn } from "../../domain/protection/people.ts";
import type { Observation } from "../../domain/change/observation.ts";
import type { TeamsWithAccess } from "../../github/freshness/freshness.ts";
import type { Tools } from "../context/tools.ts";

/** Returns the teams with rights in a repository; null: nobody knows. Asked only where somebody left a team, or a team was deleted. */
export async function teamsWithAccess(
  { ledger }: Pick<Tools, "ledger">,
  { id }: Repository,
  ofOwner: readonly Observation[],
): Promise<TeamsWithAccess> {
  const told = ofOwner.filter((each) => each.kind === "right-lost");
  if (told.every(({ isBack, team }) => isBack || team === undefined)) return [];
  const read = await ledger.state("control-state", settingSubject(id, TEAMS));
  const teams = teamsIn(read?.body.value);
  if (teams === null) return null;
  // What was read may be older than what was told since.
  const given = told.flatMap(({ of, through }) =>
    of === String(id) && through !== undefined ? [through] : [],
  );
  return [...teams, ...given.map((name) => ({ id: null, slug: name.split("/")[1] ?? "" }))];
}
