/** The section of START-HERE.html about which package was handed over. */

import { html } from "hono/html";

import { closingWords } from "../../domain/evidence/closing.ts";
import type { StartHere } from "../../domain/evidence/start-here.ts";
import type { ShownDifference } from "../../domain/evidence/summary.ts";
import { truncate } from "../../domain/values/text.ts";
import { tableOf, type Html } from "../pages/html-table.ts";

/** Shows which package was handed over, and the first rows that differ from it. */
export function closing({ closing: document, differences, summary }: StartHere): Html {
  const { total, by_table: tables } = summary.since_close;
  const counts = Object.entries(tables).map(
    ([name, changes]) =>
      `${name} ${Object.entries(changes)
        .map(([change, count]) => `${count} ${change}`)
        .join(", ")}`,
  );
  return html`<div class="note">${closingWords(document).map((sentence) => html`<p>${sentence}</p>`)}</div>
    ${total === 0 ? "" : differencesTable(differences, counts.join("; "), total)}`;
}

function differencesTable(differences: readonly ShownDifference[], counts: string, total: number): Html {
  const shown =
    differences.length < total
      ? `The first ${differences.length} of ${total} rows that differ.`
      : `${total === 1 ? "The row that differs" : `The ${total} rows that differ`}.`;
  return tableOf(
    differences,
    [
      { head: "Table", cell: ({ table }) => html`<a href="${table}">${table}</a>` },
      { head: "Row", cell: ({ row }) => html`<code>${shortened(row, 40)}</code>` },
      { head: "Change", cell: ({ change }) => change, whole: true },
      { head: "What differs", cell: (each) => lines(cellsThatDiffer(each)), wide: true },
      { head: "Why", cell: (each) => lines(reasonsFor(each)), wide: true },
    ],
    {
      caption: `${shown} since-close.csv has each row, the hashes of the log entries, and what was only recorded again. By table: ${counts}.`,
    },
  );
}

/** Columns that only name the entry a row was made from: the reasons name it too. */
const ORIGIN: readonly string[] = ["log_seq", "log_hash"];

function cellsThatDiffer({ columns, before, after }: ShownDifference): readonly string[] {
  const [old, now] = [before, after].map((json) => JSON.parse(json) as Readonly<Record<string, string>>);
  const shown = (cell = ""): string => (cell === "" ? "empty" : shortened(cell, 60));
  return columns
    .split(" ")
    .filter((name) => name !== "" && !ORIGIN.includes(name))
    .map((name) => `${name}: ${shown(old?.[name])} → ${shown(now?.[name])}`);
}

/** What each entry records, its number and when it was recorded. */
function reasonsFor({ why }: ShownDifference): readonly string[] {
  return why.split(" | ").map((group) => {
    const [seq = "", , at = "", what = ""] = group.split(";");
    return seq === "" ? what : `${what} (log entry ${seq}, ${at})`;
  });
}

function lines(texts: readonly string[]): Html {
  return html`${texts.map((text) => html`${text}<br />`)}`;
}

function shortened(text: string, most: number): string {
  return text.length > most ? `${truncate(text, most)}…` : text;
}
