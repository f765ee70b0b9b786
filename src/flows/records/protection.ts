/** How a repository is protected, and when that was last read, as the evidence log has it. */

import { readingSubject } from "../../domain/decisions/protection-reading.ts";
import type { ReadingRecord } from "../../domain/protection/record.ts";
import type { Protection } from "../../domain/protection/snapshot.ts";
import type { Ledger } from "../../ledger/ledger.ts";

/** Returns how a repository was protected when that last changed; null: it was never read. */
export async function protectionOf(
  ledger: Pick<Ledger, "state">,
  repositoryId: number,
): Promise<Protection | null> {
  const body = (await ledger.state("protection", String(repositoryId)))?.body;
  return body?.kind === "snapshot" ? body.protection : null;
}

/** Returns the last reading of a repository's protection; null: it was never read. */
export async function lastReading(
  ledger: Pick<Ledger, "state">,
  repositoryId: number,
): Promise<ReadingRecord | null> {
  const body = (await ledger.state("protection", readingSubject(repositoryId)))?.body;
  return body?.kind === "reading" ? body : null;
}
