/** Stories in which the write fails that comes after a certain one: whatever is left to that write is lost. */

import { expect } from "vitest";

import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { playScenario } from "../../src/cli/scenario/play.ts";
import type { LoggedEntry } from "../../src/domain/records/entry.ts";
import { ExternalError } from "../../src/domain/values/external-error.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { openHarness } from "./harness.ts";

/** Plays a story, and looks at the log it leaves. `failing`: after which writes, by what they record, the next one fails. */
export async function playFailing<T>(
  story: Scenario,
  failing: (written: readonly LoggedEntry[]) => boolean,
  look: (ledger: Pick<Ledger, "states">) => Promise<T>,
): Promise<{ readonly failed: number; readonly seen: T }> {
  let failed = 0;
  let isNext = false;
  const open = async (where: StoreLocation): Promise<Ledger> => {
    const ledger = await openLedger(where);
    const record = ledger.record.bind(ledger);
    ledger.record = async (decision, ...rest) => {
      if (isNext) {
        isNext = false;
        failed += 1;
        throw new ExternalError("database-unreachable", "The write failed, as planned.");
      }
      const written = await record(decision, ...rest);
      if (failing(written)) isNext = true;
      return written;
    };
    return ledger;
  };
  const harness = await openHarness(story, "sqlite", { openLedger: open });
  try {
    expect((await playScenario(story, harness)).failures).toEqual([]);
    const ledger = await harness.openLedger();
    try {
      return { failed, seen: await look(ledger) };
    } finally {
      await ledger.close();
    }
  } finally {
    await harness.close();
  }
}
