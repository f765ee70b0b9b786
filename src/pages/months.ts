/** The months of a period as a table: the numbers of the chart. */

import type { Month } from "../domain/evidence/start-here.ts";
import { tableOf, type Html } from "./html-table.ts";

/** Returns the table. `verdicts`: those that any month has; `observed`: whether it is known which days were. */
export function monthsTable(
  all: readonly Month[],
  verdicts: readonly string[],
  { observed = true }: { readonly observed?: boolean } = {},
): Html {
  return tableOf(
    all,
    [
      { head: "Month", cell: ({ month }) => month, whole: true },
      ...(observed
        ? [
            {
              head: "Days observed",
              cell: ({ days, daysSeen }: Month) => `${daysSeen} of ${days}`,
              number: true,
            },
          ]
        : []),
      { head: "Changes", cell: ({ changes }) => changes, number: true },
      ...verdicts.map((verdict) => ({
        head: verdict,
        cell: (month: Month) => month.by_verdict[verdict] ?? 0,
        number: true,
      })),
      { head: "Deployments", cell: ({ deployments }) => deployments, number: true },
    ],
    {
      caption: !observed
        ? ""
        : "Days observed: days on which the App was there, or of which everything was read afterwards. That nothing is counted for other days does not say that nothing happened.",
    },
  );
}
