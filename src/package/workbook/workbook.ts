/**
 * evidence.xlsx: the package's tables as one workbook, made of the CSV files that lie beside it and of nothing else. Rows pass
 * one by one; what is held is some thousands of ids and links.
 */

import type { Book, BookTable } from "../../domain/evidence/copies/maker.ts";
import { webPage } from "../../domain/evidence/sample/links.ts";
import { CsvRows } from "../../domain/evidence/tables/read-csv.ts";
import { timeText } from "../../domain/evidence/tables/table.ts";
import {
  cellColumn,
  fitting,
  lettersOf,
  numberCell,
  numberShown,
  textCell,
  type CellColumn,
} from "./cells.ts";
import { DeflatedZip } from "./deflated.ts";
import {
  contentTypes,
  properties,
  rootLinks,
  sheetLinks,
  STYLES,
  stylesPart,
  workbookLinks,
  workbookPart,
} from "./parts.ts";
import { copied, headRow, Links, rowXml, sheetEnd, sheetStart, type SheetPlace } from "./sheet.ts";

/** Holds what a spreadsheet program can take. */
export interface SheetLimits {
  /** Rows of one sheet, with its header. */
  readonly rows: number;
  /** Characters of one sheet's XML: zip without its extension ends at 4 GB. */
  readonly characters: number;
  /** Links of one sheet. */
  readonly links: number;
}

const LIMITS: SheetLimits = { rows: 1_048_576, characters: 1_000_000_000, links: 65_530 };

/** A sheet as written. */
interface Sheet {
  readonly name: string;
  readonly table: BookTable;
  readonly rows: number;
  /** Whether there were more links than a sheet can have. */
  readonly isCut: boolean;
}

type Ids = ReadonlyMap<string, SheetPlace>;

/** Describes one file inside the workbook. `text`: its XML in pieces, to be read before the next part is asked for. */
export interface WorkbookPart {
  readonly path: string;
  readonly text: AsyncIterable<string> | Iterable<string>;
}

/** Yields the workbook's bytes. The same tables give the same bytes. */
export async function* workbookOf(book: Book, limits: SheetLimits = LIMITS): AsyncIterable<Uint8Array> {
  const zip = new DeflatedZip();
  for await (const { path, text } of workbookParts(book, limits)) yield* zip.member(path, text);
  yield* zip.end();
}

/** Yields the files that the workbook's zip holds, in their order. */
export async function* workbookParts(book: Book, limits: SheetLimits = LIMITS): AsyncIterable<WorkbookPart> {
  const ids = await idsIn(book.tables, limits.links);
  const sheets: Sheet[] = [];
  // The contents are the first sheet, and known last.
  const partOf = (sheet: number): string => `xl/worksheets/sheet${sheet}.xml`;
  const linksOf = (sheet: number): string => `xl/worksheets/_rels/sheet${sheet}.xml.rels`;
  for (const table of book.tables) {
    const rows = new RowsOf(table);
    for (let number = 1; number === 1 || (await rows.peek(1)).length > 0; number += 1) {
      const name = number === 1 ? sheetName(table.path) : `${sheetName(table.path)} (${number})`;
      const sheet = new TableSheet(table, { name, ids, limits });
      yield { path: partOf(sheets.length + 2), text: sheet.text(rows) };
      const { addresses } = sheet.links;
      if (addresses.length > 0) yield { path: linksOf(sheets.length + 2), text: [sheetLinks(addresses)] };
      sheets.push({ name, table, rows: sheet.rows, isCut: sheet.isCut });
    }
  }
  const columns = sheets.length + 2;
  yield { path: partOf(columns), text: [columnsSheet(book.tables)] };
  yield { path: partOf(1), text: [contentsSheet(book, sheets, limits)] };
  const names = [CONTENTS, ...sheets.map(({ name }) => name), COLUMNS];
  const { organization, period, generator } = book;
  const title = `Change evidence of ${organization.login}, ${period.name}`;
  const parts: Readonly<Record<string, string>> = {
    "xl/workbook.xml": workbookPart(names),
    "xl/_rels/workbook.xml.rels": workbookLinks(names.length),
    "xl/styles.xml": stylesPart(),
    "docProps/core.xml": properties(
      title,
      `${generator.name} ${generator.version}`,
      timeText(book.generatedAt),
    ),
    "_rels/.rels": rootLinks(),
    "[Content_Types].xml": contentTypes(names.length),
  };
  for (const [path, text] of Object.entries(parts)) yield { path, text: [text] };
}

const CONTENTS = "Contents";
const COLUMNS = "Columns";

/** A sheet is named as its file; spreadsheets take 31 characters, and no slash. */
function sheetName(path: string): string {
  return path
    .replace(/(?:\/index)?\.csv$/u, "")
    .replaceAll("/", "-")
    .slice(0, 26);
}

