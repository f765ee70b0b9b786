/** evidence.xlsx, read back with another program: the cells of the tables, whatever people wrote into them. */

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import * as fc from "fast-check";
import { strFromU8, unzipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { read, type CellObject, type WorkBook, type WorkSheet } from "xlsx";

import type { Book } from "../../src/domain/evidence/copies/maker.ts";
import type { ColumnType } from "../../src/domain/evidence/tables/table.ts";
import { csvText } from "../../src/package/csv.ts";
import { workbookOf, type SheetLimits } from "../../src/package/workbook/workbook.ts";
import { workbook } from "../independent/workbook.ts";
import { rounds } from "../support/effort.ts";

/** A table of a package: its file, its columns with their types, its rows. */
interface Made {
  readonly path: string;
  readonly columns: Readonly<Record<string, ColumnType>>;
  readonly rows: readonly (readonly string[])[];
}

async function csvOf({ columns, rows }: Made): Promise<string> {
  let text = "";
  for await (const piece of csvText(Object.keys(columns), Readable.from(rows))) text += piece;
  return text;
}

async function bookOf(tables: readonly Made[]): Promise<Book> {
  const texts = await Promise.all(tables.map(csvOf));
  return {
    package_id: "evidence-acme-2026-Q3",
    organization: { id: 500, login: "acme" },
    period: { name: "2026-Q3", from: "2026-07-01T00:00:00Z", to: "2026-10-01T00:00:00Z" },
    generator: { name: "countersign", version: "0.1.0" },
    generatedAt: Date.parse("2026-10-02T08:00:00Z"),
    tables: tables.map(({ path, columns }, index) => ({
      path,
      description: `About ${path}.`,
      sortedBy: [],
      columns: Object.entries(columns).map(([name, type]) => ({ name, type, description: `The ${name}.` })),
      async *read() {
        yield texts[index] ?? "";
      },
    })),
  };
}

async function made(tables: readonly Made[], limits?: SheetLimits): Promise<Buffer> {
  return buffer(Readable.from(workbookOf(await bookOf(tables), limits)));
}

async function opened(tables: readonly Made[], limits?: SheetLimits): Promise<WorkBook> {
  return read(await made(tables, limits), { cellNF: true });
}

function cellOf(sheet: WorkSheet | undefined, name: string): CellObject | undefined {
  return sheet?.[name] as CellObject | undefined;
}

/** What the other program finds to differ from the tables. */
async function differences(tables: readonly Made[], limits?: SheetLimits): Promise<readonly string[]> {
  const found: string[] = [];
  const texts = new Map<string, string>();
  for (const each of tables) texts.set(each.path, (await csvOf(each)).toWellFormed());
  workbook(
    await made(tables, limits),
    tables.map(({ path }) => path),
    (path) => texts.get(path) ?? "",
    (what) => void found.push(what),
  );
  return found;
}

const HOSTILE = [
  '=HYPERLINK("http://x.test","y")',
  "+1",
  "-1",
  "@SUM(A1)",
  "\tx",
  "'x",
  "00123",
  "1e5",
  "TRUE",
  "0".repeat(64),
  "9".repeat(64),
  "a\r\nb\nc\rd",
  "\u0000\u0001\u001F\u007F\uFFFE\uFFFF",
  "_x0041_ _x005F_x0041_ _X0041_",
  "\uD800 and \uDC00",
  "שלום ‮abc‬ مرحبا",
  "山田太郎 Łukasz 👩‍💻",
  '<b>&amp;</b> ]]> "q"',
  " led and trailed ",
  "x".repeat(32_767),
  "https://x.test/a b",
  "https://x.test/%zz?q=\"<>&'",
  `https://x.test/${"y".repeat(3_000)}`,
];

describe("a workbook", () => {
  test("shows every cell as its table has it, whatever it holds", async () => {
    const rows = HOSTILE.map((cell, index) => [String(index), cell, cell]);
    const columns = { number: "integer", title: "text", list: "list" } as const;
    expect(await differences([{ path: "changes.csv", columns, rows }])).toEqual([]);
  });

  test(
    "of any tables shows their cells, and has the same bytes when made again",
    { tags: ["long"] },
    async () => {
      const types: readonly ColumnType[] = [
        "text",
        "integer",
        "time",
        "day",
        "yes-no",
        "list",
        "json",
        "digest",
      ];
      const cell = fc.oneof(
        fc.constantFrom("", ...HOSTILE),
        fc.string({ unit: "binary", maxLength: 20 }),
        fc.nat().map(String),
        fc
          .date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-01-01") })
          .map((at) => at.toISOString()),
      );
      const table = fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 5 }).chain((kinds) =>
        fc
          .array(fc.array(cell, { minLength: kinds.length, maxLength: kinds.length }), { maxLength: 9 })
          .map((rows) => ({
            path: "changes.csv",
            columns: Object.fromEntries(kinds.map((kind, index) => [`column_${index}`, kind])),
            rows,
          })),
      );
      await fc.assert(
        fc.asyncProperty(table, fc.constantFrom(2, 4, 1_000), async (one, rows) => {
          const limits = { rows, characters: 1e9, links: 3 };
          expect(await differences([one], limits)).toEqual([]);
          expect((await made([one], limits)).equals(await made([one], limits))).toBe(true);
        }),
        { numRuns: rounds(60, 600) },
      );
    },
  );

  test("cuts a cell that no spreadsheet takes, and says where the whole is", async () => {
    const rows = ["🙂".repeat(20_000), `y${"🙂".repeat(20_000)}`].map((cell) => [cell]);
    const long: Made = { path: "changes.csv", columns: { title: "text" }, rows };
    expect(await differences([long])).toEqual([]);
    const { Sheets } = await opened([long]);
    for (const row of [2, 3]) {
      const shown = String(cellOf(Sheets["changes"], `A${row}`)?.v);
      expect(shown.slice(-70)).toContain(
        `🙂 [cut: the whole cell is in changes.csv, row ${row}, column title]`,
      );
      expect(shown.isWellFormed() && shown.length <= 32_767 && shown.length > 32_700).toBe(true);
    }
  });

  test("has ids as text, amounts as numbers and times as times, to the millisecond", async () => {
    const columns = {
      repository_id: "integer",
      count: "integer",
      at: "time",
      due: "day",
      title: "text",
    } as const;
    const rows = [
      ["70001", "12", "2026-07-06T09:00:00Z", "2026-09-01", "7"],
      ["70002", "1234567890123456", "2026-07-06T09:00:00.007Z", "", "2026-09-01"],
      ["70003", "0", "1899-12-31T00:00:00Z", "2026-13-01", "1.5"],
    ];
    const { changes } = (await opened([{ path: "changes.csv", columns, rows }])).Sheets;
    const shown = (name: string): unknown => {
      const cell = cellOf(changes, name);
      return cell === undefined ? null : [cell.t, cell.w];
    };
    expect(["A2", "B2", "C2", "D2", "E2"].map(shown)).toEqual([
      ["s", "70001"],
      ["n", "12"],
      ["n", "2026-07-06 09:00:00 UTC"],
      ["n", "2026-09-01"],
      ["s", "7"],
    ]);
    expect(["B3", "C3", "D3", "E3"].map(shown)).toEqual([
      ["s", "1234567890123456"],
      ["n", "2026-07-06 09:00:00.007 UTC"],
      null,
      ["s", "2026-09-01"],
    ]);
    expect(["B4", "C4", "D4"].map(shown)).toEqual([
      ["n", "0"],
      ["s", "1899-12-31T00:00:00Z"],
      ["s", "2026-13-01"],
    ]);
  });
});

