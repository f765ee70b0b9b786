/** `countersign log verify`, `head` and `migrate`. */

import { openExistingLedger, openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";

/** Recomputes every link of the log and names the first entry that does not match. */
export async function verifyLog(where: StoreLocation): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const found = await ledger.verifyLog();
    if (!found.ok) {
      const line = `The evidence log is broken at entry ${found.seq}: ${found.problem}`;
      return { code: 1, lines: [line], data: found };
    }
    const line = `The evidence log is intact: ${found.size} entries, the last with hash ${found.hash}`;
    return { code: 0, lines: [line], data: found };
  } finally {
    await ledger.close();
  }
}

/** Prints the log's length and last hash. Kept elsewhere, they reveal later that it was cut. */
export async function logHead(where: StoreLocation): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const head = await ledger.head();
    return { code: 0, lines: [`${head.size} ${head.hash}`], data: head };
  } finally {
    await ledger.close();
  }
}

/** Updates the database's tables. */
export async function migrateLog(where: StoreLocation): Promise<Answer> {
  const ledger = await openExistingLedger(where);
  try {
    const head = await ledger.head();
    const line = `The tables are up to date; the evidence log holds ${head.size} entries`;
    return { code: 0, lines: [line], data: { size: head.size } };
  } finally {
    await ledger.close();
  }
}
