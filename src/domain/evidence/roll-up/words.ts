/** What a package of several periods says of them, in its manifest and in words. */

import { z } from "zod";

import { spanText } from "../../time/span.ts";
import { timeText } from "../tables/table.ts";
import { MOST_PERIODS, type RolledUp } from "./figures.ts";

const Count = z.int().min(0);

/** Holds what manifest.json says about the periods that a package rolls up. */
export const RollsUpSchema = z
  .strictObject({
    periods: z
      .array(
        z.strictObject({
          name: z.string(),
          from: z.string(),
          to: z.string(),
          ended: z.boolean(),
          closing_sha256: z
            .string()
            .nullable()
            .describe("SHA-256 of the manifest.dsse.json that closed it; null: it was never closed"),
          addenda: Count,
          rows_since_closing: Count.nullable(),
          rows_in_no_addendum: Count.nullable(),
        }),
      )
      .min(2)
      .max(MOST_PERIODS),
    uncovered: z
      .array(z.strictObject({ from: z.string(), to: z.string(), changes: Count, deployments: Count }))
      .describe("spans between two of them, and what happened in these; it is in no period's row"),
  })
  .describe("The periods that this package rolls up, by time; periods.csv has their figures.");

/** Describes what manifest.json says about the periods that a package rolls up. */
type RollsUpDocument = z.infer<typeof RollsUpSchema>;

/** Returns what manifest.json says about the periods that a package rolls up; null: it is of one. */
export function rollsUpDocument({ periods, uncovered }: RolledUp): RollsUpDocument | null {
  if (periods.length === 0) return null;
  const count = (cell = ""): number | null => (cell === "" ? null : Number(cell));
  return {
    periods: periods.map((row) => ({
      name: row["period"] ?? "",
      from: row["from"] ?? "",
      to: row["to"] ?? "",
      ended: row["ended"] === "yes",
      closing_sha256: row["closing_sha256"] || null,
      addenda: addendaIn(row).length,
      rows_since_closing: count(row["rows_since_closing"]),
      rows_in_no_addendum: count(row["rows_in_no_addendum"]),
    })),
    uncovered: uncovered.map(({ from, to, changes, deployments }) => ({
      from: timeText(from),
      to: timeText(to),
      changes,
      deployments,
    })),
  };
}

/** Returns the addenda of a row of periods.csv. */
export function addendaIn(row: Readonly<Record<string, string>>): readonly string[] {
  return (row["addenda"] ?? "").split(" | ").filter((each) => each !== "");
}

/** Returns the same in sentences: first what no period covers. */
export function rollUpWords({ periods, uncovered }: RollsUpDocument): readonly string[] {
  const named = (some: RollsUpDocument["periods"]): string => some.map(({ name }) => name).join(", ");
  const early = periods.filter(({ ended }) => !ended);
  const open = periods.filter(({ closing_sha256: closing }) => closing === null);
  return [
    ...uncovered.map(
      ({ from, to, changes, deployments }) =>
        `None of the periods covers ${spanText({ from: Date.parse(from), to: Date.parse(to) })}: ${some(changes, "change", "changes")} and ${some(deployments, "deployment", "deployments")} of that time are in the tables of this package, and in no period's figures.`,
    ),
    `This package rolls up ${periods.length} periods: ${named(periods)}. It is not one of the packages handed over for them.`,
    ...(early.length === 0
      ? []
      : [
          `Not over when this was generated: ${named(early)}. What happens until then is not in its figures.`,
        ]),
    ...(open.length === 0 ? [] : [`Not closed, so that no package of it was handed over: ${named(open)}.`]),
    ...periods.flatMap((period) => sinceClosing(period) ?? []),
  ];
}

function sinceClosing(period: RollsUpDocument["periods"][number]): string | null {
  const { name, addenda, rows_since_closing: since, rows_in_no_addendum: rest } = period;
  if (since === null) return null;
  const differ = (rows: number | null): string =>
    rows === 0 ? "no row differs" : some(rows ?? 0, "row differs", "rows differ");
  const first = `Of ${name}, ${differ(since)} from the package that closed it`;
  if (addenda === 0) return `${first}${since === 0 ? "" : ", and no addendum names them"}.`;
  return `${first}, and ${differ(rest)} from its addendum ${addenda}, the newest.`;
}

function some(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
