/**
 * `npm run history -- FILE [--drop-every N] [--by-hand] [--json]`: acts out a real history on the GitHub double, and says what was expected
 * and what was found. How what was landed by hand is acted out, and why: docs/decisions/0035-real-histories.md.
 */

import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { countOf, differences, findChanges, type FoundChange } from "../test/support/history-findings.ts";
import type { ActedUpdate, HistoryCommit } from "../test/support/history.ts";
import { actOut, historyOfRepository, historyScenario, readHistory } from "../test/support/history.ts";
import { openHarnessOn } from "../test/support/harness.ts";

const USAGE = `Usage: npm run history -- FILE-OR-REPOSITORY [--drop-every N] [--by-hand] [--json]

Acts out the main branch of a real repository and compares: docs/scenarios.md, "Real histories".
Exit codes: 0 as expected, 1 something differs, 2 wrong use.

Examples:
  npm run history -- history.jsonl
  npm run history -- history.jsonl --drop-every 10
  npm run history -- history.jsonl --by-hand   # what was landed by hand is pushed, not merged by the button
  npm run history -- ../some-repository`;

/** GitHub counts requests by the hour, and here an hour of real time holds years. */
const YEARS_IN_MINUTES = { hourlyLimit: 10_000_000 };

process.exitCode = await main();

async function main(): Promise<number> {
  const wish = readArguments();
  if (wish === null) return 2;
  const commits = await readCommits(wish.file);
  if (commits === null) return 2;
  // Thousands of commits to a database that is thrown away need not reach a disk.
  const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const folder = mkdtempSync(join(place, "countersign-history-"));
  const began = Date.now();
  const stage = await openHarnessOn(
    historyScenario(commits),
    { dataDir: join(folder, "data") },
    YEARS_IN_MINUTES,
  );
  try {
    const acted = await actOut(commits, stage, {
      ...(wish.dropEvery === null ? {} : { dropEvery: wish.dropEvery }),
      byHand: wish.byHand,
      progress: (done, of) => {
        if (process.stderr.isTTY && (done % 25 === 0 || done === of))
          process.stderr.write(`\r${done} of ${of}`);
      },
    });
    if (process.stderr.isTTY) process.stderr.write("\n");
    if (wish.dropEvery !== null) {
      await stage.double.setFault("recover");
      await stage.app.sweep();
      await stage.app.settle();
    }
    const found = await findChanges(stage, commits, acted.proven);
    const problems = differences(acted.updates, found.changes, found.complete, wish.dropEvery !== null);
    const report = {
      expected: countOf(acted.updates),
      found: found.counts,
      complete: found.complete,
      approved: acted.updates.filter(({ approved }) => approved).length,
      named: commits.filter((each) => each.first_parent && each.reviewers.length > 0).length,
      verdicts: {
        approved: verdictsOf(true, acted.updates, found.changes),
        rest: verdictsOf(false, acted.updates, found.changes),
      },
      explained: found.explained,
      unexplained: found.unexplained,
      lateBySweep: found.late,
      breaches: (await stage.double.breaches()).length,
      seconds: Math.round((Date.now() - began) / 1000),
      differences: problems,
    };
    print(report, wish.json);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await stage.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(report: Report, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  const { expected, found } = report;
  const lines = [
    "                                expected   found",
    row("updates of the main branch", expected.updates, found.updates),
    row("  with a pull request", expected.withPull, found.withPull),
    row("  without one (pushes)", expected.withoutPull, found.withoutPull),
    `with reviewers named: ${report.named}; by pull request and approved by somebody else: ${report.approved}`,
    `verdicts of what was approved: ${countsOf(report.verdicts.approved)}; of the rest: ${countsOf(report.verdicts.rest)}`,
    `completeness: ${report.complete ? "complete, as expected" : "NOT complete"}; differences between the listings: ${report.explained} explained, ${report.unexplained} unexplained`,
    `found late, by the sweep: ${report.lateBySweep}; rules of GitHub's broken by the App: ${report.breaches}`,
    ...report.differences.slice(0, 50).map((each) => `DIFFERS  ${each}`),
    report.differences.length === 0
      ? `Every update is covered by exactly one row of changes.csv (${report.seconds} s).`
      : `${report.differences.length} differences (${report.seconds} s).`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

interface Report {
  readonly expected: ReturnType<typeof countOf>;
  readonly found: ReturnType<typeof countOf>;
  readonly complete: boolean;
  /** Updates whose commit names reviewers, and those that were approved on a pull request by somebody else. */
  readonly named: number;
  readonly approved: number;
  readonly verdicts: Readonly<Record<"approved" | "rest", Readonly<Record<string, number>>>>;
  readonly explained: number;
  readonly unexplained: number;
  readonly lateBySweep: number;
  readonly breaches: number;
  readonly seconds: number;
  readonly differences: readonly string[];
}

/** How often each verdict was given to the updates that were approved, or were not. */
function verdictsOf(
  approved: boolean,
  updates: readonly ActedUpdate[],
  changes: readonly FoundChange[],
): Readonly<Record<string, number>> {
  const meant = new Set(updates.filter((each) => each.approved === approved).map(({ after }) => after));
  const counts: Record<string, number> = {};
  for (const { after, verdict } of changes)
    if (meant.has(after)) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

function countsOf(verdicts: Readonly<Record<string, number>>): string {
  const counts = Object.entries(verdicts).map(([verdict, count]) => `${count} ${verdict}`);
  return counts.length === 0 ? "none" : counts.join(", ");
}

function row(what: string, expected: number, found: number): string {
  return `${what.padEnd(30)}  ${String(expected).padStart(8)}  ${String(found).padStart(6)}`;
}

function readArguments(): {
  readonly file: string;
  readonly dropEvery: number | null;
  readonly byHand: boolean;
  readonly json: boolean;
} | null {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        "drop-every": { type: "string" },
        "by-hand": { type: "boolean", default: false },
        json: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    const [file] = positionals;
    const every = values["drop-every"] === undefined ? null : Number(values["drop-every"]);
    if (values.help || file === undefined || (every !== null && !(every >= 1))) {
      process.stderr.write(`${USAGE}\n`);
      return null;
    }
    return { file, dropEvery: every, byHand: values["by-hand"], json: values.json };
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`);
    return null;
  }
}

async function readCommits(file: string): Promise<readonly HistoryCommit[] | null> {
  try {
    if (statSync(file).isDirectory()) return await historyOfRepository(file);
    return readHistory(await readFile(file, "utf8"));
  } catch (error) {
    process.stderr.write(`error: ${file}: ${error instanceof Error ? error.message : String(error)}\n`);
    return null;
  }
}
