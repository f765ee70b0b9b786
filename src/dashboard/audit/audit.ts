/** The audit: closed periods with the packages that were handed over, and one of them to read, draw from and download. */

import { html } from "hono/html";

import {
  POPULATIONS,
  readStrata,
  seedProblem,
  SELECTION_COLUMNS,
  selectionRow,
  STRATUM_COLUMNS,
  type Choice,
  type Draw,
  type PopulationName,
} from "../../domain/evidence/sample/choice.ts";
import { sampleNotes } from "../../domain/evidence/sample/words.ts";
import type { HandedOver, PeriodCloseRecord, SentSample } from "../../domain/records/monitoring.ts";
import { dayOf } from "../../domain/deviation/operating.ts";
import type { ObservedTime } from "../../domain/monitoring/observed-time.ts";
import { time, VERDICT_TITLES } from "../../domain/texts/wording.ts";
import type { Span } from "../../domain/time/span.ts";
import { tableOf, type Html } from "../../pages/html-table.ts";
import { LISTED_VERDICTS } from "../lists/list-query.ts";
import { getForm, selectField } from "../lists/get-form.ts";
import { daysOf, periodForm, periodOf } from "../lists/period.ts";
import type { HeldPackage, ViewerPackages } from "../page/packages.ts";
import { PageProblem, type Asked, type DashboardPage, type PageContent } from "../page/page.ts";
import { collected, whenHtml, wholeSection } from "../page/parts.ts";

const PATH = "/audit";

/** Where a period is shown of which no package was handed over. */
const PREVIEW_PATH = `${PATH}/preview`;

/** So many rows of a table are shown before it is downloaded. */
const PREVIEWED = 3;

/** A larger sample is drawn by `countersign sample`. */
const LARGEST_SAMPLE = 200;

/** Lists the pages of the audit. */
export const AUDIT_PAGES: readonly DashboardPage[] = [
  { path: PATH, nav: "Audit", isOfWhole: true, show: showAll },
  { path: PREVIEW_PATH, isOfWhole: true, show: showPreview },
  { path: `${PATH}/:seal{[0-9a-f]{64}}`, isOfWhole: true, show: showOne },
  { path: `${PATH}/:seal{[0-9a-f]{64}}/sample.csv`, isOfWhole: true, isRecorded: true, show: sampleFile },
  { path: `${PATH}/:seal{[0-9a-f]{64}}/sample.zip`, isOfWhole: true, isRecorded: true, show: samplePages },
  { path: `${PATH}/:seal{[0-9a-f]{64}}/package.zip`, isOfWhole: true, isRecorded: true, show: sent },
];

/** A package that was handed over, in its period. */
interface Package extends HandedOver {
  readonly period: PeriodCloseRecord["period"];
  /** 0: the closing; else which addendum. */
  readonly number: number;
}

async function showAll(asked: Asked): Promise<PageContent> {
  const closed = await closedPeriods(asked);
  const isHere = new Map<string, boolean>();
  for (const { seal } of closed.flatMap(packagesOf))
    isHere.set(seal, (await asked.packages?.find(seal)) != null);
  return {
    title: "Audit",
    main: html`<p class="lead">
        ${closed.length === 0 ? "No period was closed yet." : "Closed periods, the newest first."}
      </p>
      <p><a href="${asked.link(PREVIEW_PATH)}">Preview of a period that is not closed</a></p>
      ${closed.map((record) => periodHtml(asked, record, isHere))}
      ${[...isHere.values()].includes(false) ? html`<p>${notHere(asked)}</p>` : ""}
      ${closed.length === 0 ? "" : verifyHtml(closed.flatMap(packagesOf))}`,
  };
}

