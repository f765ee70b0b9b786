/**
 * How long a page of the dashboard takes over a long log, by list and filter, on both stores.
 * `node bench/pages.ts [--changes 100000] [--json]`
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import type { Hono } from "hono";

import type { Entry } from "../src/domain/records/entry.ts";
import { dashboard } from "../src/dashboard/app.ts";
import { loopbackViewer } from "../src/dashboard/loopback.ts";
import type { StoreLocation } from "../src/ledger/database/store.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { openLedger } from "../src/ledger/open.ts";
import { csvText } from "../src/package/csv.ts";
import { CountedAnswers } from "../src/start/counted-answers.ts";
import {
  changeEntry,
  deploymentEntry,
  GENERATED_AT,
  ORGANIZATION,
  PERIOD,
  smallLog,
} from "../test/evidence/fixture.ts";
import { startPostgres } from "../test/support/postgres.ts";

/** How long one page took, of so many times (ms). */
export interface PageMeasurement {
  readonly store: Ledger["kind"];
  readonly changes: number;
  readonly path: string;
  readonly status: number;
  readonly first: number;
  readonly p50: number;
  readonly p99: number;
}

/** Each list by each filter, alone and two at once; what selects nothing is read to its end. */
const PATHS = [
  "/changes",
  "/changes?order=oldest",
  "/changes?repository=web",
  "/changes?repository=repository-7",
  "/changes?place=main",
  "/changes?place=no-such-branch",
  "/changes?verdict=non-compliant",
  "/changes?verdict=unverifiable",
  "/changes?control=independently-approved",
  "/changes?control=outside-freeze",
  "/changes?person=eve",
  "/changes?person=ann&verdict=non-compliant",
  "/changes?person=eve&control=independently-approved",
  "/changes?person=ann&control=independently-approved",
  "/changes?repository=web&verdict=non-compliant",
  "/changes?person=ann&words=no+such+words",
  "/changes?from=2026-08-01&to=2026-08-31",
  "/changes?words=change+number+77",
  "/changes?words=no+such+words",
  "/deployments",
  "/deployments?place=production&verdict=compliant",
  "/deviations",
  "/emergencies",
  "/reviews",
  "/?from=2026-07-01&to=2026-09-30",
] as const;

const TIMES = 40;

/** A page that takes longer than this (ms) is not opened again: it is too slow, whatever the others take. */
const TOO_LONG = 2_000;

/** Measures every page over so many changes, on both stores. */
export async function benchPages(
  changes: number,
  databaseUrl = process.env["BENCH_DATABASE_URL"],
): Promise<readonly PageMeasurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-pages-"));
  try {
    const onServer = databaseUrl === undefined ? [] : await onStore({ databaseUrl }, changes);
    return [...(await onStore({ dataDir: folder }, changes)), ...onServer];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onStore(where: StoreLocation, changes: number): Promise<readonly PageMeasurement[]> {
  const ledger = await openLedger(where);
  try {
    await fill(ledger, changes);
    const began = performance.now();
    await ledger.lists.catchUp();
    const listed = performance.now() - began;
    const ask = asker(ledger);
    const rows: PageMeasurement[] = [
      {
        store: ledger.kind,
        changes,
        path: "(the lists made)",
        status: 200,
        first: rounded(listed),
        p50: 0,
        p99: 0,
      },
    ];
    for (const path of PATHS) {
      const took: number[] = [];
      let status = 0;
      for (let time = 0; time < TIMES; time += 1) {
        const began = performance.now();
        status = await ask(path);
        took.push(performance.now() - began);
        if (performance.now() - began > TOO_LONG) break;
      }
      const [first = 0] = took;
      const sorted = (took.length > 1 ? took.slice(1) : took).toSorted((a, b) => a - b);
      const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
      rows.push({
        store: ledger.kind,
        changes,
        path,
        status,
        first: rounded(first),
        p50: rounded(at(0.5)),
        p99: rounded(at(0.99)),
      });
    }
    return rows;
  } finally {
    await ledger.close();
  }
}

function asker(ledger: Ledger): (path: string) => Promise<number> {
  const app: Hono = dashboard({
    ledger,
    csv: csvText,
    counted: new CountedAnswers(ledger),
    acts: {
      commandDeviation: () => Promise.reject(new Error("nothing is sent here")),
      signOff: () => Promise.reject(new Error("nothing is sent here")),
      comment: () => Promise.reject(new Error("nothing is sent here")),
    },
    clock: { now: () => GENERATED_AT },
    appId: 4711,
    apiUrl: "https://api.github.com",
    log: { error: () => undefined },
    viewerOf: loopbackViewer(() => Promise.resolve([ORGANIZATION])),
    callerOf: () => ({ address: "127.0.0.1", httpVersion: "1.1" }),
  });
  return async (path) => {
    const request = new Request(`http://127.0.0.1:3000${path}`, { headers: { host: "127.0.0.1:3000" } });
    const answer = await app.fetch(request);
    await answer.text();
    return answer.status;
  };
}

async function fill(ledger: Ledger, changes: number): Promise<void> {
  const record = (entries: readonly Entry[]): Promise<unknown> => ledger.record({ entries }, GENERATED_AT);
  await record(smallLog());
  const step = (PERIOD.to - PERIOD.from) / changes;
  let batch: Entry[] = [];
  for (let n = 1; n <= changes; n += 1) {
    const at = Math.floor(PERIOD.from + (n - 1) * step);
    batch.push(changeEntry(n + 100, at));
    if (n % 10 === 0) batch.push(deploymentEntry(n + 100, [n + 100], at));
    if (batch.length < 500 && n < changes) continue;
    await record(batch);
    batch = [];
  }
  await ledger.beat(GENERATED_AT);
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** Returns the measurements as a table. */
export function pagesTable(rows: readonly PageMeasurement[]): string {
  return [
    "store     first    p50    p99  page (ms)",
    ...rows.map(
      ({ store, first, p50, p99, path, status }) =>
        `${store.padEnd(8)} ${[first, p50, p99].map((each) => each.toFixed(1).padStart(6)).join(" ")}  ${path}${status === 200 ? "" : ` (${status})`}`,
    ),
  ].join("\n");
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { changes: { type: "string", default: "100000" }, json: { type: "boolean", default: false } },
  });
  const given = process.env["BENCH_DATABASE_URL"];
  const postgres = given === undefined ? await startPostgres({ durable: false }) : null;
  try {
    const rows = await benchPages(Number(values.changes), given ?? postgres?.url);
    console.log(values.json ? JSON.stringify(rows) : pagesTable(rows));
  } finally {
    await postgres?.stop();
  }
}
