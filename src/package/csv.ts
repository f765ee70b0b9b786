/** Rows to CSV as auditors' tools read it: RFC 4180, UTF-8, cells safe against spreadsheet formulas. */

import { Readable } from "node:stream";
import { stringify } from "csv-stringify";

/** A cell with a line break of either kind is quoted; left to itself the writer quotes its own kind only. */
const LINE_BREAK = /[\r\n]/u;

/** Yields the text of a CSV file, header first, in chunks; holds a few rows at a time. */
export async function* csvText(
  columns: readonly string[],
  rows: AsyncIterable<readonly string[]>,
): AsyncIterable<string> {
  const source = Readable.from(rows);
  const lines = source.pipe(
    stringify({
      header: true,
      columns: [...columns],
      record_delimiter: "windows",
      escape_formulas: true,
      quoted_match: LINE_BREAK,
    }),
  );
  // `pipe` does not carry errors over.
  source.on("error", (error) => lines.destroy(error));
  for await (const chunk of lines) yield String(chunk);
}