function periodHtml({ link }: Asked, record: PeriodCloseRecord, isHere: ReadonlyMap<string, boolean>): Html {
  const { name, from, to } = record.period;
  return html`<section>
    <h2>${name}</h2>
    <p>${time(from)} up to, not including, ${time(to)} (UTC).</p>
    ${tableOf(packagesOf(record), [
      {
        head: "Package",
        cell: (each) =>
          isHere.get(each.seal) === true
            ? html`<a href="${link(`${PATH}/${each.seal}`)}">${madeAs(each)}</a>`
            : html`${madeAs(each)} (not here)`,
      },
      { head: "Handed over", cell: ({ at }) => whenHtml(at), whole: true },
      { head: "By, as given at the terminal", cell: ({ by }) => by },
      { head: "Reason", cell: ({ reason }) => reason ?? "", wide: true },
      { head: "SHA-256 of manifest.dsse.json", cell: ({ seal }) => html`<code>${seal}</code>`, wide: true },
    ])}
  </section>`;
}

async function showOne(asked: Asked): Promise<PageContent> {
  const chosen = await packageAsked(asked);
  const held = (await asked.packages?.find(chosen.seal)) ?? null;
  const title = `${chosen.period.name}: ${madeAs(chosen)}`;
  if (held === null)
    return {
      title,
      main: html`<p>${notHere(asked)}</p>
        ${verifyHtml([chosen])}`,
    };
  const files = held.manifest.files.filter(({ path }) => path.endsWith(".csv")).toSorted(completenessFirst);
  const path = files.find((file) => file.path === asked.query.get("table"))?.path ?? files[0]?.path ?? "";
  const own = asked.link(`${PATH}/${chosen.seal}`);
  return {
    title,
    main: html`<p class="lead">
        ${time(chosen.period.from)} up to, not including, ${time(chosen.period.to)} (UTC), of
        ${chosen.log.size} entries of the log.
      </p>
      <p><a class="button" href="${asked.link(`${PATH}/${chosen.seal}/package.zip`)}">Download the zip</a></p>
      <p>Each download is recorded in the evidence log, with who it was.</p>
      <section>
        <h2 id="tables">Tables</h2>
        ${tableOf(files, [
          {
            head: "File",
            cell: (file) =>
              html`<a href="${asked.link(`${PATH}/${chosen.seal}`, { table: file.path })}#preview"
                >${file.path}</a
              >`,
          },
          { head: "Rows", cell: ({ rows }) => rows ?? "", number: true },
          { head: "What it holds", cell: ({ description }) => description, wide: true },
        ])}
      </section>
      <section>
        <h2 id="preview">${path}</h2>
        ${previewHtml(await held.firstRows(path, PREVIEWED))}
      </section>
      ${await sampleHtml(asked, held, own)} ${verifyHtml([chosen])}`,
  };
}

/** What the log has of a period, and first of all that it is not closed, and what is not proven of it. */
async function showPreview(asked: Asked): Promise<PageContent> {
  const period = await periodOf(asked);
  const { from, to } = period;
  const name = period.name ?? `${dayOf(from)} to ${dayOf(to - 1)}`;
  const closed = (await closedPeriods(asked)).filter(
    (each) => each.period.from < to && each.period.to > from,
  );
  const isClosed = closed.some((each) => each.period.from === from && each.period.to === to);
  const days = daysOf(period);
  return {
    title: `Preview of ${name}`,
    main: html`<p class="lead">
        <b>${isClosed ? "This period is closed." : "This period is not closed."}</b>
        ${isClosed ? "Its packages are what was handed over." : "No package of it was handed over."} What
        follows is the log as it is now, and may still change: it is no evidence of the period.
      </p>
      ${closed.length === 0 ? "" : html`<p>Closed periods that share days with it: ${closedLinks(asked, closed)}.</p>`}
      ${periodForm(asked, PREVIEW_PATH, period)}
      ${await wholeSection(asked, { id: "unproven", title: "What is not proven" }, async (whole) =>
        unprovenHtml(await whole.openPoints({ name, from, to }), await whole.observedTime(), period),
      )}
      <section>
        <h2 id="populations">Populations so far</h2>
        ${await populationHtml(asked, "change", "Changes", period, asked.link("/changes", days))}
        ${await populationHtml(asked, "deployment", "Deployments", period, asked.link("/deployments", days))}
        <p><a href="${asked.link("/", days)}">How the period stands</a></p>
      </section>`,
  };
}

