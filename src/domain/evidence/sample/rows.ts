/** The tables that pages are made of: row by row, by column name, whichever version wrote them. */

import { linesOf } from "../../texts/lines.ts";
import { parsed } from "../seal.ts";
import { CsvRows } from "../tables/read-csv.ts";
import { LOG_FILES } from "../verify/package-log.ts";

/**
 * Describes a row. `number`: as a spreadsheet shows it, where the header is row 1, and null where the row is in no file;
 * `cell`: empty for a column that the table lacks; `columns`: of the table, in order.
 */
export interface NumberedRow {
  readonly number: number | null;
  readonly columns: readonly string[];
  readonly cell: (column: string) => string;
}

/** Describes an entry as it was recorded. `file`: where a package has it; null: it comes from the log itself. */
export interface SourceEntry {
  readonly file: string | null;
  readonly line: unknown;
}

/** Describes what pages are made of: the tables of a package, or what they would hold by the log itself. */
export interface SampleSource {
  /** The rows of a table by its path in a package; none, where there is no such table. */
  readonly rows: (path: string) => AsyncIterable<NumberedRow>;
  /** The entries of the log. */
  readonly entries: () => AsyncIterable<SourceEntry>;
  /** The same lines by code unit, each once; on disk where they are many. A line holds no line feed. */
  readonly sorted: (lines: AsyncIterable<string>) => AsyncIterable<string>;
}

/** Describes the files of a package. A file that it lacks has no text. */
interface PackageTexts {
  /** The text of a file in pieces. */
  readonly text: (path: string) => AsyncIterable<string>;
  readonly sorted: SampleSource["sorted"];
}

/** Returns what pages are made of where they are about a package. */
export function packageSource({ text, sorted }: PackageTexts): SampleSource {
  return {
    rows: (path) => rowsIn({ text }, path),
    async *entries() {
      for (const file of LOG_FILES)
        for await (const line of linesOf(text(file))) yield { file, line: parsed(line) };
    },
    sorted,
  };
}

/** Yields the rows of a table. Holds one. */
export async function* rowsIn(source: Pick<PackageTexts, "text">, path: string): AsyncIterable<NumberedRow> {
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
