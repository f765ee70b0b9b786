/** The page of one change or deployment made of the log itself: by the tables a package would have, of its entries alone. */

import { lineOf } from "../../records/stored.ts";
import type { LoggedEntry } from "../../records/entry.ts";
import { TABLES } from "../package.ts";
import { sourceOfEntries } from "../tables/entries.ts";
import type { EvidenceSource } from "../tables/population.ts";
import { rowReader } from "../tables/table.ts";
import { changePage } from "./change-page.ts";
import { POPULATIONS, type PopulationName } from "./choice.ts";
import { deploymentPage } from "./deployment-page.ts";
import { materialEntry, materialOf, materialRow, type Material, type MaterialRow } from "./material.ts";
import { rowsOf, type SamplePage, type Section } from "./page.ts";
import type { SampleSource } from "./rows.ts";
import { logSection, oneDeviation, type PageContext } from "./shared-sections.ts";
import { OF_LOG } from "./source-words.ts";

/** Describes what a page of the log is made of. `entries`: everything about the item, and what that names. */
export interface LogItem extends Pick<EvidenceSource, "organizationId" | "generatedAt" | "observedTime"> {
  readonly of: PopulationName;
  readonly id: string;
  readonly entries: readonly LoggedEntry[];
}

/** Lists the columns of a row that rest on a count over whole months or periods. For one page nobody counts that. */
export function notCounted(path: string, cell: (column: string) => string): readonly string[] {
  if (path === "deviations.csv") return ["extent_control", "extent_failed", "extent_tested"];
  // Months count since it was done, and tick a box only where some are needed.
  if (path !== "remediation.csv" || cell("done_at") === "") return [];
  return cell("months_needed") === "0" ? ["clean_months"] : ["clean_months", "checklist"];
}

/** Returns the page of one change or deployment; null: the entries hold none of that name. */
export async function logPage(item: LogItem, context: PageContext): Promise<SamplePage | null> {
  const material = await logMaterial(item);
  const row = material?.rows.get(POPULATIONS[item.of].path)?.[0];
  if (material === null || row === undefined) return null;
  const page = item.of === "changes" ? changePage : deploymentPage;
  return page(material, row, context);
}

/** Returns what a page is made of; null: the entries hold nothing of that name. */
async function logMaterial({ of, id, entries, ...surroundings }: LogItem): Promise<Material | null> {
  const source = logSource(entries, surroundings);
  const item = { rank: 1, digest: "", id, stratum: "all" };
  for await (const material of materialOf(source, of, [item])) return material;
  return null;
}

/** Returns what is on record of a deviation, and the entries it rests on. `entries`: those of it and of its remediation. */
export async function deviationSections(
  entries: readonly LoggedEntry[],
  surroundings: Parameters<typeof sourceOfEntries>[1],
): Promise<readonly Section[]> {
  const source = logSource(entries, surroundings);
  const rows = new Map<string, readonly MaterialRow[]>();
  for (const path of ["deviations.csv", "remediation.csv", "remediation-history.csv"]) {
    const related = { path, counted: { subjects: " " } } as const;
    const own: MaterialRow[] = [];
    for await (const row of source.rows(path)) own.push(materialRow(related, row));
    rows.set(path, own);
  }
  return [
    {
      id: "record",
      title: "On record",
      blocks: rowsOf({ rows }, "deviations.csv").flatMap((row) => oneDeviation({ rows }, row, OF_LOG)),
    },
    logSection({ entries: entriesOfLog(entries) }, { words: OF_LOG }),
  ];
}

/** Returns entries of the log as pages have them. */
export function entriesOfLog(entries: readonly LoggedEntry[]): Material["entries"] {
  return entries
    .map((entry) => materialEntry({ file: null, line: lineOf(entry) }))
    .filter((entry) => entry !== null);
}

function logSource(
  entries: readonly LoggedEntry[],
  surroundings: Parameters<typeof sourceOfEntries>[1],
): SampleSource {
  const evidence = sourceOfEntries(entries, surroundings);
  return {
    async *rows(path) {
      const table = TABLES.find((each) => each.path === path);
      if (table === undefined) throw new Error(`no table ${path}`);
      const columns = table.columns.map(({ name }) => name);
      const read = rowReader(table.columns);
      for await (const cells of table.rows(evidence)) {
        const cell = read(cells);
        const uncounted = notCounted(path, cell);
        yield { number: null, columns, cell: (name) => (uncounted.includes(name) ? "" : cell(name)) };
      }
    },
    async *entries() {
      for await (const entry of evidence.log({ ...evidence.period, organizationId: evidence.organizationId }))
        yield { file: null, line: lineOf(entry) };
    },
    sorted: (lines) => evidence.sorted(lines),
  };
}
