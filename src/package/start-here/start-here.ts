/** START-HERE.html: the page an auditor opens first. No script, nothing from outside, everything escaped. */

import { html, raw } from "hono/html";

import { closingWords, isNeverClosed } from "../../domain/evidence/closing.ts";
import { GLOSSARY, type StartHere } from "../../domain/evidence/start-here.ts";
import { timeText } from "../../domain/evidence/tables/table.ts";
import { closing } from "./closing-section.ts";
import type { Html } from "../pages/html-table.ts";
import { META, STYLE } from "../pages/page.ts";
import { periodsSection, trendSection } from "./roll-up-sections.ts";
import {
  answersSection,
  completenessSection,
  controlsSection,
  deviationsSection,
  emergenciesSection,
  gapsSection,
  headsSection,
  monthsSection,
  repositoriesSection,
  unaskedSection,
} from "./start-here-sections.ts";

/** Returns the page as text. The same content gives the same bytes. */
export function renderStartHere(content: StartHere): string {
  const { organization, period } = content;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        ${raw(META)}
        <title>Change evidence of ${organization.login}, ${period.name}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>Change evidence of ${organization.login}, ${period.name}</h1>
          <p class="lead">
            ${instant(period.from)} up to, not including, ${instant(period.to)} (UTC). Generated
            ${instant(content.generatedAt)} by ${content.generator.name} ${content.generator.version}. Package
            <code>${content.packageId}</code
            >.${isNeverClosed(content.closing) ? ` ${content.closing.says}` : ""}
          </p>
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

function instant(at: number): Html {
  return html`<span class="t">${timeText(at)}</span>`;
}

function limitations(content: StartHere): Html {
  // What is known of closings comes first on the page, in a section of its own.
  const shown = new Set(isNeverClosed(content.closing) ? [] : closingWords(content.closing));
  return html`<div class="note">
    <ul>
      ${content.limitations.filter((sentence) => !shown.has(sentence)).map((sentence) => html`<li>${sentence}</li>`)}
    </ul>
  </div>`;
}

function howToVerify(content: StartHere): Html {
  return html`<p>
      In a terminal, in the folder of this package, with nothing but
      <code>sha256sum</code> and <code>openssl</code>:
    </p>
    <pre>
sha256sum -c SHA256SUMS
sh verify.sh
sh verify.sh ${content.fingerprint}</pre>
    <p>
      The first compares every file with its digest. The second also checks the signature and that nothing was
      added or removed. The third also checks who signed, if you replace the fingerprint with the one the
      company gave you by another way; the one shown here comes with the package and proves nothing by itself.
      <code>verify.sh</code> cannot vouch for itself: compare its digest with the one published in the
      documentation, or run <code>countersign verify</code>, which also makes every row and page again from
      the log in this package.
    </p>
    <p>
      Without a terminal: open <code>verify.html</code> of the release of ${content.generator.name}
      ${content.generator.version} in a browser, which needs no network, and drop this package on it. It makes
      the same checks as <code>countersign verify</code>. Take it from the release, never from a package, and
      compare its SHA-256 with the release notes.
    </p>`;
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

/** The page in its order: what a reader asks first comes first. */
const SECTIONS: readonly (readonly [id: string, title: string, show: (content: StartHere) => Html])[] = [
  ["closing", "What was handed over", closing],
  ["answers", "How many of how many", answersSection],
  ["limitations", "Limitations", limitations],
  ["periods", "Period by period", periodsSection],
  ["trend", "Controls over time", trendSection],
  ["deviations", "Deviations", deviationsSection],
  ["emergencies", "Emergencies and their reviews", emergenciesSection],
  ["gaps", "Monitoring gaps", gapsSection],
  ["months", "Changes by month", monthsSection],
  ["repositories", "Changes by repository", repositoriesSection],
  ["controls", "Verdicts and controls", controlsSection],
  ["unasked", "Controls not asked for", unaskedSection],
  ["completeness", "Completeness", completenessSection],
  ["heads", "Heads of the log", headsSection],
  ["verify", "How to verify", howToVerify],
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
