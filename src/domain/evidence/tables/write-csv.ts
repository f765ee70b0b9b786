/** Rows to CSV as auditors' tools read it: RFC 4180, CRLF, header first, cells safe against spreadsheet formulas. */

/** So many characters are given at once. */
const PIECE = 64 * 1_024;

/** Yields the text of a CSV file, header first, in pieces. */
export async function* csvText(
  columns: readonly string[],
  rows: AsyncIterable<readonly string[]>,
): AsyncIterable<string> {
  let piece = lineOf(columns);
  for await (const cells of rows) {
    piece += lineOf(cells);
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield piece;
}

function lineOf(cells: readonly string[]): string {
  return `${cells.map((cell) => quoted(escaped(cell))).join(",")}\r\n`;
}

/** A spreadsheet would take such a cell for a formula. */
const FORMULA = /^[=+\-@\t\r＝＋－＠]/u;

/** Returns a cell as a file holds it: what a spreadsheet would take for a formula is behind an apostrophe. */
export function escaped(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

function quoted(cell: string): string {
  return /[",\r\n]/u.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
