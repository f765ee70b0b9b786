/** Sections of facts and tables as HTML, with the style they need: of the pages of a sample, and of pages of the log. */

import { html } from "hono/html";

import type { Block, Fact, Piece, RowPlace, Section } from "../domain/evidence/sample/page.ts";
import type { Html } from "./html-table.ts";

/** Holds the style of sections. */
export const SECTION_STYLE = `
h1, h3, p, caption { overflow-wrap: anywhere; } h2 { break-after: avoid; }
.facts { max-width: none; columns: auto; display: grid; grid-template-columns: minmax(11rem, 17rem) 1fr auto; margin: .3rem 0 .8rem; }
.facts > div { display: contents; }
.facts dt, .facts dd { margin: 0; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.facts dt { font-weight: 500; } .facts dd:nth-child(2):last-child { grid-column: 2 / 4; } .facts .none { color: var(--soft); }
.facts .column { color: var(--soft); font-size: .82em; text-align: right; padding-right: 0; }
dd p, td p { margin: 0 0 .15rem; max-width: none; white-space: pre-line; overflow-wrap: anywhere; }
.from { color: var(--soft); font-size: .88rem; margin: .2rem 0; }
.verdict { font-weight: 600; } .pages { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; }
footer { border-top: 1px solid var(--line); margin-top: 2.5rem; padding-top: .8rem; color: var(--soft); font-size: .88rem; overflow-wrap: anywhere; }
.rows td p { overflow-wrap: break-word; } .rows td .digest { overflow-wrap: anywhere; } .log { font-size: .82rem; } .log td:last-child p { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .74rem; } .mark { width: 9rem; border-left: 1px solid var(--line); }
@media (max-width: 40rem) { .facts, .facts > div { display: block; } .facts > div { border-bottom: 1px solid var(--line); padding: .3rem 0; } .facts dt, .facts dd { border: 0; padding: 0; } .facts .column { text-align: left; } .stacked .mark:empty { display: block; border-left: 0; } }
@media print { dl.facts { columns: auto; font-size: 1em; } .facts > div { break-inside: avoid; } .pages { display: none; } }
`;

/** Returns the way to each section. */
export function contentsHtml(sections: readonly Section[]): Html {
  return html`<nav aria-label="Contents">
    <ul>
      ${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
    </ul>
  </nav>`;
}

/** Returns sections, one below the other. */
export function sectionsHtml(sections: readonly Section[]): Html {
  return html`${sections.map(
    ({ id, title, blocks }) =>
      html`<section>
        <h2 id="${id}">${title}</h2>
        ${blocks.map(block)}
      </section>`,
  )}`;
}

function block(content: Block): Html {
  if ("says" in content) return html`<p>${content.says}</p>`;
  if ("facts" in content)
    return html`${content.name === null ? "" : html`<h3>${one({ text: content.name, ...(content.href === undefined ? {} : { href: content.href }) })}</h3>`}
      <p class="from">From ${place(content.from)}.</p>
      <dl class="facts">${content.facts.map((each) => fact(each, content.from))}</dl>`;
  const labels = content.head;
  const isLog = labels[0] === "Entry";
  return html`<div class="scroll">
    <table class="stacked ${isLog ? "log" : "rows"}">
      <caption>
        ${content.caption}
      </caption>
      <thead>
        <tr>
          ${labels.map((label) => html`<th scope="col">${label}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${content.rows.map(
          ({ id, cells }) =>
            html`<tr${id === undefined ? "" : html` id="${id}"`}>
              ${cells.map((pieces, index) => html`<td data-label="${labels[index] ?? ""}">${lines(pieces)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function fact({ label, column, isEmpty, pieces }: Fact, { path, row }: RowPlace): Html {
  return html`<div>
    <dt>${label}</dt>
    <dd data-from="${path} ${row ?? ""} ${column}" ${isEmpty ? html` class="none"` : ""}>${lines(pieces)}</dd>
    ${row === null ? "" : html`<dd class="column"><code>${column}</code></dd>`}
  </div>`;
}

function place({ path, row, seq }: RowPlace): Html {
  const entry = seq === null ? null : html`<a href="#entry-${seq}">log entry ${seq}</a>`;
  if (row === null) return entry ?? html`what is known now`;
  return html`<code>${path}</code>, row ${row}${entry === null ? "" : html`, ${entry}`}`;
}

function lines(pieces: readonly Piece[]): readonly Html[] {
  return pieces.map((piece) => html`<p${classOf(piece)}>${one(piece)}</p>`);
}

/** Times are not broken into lines, digests anywhere, and words only where they must. */
function classOf({ text }: Piece): Html | "" {
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/u.test(text)) return html` class="t"`;
  return /^[0-9a-f]{40,64}$/u.test(text) ? html` class="digest"` : "";
}

/** Returns values in one line. */
export function inlineHtml(pieces: readonly Piece[]): Html {
  return html`${pieces.map((piece, index) => html`${index === 0 ? "" : ", "}${one(piece)}`)}`;
}

function one({ text, href }: Piece): Html {
  return href === undefined ? html`${text}` : html`<a href="${href}">${text}</a>`;
}
