/** A sample of a package: what is chosen, one page for each, and the index that explains the choice. */

import type { Manifest } from "../package.ts";
import type { CheckOutcome } from "../verify/checks.ts";
import { changePage } from "./change-page.ts";
import {
  drawBySeed,
  findByIds,
  POPULATIONS,
  type Choice,
  type ChosenItem,
  type PopulationName,
  type StratumColumn,
} from "./choice.ts";
import { deploymentPage } from "./deployment-page.ts";
import { webOf } from "./links.ts";
import { materialOf } from "./material.ts";
import type { Piece, SamplePage } from "./page.ts";
import type { SampleSource } from "./rows.ts";
import type { PageContext } from "./shared-sections.ts";
import { OF_PACKAGE } from "./source-words.ts";

/** Describes how to choose: a size and a seed, or the ids that the auditor names. */
export type Choosing =
  | { readonly size: number; readonly seed: string; readonly stratify: readonly StratumColumn[] }
  | { readonly ids: readonly string[] };

/** Describes the package a sample is of. `seal`: SHA-256 of manifest.dsse.json; `checks`: how its verification ended. */
export interface SampledPackage {
  readonly manifest: Manifest;
  readonly seal: string;
  readonly fingerprint: string;
  readonly checks: readonly CheckOutcome[];
  /** Which package of the period was handed over, as the package reports it. */
  readonly closing: string | null;
}

/** Describes a sample before its pages are made. */
export interface Sample extends Choice {
  readonly of: PopulationName;
  readonly how: Choosing;
  readonly package: SampledPackage;
  /** SHA-256 of the population's file. */
  readonly populationDigest: string;
  /** Ids that the auditor named and the population lacks, with the population that has them. */
  readonly missing: ReadonlyMap<string, PopulationName | null>;
}

/** Describes a row of the index. */
export interface IndexRow extends ChosenItem {
  readonly file: string;
  readonly title: string;
  readonly subject: readonly Piece[];
  readonly repository: string;
  readonly when: string;
  readonly verdict: string;
}

/** Chooses the sample. */
export async function chooseSample(
  source: SampleSource,
  of: PopulationName,
  how: Choosing,
  sampled: SampledPackage,
): Promise<Sample> {
  const { path } = POPULATIONS[of];
  const digest = sampled.manifest.files.find((file) => file.path === path)?.sha256 ?? "";
  const rows = (): ReturnType<SampleSource["rows"]> => source.rows(path);
  const common = { of, how, package: sampled, populationDigest: digest };
  if (!("ids" in how)) {
    const choice = await drawBySeed(of, rows, { ...how, digest }, (lines) => source.sorted(lines));
    return { ...choice, ...common, missing: new Map() };
  }
  const { missing, ...choice } = await findByIds(of, rows, how.ids);
  return { ...choice, ...common, missing: await holdersOf(source, of, missing) };
}

/** Which other population holds the ids that one lacks. */
async function holdersOf(
  source: SampleSource,
  of: PopulationName,
  missing: readonly string[],
): Promise<ReadonlyMap<string, PopulationName | null>> {
  const holders = new Map<string, PopulationName | null>(missing.map((id) => [id, null]));
  const other = of === "changes" ? "deployments" : "changes";
  const { path, id } = POPULATIONS[other];
  if (missing.length > 0)
    for await (const { cell } of source.rows(path)) if (holders.has(cell(id))) holders.set(cell(id), other);
  return holders;
}

/** Yields the page of each chosen item, by rank. Each table and the log are read once more; one page is held. */
export async function* samplePages(
  source: SampleSource,
  { of, chosen }: Sample,
): AsyncIterable<{ readonly row: IndexRow; readonly page: SamplePage }> {
  const context = await pageContext(source);
  const { path } = POPULATIONS[of];
  for await (const material of materialOf(source, of, chosen)) {
    const row = material.rows.get(path)?.[0];
    if (row === undefined) throw new Error(`${path} no longer has the row ${material.item.id}`);
    const page = (of === "changes" ? changePage : deploymentPage)(material, row, context);
    const { title, subject, repository, when, verdict } = page;
    const file = pageFile(material.item, chosen.length);
    yield { row: { ...material.item, file, title, subject, repository, when, verdict }, page };
  }
}

async function pageContext(source: SampleSource): Promise<PageContext> {
  let web: string | null = null;
  const companyIds = new Map<string, string>();
  for await (const { cell } of source.rows("tool.csv"))
    if (cell("item") === "github-api") web = webOf(cell("value"));
  for await (const { cell } of source.rows("controls.csv"))
    if (cell("company_id") !== "") companyIds.set(cell("control"), cell("company_id"));
  return { web, companyIds, words: OF_PACKAGE };
}

/** Returns the file name of a page. It begins with the rank, in as many digits as the last has. */
export function pageFile({ rank, id }: ChosenItem, count: number): string {
  const digits = String(count).length;
  return `${String(rank).padStart(digits, "0")}-${id.replaceAll(/[^0-9a-f]/gu, "").slice(0, 12)}.html`;
}
