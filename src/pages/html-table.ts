/** Tables of a page: one description of the columns gives the head, the rows, and the labels that a narrow screen shows. */

import { html } from "hono/html";

/** Describes a piece of a page, escaped. */
export type Html = ReturnType<typeof html>;

/** Describes one column. The first is the row's header. */
export interface HtmlColumn<Row> {
  readonly head: string;
  readonly cell: (row: Row) => Html | string | number;
  /** Right-aligned figures. */
  readonly number?: boolean;
  /** Never broken over two lines. */
  readonly whole?: boolean;
  /** Sentences, which need room. */
  readonly wide?: boolean;
}

/** Returns a table. `caption`: what stands above it; `foot`: a last row of totals. */
export function tableOf<Row>(
  rows: readonly Row[],
  columns: readonly HtmlColumn<Row>[],
  {
    caption = "",
    foot = [],
  }: { readonly caption?: string; readonly foot?: readonly (string | number)[] } = {},
): Html {
  return html`<div class="scroll">
    <table class="stacked">
      ${
        caption === ""
          ? ""
          : html`<caption>
              ${caption}
            </caption>`
      }
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.head}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => rowOf(columns, (column) => column.cell(row)))}
        ${foot.length === 0 ? "" : rowOf(columns, (_, index) => foot[index] ?? "")}
      </tbody>
    </table>
  </div>`;
}

function rowOf<Row>(
  columns: readonly HtmlColumn<Row>[],
  cellOf: (column: HtmlColumn<Row>, index: number) => Html | string | number,
): Html {
  return html`<tr>
    ${columns.map((column, index) => {
      const cell = cellOf(column, index);
      return index === 0
        ? html`<th scope="row" class="${classOf(column)}">${cell}</th>`
        : html`<td class="${classOf(column)}" data-label="${column.head}">${cell}</td>`;
    })}
  </tr>`;
}

function classOf({ number = false, whole = false, wide = false }: HtmlColumn<never>): string {
  if (number) return "n";
  if (whole) return "t";
  return wide ? "why" : "";
}
