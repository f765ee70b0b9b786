/** What an organisation's observation came to, read from the ledger at one moment. GitHub is not asked. */

import type { Instant } from "../domain/change.ts";
import type { Bodies, EntryKind } from "../domain/entry.ts";
import { sightOf, type Sight } from "../domain/observed.ts";
import type { LedgerReader } from "../ledger/ledger.ts";

/** Reads what {@link sightOf} rests on; `isServing`: it is a serving App that asks, which is there whenever it last noted so. */
export async function readSight(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  at: Instant,
  isServing = false,
): Promise<Sight> {
  const bodies = async <K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> => {
    const found: Bodies[K][] = [];
    for await (const { body } of ledger.states(kind, { organizationId })) found.push(body);
    return found;
  };
  const presence = await ledger.presence();
  return sightOf({
    at,
    presence: isServing ? { ...presence, lastBeat: at } : presence,
    repositories: await bodies("repository"),
    gaps: await bodies("coverage-gap"),
    completeness: await bodies("completeness"),
  });
}
