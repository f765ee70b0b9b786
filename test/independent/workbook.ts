/** The workbook, opened with another program than the one that wrote it: every cell must be the one in the CSV file. */

import { read, utils, type CellObject, type WorkSheet } from "xlsx";

import { cellsOf, type Say } from "./reading.ts";

/** More characters than these no spreadsheet takes. */
const MOST = 32_767;

/** Compares each sheet with the file that the first sheet gives for it. */
export function workbook(
  bytes: Buffer,
  files: readonly string[],
  text: (path: string) => string,
  say: Say,
): void {
  const book = read(bytes, { cellNF: true, sheetStubs: false });
  const contents = utils.sheet_to_json<readonly unknown[]>(sheetOf(book.Sheets, "Contents"), { header: 1 });
  const head = contents.findIndex(([first]) => first === "Sheet");
  const listed = contents.slice(head + 1).filter(([, file]) => typeof file === "string");
  const shown = new Map<string, (readonly string[])[]>();
  for (const [name, file, rows] of listed) {
    const sheet = sheetOf(book.Sheets, String(name));
    const cells = cellsIn(sheet);
    if (cells.length - 1 !== rows) say(`evidence.xlsx: ${String(name)} does not have the rows of its line`);
    if (areaOf(sheet["!autofilter"]?.ref) !== areaOf(sheet["!ref"]))
      say(`evidence.xlsx: ${String(name)} has no filter`);
    const before = shown.get(String(file)) ?? cells.slice(0, 1);
    shown.set(String(file), [...before, ...cells.slice(1)]);
  }
  if ([...shown.keys()].toSorted().join(" ") !== files.toSorted().join(" "))
    say("evidence.xlsx: does not show each table once");
  for (const [file, cells] of shown) compare(file, cellsOf(text(file)), cells, say);
}

function sheetOf(sheets: Readonly<Record<string, WorkSheet>>, name: string): WorkSheet {
  const sheet = sheets[name];
  if (sheet === undefined) throw new Error(`evidence.xlsx: no sheet ${name}`);
  return sheet;
}

/** An area in one spelling; one cell has two. */
function areaOf(reference = ""): string {
  return utils.encode_range(utils.decode_range(reference));
}

/** Every cell of a sheet as the CSV would write it. */
function cellsIn(sheet: WorkSheet): (readonly string[])[] {
  const area = utils.decode_range(String(sheet["!ref"]));
  return Array.from({ length: area.e.r + 1 }, (_, r) =>
    Array.from({ length: area.e.c + 1 }, (_, c) =>
      written(sheet[utils.encode_cell({ r, c })] as CellObject | undefined),
    ),
  );
}

function written(cell: CellObject | undefined): string {
  if (cell === undefined) return "";
  if (cell.f !== undefined) return `a formula: ${cell.f}`;
  if (cell.t === "s") return String(cell.v);
  if (cell.t !== "n") return `of type ${cell.t}`;
  const format = String(cell.z);
  if (!format.startsWith("yyyy")) return String(cell.v);
  const at = new Date(Math.round((Number(cell.v) - 25_569) * 86_400_000)).toISOString();
  return format.includes("hh") ? at.replace(".000Z", "Z") : at.slice(0, 10);
}

function compare(
  file: string,
  wanted: readonly (readonly string[])[],
  shown: readonly (readonly string[])[],
  say: Say,
): void {
  if (wanted.length !== shown.length)
    say(`evidence.xlsx: has ${shown.length} rows of ${file}, not ${wanted.length}`);
  for (const [index, cells] of wanted.entries())
    for (const [place, cell] of cells.entries()) {
      const own = shown[index]?.[place] ?? "";
      const isCut =
        cell.length > MOST &&
        cell.startsWith(own.slice(0, own.lastIndexOf(" [cut: "))) &&
        own.endsWith(`[cut: the whole cell is in ${file}, row ${index + 1}, column ${wanted[0]?.[place]}]`);
      if (own !== cell && !isCut)
        say(`evidence.xlsx: row ${index + 1} of ${file} shows another ${wanted[0]?.[place]}`);
    }
}
