/** Draws a sample from a verified package and writes its pages: a folder that appears whole or not at all. */

import { ManifestSchema } from "../../domain/evidence/package.ts";
import { SELECTION_COLUMNS, selectionRow, type PopulationName } from "../../domain/evidence/sample/choice.ts";
import { packageSource, type SampleSource } from "../../domain/evidence/sample/rows.ts";
import {
  chooseSample,
  pageFile,
  samplePages,
  type Choosing,
  type IndexRow,
  type Sample,
} from "../../domain/evidence/sample/sample.ts";
import { MANIFEST_FILE } from "../../domain/evidence/verify/read.ts";
import { isWhole } from "../../domain/evidence/verify/report.ts";
import type { Verification } from "../../domain/evidence/verify/verify.ts";
import { openPackage, type PackageWriter } from "../folder.ts";
import type { Files } from "../../domain/evidence/verify/read.ts";
import { openFiles } from "../read-package.ts";
import { INDEX_FILE, renderSampleIndex, renderSamplePage } from "./pages.ts";

/** Describes what to draw. `verification`: of this very package, without a defect; `out`: a folder that is not there yet. */
export interface SampleRequest {
  readonly of: PopulationName;
  readonly how: Choosing;
  readonly out: string;
  readonly verification: Verification;
  /** Gets how many pages were written. */
  readonly onPage?: (pages: number) => void;
}

/** Describes what was drawn. `folder` null: nothing was written, since the population lacks ids that were named. */
export interface DrawnSample {
  readonly folder: string | null;
  readonly sample: Sample;
  readonly pages: readonly IndexRow[];
}

/** Draws a sample from the package at a path. Throws {@link ExternalError} `not-writable`, and on a package that has defects. */
export async function drawSample(path: string, request: SampleRequest): Promise<DrawnSample> {
  if (!isWhole(request.verification)) throw new Error("a package that is not whole is never sampled");
  const opened = await openFiles(path);
  if ("problem" in opened) throw new Error(`the package ${opened.problem}`);
  const writer = await openPackage(request.out);
  try {
    const text = await textsOf(opened.files);
    const source = packageSource({ text, sorted: (lines) => writer.sorted(lines) });
    const sampled = await sampledPackage(text, request);
    const sample = await chooseSample(source, request.of, request.how, sampled);
    if (sample.missing.size > 0) {
      await writer.abandon();
      return { folder: null, sample, pages: [] };
    }
    const pages = await writeSample(writer, source, sample, request);
    return { folder: (await writer.finish()).folder, sample, pages };
  } catch (error) {
    await writer.abandon();
    throw error;
  } finally {
    await opened.close();
  }
}

async function writeSample(
  writer: PackageWriter,
  source: SampleSource,
  sample: Sample,
  { onPage = () => undefined }: SampleRequest,
): Promise<readonly IndexRow[]> {
  const files = sample.chosen.map((item) => pageFile(item, sample.chosen.length));
  const rows: IndexRow[] = [];
  for await (const { row, page } of samplePages(source, sample)) {
    const [before = null, after = null] = [files[row.rank - 2], files[row.rank]];
    await writer.text(row.file, renderSamplePage(sample, row, page, { before, after }));
    rows.push(row);
    onPage(rows.length);
  }
  await writer.text(INDEX_FILE, renderSampleIndex(sample, rows));
  await writer.table("selection.csv", SELECTION_COLUMNS, each(sample.chosen.map(selectionRow)));
  return rows;
}

async function sampledPackage(
  textOf: Texts,
  { verification: { fingerprint, checks, seal, closing } }: SampleRequest,
): Promise<Sample["package"]> {
  let text = "";
  for await (const piece of textOf(MANIFEST_FILE)) text += piece;
  return {
    manifest: ManifestSchema.parse(JSON.parse(text)),
    seal: seal ?? "",
    fingerprint: fingerprint ?? "",
    checks,
    closing: closing?.says ?? null,
  };
}

/** Yields the text of a file in pieces; none, where there is no such file. */
type Texts = (path: string) => AsyncIterable<string>;

async function textsOf(files: Files): Promise<Texts> {
  const there = new Set((await files.members()).members.map(({ path }) => path));
  return async function* (path) {
    if (!there.has(path)) return;
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    for await (const piece of files.open(path)) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  };
}

async function* each<Item>(items: readonly Item[]): AsyncIterable<Item> {
  yield* items;
}
