/** `countersign log show`: one subject's newest entry, or with --facts what was judged of it. */

import { lineOf } from "../domain/stored.ts";
import { openLedger } from "../ledger/open.ts";
import type { Where } from "../ledger/store.ts";
import type { Answer } from "./answer.ts";
import { entryNamed, snapshotOf } from "./log-facts.ts";

/** The entry as the log holds it; with `appId`, the facts as `countersign assess --facts` takes them. */
export async function showEntry(
  where: Where,
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
