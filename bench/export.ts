/**
 * How fast an evidence package is exported, closed, verified and sampled by the commands as they ship, and whether memory stays flat.
 * `node bench/export.ts [--changes 1000,20000] [--json] [--program FILE] [--node-arg=--cpu-prof]`
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
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

/** One command on so many changes, from its start to its end. */
export interface ExportMeasurement {
  readonly command: Command;
  readonly changes: number;
  readonly milliseconds: number;
  readonly changesPerSecond: number;
  /** Processor time (ms), and that for each change beyond what the command takes where there is one change (us). */
  readonly cpu: number;
  readonly cpuEach: number;
  /** Processor time as a multiple of what `sha256sum` takes on every file of the package; null: it reads none. */
  readonly timesSha256sum: number | null;
  /** Peak resident memory, in mebibytes. */
  readonly peakMebibytes: number;
}

/**
 * `later export`: of the period that was closed, with a change more for every hundred. `verify.html`: its code in Node, on the zip, where
 * nobody would open a larger one in a browser.
 */
type Command = "export" | "verify" | "verify.html" | "sample" | "close" | "later export" | "later verify";

/** So many changes at most are checked as in a browser. */
const MOST_IN_BROWSER = 20_000;

/** How it is measured. `program`: the App's `main.js`; null: it is built first. */
export interface ExportOptions {
  readonly sizes: readonly number[];
  readonly program?: string | null;
  readonly nodeArgs?: readonly string[];
}

/** Exports, closes, verifies and samples so many changes, a deployment for every ten, each size on a log of its own. */
export async function benchExport(options: ExportOptions): Promise<readonly ExportMeasurement[]> {
  const { sizes, nodeArgs = [] } = options;
  const program = options.program ?? builtProgram();
  const least = await measured(program, 1, nodeArgs);
  const rows: ExportMeasurement[] = [];
  for (const changes of sizes) {
    const all = await measured(program, changes, nodeArgs);
    for (const [command, { milliseconds, cpu, peak, digests }] of all) {
      const startUp = least.get(command)?.cpu ?? 0;
      rows.push({
        command,
        changes,
        milliseconds: Math.round(milliseconds),
        changesPerSecond: Math.round((changes * 1000) / milliseconds),
        cpu: Math.round(cpu),
        cpuEach: Math.round(((cpu - startUp) * 1000) / changes),
        timesSha256sum: digests === null ? null : Math.round((cpu / digests) * 10) / 10,
        peakMebibytes: Math.round(peak),
      });
    }
  }
  return rows;
}

/** `digests`: what `sha256sum` takes on what the command read (ms of processor time). */
type Measured = Ran & { readonly digests: number | null };

async function measured(
  program: string,
  changes: number,
  nodeArgs: readonly string[],
): Promise<ReadonlyMap<Command, Measured>> {
  const { ledger, folder, close } = await ledgerWith(logOf(changes));
  const found = new Map<Command, Measured>();
  const run = async (
    command: Command,
    args: readonly string[],
    reads: string | null = null,
  ): Promise<void> => {
    const env = { COUNTERSIGN_DATA_DIR: join(folder, "data") };
    const [file, ...rest] = command === "verify.html" ? [IN_BLOBS, ...args] : [program, ...args];
    const digests = reads === null ? null : sha256sumOf(reads);
    found.set(command, { ...(await runCommand(file ?? "", rest, env, nodeArgs)), digests });
  };
  const out = (name: string): string => join(folder, name);
  try {
    await ledger.queue.settle();
    const org = ["--org", ORGANIZATION.login, "--offline"];
    const { from, to, name } = PERIOD;
    const period = ["--from", new Date(from).toISOString(), "--to", new Date(to).toISOString()];
    await run("export", ["export", ...org, ...period, "--out", out("package"), "--zip"]);
    await run("verify", ["verify", out("package")], out("package"));
    if (changes <= MOST_IN_BROWSER) await run("verify.html", [`${out("package")}.zip`], out("package"));
    const drawn = ["--size", "25", "--seed", "a benchmark", "--out", out("sample")];
    await run("sample", ["sample", out("package"), ...drawn], out("package"));
    const as = ["--as", "carol", "--incomplete", "a benchmark"];
    await run("close", ["period", "close", name, ...org, ...as, "--out", out("closed")]);
    const late = Array.from({ length: Math.ceil(changes / 100) }, (_, n) =>
      changeEntry(changes + n + 1, to - 1),
    );
    await ledger.record({ entries: late }, to);
    await run("later export", ["export", ...org, "--period", name, "--out", out("later")]);
    await run("later verify", ["verify", out("later")], out("later"));
    return found;
  } finally {
    await close();
  }
}

const IN_BLOBS = fileURLToPath(new URL("support/verify-in-blobs.ts", import.meta.url));

/** The processor time of `sha256sum` on every file of a folder (ms), the least of three. */
function sha256sumOf(folder: string): number {
  const times = [1, 2, 3].map(() => {
    const script = "find . -type f -exec sha256sum {} + > /dev/null && times";
    const { stdout } = spawnSync("sh", ["-c", script], { cwd: folder, encoding: "utf8" });
    // The second line is of the children: user and system, as 0m1.230s.
    const parts = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/u.exec(stdout.trim().split("\n").at(-1) ?? "");
    const [userMinutes = 0, user = 0, systemMinutes = 0, system = 0] = (parts ?? []).slice(1).map(Number);
    return ((userMinutes + systemMinutes) * 60 + user + system) * 1_000;
  });
  return Math.min(...times);
}

function logOf(changes: number): Parameters<typeof ledgerWith>[0] {
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
  console.log(
    "Evidence packages; x sha256sum: processor time beside that of sha256sum on the same bytes; peak: resident memory at most",
  );
  console.table(
    rows.map((row) => ({
      command: row.command,
      changes: row.changes,
      ms: row.milliseconds,
      "changes a second": row.changesPerSecond,
      "CPU ms": row.cpu,
      "CPU us for a change": row.cpuEach,
      "x sha256sum": row.timesSha256sum ?? "",
      "peak MiB": row.peakMebibytes,
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
