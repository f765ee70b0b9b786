/** The sections that START-HERE.html and the report share, as HTML. */

import { html } from "hono/html";

import type { PageBlock, Cell, Words } from "../domain/evidence/copies/first-page.ts";
import { tableOf, type Html } from "./html-table.ts";

/** Returns the parts of a section. */
export function blocksHtml(blocks: readonly PageBlock[]): Html {
  return html`${blocks.map(blockHtml)}`;
}

function blockHtml(block: PageBlock): Html {
  if ("says" in block) return html`<p>${wordsHtml(block.says)}</p>`;
  if ("commands" in block) return html`<pre>${block.commands}</pre>`;
  if ("notes" in block)
    return html`<div class="note">
      ${
        block.as === "list"
          ? html`<ul>
              ${block.notes.map((sentence) => html`<li>${sentence}</li>`)}
            </ul>`
          : block.notes.map((sentence) => html`<p>${sentence}</p>`)
      }
    </div>`;
  const { caption, columns, rows } = block;
  return tableOf(
    rows,
    columns.map((column, index) => ({
      ...column,
      cell: (row: readonly Cell[]) => cellHtml(row[index] ?? ""),
    })),
    { caption },
  );
}

/** Returns a sentence. */
export function wordsHtml(words: readonly Words[]): Html {
  return html`${words.map(cellHtml)}`;
}

function cellHtml(cell: Cell): Html {
  if (typeof cell !== "object") return html`${cell}`;
  if ("lines" in cell) return html`${cell.lines.map((line) => html`${line}<br />`)}`;
  return "file" in cell ? html`<a href="${cell.file}">${cell.file}</a>` : html`<code>${cell.code}</code>`;
}
