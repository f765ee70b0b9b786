/** How a repository is protected, as the evidence log has it. */

import { isReading } from "../domain/protection/record.ts";
import type { Protection } from "../domain/protection/snapshot.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Returns how a repository was protected when that last changed; null: it was never read. */
export async function protectionOf(
  ledger: Pick<Ledger, "state">,
  repositoryId: number,
): Promise<Protection | null> {
  const known = await ledger.state("protection", String(repositoryId));
  return known === undefined || isReading(known.body) ? null : known.body;
}
