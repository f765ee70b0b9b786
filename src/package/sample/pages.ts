/** The pages of a sample as HTML: one for each chosen item and an index. No script, nothing from outside, everything escaped. */

import { html, raw } from "hono/html";

import { POPULATIONS } from "../../domain/evidence/sample/choice.ts";
import type { Block, Fact, Piece, RowPlace, SamplePage } from "../../domain/evidence/sample/page.ts";
import type { IndexRow, Sample } from "../../domain/evidence/sample/sample.ts";
import {
  choiceWords,
  repeatCommands,
  sampleNotes,
  verifiedWords,
} from "../../domain/evidence/sample/words.ts";
import { META, STYLE } from "../../pages/page.ts";

type Html = ReturnType<typeof html>;

/** Names the page that leads to all others. */
export const INDEX_FILE = "index.html";

const SAMPLE_STYLE = `
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

/** Returns the page of one chosen item. The same sample gives the same bytes. */
export function renderSamplePage(
  sample: Sample,
  row: IndexRow,
  page: SamplePage,
  neighbours: { readonly before: string | null; readonly after: string | null },
): string {
  const { one } = POPULATIONS[sample.of];
  const { before, after } = neighbours;
  return document(
    `Sample ${row.rank}: ${page.title}`,
    html`<header>
        <nav class="pages" aria-label="Pages">
          <a href="${INDEX_FILE}">Index of the sample</a>
          ${before === null ? "" : html`<a href="${before}" rel="prev">Item before</a>`}
          ${after === null ? "" : html`<a href="${after}" rel="next">Next item</a>`}
        </nav>
        <h1>${page.title}</h1>
        <p class="lead">
          Item ${row.rank} of ${sample.chosen.length}: ${one} of ${page.repository}, ${inline(page.subject)},
          ${page.when}. Verdict: <span class="verdict">${page.verdict}</span>.
        </p>
        <nav aria-label="Contents">
          <ul>
            ${page.sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}
          </ul>
        </nav>
      </header>
      <main>
        ${page.sections.map(
          ({ id, title, blocks }) =>
            html`<section>
              <h2 id="${id}">${title}</h2>
              ${blocks.map(block)}
            </section>`,
        )}
      </main>
      ${footer(sample)}`,
  );
}

/** Returns the index. It explains the choice and lists every item, with a column for the auditor's marks. */
export function renderSampleIndex(sample: Sample, rows: readonly IndexRow[]): string {
  const { organization, period } = sample.package.manifest;
  const { one } = POPULATIONS[sample.of];
  const count = `${rows.length} ${rows.length === 1 ? one : sample.of}`;
  const commands = repeatCommands(sample);
  const notes = sampleNotes(sample);
  return document(
    `Sample of ${count}: ${organization.login}, ${period.name}`,
    html`<header>
        <h1>Sample of ${count}: ${organization.login}, ${period.name}</h1>
        <p class="lead">
          ${count} of ${sample.population} from ${period.from} up to, not including, ${period.to} (UTC).
        </p>
      </header>
      <main>
        ${notes.length === 0 ? "" : html`<div class="note">${notes.map((note) => html`<p>${note}</p>`)}</div>`}
        <h2 id="items">The sample</h2>
        ${items(rows)}
        <h2 id="choice">How it was chosen</h2>
        ${choiceWords(sample).map((words) => html`<p>${words}</p>`)} ${choiceFacts(sample)} ${strata(sample)}
        ${
          commands === null
            ? ""
            : html`<p>
                  In the folder of the package, with nothing but <code>sha256sum</code> and <code>sort</code>,
                  this prints digest and id of each, by rank:
                </p>
                <pre>${commands}</pre>`
        }
        <h2 id="package">The package</h2>
        ${packageFacts(sample)}
        ${sample.package.closing === null ? "" : html`<p>${sample.package.closing}</p>`}
        <p>${verifiedWords(sample.package.checks)}</p>
        <h2 id="reading">How to read the pages</h2>
        <p>
          Each fact names the file of the package, the row and the column it comes from, and the log entry the
          row was made from. Rows are numbered as a spreadsheet shows them: the header is row 1. What a column
          holds is in <code>schemas/</code> of the package and in docs/evidence.md. Links lead to GitHub as it
          is today; the package holds what was recorded.
        </p>
      </main>`,
  );
}

function items(rows: readonly IndexRow[]): Html {
  if (rows.length === 0) return html`<p>No item was chosen.</p>`;
  const head = ["Rank", "Item", "Where", "When", "Verdict", "Stratum", "Auditor's mark"];
  return html`<div class="scroll">
    <table class="stacked">
      <caption>
        The same choice is in selection.csv, with the whole ids and the digests they were ranked by.
      </caption>
      <thead>
        <tr>
          ${head.map((name) => html`<th scope="col">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              <td data-label="Rank">${row.rank}</td>
              <td data-label="Item" class="why"><a href="${row.file}">${row.title}</a></td>
              <td data-label="Where">${row.repository} ${inline(row.subject)}</td>
              <td data-label="When" class="t">${row.when}</td>
              <td data-label="Verdict">${row.verdict}</td>
              <td data-label="Stratum">${row.stratum}</td>
              <td data-label="Auditor's mark" class="mark"></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function choiceFacts(sample: Sample): Html {
  const { how } = sample;
  const { path } = POPULATIONS[sample.of];
  const bytes = Buffer.from("ids" in how ? "" : how.seed, "utf8").toString("hex");
  const isAscii = "ids" in how || /^[ -~]*$/u.test(how.seed);
  return definitions([
    ["Population", `${path}, ${sample.population} rows`],
    [`SHA-256 of ${path}`, sample.populationDigest],
    ...("ids" in how
      ? ([["Ids named", String(how.ids.length)]] as const)
      : ([
          ["Seed", how.seed],
          ...(isAscii ? [] : ([["Seed, its bytes in UTF-8 (hexadecimal)", bytes]] as const)),
          ["Size wanted", String(how.size)],
          ["Strata", how.stratify.length === 0 ? "none" : how.stratify.join(", ")],
        ] as const)),
    ["Chosen", String(sample.chosen.length)],
  ]);
}

function packageFacts({ package: { manifest, seal, fingerprint } }: Sample): Html {
  return definitions([
    ["Package", manifest.package_id],
    ["Organisation", `${manifest.organization.login} (${manifest.organization.id})`],
    ["Made at", manifest.generated_at],
    ["Made by", `${manifest.generator.name} ${manifest.generator.version}`],
    ["SHA-256 of manifest.dsse.json, the signature over every file's digest", seal],
    ["Fingerprint of the signing key", fingerprint],
    ["Head of the evidence log", `entry ${manifest.log.size}, ${manifest.log.hash}`],
  ]);
}

function definitions(all: readonly (readonly [string, string])[]): Html {
  return html`<dl class="facts">
    ${all.map(
      ([label, value]) =>
        html`<div>
          <dt>${label}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

function strata({ strata: all, how }: Sample): Html {
  if ("ids" in how || how.stratify.length === 0) return html``;
  return html`<div class="scroll">
    <table>
      <caption>
        Strata, by name.
      </caption>
      <thead>
        <tr>
          <th scope="col">Stratum</th>
          <th scope="col" class="n">Population</th>
          <th scope="col" class="n">Chosen</th>
        </tr>
      </thead>
      <tbody>
        ${all.map(
          ({ name, population, chosen }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td class="n">${population}</td>
              <td class="n">${chosen}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function block(content: Block): Html {
  if ("says" in content) return html`<p>${content.says}</p>`;
  if ("facts" in content)
    return html`${content.name === null ? "" : html`<h3>${content.name}</h3>`}
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
    <dd data-from="${path} ${row} ${column}" ${isEmpty ? html` class="none"` : ""}>${lines(pieces)}</dd>
    <dd class="column"><code>${column}</code></dd>
  </div>`;
}

function place({ path, row, seq }: RowPlace): Html {
  const entry = seq === null ? "" : html`, <a href="#entry-${seq}">log entry ${seq}</a>`;
  return html`<code>${path}</code>, row ${row}${entry}`;
}

function lines(pieces: readonly Piece[]): readonly Html[] {
  return pieces.map((piece) => html`<p${classOf(piece)}>${one(piece)}</p>`);
}

/** Times are not broken into lines, digests anywhere, and words only where they must. */
function classOf({ text }: Piece): Html | "" {
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/u.test(text)) return html` class="t"`;
  return /^[0-9a-f]{40,64}$/u.test(text) ? html` class="digest"` : "";
}

function inline(pieces: readonly Piece[]): readonly Html[] {
  return pieces.map((piece, index) => html`${index === 0 ? "" : ", "}${one(piece)}`);
}

function one({ text, href }: Piece): Html {
  return href === undefined ? html`${text}` : html`<a href="${href}">${text}</a>`;
}

function footer({ package: { manifest, seal, checks } }: Sample): Html {
  return html`<footer>
    <p>
      From the package ${manifest.package_id}, SHA-256 of its manifest.dsse.json <code>${seal}</code>.
      ${verifiedWords(checks)} Row numbers are those of a spreadsheet: the header is row 1.
    </p>
  </footer>`;
}

function document(title: string, body: Html): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        ${raw(META)}
        <title>${title}</title>
        <style>
          ${raw(STYLE)}${raw(SAMPLE_STYLE)}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  if (page instanceof Promise) throw new Error("nothing on this page is awaited");
  return page.toString();
}
