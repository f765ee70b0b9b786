/** One sheet, row by row: what comes before the rows, the rows, and the filters and links that come after them. */

import { lettersOf, textCell } from "./cells.ts";
import { SHEET_HEAD, STYLES } from "./parts.ts";
import { xmlText } from "./xml.ts";

/** Names a cell to go to. */
export interface SheetPlace {
  readonly sheet: string;
  readonly row: number;
}

/** Collects the links of a sheet: to addresses, and to cells of other sheets. */
export class Links {
  readonly addresses: string[] = [];
  readonly #cells: string[] = [];

  get count(): number {
    return this.#cells.length;
  }

  /** Links a cell to a web page. */
  toAddress(reference: string, address: string): void {
    this.addresses.push(copied(address));
    this.#cells.push(`<hyperlink ref="${reference}" r:id="rId${this.addresses.length}"/>`);
  }

  /** Links a cell to a row of a sheet. */
  toPlace(reference: string, { sheet, row }: SheetPlace): void {
    const location = xmlText(`'${sheet.replaceAll("'", "''")}'!A${row}`);
    this.#cells.push(`<hyperlink ref="${reference}" location="${location}"/>`);
  }

  /** The links as the sheet holds them. */
  xml(): string {
    return this.#cells.length === 0 ? "" : `<hyperlinks>${this.#cells.join("")}</hyperlinks>`;
  }
}

/**
 * Returns a text that shares no memory with another. A cell is a view of the piece of the file it was cut from, and keeps all of it
 * for as long as it is held.
 */
export function copied(text: string): string {
  return Buffer.from(text).toString();
}

/** Returns what comes before the rows. `frozen`: how many rows do not scroll. */
export function sheetStart(widths: readonly number[], frozen: number): string {
  const pane =
    frozen === 0
      ? ""
      : `<pane ySplit="${frozen}" topLeftCell="A${frozen + 1}" activePane="bottomLeft" state="frozen"/>`;
  const columns = widths.map(
    (width, index) => `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`,
  );
  return `${SHEET_HEAD}<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr><sheetViews><sheetView workbookViewId="0">${pane}</sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/><cols>${columns.join("")}</cols><sheetData>`;
}

/** Returns one row from its cells; empty ones are left out before. */
export function rowXml(row: number, cells: readonly string[]): string {
  return `<row r="${row}">${cells.join("")}</row>`;
}

/** Returns the row that names the columns. */
export function headRow(row: number, names: readonly string[]): string {
  return rowXml(
    row,
    names.map((name, index) => textCell(`${lettersOf(index)}${row}`, name, STYLES.head)),
  );
}

/** Returns what comes after the rows: filters on the table from row `from` to `to`, the links, how it prints. */
export function sheetEnd(columns: number, from: number, to: number, links: Links): string {
  const area = `A${from}:${lettersOf(columns - 1)}${to}`;
  return `</sheetData><autoFilter ref="${area}"/>${links.xml()}<pageMargins left="0.5" right="0.5" top="0.5" bottom="0.5" header="0.3" footer="0.3"/><pageSetup orientation="landscape" fitToHeight="0"/><ignoredErrors><ignoredError sqref="${area}" numberStoredAsText="1"/></ignoredErrors></worksheet>`;
}
