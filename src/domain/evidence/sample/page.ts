/** A page of a sample as values: sections of facts and tables, each with the row and log entry it comes from. */

import type { Material, MaterialRow } from "./material.ts";
import { groupsIn, listIn } from "./rows.ts";
import type { SourceWords } from "./source-words.ts";

/** Describes one line of a value. `href`: a place on GitHub, or on the same page. */
export interface Piece {
  readonly text: string;
  readonly href?: string;
}

/** Describes one fact. `column`: where the table holds it; `isEmpty`: it holds nothing there, and `pieces` report that. */
export interface Fact {
  readonly label: string;
  readonly column: string;
  readonly isEmpty: boolean;
  readonly pieces: readonly Piece[];
}

/** Names a row of a table, as a spreadsheet counts it, and the log entry it was made from. `row` null: it is in no file. */
export interface RowPlace {
  readonly path: string;
  readonly row: number | null;
  readonly seq: string | null;
}

/** Describes a part of a section: a sentence, the facts of a row, or a table. */
export type Block =
  | { readonly says: string }
  | {
      readonly name: string | null;
      /** Where the name leads to; absent: nowhere. */
      readonly href?: string;
      readonly from: RowPlace;
      readonly facts: readonly Fact[];
    }
  | {
      readonly caption: string;
      readonly head: readonly string[];
      readonly rows: readonly { readonly id?: string; readonly cells: readonly (readonly Piece[])[] }[];
    };

/** Describes a section. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** Describes the page of one chosen item. `verdict` and `when` are repeated in the index. */
export interface SamplePage {
  readonly title: string;
  readonly subject: readonly Piece[];
  readonly repository: string;
  readonly when: string;
  readonly verdict: string;
  readonly sections: readonly Section[];
}

/** Describes how a column is shown. `read`: makes lines of a cell; `empty`: is shown where there is none. */
export interface ShownColumn {
  readonly label: string;
  readonly empty: string;
  readonly read: (cell: string) => readonly Piece[];
}

/** Returns the text of a cell in one line. */
export function oneValue(label: string, empty = NOT_KNOWN): ShownColumn {
  return { label, empty, read: (cell) => [{ text: cell }] };
}

/** Returns the values of a list, each in its own line. */
export function eachValue(
  label: string,
  empty = NOT_KNOWN,
  hrefOf: (value: string) => string | null = () => null,
): ShownColumn {
  return { label, empty, read: (cell) => listIn(cell).map((value) => linked(value, hrefOf(value))) };
}

/** Returns values of several parts, each in its own line, in the words that `word` makes of the parts. */
export function grouped(
  label: string,
  empty = NOT_KNOWN,
  word: (parts: readonly string[]) => string = (parts) => parts.filter((part) => part !== "").join(", "),
): ShownColumn {
  return { label, empty, read: (cell) => groupsIn(cell).map((parts) => ({ text: word(parts) })) };
}

/** Is reported of an empty cell whose column has no words of its own for it. */
const NOT_KNOWN = "not known";

/** Returns a piece with a link, where the link is one. */
export function linked(text: string, href: string | null): Piece {
  return href === null ? { text } : { text, href };
}

/** Returns the facts of a row, by the columns to show. */
export function factsOf(
  row: MaterialRow,
  shown: Readonly<Record<string, ShownColumn>>,
  name: string | null = null,
): Block {
  return {
    name,
    from: placeOf(row),
    facts: Object.entries(shown).map(([column, { label, empty, read }]) => {
      const cell = row.cells[column] ?? "";
      const isEmpty = cell === "";
      return { label, column, isEmpty, pieces: isEmpty ? [{ text: empty }] : read(cell) };
    }),
  };
}

/** Returns where a row is from. */
function placeOf(row: MaterialRow): RowPlace {
  return { path: row.path, row: row.number, seq: row.cells["log_seq"] ?? null };
}

/** Returns the rows of a file about an item. */
export function rowsOf({ rows }: Pick<Material, "rows">, path: string): readonly MaterialRow[] {
  return rows.get(path) ?? [];
}

/** So many rows of a table are shown on a page; all are in the package. */
const SHOWN_ROWS = 100;

/** Returns a table of rows, each with its place if it has one. A long one is cut, and its caption reports that. */
export function tableOfRows(
  rows: readonly MaterialRow[],
  words: SourceWords,
  columns: Readonly<Record<string, (row: MaterialRow) => readonly Piece[]>>,
): Block {
  const [first] = rows;
  const cut = rows.length > SHOWN_ROWS ? ` The first ${SHOWN_ROWS} of ${rows.length} are shown.` : "";
  return {
    caption: `${words.rowsFrom(first?.path ?? "")}${cut}`,
    head: [...Object.keys(columns), ...(words.isNumbered ? ["Row"] : [])],
    rows: rows.slice(0, SHOWN_ROWS).map((row) => ({
      cells: [
        ...Object.values(columns).map((cells) => cells(row)),
        ...(words.isNumbered ? [numberOf(row)] : []),
      ],
    })),
  };
}

/** Returns the number of a row as a cell. */
export function numberOf({ number }: MaterialRow): readonly Piece[] {
  return [{ text: number === null ? "" : String(number) }];
}

/** Returns a cell of a table's column, in one line. */
export function cellOf(column: string, empty = ""): (row: MaterialRow) => readonly Piece[] {
  return ({ cells }) => [{ text: cells[column] ?? empty }];
}
