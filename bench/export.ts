/**
 * How fast an evidence package is exported, and whether memory stays flat: changes per second and peak memory.
 * `node bench/export.ts [--changes 1000,20000] [--json]`
 */

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { openLedger } from "../src/ledger/open.ts";
import { changeEntry, deploymentEntry, exportTo, ledgerWith, PERIOD } from "../test/evidence/fixture.ts";

/** One measurement. */
export interface ExportMeasurement {
  readonly changes: number;
  readonly milliseconds: number;
  readonly changesPerSecond: number;
  /** Peak resident memory of the exporting process, in mebibytes. */
  readonly peakMebibytes: number;
}

/** Exports so many changes, a deployment for every ten, each size in a process of its own. */
export async function benchExport(
  sizes: readonly number[] = [1_000, 20_000],
): Promise<readonly ExportMeasurement[]> {
  const measured: ExportMeasurement[] = [];
  for (const changes of sizes) {
    const { ledger, folder, close } = await ledgerWith(logOf(changes));
    try {
      await ledger.queue.settle();
      measured.push(await inOwnProcess(folder, changes));
    } finally {
      await close();
    }
  }
  return measured;
}

function logOf(changes: number): Parameters<typeof ledgerWith>[0] {
  const step = Math.floor((PERIOD.to - PERIOD.from) / (changes + 1));
  return Array.from({ length: changes }, (_, index) => {
    const n = index + 1;
    const at = PERIOD.from + n * step;
    const change = changeEntry(n, at);
    if (n % 10 !== 0) return [change];
    return [
      change,
      deploymentEntry(
        n,
        Array.from({ length: 10 }, (_, back) => n - back),
        at + 1,
      ),
    ];
  }).flat();
}

function inOwnProcess(folder: string, changes: number): Promise<ExportMeasurement> {
  return new Promise((resolve, reject) => {
    const child = fork(import.meta.filename, ["--export", folder], { stdio: "inherit" });
    child.on("message", (message) => {
      const { milliseconds, peakMebibytes } = message as Pick<
        ExportMeasurement,
        "milliseconds" | "peakMebibytes"
      >;
      resolve({
        changes,
        milliseconds,
        peakMebibytes,
        changesPerSecond: Math.round((changes * 1000) / milliseconds),
      });
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`the exporting process ended with ${code}`)));
  });
}

async function exportAndTell(data: string): Promise<void> {
  const ledger = await openLedger({ dataDir: join(data, "data") }, { readOnly: true });
  const out = await mkdtemp(join(tmpdir(), "countersign-bench-"));
  try {
    const started = performance.now();
    await exportTo(ledger, join(out, "package"), { zip: true });
    const milliseconds = Math.round(performance.now() - started);
    process.send?.({ milliseconds, peakMebibytes: peak() });
  } finally {
    await ledger.close();
    await rm(out, { recursive: true, force: true });
  }
}

function peak(): number {
  // The kernel's own high-water mark where there is one; elsewhere what the process reports of itself, in kibibytes.
  try {
    const line = /VmHWM:\s+(\d+) kB/u.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (line !== undefined) return Math.round(Number(line) / 1024);
  } catch {
    // Not Linux.
  }
  return Math.round(process.resourceUsage().maxRSS / 1024);
}

/** Prints the figures as a table. */
export function printExport(rows: readonly ExportMeasurement[]): void {
  console.log("Exporting an evidence package; peak: resident memory at most");
  console.table(rows);
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      changes: { type: "string", default: "1000,20000" },
      json: { type: "boolean", default: false },
      export: { type: "string" },
    },
  });
  if (values.export === undefined) {
    const rows = await benchExport(values.changes.split(",").map(Number));
    if (values.json) console.log(JSON.stringify(rows, null, 2));
    else printExport(rows);
  } else await exportAndTell(values.export);
}
