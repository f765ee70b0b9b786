/** Reads the CSV files of an evidence package (RFC 4180) into rows by column. */

/** Describes a row of a CSV file, by column. */
export type CsvRow = Readonly<Record<string, string>>;

/** Returns the rows of a CSV text whose first line names the columns. */
export function readCsv(text: string): readonly CsvRow[] {
  const [header = [], ...rows] = cellsOf(text);
  return rows.map((cells) => Object.fromEntries(header.map((column, index) => [column, cells[index] ?? ""])));
}

function cellsOf(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  // A cell in quotes, in which a quote is written twice, or one without; then what ends it.
  for (const match of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gu)) {
    if (match[0] === "" && row.length === 0) break;
    row.push(match[1] === undefined ? (match[2] ?? "") : match[1].replaceAll('""', '"'));
    if (match[3] === ",") continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
