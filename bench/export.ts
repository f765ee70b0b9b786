/**
 * How fast an evidence package is exported and verified by the commands as they ship, and whether memory stays flat.
 * `node bench/export.ts [--changes 1000,20000] [--json] [--program FILE] [--node-arg=--cpu-prof]`
 */

import { join } from "node:path";
import { parseArgs } from "node:util";

import type { Entry } from "../src/domain/records/entry.ts";
import {
  changeEntry,
  deploymentEntry,
  ledgerWith,
  ORGANIZATION,
  PERIOD,
  smallLog,
  WEB,
} from "../test/evidence/fixture.ts";
import { builtProgram, runCommand, type Ran } from "./support/programs.ts";

/** One command on so many changes, from its start to its end. `eachMicroseconds`: processor time for a change beyond what the command takes on one. */
export interface ExportMeasurement {
  readonly command: "export" | "verify";
  readonly changes: number;
  readonly milliseconds: number;
  readonly changesPerSecond: number;
  /** Processor time (ms), and that for each change beyond what the command takes where there is one change (us). */
  readonly cpu: number;
  readonly cpuEach: number;
  /** Peak resident memory, in mebibytes. */
  readonly peakMebibytes: number;
}

/** How it is measured. `program`: the App's `main.js`; null: it is built first. */
export interface ExportOptions {
  readonly sizes: readonly number[];
  readonly program?: string | null;
  readonly nodeArgs?: readonly string[];
}

/** Exports and verifies so many changes, a deployment for every ten, each size on a log of its own. */
export async function benchExport(options: ExportOptions): Promise<readonly ExportMeasurement[]> {
  const { sizes, nodeArgs = [] } = options;
  const program = options.program ?? builtProgram();
  const least = await measured(program, 1, nodeArgs);
  const rows: ExportMeasurement[] = [];
  for (const changes of sizes) {
    const both = await measured(program, changes, nodeArgs);
    for (const command of ["export", "verify"] as const) {
      const { milliseconds, cpu, peak } = both[command];
      rows.push({
        command,
        changes,
        milliseconds: Math.round(milliseconds),
        changesPerSecond: Math.round((changes * 1000) / milliseconds),
        cpu: Math.round(cpu),
        cpuEach: Math.round(((cpu - least[command].cpu) * 1000) / changes),
        peakMebibytes: Math.round(peak),
      });
    }
  }
  return rows;
}

async function measured(
  program: string,
  changes: number,
  nodeArgs: readonly string[],
): Promise<{ readonly export: Ran; readonly verify: Ran }> {
  const { ledger, folder, close } = await ledgerWith(logOf(changes));
  try {
    await ledger.queue.settle();
    const out = join(folder, "package");
    const { from, to } = PERIOD;
    const period = ["--from", new Date(from).toISOString(), "--to", new Date(to).toISOString()];
    const args = ["export", "--org", ORGANIZATION.login, ...period, "--out", out, "--zip", "--offline"];
    const exported = await runCommand(
      program,
      args,
      { COUNTERSIGN_DATA_DIR: join(folder, "data") },
      nodeArgs,
    );
    return { export: exported, verify: await runCommand(program, ["verify", out], {}, nodeArgs) };
  } finally {
    await close();
  }
}

export function logOf(changes: number): Parameters<typeof ledgerWith>[0] {
  const step = Math.floor((PERIOD.to - PERIOD.from) / (changes + 1));
  const entries = Array.from({ length: changes }, (_, index) => {
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
  });
  const policies = smallLog().filter(({ kind }) => kind === "policy");
  return [watched(), ...policies, ...entries.flat()];
}

/** The repository, as the App knows it since before the period. */
function watched(): Entry<"repository"> {
  return {
    kind: "repository",
    subject: String(WEB.id),
    repositoryId: WEB.id,
    organizationId: ORGANIZATION.id,
    at: PERIOD.from - 1,
    body: {
      repository: WEB,
      installationId: 1,
      installedFrom: PERIOD.from - 1,
      removedAt: null,
      inScope: true,
      reason: "",
      productionRefs: ["refs/heads/main"],
      archived: false,
    },
  };
}

/** Prints the figures as a table. */
export function printExport(rows: readonly ExportMeasurement[]): void {
  console.log("Evidence packages; peak: resident memory at most");
  console.table(
    rows.map(({ command, changes, milliseconds, changesPerSecond, cpu, cpuEach, peakMebibytes }) => ({
      command,
      changes,
      ms: milliseconds,
      "changes a second": changesPerSecond,
      "CPU ms": cpu,
      "CPU us for a change": cpuEach,
      "peak MiB": peakMebibytes,
    })),
  );
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      changes: { type: "string", default: "1000,20000" },
      json: { type: "boolean", default: false },
      program: { type: "string" },
      "node-arg": { type: "string", multiple: true, default: [] },
    },
  });
  const rows = await benchExport({
    sizes: values.changes.split(",").map(Number),
    program: values.program ?? null,
    nodeArgs: values["node-arg"],
  });
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else printExport(rows);
}
