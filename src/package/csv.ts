/** Rows to CSV as auditors' tools read it: RFC 4180, CRLF, header first, cells safe against spreadsheet formulas. */

import { stringify } from "csv-stringify/sync";

const FORM = {
  record_delimiter: "windows",
  escape_formulas: true,
  // A cell with a line break of either kind is quoted; left to itself the writer quotes its own kind only.
  quoted_match: /[\r\n]/u,
} as const;

/** So many rows are written at once: the library's streams take longer for each cell than its writing does. */
const AT_ONCE = 64;

/** Yields the text of a CSV file, header first, in pieces; holds a few rows at a time. */
export async function* csvText(
  columns: readonly string[],
  rows: AsyncIterable<readonly string[]>,
): AsyncIterable<string> {
  let waiting: (readonly string[])[] = [columns];
  for await (const cells of rows) {
    waiting.push(cells);
    if (waiting.length < AT_ONCE) continue;
    yield stringify(waiting, FORM);
    waiting = [];
  }
  if (waiting.length > 0) yield stringify(waiting, FORM);
}