function closedLinks({ link }: Asked, closed: readonly PeriodCloseRecord[]): Html {
  const links = closed.map((record) => {
    const seal = packagesOf(record).at(-1)?.seal ?? "";
    return html`<a href="${link(`${PATH}/${seal}`)}">${record.period.name}</a>`;
  });
  return html`${links.map((each, index) => html`${index === 0 ? "" : ", "}${each}`)}`;
}

function unprovenHtml(open: readonly string[], { gaps }: ObservedTime, period: Span): Html {
  const points = [
    ...open,
    ...gaps
      .filter(({ from, to }) => from < period.to && (to === null || to > period.from))
      .map(
        ({ from, to, backfilled }) =>
          `The App could not see ${time(from)} to ${to === null ? "now" : time(to)}${backfilled ? "; what happened then was read afterwards" : ""}.`,
      ),
  ];
  if (points.length === 0)
    return html`<p>Every production branch in scope is proven complete, and every day was observed.</p>`;
  return html`<ul>
    ${points.map((each) => html`<li>${each}</li>`)}
  </ul>`;
}

async function populationHtml(
  { records }: Asked,
  kind: "change" | "deployment",
  title: string,
  { from, to }: Span,
  href: string,
): Promise<Html> {
  const months = await records.months(kind, { from, to });
  const counts = Map.groupBy(months, ({ verdict }) => verdict);
  const rows = LISTED_VERDICTS.map((verdict) => ({
    verdict,
    count: (counts.get(verdict) ?? []).reduce((sum, { count }) => sum + count, 0),
  })).filter(({ count }) => count > 0);
  return html`<h3><a href="${href}">${title}</a></h3>
    ${
      rows.length === 0
        ? html`<p>None is recorded.</p>`
        : tableOf(rows, [
            { head: "Verdict", cell: ({ verdict }) => VERDICT_TITLES[verdict] },
            { head: "Recorded", cell: ({ count }) => count, number: true },
          ])
    }`;
}

/** Whether the list is whole comes before what is in it. */
function completenessFirst(a: { readonly path: string }, b: { readonly path: string }): number {
  const rank = (path: string): string => `${path === "completeness.csv" ? 0 : 1}${path}`;
  return rank(a.path) < rank(b.path) ? -1 : 1;
}

function previewHtml(rows: readonly (readonly string[])[] | null): Html {
  if (rows === null) return html`<p>${NOT_AS_SEALED}</p>`;
  const [columns = [], ...rest] = rows;
  if (rest.length === 0) return html`<p>It has no rows.</p>`;
  // A column each would be wider than any screen or paper.
  const lines = columns.map((name, index) => [name, ...rest.map((row) => row[index] ?? "")]);
  return tableOf(
    lines,
    ["Column", ...rest.map((_, index) => `Row ${index + 1}`)].map((head, index) => ({
      head,
      cell: (line: readonly string[]) => line[index] ?? "",
      wide: index > 0,
    })),
  );
}

const NOT_AS_SEALED =
  "This file is not the one that was sealed: it was changed where it lies. Ask for the package that was handed over.";

/** What is to be drawn, as the address has it. */
interface Wanted extends Omit<Draw, "digest"> {
  readonly of: PopulationName;
}

async function sampleHtml(asked: Asked, held: HeldPackage, own: string): Promise<Html> {
  const of = populationIn(asked.query);
  const [size, seed] = [asked.query.get("size"), asked.query.get("seed")];
  const chosen = asked.query.get("stratify") ?? "";
  return html`<section>
    <h2 id="sample">Sample</h2>
    <p>Whoever draws again from the same package, with the same size, seed and strata, gets the same.</p>
    ${getForm(
      asked,
      {
        path: new URL(own, "http://page").pathname,
        at: "#sample",
        label: "Sample",
        own: ["of", "size", "seed", "stratify"],
        button: "Draw",
        without: null,
      },
      html`${selectField({ name: "of", label: "Of", values: Object.keys(POPULATIONS) as PopulationName[], chosen: of })}
        <label
          >Size (1 to ${LARGEST_SAMPLE})
          <input name="size" inputmode="numeric" required value="${size ?? "25"}"
        /></label>
        <label>Seed, any text <input name="seed" required value="${seed ?? ""}" /></label>
        ${selectField(
          {
            name: "stratify",
            label: "Strata",
            any: "none",
            values: STRATA,
            chosen: STRATA.find((each) => each === chosen),
          },
          (each) => each.replace(",", " and "),
        )}`,
    )}
    ${size === null && seed === null ? "" : await drawnHtml(asked, held, own)}
  </section>`;
}

