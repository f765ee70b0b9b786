/** The end of the demo: the quarter is closed, something comes to light, and an addendum names what differs. */

import type { Period } from "../../domain/evidence/tables/population.ts";
import { DAY } from "../../domain/time/durations.ts";
import { addToPeriod, closePeriod, type HandOver } from "../../flows/monitoring/close-period.ts";
import type { Exported } from "../../flows/monitoring/export-evidence.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { giveCommand } from "../deviation/deviation.ts";
import { packageParts, type PackageRequest } from "../evidence/write-package.ts";

/** Describes the quarter to close, and where its packages go. */
export interface Quarter {
  readonly ledger: Ledger;
  readonly dataDir: string;
  readonly period: Period;
  readonly request: Omit<PackageRequest, "generatedAt" | "out" | "period">;
  readonly print: (line: string) => void;
}

/** Who closes it. */
const BY = "carol";

/** Closes the quarter, with a reason where it is not proven complete. Throws where it is refused. */
export async function closeQuarter(
  { ledger, period, request, print }: Quarter,
  out: string,
): Promise<Exported> {
  const handOver = async (): Promise<HandOver> => {
    const parts = await packageParts(ledger, { ...request, out, generatedAt: period.to });
    return { ...parts, ledger, by: BY };
  };
  let closed = await closePeriod({ ...(await handOver()), period, reason: null });
  if (closed.refused !== null) {
    for (const line of closed.refused) print(`  ${line}`);
    closed = await closePeriod({ ...(await handOver()), period, reason: "the demo ends here" });
  }
  if (closed.refused !== null) throw new Error(closed.refused.join(" "));
  return closed.exported;
}

/** Records the cause of an open deviation a day later, and makes an addendum. Null: no deviation is open. */
export async function addLater(quarter: Quarter, out: string): Promise<Exported | null> {
  const { ledger, dataDir, period, request } = quarter;
  const at = period.to + DAY;
  for await (const { body } of ledger.states("deviation", { everyOrganization: true })) {
    if (body.status !== "open") continue;
    const line = "cause process: found when the quarter was over";
    const given = await giveCommand(
      { dataDir },
      { deviation: body.id, line, as: BY, asAuditor: false },
      () => at,
    );
    if (given.code !== 0) continue;
    const parts = await packageParts(ledger, { ...request, out, generatedAt: at });
    const reason = `the cause of ${body.id} was found`;
    const added = await addToPeriod({ ...parts, ledger, by: BY, name: period.name, reason });
    return added.refused === null ? added.exported : null;
  }
  return null;
}
