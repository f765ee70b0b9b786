/** The column for what GitHub no longer shows of what a row cites. */

import { pairLine, statesOf, type EvidenceSource } from "../tables/population.ts";
import { column, groupsText, timeText, type Column } from "../tables/table.ts";

/** Describes a row with what is gone of its sources: pairs of what and when (ms, as text). */
export interface GoneRow {
  readonly gone: readonly (readonly string[])[];
}

/** Returns the column, the same in every table that has it. */
export function sourceGoneColumn<Row extends GoneRow>(): Column<Row> {
  return column.list(
    ({ gone }) => groupsText(gone.map(([since = "0", what = ""]) => [what, timeText(Number(since))])),
    "What this row cites and GitHub no longer shows, and when that was first seen: what;time. What was kept of it stays. Looked at when a month or period is counted.",
  );
}

/** Yields pairs of subject (change or deployment) and what is gone of it, first seen first. */
export async function* goneSources(source: EvidenceSource): AsyncIterable<string> {
  for await (const { body } of statesOf(source, "source-gone"))
    for (const { what, since } of body.gone) yield pairLine(body.id, String(since).padStart(16, "0"), what);
}
