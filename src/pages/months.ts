/** The months of a period as a table: the numbers of the chart. */

import type { Month } from "../domain/evidence/start-here.ts";
import { tableOf, type Html } from "./html-table.ts";

/** Returns the table. `verdicts`: those that any month has. */
export function monthsTable(all: readonly Month[], verdicts: readonly string[]): Html {
  return tableOf(
    all,
    [
      { head: "Month", cell: ({ month }) => month, whole: true },
      { head: "Days observed", cell: ({ days, daysSeen }) => `${daysSeen} of ${days}`, number: true },
      { head: "Changes", cell: ({ changes }) => changes, number: true },
      ...verdicts.map((verdict) => ({
        head: verdict,
        cell: (month: Month) => month.by_verdict[verdict] ?? 0,
        number: true,
      })),
      { head: "Deployments", cell: ({ deployments }) => deployments, number: true },
    ],
    {
      caption:
        "Days observed: days on which the App was there, or of which everything was read afterwards. That nothing is counted for other days does not say that nothing happened.",
    },
  );
}