/** Ids that other tables name, by the table and column that hold them. */
const KEYS: Readonly<Record<string, string>> = {
  "changes.csv": "change_id",
  "deployments.csv": "deployment_id",
  "deviations.csv": "deviation_id",
  "emergency-changes.csv": "emergency_id",
  "policies/index.csv": "policy_digest",
};

/** Where the rows are that other sheets lead to: of each table the first, as many as a sheet can have links. */
async function idsIn(tables: readonly BookTable[], most: number): Promise<Ids> {
  const ids = new Map<string, SheetPlace>();
  for (const table of tables) {
    const key = table.columns.findIndex(({ name }) => name === KEYS[table.path]);
    if (key === -1) continue;
    const sheet = sheetName(table.path);
    let row = 1;
    for await (const rows of rowsIn(table)) {
      for (const cells of rows.slice(0, most - row + 1)) {
        row += 1;
        const id = cells[key] ?? "";
        if (!ids.has(id)) ids.set(copied(id), { sheet, row });
      }
      if (row > most) break;
    }
  }
  ids.delete("");
  return ids;
}

/** The rows of a table, without its header, as many as each piece of it ends. */
async function* rowsIn(table: BookTable): AsyncIterable<readonly (readonly string[])[]> {
  const csv = new CsvRows();
  let isHeader = true;
  for await (const piece of table.read()) {
    const rows = [...csv.push(piece)];
    yield isHeader ? rows.slice(1) : rows;
    isHeader &&= rows.length === 0;
  }
}

/** Rows with a look at those to come. */
class RowsOf {
  readonly #pieces: AsyncIterator<readonly (readonly string[])[]>;
  #ahead: readonly (readonly string[])[] = [];
  #next = 0;
  /** Of the row that was taken last, in its file. */
  row = 1;

  constructor(table: BookTable) {
    this.#pieces = rowsIn(table)[Symbol.asyncIterator]();
  }

  /** At least so many rows to come, fewer only at the end. */
  async peek(count: number): Promise<readonly (readonly string[])[]> {
    while (this.#ahead.length - this.#next < count) {
      const next = await this.#pieces.next();
      if (next.done === true) break;
      this.#ahead = [...this.#ahead.slice(this.#next), ...next.value];
      this.#next = 0;
    }
    return this.#ahead.slice(this.#next);
  }

  /** The next row; null at the end, and where {@link peek} must first read on. */
  take(): readonly string[] | null {
    const cells = this.#ahead[this.#next] ?? null;
    if (cells === null) return null;
    this.#next += 1;
    this.row += 1;
    return cells;
  }
}

/** A sheet of a table's rows: all of them, or as many as fit. */
class TableSheet {
  readonly links = new Links();
  rows = 0;
  isCut = false;
  readonly #table: BookTable;
  readonly #columns: readonly CellColumn[];
  readonly #letters: readonly string[];
  readonly #how: { readonly name: string; readonly ids: Ids; readonly limits: SheetLimits };

  constructor(
    table: BookTable,
    how: { readonly name: string; readonly ids: Ids; readonly limits: SheetLimits },
  ) {
    this.#table = table;
    this.#columns = table.columns.map(cellColumn);
    this.#letters = table.columns.map((_, index) => lettersOf(index));
    this.#how = how;
  }

  /** The XML of the sheet, in pieces. */
  async *text(rows: RowsOf): AsyncIterable<string> {
    const { limits } = this.#how;
    const names = this.#table.columns.map(({ name }) => name);
    let piece = sheetStart(widthsOf(names, await rows.peek(MEASURED_ROWS)), 1) + headRow(1, names);
    let written = 0;
    const fits = (): boolean =>
      this.rows === 0 || (this.rows + 1 < limits.rows && written + piece.length < limits.characters);
    while (fits()) {
      const cells = rows.take() ?? ((await rows.peek(1)).length > 0 ? rows.take() : null);
      if (cells === null) break;
      this.rows += 1;
      piece += this.#row(cells, rows.row);
      if (piece.length < PIECE) continue;
      written += piece.length;
      yield piece;
      piece = "";
    }
    yield piece + sheetEnd(names.length, 1, this.rows + 1, this.links);
  }

  #row(cells: readonly string[], fileRow: number): string {
    const row = this.rows + 1;
    const made = this.#columns.map((column, index) => {
      const cell = cells[index] ?? "";
      if (cell === "") return "";
      const reference = `${this.#letters[index]}${row}`;
      const number = numberShown(column, cell);
      if (number !== null) return numberCell(reference, ...number);
      const style = this.#isLinked(column, cell, reference) ? STYLES.link : STYLES.text;
      return textCell(reference, fitting(cell, this.#table.path, fileRow, column.name), style);
    });
    return rowXml(row, made);
  }

  #isLinked({ refers }: CellColumn, cell: string, reference: string): boolean {
    const { ids, name, limits } = this.#how;
    const place = refers ? ids.get(cell) : undefined;
    const address = place === undefined ? addressIn(cell) : null;
    if (address === null && (place === undefined || place.sheet === name)) return false;
    const isFull = this.links.count >= limits.links;
    this.isCut ||= isFull;
    if (isFull) return false;
    if (place !== undefined) this.links.toPlace(reference, place);
    else if (address !== null) this.links.toAddress(reference, address);
    return true;
  }
}

