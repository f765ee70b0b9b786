/** What an organisation's observation came to, read from the ledger at one moment. GitHub is not asked. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Bodies, EntryKind } from "../../domain/records/entry.ts";
import { observedTimeOf, type ObservedTime } from "../../domain/monitoring/observed-time.ts";
import type { LedgerReader } from "../../ledger/ledger.ts";

/** Reads what {@link observedTimeOf} rests on. `isServing`: it is a serving App that asks, which is there whenever it last noted so. */
export async function readObservedTime(
  ledger: Pick<LedgerReader, "states" | "presence">,
  organizationId: number,
  at: Instant,
  isServing = false,
): Promise<ObservedTime> {
  const bodies = async <K extends EntryKind>(kind: K): Promise<readonly Bodies[K][]> => {
    const found: Bodies[K][] = [];
    for await (const { body } of ledger.states(kind, { organizationId })) found.push(body);
    return found;
  };
  const [presence, repositories, gaps, completeness] = await Promise.all([
    ledger.presence(),
    bodies("repository"),
    bodies("coverage-gap"),
    bodies("completeness"),
  ]);
  return observedTimeOf({
    at,
    presence: isServing ? { ...presence, lastBeat: at } : presence,
    repositories,
    gaps,
    completeness,
  });
}