/** Each that `countersign sample --stratify` takes. */
const STRATA = [...STRATUM_COLUMNS, STRATUM_COLUMNS.join(",")];

function populationIn(query: URLSearchParams): PopulationName {
  return query.get("of") === "deployments" ? "deployments" : "changes";
}

function wantedIn(query: URLSearchParams): Wanted {
  const [size, seed, stratify] = ["size", "seed", "stratify"].map((name) => query.get(name) ?? "");
  const problem = seedProblem(seed ?? "");
  if (problem !== null) throw new PageProblem(400, `The seed cannot be used: ${problem}.`);
  const count = /^[1-9]\d{0,2}$/u.test(size ?? "") ? Number(size) : Infinity;
  if (count > LARGEST_SAMPLE)
    throw new PageProblem(400, `The size is a whole number up to ${LARGEST_SAMPLE}.`);
  const { strata, unknown } = stratify === "" ? { strata: [], unknown: null } : readStrata(stratify ?? "");
  if (unknown !== null) throw new PageProblem(400, `The strata are of ${STRATA.join(", or of ")}.`);
  return { of: populationIn(query), size: count, seed: seed ?? "", stratify: strata };
}

async function drawnHtml(asked: Asked, held: HeldPackage, own: string): Promise<Html> {
  const wanted = wantedIn(asked.query);
  const choice = await held.draw(wanted.of, wanted);
  if (choice === null) return html`<p>${NOT_AS_SEALED}</p>`;
  const { of, stratify, size, seed } = wanted;
  const { pathname } = new URL(own, "http://page");
  const again = { of, size: String(size), seed, stratify: stratify.join(",") };
  const isStratified = stratify.length > 0;
  return html`<p>${choice.chosen.length} of ${choice.population} ${of}.</p>
    ${sampleNotes({ of, how: wanted, ...choice }).map((note) => html`<p>${note}</p>`)}
    ${
      isStratified
        ? tableOf(choice.strata, [
            { head: "Stratum", cell: ({ name }) => name },
            { head: "Rows", cell: ({ population }) => population, number: true },
            { head: "Chosen", cell: ({ chosen }) => chosen, number: true },
          ])
        : ""
    }
    ${tableOf(choice.chosen, [
      { head: "Rank", cell: ({ rank }) => rank, number: true },
      ...(isStratified
        ? [{ head: "Stratum", cell: ({ stratum }: Choice["chosen"][number]) => stratum }]
        : []),
      {
        head: "Page",
        cell: ({ id }) => html`<a href="${asked.link(`/${of}/${id}`)}"><code>${id}</code></a>`,
      },
    ])}
    <p class="file"><a href="${asked.link(`${pathname}/sample.csv`, again)}">The sample as CSV</a></p>
    <p class="file"><a href="${asked.link(`${pathname}/sample.zip`, again)}">Its pages as zip</a></p>
    <p>
      The pages linked here are of the log as it is now. Those of the zip are of the package, as
      <code>countersign sample</code> writes them; it is checked first, which takes a while. Each download is
      recorded.
    </p>`;
}

/** The same rows that `countersign sample` writes as selection.csv. */
async function sampleFile(asked: Asked): Promise<PageContent> {
  const { chosen, held, packages } = await packageHere(asked);
  const wanted = wantedIn(asked.query);
  const choice = await held.draw(wanted.of, wanted);
  if (choice === null) throw new PageProblem(404, NOT_AS_SEALED);
  return {
    name: `sample-${chosen.seal.slice(0, 12)}.csv`,
    columns: SELECTION_COLUMNS,
    rows: (async function* () {
      await packages.noteDownload(chosen.period.name, chosen.seal, sentSample(wanted, "csv"));
      yield* choice.chosen.map(selectionRow);
    })(),
  };
}

