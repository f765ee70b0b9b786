/** The pages of a sample as HTML: one for each chosen item and an index. No script, nothing from outside, everything escaped. */

import { html, raw } from "hono/html";

import { POPULATIONS } from "../../domain/evidence/sample/choice.ts";
import type { SamplePage } from "../../domain/evidence/sample/page.ts";
import type { IndexRow, Sample } from "../../domain/evidence/sample/sample.ts";
import {
  choiceWords,
  repeatCommands,
  sampleNotes,
  verifiedWords,
} from "../../domain/evidence/sample/words.ts";
import type { Html } from "../../pages/html-table.ts";
import { META, STYLE } from "../../pages/page.ts";
import { contentsHtml, inlineHtml, SECTION_STYLE, sectionsHtml } from "../../pages/sections.ts";

/** Names the page that leads to all others. */
export const INDEX_FILE = "index.html";

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
          Item ${row.rank} of ${sample.chosen.length}: ${one} of ${page.repository},
          ${inlineHtml(page.subject)}, ${page.when}. Verdict: <span class="verdict">${page.verdict}</span>.
        </p>
        ${contentsHtml(page.sections)}
      </header>
      <main>${sectionsHtml(page.sections)}</main>
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
              <td data-label="Where">${row.repository} ${inlineHtml(row.subject)}</td>
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
          ${raw(STYLE)}${raw(SECTION_STYLE)}
        </style>
      </head>
      <body>
        ${body}
      </body>
    </html> `;
  if (page instanceof Promise) throw new Error("nothing on this page is awaited");
  return page.toString();
}
