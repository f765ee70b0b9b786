/** The sections of START-HERE.html about the periods that a package rolls up. */

import { html } from "hono/html";

import { betweenPeriods } from "../../domain/evidence/roll-up/between.ts";
import { testedOf, type ShownRow } from "../../domain/evidence/roll-up/figures.ts";
import { addendaIn } from "../../domain/evidence/roll-up/words.ts";
import { spanText } from "../../domain/time/span.ts";
import type { StartHere } from "../../domain/evidence/start-here.ts";
import { trendChart } from "../../pages/chart.ts";
import { share } from "../../pages/figures.ts";
import { tableOf, type Html, type HtmlColumn } from "../../pages/html-table.ts";

/** Shows each period: which package of it was handed over, and its figures. */
export function periodsSection({ rolledUp: { periods } }: StartHere): Html {
  return html`${tableOf(periods, HANDED_OVER, {
    caption:
      "Which packages of each period were handed over, by the beginning of the SHA-256 of their manifest.dsse.json. periods.csv has each in full, and the head of the log then.",
  })}
  ${tableOf(
    FIGURES,
    [
      { head: "Figure", cell: ({ head }) => head },
      ...periods.map((row): HtmlColumn<Figure> => {
        return { head: cell(row, "period"), cell: ({ of }) => of(row), number: true };
      }),
    ],
    { caption: "Each period's figures are those of its own package, made from the same log." },
  )}`;
}

const cell = (row: ShownRow, name: string): string => row[name] ?? "";

const HANDED_OVER: readonly HtmlColumn<ShownRow>[] = [
  { head: "Period", cell: (row) => cell(row, "period"), whole: true },
  {
    head: "Days",
    cell: (row) => spanText({ from: Date.parse(cell(row, "from")), to: Date.parse(cell(row, "to")) }),
  },
  {
    head: "Closed",
    cell: (row) =>
      row["closed_at"] === ""
        ? row["ended"] === "yes"
          ? "not closed"
          : "not over"
        : html`${cell(row, "closed_at").slice(0, 10)} by ${cell(row, "closed_by")},
          ${beginning(cell(row, "closing_sha256"))}`,
  },
  {
    head: "Addenda",
    cell: (row) => html`${addendaIn(row).map((each) => html`${addendumText(each)}<br />`)}`,
  },
  { head: "Rows that differ since", cell: (row) => cell(row, "rows_since_closing"), number: true },
  { head: "In no addendum", cell: (row) => cell(row, "rows_in_no_addendum"), number: true },
];

function beginning(digest: string): Html {
  return html`<code>${digest.slice(0, 12)}</code>`;
}

function addendumText(addendum: string): Html {
  const [number = "", at = "", seal = ""] = addendum.split(";");
  return html`${number}: ${at.slice(0, 10)}, ${beginning(seal)}`;
}

/** One line of figures, a period's beside another's. */
interface Figure {
  readonly head: string;
  readonly of: (row: ShownRow) => string;
}

function ofPopulation(noun: string, head: string): readonly Figure[] {
  return [
    { head, of: (row) => cell(row, noun) },
    {
      head: `${head} that are compliant`,
      of: (row) =>
        share(
          Number(row[`${noun}_compliant`]),
          Number(row[noun]) - Number(row[`${noun}_historic`]),
          "there were none",
        ),
    },
    { head: `${head} that are non-compliant`, of: (row) => cell(row, `${noun}_non_compliant`) },
    { head: `${head} that could not be judged`, of: (row) => cell(row, `${noun}_unverifiable`) },
  ];
}

const FIGURES: readonly Figure[] = [
  ...ofPopulation("changes", "Changes"),
  ...ofPopulation("deployments", "Deployments"),
  { head: "Deviations that happened in it", of: (row) => cell(row, "deviations") },
  { head: "Deviations of it that were open at its end", of: (row) => cell(row, "deviations_open_at_end") },
  { head: "Deviations of it that are open now", of: (row) => cell(row, "deviations_open_now") },
  { head: "Emergencies that were opened in it", of: (row) => cell(row, "emergencies") },
  { head: "Monitoring gaps that touch it", of: (row) => cell(row, "gaps") },
  {
    head: "Production branches proven complete",
    of: (row) => `${cell(row, "branches_proven")} of ${cell(row, "branches")}`,
  },
];

/** Shows how each control did over time, and what changed between the periods. */
export function trendSection({ rolledUp, companyIds }: StartHere): Html {
  const { periods, trend } = rolledUp;
  const controls = [...new Set(trend.map((row) => cell(row, "control")))].map((control) => {
    const rows = trend.filter((row) => cell(row, "control") === control);
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
          "Passed, of the changes and deployments that the control applies to, but for historic ones. control-trend.csv also has each outcome, deviations by type, and the months signed off.",
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
