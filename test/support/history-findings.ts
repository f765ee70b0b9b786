/** What the App found of an acted-out history, held against what was done. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readCsv } from "../../src/cli/input/read-csv.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";
import { writePackage } from "../../src/cli/evidence/write-package.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import type { ActedUpdate, HistoryCommit } from "./history.ts";

/** What the acted-out history is held against: the cells of changes.csv that matter. */
export interface FoundChange {
  readonly after: string;
  /** Numbers, as the column `pull_request` holds them; empty for none. */
  readonly pulls: string;
  readonly verdict: string;
}

/**
 * Every difference between what was acted out and what was found, in words; empty when there is none. What was approved is compliant
 * and the rest is not; with `lossy`, because webhooks were lost, what was approved may be unverifiable.
 */
export function differences(
  acted: readonly ActedUpdate[],
  found: readonly FoundChange[],
  complete: boolean,
  lossy = false,
): readonly string[] {
  const rows = Map.groupBy(found, (row) => row.after);
  const problems: string[] = [];
  for (const update of acted) {
    const own = rows.get(update.after) ?? [];
    rows.delete(update.after);
    if (own.length !== 1)
      problems.push(`${update.sha} (${update.kind}) is covered by ${own.length} rows, not 1`);
    const named = own[0]?.pulls ?? "";
    const wanted = update.pull === null ? "" : String(update.pull);
    if (own.length === 1 && named !== wanted) {
      problems.push(`${update.sha} (${update.kind}) names pull request "${named}", not "${wanted}"`);
    }
  }
  for (const update of acted) {
    const { verdict } = found.find((row) => row.after === update.after) ?? { verdict: "" };
    const isRight = update.approved
      ? verdict === "compliant" || (lossy && verdict === "unverifiable")
      : verdict !== "compliant";
    if (verdict !== "" && !isRight)
      problems.push(
        `${update.sha} (${update.kind}), ${update.approved ? "approved" : "not approved"}, is ${verdict}`,
      );
  }
  for (const [after, extra] of rows) {
    if (extra.some((row) => row.verdict !== "historic"))
      problems.push(`a change to ${after} was never acted out`);
  }
  if (!complete) problems.push("completeness does not say so");
  return problems;
}

/** How many updates there are, with and without a pull request. */
export function countOf(updates: readonly { readonly pull: number | null }[]): {
  readonly updates: number;
  readonly withPull: number;
  readonly withoutPull: number;
} {
  const withPull = updates.filter((update) => update.pull !== null).length;
  return { updates: updates.length, withPull, withoutPull: updates.length - withPull };
}

/** What an export of the whole history says. */
export interface Findings {
  readonly changes: readonly FoundChange[];
  readonly counts: ReturnType<typeof countOf>;
  /** How many were not seen when they happened. */
  readonly late: number;
  readonly complete: boolean;
  /** How many differences between the listings there were, and how many nobody can explain. */
  readonly explained: number;
  readonly unexplained: number;
}

/** Proves what is not proven yet, exports the whole span, and reads changes.csv and completeness.csv. */
export async function findChanges(
  harness: Harness,
  commits: readonly HistoryCommit[],
  proven: Instant,
): Promise<Findings> {
  const times = commits.map((commit) => commit.committed * 1000);
  const [from, to] = [Math.min(...times) - 86_400_000, Math.max(...times) + 86_400_000];
  await harness.app.reconcile("acme", proven, to);
  const folder = await mkdtemp(join(tmpdir(), "countersign-history-package-"));
  const ledger = await harness.openLedger();
  try {
    const out = join(folder, "package");
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    await writePackage(ledger, {
      organization: "acme",
      period: { name: "history", from, to },
      out,
      zip: false,
      signingKey: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      apiUrl: "https://api.github.com",
      generatedAt: to,
    });
    const rows = readCsv(await readFile(join(out, "changes.csv"), "utf8")).filter(
      (row) => row["branch"] === "refs/heads/main",
    );
    const changes = rows.map((row) => ({
      after: row["after_sha"] ?? "",
      pulls: row["pull_request"] ?? "",
      verdict: row["verdict"] ?? "",
    }));
    const seen = changes.filter((change) => change.verdict !== "historic");
    const proofs = readCsv(await readFile(join(out, "completeness.csv"), "utf8"));
    return {
      changes,
      counts: countOf(seen.map((change) => ({ pull: change.pulls === "" ? null : 1 }))),
      late: rows.filter((row) => row["late"] === "yes").length,
      complete: proofs.length > 0 && proofs.every((row) => row["complete"] === "yes"),
      explained: total(proofs, "differences") - total(proofs, "unexplained"),
      unexplained: total(proofs, "unexplained"),
    };
  } finally {
    await ledger.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function total(rows: readonly Readonly<Record<string, string>>[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column] ?? 0), 0);
}