/** What `countersign sample` writes of the same choice. */
async function samplePages(asked: Asked): Promise<PageContent> {
  const { chosen, held, packages } = await packageHere(asked);
  const wanted = wantedIn(asked.query);
  return {
    name: `sample-${chosen.seal.slice(0, 12)}.zip`,
    zip: recorded(held.samplePages(wanted.of, wanted), () =>
      packages.noteDownload(chosen.period.name, chosen.seal, sentSample(wanted, "pages")),
    ),
  };
}

/** Yields a zip: what cannot be recorded is not sent, and what cannot be made is not recorded. */
async function* recorded(
  zip: AsyncIterable<Uint8Array>,
  note: () => Promise<void>,
): AsyncIterable<Uint8Array> {
  let isNoted = false;
  for await (const part of zip) {
    if (!isNoted) await note();
    isNoted = true;
    yield part;
  }
}

function sentSample({ of, size, seed, stratify }: Wanted, as: SentSample["as"]): SentSample {
  return { of, size, seed, stratify: [...stratify], as };
}

async function packageHere(
  asked: Asked,
): Promise<{ readonly chosen: Package; readonly held: HeldPackage; readonly packages: ViewerPackages }> {
  const chosen = await packageAsked(asked);
  const { packages } = asked;
  const held = (await packages?.find(chosen.seal)) ?? null;
  if (held === null || packages === null) throw new PageProblem(404, notHere(asked));
  return { chosen, held, packages };
}

async function sent(asked: Asked): Promise<PageContent> {
  const { chosen, held, packages } = await packageHere(asked);
  const name = `${chosen.period.name.replaceAll(/[^\w.-]/gu, "-")}-${chosen.seal.slice(0, 12)}.zip`;
  return {
    name,
    zip: recorded(held.zip(), () => packages.noteDownload(chosen.period.name, chosen.seal)),
  };
}

function notHere({ packages }: Asked): string {
  const where =
    packages?.folder == null
      ? "this App is given no folder with packages (COUNTERSIGN_PACKAGES)"
      : "the folder this App looks in (COUNTERSIGN_PACKAGES) has no package with this digest";
  return `A package that is not here lies where it was written when the period was closed; ${where}. Ask whoever handed it over.`;
}

function verifyHtml(packages: readonly Package[]): Html {
  const keys = [...new Set(packages.map(({ keyId }) => keyId))];
  const versions = [...new Set(packages.map(({ version }) => version))];
  return html`<section>
    <h2 id="verify">How to verify</h2>
    <ol>
      <li>
        Take verify.html from the release of version ${versions.join(", ")}, never from a package, and compare
        its SHA-256 with the release notes.
      </li>
      <li>Open it, and drop the zip on it: it needs no network.</li>
      <li>
        Compare the key&rsquo;s fingerprint with one that you were given by another way than these pages:
        ${keys.map((key) => html`<code>${key}</code> `)}
      </li>
      <li>Or, at a terminal: <code>countersign verify PACKAGE.zip</code></li>
    </ol>
  </section>`;
}

async function closedPeriods({ whole }: Asked): Promise<readonly PeriodCloseRecord[]> {
  const all = whole === null ? [] : await collected(whole.entries("period-close"));
  return all.map(({ body }) => body).toSorted((a, b) => b.period.from - a.period.from);
}

function packagesOf({ period, handedOver }: PeriodCloseRecord): readonly Package[] {
  return handedOver.map((each, number) => ({ ...each, period, number }));
}

/** The package that the address names, if this organisation handed it over. */
async function packageAsked(asked: Asked): Promise<Package> {
  const all = (await closedPeriods(asked)).flatMap(packagesOf);
  const found = all.find(({ seal }) => seal === asked.params["seal"]);
  if (found === undefined)
    throw new PageProblem(404, "No package with this digest was handed over in this organisation.");
  return found;
}

function madeAs({ number }: Package): string {
  return number === 0 ? "closing" : `addendum ${number}`;
}