const ID = "a".repeat(64);
const LINKED: readonly Made[] = [
  {
    path: "changes.csv",
    columns: { change_id: "digest", url: "list" },
    rows: [[ID, "https://github.test/a?b=<c>"]],
  },
  {
    path: "control-tests.csv",
    columns: { test_id: "text", subject_id: "digest" },
    rows: [
      ["1", ID],
      ["2", "b".repeat(64)],
      ["3", ID],
      ["4", ID],
    ],
  },
];

describe("the links of a workbook", () => {
  test("lead from an id to its row, and from an address to its page", async () => {
    const { Sheets } = await opened(LINKED);
    const linkOf = (sheet: string, cell: string): unknown => cellOf(Sheets[sheet], cell)?.l;
    expect(linkOf("control-tests", "B2")).toMatchObject({ location: "'changes'!A2" });
    expect(linkOf("control-tests", "B3")).toBeUndefined();
    expect(linkOf("changes", "A2")).toBeUndefined();
    expect(linkOf("changes", "B2")).toMatchObject({ Target: "https://github.test/a?b=%3Cc%3E" });
    expect(linkOf("Contents", "A7")).toMatchObject({ location: "'changes'!A1" });
  });

  test("are no more than a sheet can have, and the first sheet says so", async () => {
    const limits = { rows: 1_000, characters: 1e9, links: 2 };
    const { Sheets } = await opened(LINKED, limits);
    const tests = Sheets["control-tests"];
    expect(["B2", "B4", "B5"].map((cell) => cellOf(tests, cell)?.l !== undefined)).toEqual([
      true,
      true,
      false,
    ]);
    expect(cellOf(Sheets["Contents"], "D8")?.v).toContain("Only the first 2 links of this sheet are links");
    expect(cellOf(Sheets["Contents"], "D7")?.v).toBe("About changes.csv.");
  });
});

test("a table with more rows than a sheet takes goes on in another", async () => {
  const rows = Array.from({ length: 7 }, (_, index) => [String(index)]);
  const tables: readonly Made[] = [{ path: "changes.csv", columns: { number: "integer" }, rows }];
  const sheets = async (limits: SheetLimits): Promise<readonly string[]> => {
    expect(await differences(tables, limits)).toEqual([]);
    return (await opened(tables, limits)).SheetNames;
  };
  const names = ["Contents", "changes", "changes (2)", "changes (3)", "Columns"];
  expect(await sheets({ rows: 4, characters: 1e9, links: 9 })).toEqual(names);
  expect(await sheets({ rows: 1_000, characters: 1, links: 9 })).toHaveLength(9);
});

test("each sheet keeps its header where it is, filters its columns and gives them width", async () => {
  const members = unzipSync(await made(LINKED));
  for (const sheet of [2, 3, 4]) {
    const xml = strFromU8(members[`xl/worksheets/sheet${sheet}.xml`] ?? new Uint8Array());
    expect(xml).toContain('<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>');
    expect(xml).toMatch(/<autoFilter ref="A1:[B-D]\d+"\/>/u);
    expect(xml).toMatch(/<col min="1" max="1" width="\d+" customWidth="1"\/>/u);
  }
});
