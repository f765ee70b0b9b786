/** `countersign log show`: one subject's newest entry, or with --facts the facts it was assessed on. */

import { lineOf } from "../../domain/records/stored.ts";
import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";
import { entryNamed, snapshotOf } from "./facts.ts";

/** Prints the entry as the log holds it; with `appId`, its facts as `countersign assess --facts` reads them. */
export async function showEntry(
  where: StoreLocation,
  kind: string,
  subject: string,
  appId: number | null,
): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const entry = await entryNamed(ledger, kind, subject);
    const data = appId === null ? lineOf(entry) : await snapshotOf(ledger, entry, appId);
    return { code: 0, lines: [JSON.stringify(data, null, 2)], data };
  } finally {
    await ledger.close();
  }
}
