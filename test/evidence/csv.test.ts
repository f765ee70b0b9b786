import { expect, test } from "vitest";

import { csvText } from "../../src/package/csv.ts";
import { readCsv } from "../../src/cli/read-csv.ts";

test.each(["one\ntwo", "one\rtwo", "one\r\ntwo", 'one "two"', "one, two", "plain"])(
  "a cell is read again as it was written, whatever breaks its lines: %j",
  async (cell) => {
    const rows = (async function* () {
      yield [cell, "after"];
      yield ["next", "row"];
    })();
    let text = "";
    for await (const chunk of csvText(["a", "b"], rows)) text += chunk;
    expect(readCsv(text)).toEqual([
      { a: cell, b: "after" },
      { a: "next", b: "row" },
    ]);
  },
);