/** Characters that are written at once. */
const PIECE = 64 * 1_024;

/** The longest address that spreadsheets take. */
const MOST_ADDRESS = 2_000;

/** The address that a cell consists of, as spreadsheets take it; null where it is none. */
function addressIn(cell: string): string | null {
  if (!cell.startsWith("http") || /\s/u.test(cell) || webPage(cell) === null) return null;
  const { href } = new URL(cell);
  return href.length > MOST_ADDRESS ? null : href;
}

/** Rows by which columns are measured. */
const MEASURED_ROWS = 100;
const [NARROWEST, WIDEST] = [9, 44];

/** Widths in characters: of the longest of the first cells and of the header with its filter. */
function widthsOf(names: readonly string[], rows: readonly (readonly string[])[]): readonly number[] {
  return names.map((name, index) => {
    const lengths = rows.slice(0, MEASURED_ROWS).map((cells) => cells[index]?.length ?? 0);
    return Math.min(WIDEST, Math.max(NARROWEST, name.length + 4, ...lengths.map((length) => length + 2)));
  });
}

/** The first sheet: what this is, and each sheet with a link to it. */
function contentsSheet(book: Book, sheets: readonly Sheet[], limits: SheetLimits): string {
  const { organization, period, generator } = book;
  const links = new Links();
  const said = [
    `Change evidence of ${organization.login}, ${period.name}`,
    `${period.from} up to, not including, ${period.to} (UTC). Package ${book.package_id}, made ${timeText(book.generatedAt)} by ${generator.name} ${generator.version}.`,
    "Each sheet shows one CSV file of the package, cell by cell. Times are in UTC. Ids and lists are text. A cell that a program would take for a formula begins with an apostrophe, as in the CSV file.",
    "A blue cell leads to a row of another sheet or to GitHub as it is today. What each column holds is on the last sheet. countersign verify compares this workbook with the CSV files.",
  ];
  const text = said.map((words, index) =>
    rowXml(index + 1, [textCell(`A${index + 1}`, words, index === 0 ? STYLES.title : STYLES.plain)]),
  );
  const head = said.length + 2;
  const rows = sheets.map(({ name, table, rows: count, isCut }, index) => {
    const row = head + 1 + index;
    links.toPlace(`A${row}`, { sheet: name, row: 1 });
    const note = isCut
      ? ` Only the first ${limits.links} links of this sheet are links; no more fit on one.`
      : "";
    return rowXml(row, [
      textCell(`A${row}`, name, STYLES.link),
      textCell(`B${row}`, table.path, STYLES.text),
      numberCell(`C${row}`, String(count), STYLES.number),
      textCell(`D${row}`, `${table.description}${note}`, STYLES.wrapped),
    ]);
  });
  const last = head + 1 + sheets.length;
  links.toPlace(`A${last}`, { sheet: COLUMNS, row: 1 });
  const columns = rowXml(last, [
    textCell(`A${last}`, COLUMNS, STYLES.link),
    textCell(`D${last}`, "What each column of each sheet holds.", STYLES.wrapped),
  ]);
  return [
    sheetStart([34, 28, 10, 100], 0),
    ...text,
    headRow(head, ["Sheet", "File", "Rows", "What it holds"]),
    ...rows,
    columns,
    sheetEnd(4, head, last, links),
  ].join("");
}

/** The last sheet: each column in words. */
function columnsSheet(tables: readonly BookTable[]): string {
  const links = new Links();
  const rows = tables.flatMap((table) => table.columns.map((column) => ({ table, column })));
  const made = rows.map(({ table, column }, index) => {
    const row = index + 2;
    links.toPlace(`A${row}`, { sheet: sheetName(table.path), row: 1 });
    return rowXml(row, [
      textCell(`A${row}`, sheetName(table.path), STYLES.link),
      textCell(`B${row}`, column.name, STYLES.text),
      textCell(`C${row}`, column.type, STYLES.text),
      textCell(`D${row}`, column.description, STYLES.wrapped),
    ]);
  });
  return [
    sheetStart([28, 32, 10, 100], 1),
    headRow(1, ["Sheet", "Column", "Form", "What it holds"]),
    ...made,
    sheetEnd(4, 1, rows.length + 1, links),
  ].join("");
}
