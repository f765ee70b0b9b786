/** The tables of a package as a sample reads them: row by row, by column name, whichever version wrote them. */

import { CsvRows } from "../tables/read-csv.ts";

/**
 * Describes a row. `number`: as a spreadsheet shows it, where the header is row 1; `cell`: empty for a column that the table
 * lacks; `columns`: of the table, in order.
 */
export interface NumberedRow {
  readonly number: number;
  readonly columns: readonly string[];
  readonly cell: (column: string) => string;
}

/** Describes what a sample is drawn from. A file that the package lacks has no text. */
export interface SampleSource {
  /** The text of a file in pieces. */
  readonly text: (path: string) => AsyncIterable<string>;
  /** The same lines by code unit, each once; on disk. A line holds no line feed. */
  readonly sorted: (lines: AsyncIterable<string>) => AsyncIterable<string>;
}

/** Yields the rows of a table. Holds one. */
export async function* rowsIn(source: Pick<SampleSource, "text">, path: string): AsyncIterable<NumberedRow> {
  const csv = new CsvRows();
  let columns: readonly string[] | null = null;
  let places = new Map<string, number>();
  let number = 0;
  const rowOf = (cells: readonly string[]): NumberedRow => ({
    number,
    columns: columns ?? [],
    cell: (column) => withoutApostrophe(cells[places.get(column) ?? -1] ?? ""),
  });
  for await (const piece of source.text(path))
    for (const cells of csv.push(piece)) {
      number += 1;
      if (columns === null) {
        columns = cells;
        places = new Map(cells.map((name, index) => [name, index]));
      } else yield rowOf(cells);
    }
}

/** Removes the apostrophe that keeps a spreadsheet from reading a cell as a formula. */
function withoutApostrophe(cell: string): string {
  return /^'[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]/u.test(cell) ? cell.slice(1) : cell;
}

/** Returns the text values of a cell of type list. */
export function listIn(cell: string): readonly string[] {
  return cell
    .split(" ")
    .filter((value) => value !== "")
    .map((value) => value.replaceAll("%20", " ").replaceAll("%25", "%"));
}

/** Returns the values of a cell whose values have several parts. */
export function groupsIn(cell: string): readonly (readonly string[])[] {
  return cell === "" ? [] : cell.split(" | ").map((group) => group.split(";").map(partIn));
}

function partIn(part: string): string {
  return part.replaceAll("%7C", "|").replaceAll("%3B", ";").replaceAll("%25", "%");
}
