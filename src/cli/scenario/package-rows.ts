/** What an evidence package of the story so far holds: the rows of its CSV files. */

import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Instant } from "../../domain/change.ts";
import type { CsvRow } from "../read-csv.ts";
import { readCsv } from "../read-csv.ts";
import { writePackage } from "../write-package.ts";
import type { Row } from "./expectations.ts";
import type { Sight } from "./match.ts";
import type { Stage } from "./stage.ts";

const ORGANIZATION = "acme";

/** One row for each file asked about: how many rows it has, and which. A file that is not there has no row. */
export async function packageRows(
  stage: Stage,
  from: Instant,
  now: Instant,
  asked: readonly Row[],
): Promise<Sight> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-package-"));
  const ledger = await stage.openLedger();
  try {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const out = join(folder, "package");
    await stage.app.reconcile(ORGANIZATION, from, now + 1000);
    await writePackage(ledger, {
      organization: ORGANIZATION,
      period: { name: "story", from, to: now + 1000 },
      out,
      zip: false,
      signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      apiUrl: "https://api.github.com",
      generatedAt: now,
    });
    const files = new Set(asked.map((row) => row["file"]).filter((file) => typeof file === "string"));
    const rows: Row[] = [];
    for (const file of files) {
      const cells = await rowsOf(join(out, file));
      if (cells !== null) rows.push({ file, count: cells.length, rows: cells });
    }
    return { columns: ["file", "rows", "count"], rows };
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function rowsOf(path: string): Promise<readonly CsvRow[] | null> {
  try {
    const text = await readFile(path, "utf8");
    return path.endsWith(".csv") ? readCsv(text) : [];
  } catch {
    return null;
  }
}
