/**
 * `npm run bench [-- --all] [-- --json]`: every benchmark, one after the other; short figures in about five minutes, `--all`
 * everything, which takes an hour. Times of a busy machine mean little: read the ratios and the counts.
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { startPostgres } from "../test/support/postgres.ts";
import { assessTable, benchAssess } from "./assess.ts";
import { backfillTable, benchBackfill } from "./backfill.ts";
import { benchExport, printExport } from "./export.ts";
import { benchIdle, idleTable } from "./idle.ts";
import { benchLive, printLive, SHORT, WHOLE } from "./live.ts";
import { ALL_PAGES, benchPages, pagesTable } from "./pages.ts";
import { benchReceive, printReceive } from "./receive.ts";
import { benchRequests, requestsTable } from "./requests.ts";

/** What a benchmark came to: its data, and how it is printed. */
interface Came {
  readonly data: unknown;
  readonly print: () => void;
}

/** A benchmark by the name of its file. `isWhole`: all there is, however long it takes. */
type Run = (isWhole: boolean) => Promise<Came>;

/** Every benchmark, by the name of its file. */
export const BENCHMARKS: Readonly<Record<string, Run>> = {
  live: async (isWhole) => came(await benchLive(isWhole ? WHOLE : SHORT), printLive),
  receive: async (isWhole) => came(await benchReceive(isWhole ? 4 : 1), printReceive),
  requests: async () => came(await benchRequests(), shown(requestsTable)),
  idle: async () => came(await benchIdle(), shown(idleTable)),
  assess: async () => came(benchAssess(), shown(assessTable)),
  export: async (isWhole) =>
    came(await benchExport({ sizes: isWhole ? [1_000, 20_000, 100_000] : [1_000, 5_000] }), printExport),
  pages: async (isWhole) =>
    came(await benchPages(isWhole ? ALL_PAGES : { changes: 5_000, filters: 2, times: 5 }), shown(pagesTable)),
  backfill: async (isWhole) => came(await each(isWhole ? [1_000, 10_000] : [200]), shown(backfillTable)),
};

async function each(sizes: readonly number[]): Promise<Awaited<ReturnType<typeof benchBackfill>>[]> {
  const rows: Awaited<ReturnType<typeof benchBackfill>>[] = [];
  for (const changes of sizes) rows.push(await benchBackfill(changes));
  return rows;
}

function came<T>(data: T, print: (data: T) => void): Came {
  return { data, print: () => print(data) };
}

function shown<T>(table: (data: T) => string): (data: T) => void {
  return (data) => console.log(table(data));
}

async function runAll(isWhole: boolean, asJson: boolean): Promise<void> {
  const data: Record<string, unknown> = { node: process.version, processors: availableParallelism() };
  if (!asJson) console.log(`Node ${process.version}, ${availableParallelism()} processors`);
  const given = process.env["BENCH_DATABASE_URL"];
  const postgres = given === undefined ? await startPostgres({ durable: true }) : null;
  if (postgres !== null) process.env["BENCH_DATABASE_URL"] = postgres.url;
  try {
    for (const [name, run] of Object.entries(BENCHMARKS)) {
      if (!asJson) console.log(`\n${name}`);
      const { data: found, print } = await run(isWhole);
      data[name] = found;
      if (!asJson) print();
    }
  } finally {
    await postgres?.stop();
  }
  if (asJson) console.log(JSON.stringify(data, null, 2));
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: { all: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  });
  await runAll(values.all, values.json);
}
