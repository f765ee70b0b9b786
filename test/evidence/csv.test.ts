import { expect, test } from "vitest";

import { canonical } from "../../src/domain/values/digest.ts";
import { CsvRows } from "../../src/domain/evidence/tables/read-csv.ts";
import { cellsOf, column, timeText } from "../../src/domain/evidence/tables/table.ts";
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

test("an instant is written as its ISO text, with a fraction only where there is one", () => {
  for (const text of ["2026-07-01T00:00:00Z", "1969-12-31T23:59:59.500Z"])
    expect(timeText(Date.parse(text))).toBe(text);
});

test("rows in pieces are the same rows, wherever a text is cut", () => {
  const text = 'a,"b ""c"",\r\n"\r\n,"",d\r\n"x",yy,z\r\n';
  const whole = [...new CsvRows().push(text)];
  expect(whole).toEqual([
    ["a", 'b "c",\r\n'],
    ["", "", "d"],
    ["x", "yy", "z"],
  ]);
  for (let at = 0; at <= text.length; at += 1) {
    const rows = new CsvRows();
    expect([...rows.push(text.slice(0, at)), ...rows.push(text.slice(at))]).toEqual(whole);
  }
});
