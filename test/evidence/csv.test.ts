import { expect, test } from "vitest";

import { canonical } from "../../src/domain/values/digest.ts";
import { cellsOf, column } from "../../src/domain/evidence/tables/table.ts";
import { csvText } from "../../src/package/csv.ts";
import { readCsv } from "../../src/cli/input/read-csv.ts";

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

test("a cell holds no mark that nobody sees, and JSON in it is the same value", () => {
  const hidden = "a\u202eb\u0000c\u001b[2Jd\u2066e\u200bf\ng";
  const columns = [
    column.text((value: string) => value, ""),
    column.list((value: string) => value, ""),
    column.json((value: string) => canonical({ value }), ""),
  ];
  const [text = "", list = "", json = ""] = cellsOf(columns, hidden);
  expect([text, list]).toEqual(["a b c [2Jd e f\ng", "a b c [2Jd e f\ng"]);
  expect(json).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(JSON.parse(json)).toEqual({ value: hidden });
});
