/** Cells of the tables as spreadsheets know them: ids as text, numbers as numbers, times as times. */

import { truncate } from "../../domain/values/text.ts";
import { CELL_FORMS, type ColumnInfo } from "../../domain/evidence/tables/table.ts";
import { DAY } from "../../domain/time/durations.ts";
import { STYLES, type Style } from "./parts.ts";
import { xmlText } from "./xml.ts";

/** The most characters a cell may hold, in UTF-16 units. */
const MOST_CHARACTERS = 32_767;

/** More digits than these a spreadsheet would round, and leading zeros it would drop. */
const EXACT = /^(?:0|[1-9]\d{0,14})$/u;

/** Numbers that name something are no amounts. */
const NAMES = /(?:^|_)id$|^pull_request$/u;

/** Columns in which an id of another table may stand. */
const REFERS = /_(?:id|ids|digest)$|^subjects$/u;

/** Days are counted from here; the calendar of spreadsheets is right from March 1900 on. */
const DAY_ZERO = Date.UTC(1899, 11, 30);
const FIRST_RIGHT = Date.UTC(1900, 2, 1);

/** Describes how the cells of a column are written. */
export interface CellColumn {
  readonly name: string;
  readonly kind: "text" | "number" | "time" | "day";
  /** Whether a cell may hold the id of a row elsewhere. */
  readonly refers: boolean;
}

/** Returns how the cells of a column are written. */
export function cellColumn({ name, type }: ColumnInfo): CellColumn {
  const kind =
    type === "integer" && !NAMES.test(name) ? "number" : type === "time" || type === "day" ? type : "text";
  return { name, kind, refers: REFERS.test(name) };
}

/** Returns a number or time as a spreadsheet counts it, with its style; null where the cell stays text. */
export function numberShown({ kind }: CellColumn, cell: string): readonly [string, Style] | null {
  if (kind === "number") return EXACT.test(cell) ? [cell, STYLES.number] : null;
  if (kind === "text" || !CELL_FORMS[kind].test(cell)) return null;
  const at = Date.parse(cell);
  if (!(at >= FIRST_RIGHT)) return null;
  const style = kind === "day" ? STYLES.day : cell.includes(".") ? STYLES.milliseconds : STYLES.time;
  return [String((at - DAY_ZERO) / DAY), style];
}

/** Returns a cell of text. It is never a formula, whatever it begins with. */
export function textCell(reference: string, text: string, style: Style): string {
  return `<c r="${reference}" s="${style}" t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`;
}

/** Returns a cell of a number. */
export function numberCell(reference: string, number: string, style: Style): string {
  return `<c r="${reference}" s="${style}"><v>${number}</v></c>`;
}

/** Returns a text that a cell can hold. One that is too long is cut, and names where the whole is. */
export function fitting(text: string, file: string, row: number, column: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  const note = ` [cut: the whole cell is in ${file}, row ${row}, column ${column}]`;
  return `${truncate(text, MOST_CHARACTERS - note.length)}${note}`;
}

/** Returns the letters of a column, from 0: A, B, ..., Z, AA. */
export function lettersOf(index: number): string {
  return index < 26
    ? String.fromCharCode(65 + index)
    : `${lettersOf(Math.floor(index / 26) - 1)}${String.fromCharCode(65 + (index % 26))}`;
}
