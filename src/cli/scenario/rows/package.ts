/** The rows of the CSV files in an evidence package of the story so far. */

import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instant } from "../../../domain/time/instant.ts";
import type { CsvRow } from "../../input/read-csv.ts";
import { readCsv } from "../../input/read-csv.ts";
import { periodsTogether } from "../../evidence/export.ts";
import type { Period } from "../../../domain/evidence/tables/population.ts";
import { writePackage } from "../../evidence/write-package.ts";
import type { Row } from "../format/expectations.ts";
import { STORY_ORGANIZATION, type RowSet } from "../format/match.ts";
import type { Harness } from "../harness/harness.ts";

/** Writes a package of all there is so far, or of `periods`, and reads its files: rows by name. None for what is not CSV. */
export async function packageFiles(
  harness: Harness,
  { from, periods }: { readonly from: Instant; readonly periods: string | null },
  now: Instant,
): Promise<ReadonlyMap<string, readonly CsvRow[]>> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-package-"));
  const ledger = await harness.openLedger();
  try {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const out = join(folder, "package");
    const period: Period =
      periods === null
        ? { name: "story", from, to: now + 1000 }
        : await periodsTogether(periods, STORY_ORGANIZATION, ledger);
    for (const part of period.parts ?? [period])
      await harness.app.reconcile(STORY_ORGANIZATION, part.from, part.to);
    await writePackage(ledger, {
      organization: STORY_ORGANIZATION,
      period,
      out,
      zip: false,
      signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      apiUrl: "https://api.github.com",
      generatedAt: now,
    });
    const names = await readdir(out, { recursive: true });
    const files = new Map<string, readonly CsvRow[]>();
    for (const name of names)
      files.set(name, name.endsWith(".csv") ? readCsv(await readFile(join(out, name), "utf8")) : []);
    return files;
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns the periods that a row asks to be rolled up; none: it asks about the story so far. */
export function periodsAsked({ periods }: Row): readonly string[] {
  return typeof periods === "string" ? [periods] : [];
}

/** Returns one row for each file asked about: how many rows it has, and which. A file that is not there has no row. */
export function packageRows(files: ReadonlyMap<string, readonly CsvRow[]>, asked: readonly Row[]): RowSet {
  const names = new Set(asked.map((row) => row["file"]).filter((file) => typeof file === "string"));
  const rows = [...names].flatMap((file): readonly Row[] => {
    const cells = files.get(file);
    const [periods = null] = asked.flatMap(periodsAsked);
    return cells === undefined ? [] : [{ file, periods, count: cells.length, rows: cells }];
  });
  return { columns: ["file", "periods", "rows", "count"], rows };
}
