/** The sections of START-HERE.html about the periods that a package rolls up. */

import { html } from "hono/html";

import { betweenPeriods } from "../domain/evidence/roll-up/between.ts";
import { testedOf, type ShownRow } from "../domain/evidence/roll-up/figures.ts";
import { addendaIn } from "../domain/evidence/roll-up/words.ts";
import type { StartHere } from "../domain/evidence/start-here.ts";
import { trendChart } from "./chart.ts";
import { share } from "./pages/figures.ts";
import { tableOf, type Html, type HtmlColumn } from "./pages/html-table.ts";

/** Shows each period: which package of it was handed over, and its figures. */
export function periodsSection({ rolledUp }: StartHere): Html {
  return html`${tableOf(rolledUp.periods, HANDED_OVER, {
    caption:
      "Which package of each period was handed over. periods.csv also has the head of the log then, and every digest in full.",
  })}
  ${tableOf(rolledUp.periods, FIGURES, {
    caption:
      "A period's figures are those of its own package. Compliant: of those that are not historic. Deviations: those that happened in the period.",
  })}`;
}

const cell = (row: ShownRow, name: string): string => row[name] ?? "";

const PERIOD: HtmlColumn<ShownRow> = { head: "Period", cell: (row) => cell(row, "period"), whole: true };

const HANDED_OVER: readonly HtmlColumn<ShownRow>[] = [
  PERIOD,
  { head: "From", cell: (row) => cell(row, "from").slice(0, 16), whole: true },
  { head: "Up to", cell: (row) => cell(row, "to").slice(0, 16), whole: true },
  {
    head: "Closed",
    cell: (row) =>
      row["closed_at"] === ""
        ? row["ended"] === "yes"
          ? "not closed"
          : "not over"
        : `${cell(row, "closed_at").slice(0, 10)} by ${cell(row, "closed_by")}`,
  },
  { head: "SHA-256 of its seal", cell: (row) => beginning(cell(row, "closing_sha256")) },
  { head: "Rows that differ since", cell: (row) => cell(row, "rows_since_closing"), number: true },
  {
    head: "Addenda",
    cell: (row) => html`${addendaIn(row).map((each) => html`${addendumText(each)}<br />`)}`,
  },
  { head: "Rows in none", cell: (row) => cell(row, "rows_in_no_addendum"), number: true },
  {
    head: "Branches proven",
    cell: (row) => `${cell(row, "branches_proven")} of ${cell(row, "branches")}`,
    number: true,
  },
];

function beginning(digest: string): Html | string {
  return digest === "" ? "" : html`<code>${digest.slice(0, 12)}</code>`;
}

function addendumText(addendum: string): Html {
  const [number = "", at = "", seal = ""] = addendum.split(";");
  return html`${number} of ${at.slice(0, 10)}: ${beginning(seal)}`;
}

function compliant(noun: string): (row: ShownRow) => string {
  return (row) =>
    share(
      Number(cell(row, `${noun}_compliant`)),
      Number(cell(row, noun)) - Number(cell(row, `${noun}_historic`)),
    );
}

const FIGURES: readonly HtmlColumn<ShownRow>[] = [
  PERIOD,
  ...["changes", "deployments"].flatMap((noun): readonly HtmlColumn<ShownRow>[] => [
    { head: noun === "changes" ? "Changes" : "Deployments", cell: (row) => cell(row, noun), number: true },
    { head: "Compliant", cell: compliant(noun), number: true },
    { head: "Non-compliant", cell: (row) => cell(row, `${noun}_non_compliant`), number: true },
  ]),
  ...(
    [
      ["Deviations", "deviations"],
      ["Open at its end", "deviations_open_at_end"],
      ["Open now", "deviations_open_now"],
      ["Emergencies", "emergencies"],
      ["Gaps", "gaps"],
    ] as const
  ).map(([head, name]): HtmlColumn<ShownRow> => ({ head, cell: (row) => cell(row, name), number: true })),
];

/** Shows how each control did over time, and what changed between the periods. */
export function trendSection({ rolledUp, companyIds }: StartHere): Html {
  const { periods, trend } = rolledUp;
  const controls = [...Map.groupBy(trend, (row) => cell(row, "control"))].map(([control, rows]) => {
    return { control, rows: new Map(rows.map((row) => [cell(row, "from"), row])) };
  });
  const tested = controls.filter(({ rows }) => [...rows.values()].some((row) => row["tested"] !== "0"));
  return html`${trendChart(
      periods.map((row) => ({ name: cell(row, "period"), from: cell(row, "from") })),
      tested,
    )}
    ${tableOf(
      controls,
      [
        {
          head: "Control",
          cell: ({ control }) =>
            `${control}${companyIds[control] === undefined ? "" : ` (${companyIds[control]})`}`,
        },
        ...periods.map((period) => ({
          head: cell(period, "period"),
          cell: ({ rows }: (typeof controls)[number]) => passedText(rows.get(cell(period, "from"))),
          number: true,
        })),
      ],
      {
        caption:
          "Passed, of the changes and deployments that the control applies to. control-trend.csv also has each outcome, deviations by type, and the months signed off.",
      },
    )}
    <h3>What changed between them</h3>
    ${betweenPeriods(rolledUp).map(
      ({ from, to, says }) =>
        html`<p>
          From ${from} to ${to}:
          ${says.length === 0 ? "policies, controls, repositories in scope and keys are the same." : says.join(" ")}
        </p>`,
    )}`;
}

function passedText(row: ShownRow | undefined): string {
  if (row === undefined) return "";
  const figure = (name: string): number => Number(row[name]);
  if (testedOf(figure) === 0) return row["required"] === "no" ? "not required" : "applied to none";
  return share(figure("passed"), testedOf(figure));
}
