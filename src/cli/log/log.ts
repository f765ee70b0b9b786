/** `countersign log ...`: the evidence log itself. */

import { openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";

/** Computes every link of the log again; names the first entry that does not fit. */
export async function verifyLog(where: StoreLocation): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const found = await ledger.verifyLog();
    if (!found.ok) {
      const line = `The evidence log does not fit at entry ${found.seq}: ${found.problem}`;
      return { code: 1, lines: [line], data: found };
    }
    const line = `The evidence log is whole: ${found.size} entries, the last with hash ${found.hash}`;
    return { code: 0, lines: [line], data: found };
  } finally {
    await ledger.close();
  }
}

/** How long the log is, and its last hash: what to write down elsewhere, to notice later that it was cut. */
export async function logHead(where: StoreLocation): Promise<Answer> {
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const head = await ledger.head();
    return { code: 0, lines: [`${head.size} ${head.hash}`], data: head };
  } finally {
    await ledger.close();
  }
}

/** Brings the database's tables up to date. */
export async function migrateLog(where: StoreLocation): Promise<Answer> {
  const ledger = await openLedger(where);
  try {
    const head = await ledger.head();
    const line = `The tables are up to date; the evidence log holds ${head.size} entries`;
    return { code: 0, lines: [line], data: { size: head.size } };
  } finally {
    await ledger.close();
  }
}
