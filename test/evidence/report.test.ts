/** report.pdf, read with another program: its sentences, tags and names, whatever alphabet they are in. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";

import { getDocument, type PDFDocumentProxy } from "pdfjs-dist/legacy/build/pdf.mjs";
import { afterAll, beforeAll, expect, test } from "vitest";

import { closingBlocks, type SharedContent } from "../../src/domain/evidence/copies/first-page.ts";
import { reportOf } from "../../src/package/report/report.ts";
import { exportTo, ledgerWith, MAKING, smallLog } from "./fixture.ts";

let close: () => Promise<void>;
let place: string;
let content: SharedContent;

beforeAll(async () => {
  const made = await ledgerWith(smallLog());
  ({ close } = made);
  place = join(made.folder, "package");
  const { copies } = MAKING.maker;
  const report = (each: SharedContent): AsyncIterable<Uint8Array> => {
    content = each;
    return copies.report(each);
  };
  const { libraries, workbook, isWorkbookOf } = copies;
  const maker = { ...MAKING.maker, copies: { libraries, workbook, isWorkbookOf, report } };
  await exportTo(made.ledger, place, { maker });
});

afterAll(() => close());

async function opened(bytes: Uint8Array): Promise<PDFDocumentProxy> {
  return getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
}

async function textOf(pdf: PDFDocumentProxy): Promise<string> {
  const texts: string[] = [];
  for (let page = 1; page <= pdf.numPages; page += 1) {
    const { items } = await (await pdf.getPage(page)).getTextContent();
    texts.push(...items.map((item) => ("str" in item ? item.str : "")));
  }
  return texts.join(" ").replaceAll(/\s+/gu, " ");
}

/** What a text is without its blanks: where lines and fonts change, others see some. */
function dense(text: string): string {
  return text.normalize("NFC").replaceAll(/\s+/gu, "");
}

function made(report: SharedContent): Promise<Buffer> {
  return buffer(Readable.from(reportOf(report, "libraries")));
}

test("holds the sentences of the first page, and numbers its pages", async () => {
  const pdf = await opened(await readFile(join(place, "report.pdf")));
  const text = dense(await textOf(pdf));
  const sentences = [
    ...content.limitations,
    ...[...content.scopeWords, ...content.gapsWords, ...content.completenessWords].map(({ says }) => says),
    ...content.answers.map(({ what }) => what),
    ...content.deviations.items.map(({ deviation }) => deviation.title),
    `sh verify.sh ${content.fingerprint}`,
    `Page 1 of ${pdf.numPages}`,
  ];
  for (const sentence of sentences) expect(text).toContain(dense(sentence));
});

test("is tagged, has a language and a title, and comes from no clock", async () => {
  const pdf = await opened(await readFile(join(place, "report.pdf")));
  const { info } = await pdf.getMetadata();
  expect(info).toMatchObject({ Title: "Change evidence of acme, 2026-Q3", Language: "en" });
  expect(info).toMatchObject({ CreationDate: "D:20261002080000Z" });
  const marked: unknown = await pdf.getMarkInfo();
  expect(marked instanceof Map && marked.get("Marked")).toBe(true);
  const tree = JSON.stringify(await (await pdf.getPage(1)).getStructTree());
  for (const tag of ["H1", "H2", "P", "L", "LI", "Table", "TR", "TH", "TD"])
    expect(tree).toContain(`"role":"${tag}"`);
});

test("has the same bytes when made again, and repeats the head of a table on each page", async () => {
  const [first] = content.deviations.items;
  if (first === undefined) throw new Error("no deviation");
  const title = `Łukasz Żółć, 山田太郎, Ελλάδα, Привет 👩‍💻𠮷 ${"long ".repeat(400)}${"x".repeat(300)}`;
  const item = { ...first, deviation: { ...first.deviation, title } };
  const report = { ...content, deviations: { items: Array.from({ length: 12 }, () => item), total: 12 } };
  const bytes = await made(report);
  expect(bytes.equals(await made(report))).toBe(true);
  const pdf = await opened(bytes);
  expect(pdf.numPages).toBeGreaterThan(4);
  for (const page of [3, 4]) {
    const { items } = await (await pdf.getPage(page)).getTextContent();
    expect(dense(items.map((each) => ("str" in each ? each.str : "")).join(""))).toMatch(
      /^DeviationWhereWhat/u,
    );
  }
  const text = dense(await textOf(pdf));
  for (const name of ["Łukasz", "Żółć", "山田太郎", "Ελλάδα", "Привет"]) expect(text).toContain(name);
  expect(text).toContain(dense("Letters that the fonts of this report lack are written by their numbers"));
});

test("shows of two long cells where they differ", () => {
  const dates = "2026-08-19 2026-08-26 2026-09-02 2026-09-09 2026-09-16 2026-09-23";
  const difference = {
    table: "remediation.csv",
    row: "DEV-1",
    change: "changed",
    columns: "reviews_missed",
    before: JSON.stringify({ reviews_missed: dates }),
    after: JSON.stringify({ reviews_missed: `${dates} 2026-09-30` }),
    why: ";;;why",
  } as const;
  const since_close = { total: 1, recorded_again: 0, by_table: { "remediation.csv": { changed: 1 } } };
  const blocks = closingBlocks({
    ...content,
    differences: [difference],
    summary: { ...content.summary, since_close },
  });
  expect(JSON.stringify(blocks)).toContain("reviews_missed: … → … 2026-09-30");
});
