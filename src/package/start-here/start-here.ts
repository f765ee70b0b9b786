/** START-HERE.html: the page an auditor opens first. No script, nothing from outside, everything escaped. */

import { html, raw } from "hono/html";

import { isNeverClosed } from "../../domain/evidence/closing.ts";
import {
  answersBlocks,
  closingBlocks,
  completenessBlocks,
  deviationsBlocks,
  emergenciesBlocks,
  gapsBlocks,
  leadOf,
  limitationsBlocks,
  pageTitle,
  verifyBlocks,
  type PageBlock,
} from "../../domain/evidence/copies/first-page.ts";
import { GLOSSARY, type StartHere } from "../../domain/evidence/start-here.ts";
import { timeText } from "../../domain/evidence/tables/table.ts";
import { blocksHtml, wordsHtml } from "../../pages/blocks.ts";
import type { Html } from "../../pages/html-table.ts";
import { META, STYLE } from "../../pages/page.ts";
import { periodsSection, trendSection } from "./roll-up-sections.ts";
import {
  controlsSection,
  headsSection,
  monthsSection,
  repositoriesSection,
  unaskedSection,
} from "./start-here-sections.ts";

/** Returns the page as text. The same content gives the same bytes. */
export function renderStartHere(content: StartHere): string {
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        ${raw(META)}
        <title>${pageTitle(content)}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${pageTitle(content)}</h1>
          <p class="lead">${wordsHtml(leadOf(content))}</p>
          <nav aria-label="Contents">
            <ul>
              ${sectionsOf(content).map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
            </ul>
          </nav>
        </header>
        <main>
          ${sectionsOf(content).map(
            ([id, title, show]) =>
              html`<section id="${id}">
                <h2>${title}</h2>
                ${show(content)}
              </section>`,
          )}
        </main>
      </body>
    </html> `;
  if (page instanceof Promise) throw new Error("nothing on this page is awaited");
  return page.toString();
}

/** What holds for every file. */
const FORM_OF_FILES = `<p>
            CSV files are RFC 4180 in UTF-8, times in UTC, rows sorted by their ids. A cell that a spreadsheet
            would take for a formula begins with an apostrophe. In a cell with several values, plain ones are
            separated by a space; values of several parts by <code> | </code>, their parts by <code>;</code>.
            What each column holds is in <code>schemas/</code>. A repository has the same repository_id under
            each name it had; a row gives the name it had when the row was recorded.
          </p>`;

function rePerform({ completeness: { branches }, apiUrl, period }: StartHere): Html {
  const sample = branches[0];
  const repository = sample?.repository ?? "OWNER/REPOSITORY";
  const ref = encodeURIComponent(sample?.branch ?? "refs/heads/main");
  const url = `${apiUrl}/repos/${repository}/activity?ref=${ref}&time_period=year&per_page=100`;
  return html`<p>
      <code>ipe.csv</code> lists each query behind the populations: when, as whom, what came, and the command
      that repeats it. By hand, for one branch:
    </p>
    <ol>
      <li>
        Choose a branch of
        <code>ref-updates.csv</code
        >${sample === undefined ? "" : html`, for example ${sample.branch} of ${sample.repository}`}.
      </li>
      <li>
        Ask GitHub for its own list of that branch's updates, with a token of your own or at the company's
        screen (GitHub keeps it for a year):
        <pre>curl -H "Authorization: Bearer $TOKEN" "${url}"</pre>
      </li>
      <li>
        Follow the <code>Link: rel="next"</code> headers to the end, keep the rows with
        <code>timestamp</code> from ${timeText(period.from)} and before ${timeText(period.to)}, and compare
        <code>id</code>, <code>before</code>, <code>after</code> and <code>activity_type</code> with the
        columns activity_id, before_sha, after_sha and update. The counts must be equal, and each
        <code>before</code> the <code>after</code> of the update before it.
      </li>
      <li>
        For one change, open the address in pull_request_url of
        <code>changes.csv</code> and compare reviews, their commits and the merge with the row. What was
        dismissed or deleted since can no longer be seen on GitHub; <code>log/entries.jsonl</code> holds it as
        it was.
      </li>
    </ol>`;
}

function filesListed({ files }: StartHere): StartHere["files"] {
  const more = (path: string, description: string): StartHere["files"][number] => ({
    path,
    description,
    sha256: "",
    bytes: 0,
    rows: null,
    schema: null,
  });
  const last = [
    ["manifest.json", "Every file with digest, size, rows and schema."],
    [
      "SHA256SUMS",
      "Digest of every file but itself and the seal in both its forms, as sha256sum reads them.",
    ],
    ["manifest.dsse.json", "The seal: an in-toto statement over every other file, in a DSSE envelope."],
    [
      "manifest.sigstore.json",
      "The seal once more, as a Sigstore bundle that other tools verify with the public key.",
    ],
  ].map(([path = "", description = ""]) => more(path, description));
  const isPolicy = (path: string): boolean => path.startsWith("policies/") && path !== "policies/index.csv";
  const policies = files.filter(({ path }) => isPolicy(path)).length;
  const own = files.filter(({ path }) => !path.startsWith("schemas/") && !isPolicy(path));
  const index = own.findIndex(({ path }) => path === "policies/index.csv");
  const grouped =
    policies === 0
      ? []
      : [
          {
            ...more(
              "policies/",
              `${policies} more files: DIGEST.json, a policy version (what was in force and the files it came from), and beside it the source text of each file, as it was read.`,
            ),
          },
        ];
  return [...own.slice(0, index + 1), ...grouped, ...own.slice(index + 1), ...last];
}

function glossary(): Html {
  return html`<dl>
    ${GLOSSARY.map(
      ([word, meaning]) =>
        html`<dt>${word}</dt>
          <dd>${meaning}</dd>`,
    )}
  </dl>`;
}

function filesTable(content: StartHere): Html {
  return html`<p class="printed">
      The list of files is left out in print; manifest.json has it, with each digest.
    </p>
    <div class="scroll screen">
      <table class="files">
        <colgroup>
          <col class="path" />
          <col class="rows" />
          <col />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="n">Rows</th>
            <th scope="col">What it holds</th>
          </tr>
        </thead>
        <tbody>
          ${filesListed(content).map(
            (file) =>
              html`<tr>
                <th scope="row">
                  <a href="${file.path}">${file.path}</a>
                </th>
                <td class="n">${file.rows ?? ""}</td>
                <td>${file.description}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${raw(FORM_OF_FILES)}`;
}

/** A section that the report has too. */
function shared(blocks: (content: StartHere) => readonly PageBlock[]): (content: StartHere) => Html {
  return (content) => blocksHtml(blocks(content));
}

/** The page in its order: what a reader asks first comes first. */
const SECTIONS: readonly (readonly [id: string, title: string, show: (content: StartHere) => Html])[] = [
  ["closing", "What was handed over", shared(closingBlocks)],
  ["answers", "How many of how many", shared(answersBlocks)],
  ["limitations", "Limitations", shared(limitationsBlocks)],
  ["periods", "Period by period", periodsSection],
  ["trend", "Controls over time", trendSection],
  ["deviations", "Deviations", shared(deviationsBlocks)],
  ["emergencies", "Emergencies and their reviews", shared(emergenciesBlocks)],
  ["gaps", "Monitoring gaps", shared(gapsBlocks)],
  ["months", "Changes by month", monthsSection],
  ["repositories", "Changes by repository", repositoriesSection],
  ["controls", "Verdicts and controls", controlsSection],
  ["unasked", "Controls not asked for", unaskedSection],
  ["completeness", "Completeness", shared(completenessBlocks)],
  ["heads", "Heads of the log", headsSection],
  ["verify", "How to verify", shared(verifyBlocks)],
  ["re-perform", "How to re-perform an extraction", rePerform],
  ["glossary", "Glossary", glossary],
  ["files", "Files", filesTable],
];

/** Where nothing was handed over, a sentence says so, and no section; a package of one period has none about several. */
function sectionsOf(content: StartHere): typeof SECTIONS {
  const isOfOne = content.rolledUp.periods.length === 0;
  const absent = new Set([
    ...(isNeverClosed(content.closing) ? ["closing"] : []),
    ...(isOfOne ? ["periods", "trend"] : []),
  ]);
  return SECTIONS.filter(([id]) => !absent.has(id));
}
