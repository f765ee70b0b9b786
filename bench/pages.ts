/**
 * How long the pages of the dashboard take over a long log, with every filter and every two of them, on both stores, and whether
 * memory stays flat. `node bench/pages.ts [--changes 100000] [--filters 2] [--times 20] [--json]`
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import type { Hono } from "hono";

import { dashboard } from "../src/dashboard/app.ts";
import { LISTED_VERDICTS } from "../src/dashboard/lists/list-query.ts";
import { loopbackViewer } from "../src/dashboard/loopback.ts";
import { DEVIATION_STATES } from "../src/domain/deviation/deviation.ts";
import { sha256 } from "../src/domain/values/digest.ts";
import type { StoreLocation } from "../src/ledger/database/store.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { openLedger } from "../src/ledger/open.ts";
import { csvText } from "../src/package/csv.ts";
import { CountedAnswers } from "../src/start/counted-answers.ts";
import { GENERATED_AT, ORGANIZATION, PERIOD } from "../test/evidence/fixture.ts";
import { startPostgres } from "../test/support/postgres.ts";
import { longLog } from "./support/long-log.ts";
import { shippedNodeArgs, SHIPPED_ENV } from "./support/programs.ts";

/** How much is measured. `filters`: so many at once; `times`: so often each address is opened. */
export interface PagesOptions {
  readonly changes: number;
  readonly filters: number;
  readonly times: number;
}

/** Holds what is measured where nothing else is said. */
export const ALL_PAGES: PagesOptions = { changes: 100_000, filters: 2, times: 20 };

/**
 * How long one address took, of so many times (ms). `cpu`: the median of this process's own processor time, which others who use
 * the machine do not lengthen much; that of a database server is not in it.
 */
interface AddressMeasurement {
  readonly path: string;
  readonly status: number;
  readonly first: number;
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

/** How long one page took with all its filters. `slow`: the addresses that took longer than {@link BAR}. */
interface PageMeasurement {
  readonly page: string;
  readonly addresses: number;
  readonly p50: number;
  readonly p99: number;
  /** The most processor time that one of its addresses took. */
  readonly cpu: number;
  readonly worst: AddressMeasurement;
  readonly slow: readonly AddressMeasurement[];
}

/** What the pages took on one store. Memory is that of a process that only serves them, in mebibytes. */
export interface PagesMeasurement {
  readonly store: Ledger["kind"];
  readonly changes: number;
  /** How long the lists were made from the log (ms). */
  readonly listed: number;
  readonly pages: readonly PageMeasurement[];
  readonly memory: { readonly before: number; readonly most: number; readonly after: number };
}

/** No address should take longer, 99 times of 100 (ms). */
const BAR = 100;

/** An address that takes longer than this (ms) is not opened again: it is too slow, whatever the others take. */
const TOO_LONG = 2_000;

/** What a page is filtered by: of each filter values that select much, little, or nothing. */
type Filters = Readonly<Record<string, readonly string[]>>;

const MIDDLE = (PERIOD.from + PERIOD.to) / 2;

const OF_LISTS: Filters = {
  repository: ["web", "repository-7", "no-such-repository"],
  from: ["2026-08-17", "2026-12-01"],
  to: ["2026-08-31", "2026-06-01"],
  order: ["oldest"],
  after: [`${MIDDLE}~0`],
};

const PAGES: Readonly<Record<string, Filters>> = {
  "/": { from: ["2026-07-01"], to: ["2026-09-30"] },
  "/changes": {
    ...OF_LISTS,
    place: ["main", "release/1", "no-such-branch"],
    verdict: [...LISTED_VERDICTS],
    control: ["independently-approved", "checks-passed", "outside-freeze"],
    person: ["ann", "bob", "carol", "eve", "nobody"],
    words: ["change", "number 77", "no such words", "Ü", sha256("commit 50000").slice(0, 7), "abcdef1234"],
  },
  "/deployments": {
    ...OF_LISTS,
    place: ["production", "staging"],
    verdict: ["compliant", "unverifiable"],
    control: ["deployment-traceable"],
    person: ["bob", "eve"],
    words: ["production", "no such words"],
  },
  "/deviations": { state: [...DEVIATION_STATES], owner: ["ann", "nobody"] },
  "/emergencies": {},
  "/reviews": {},
  "/controls": { from: ["2026-07-01"], to: ["2026-09-30"] },
  "/months": { owner: ["carol", "nobody"], control: ["independently-approved", "outside-freeze"] },
  "/repositories": { name: ["repository-7", "no-such-name"], scope: ["in scope", "out of scope"] },
  "/repositories/acme/web": {},
  "/repositories/acme/repository-7": {},
  "/audit": {},
  "/audit/preview": { from: ["2026-07-01"], to: ["2026-09-30"] },
  [`/changes/${sha256("change 204")}`]: {},
  [`/changes/${sha256("change 2101")}`]: {},
  [`/deployments/${sha256("deployment 2110")}`]: {},
  [`/deviations/${sha256("deviation 204")}`]: {},
};

/** Returns the page without filters, with each filter, and with each so many of them at once. */
function addressesOf(page: string, filters: Filters, most: number): readonly string[] {
  let queries: readonly (readonly string[])[] = [[]];
  for (const [name, values] of Object.entries(filters))
    queries = queries.flatMap((query) =>
      query.length === most
        ? [query]
        : [query, ...values.map((value) => [...query, `${name}=${encodeURIComponent(value)}`])],
    );
  return queries.map((query) => (query.length === 0 ? page : `${page}?${query.join("&")}`));
}

/** Measures every page over so many changes, on both stores. */
export async function benchPages(
  options: PagesOptions,
  databaseUrl = process.env["BENCH_DATABASE_URL"],
): Promise<readonly PagesMeasurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-pages-"));
  try {
    const embedded = await onStore({ dataDir: folder }, options);
    return databaseUrl === undefined ? [embedded] : [embedded, await onStore({ databaseUrl }, options)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onStore(where: StoreLocation, options: PagesOptions): Promise<PagesMeasurement> {
  const ledger = await openLedger(where);
  let listed = 0;
  try {
    await fill(ledger, options.changes);
    const began = performance.now();
    await ledger.lists.catchUp();
    listed = performance.now() - began;
  } finally {
    await ledger.close();
  }
  return served(where, options, rounded(listed));
}

async function fill(ledger: Ledger, changes: number): Promise<void> {
  let batch = [];
  for (const entry of longLog(changes)) {
    batch.push(entry);
    if (batch.length < 500) continue;
    await ledger.record({ entries: batch }, GENERATED_AT);
    batch = [];
  }
  await ledger.record({ entries: batch }, GENERATED_AT);
  await ledger.beat(GENERATED_AT);
}

/** Opens the pages in a process of their own: whatever filled the log takes memory too. */
function served(where: StoreLocation, options: PagesOptions, listed: number): PagesMeasurement {
  const { status, stdout } = spawnSync(
    process.execPath,
    [...shippedNodeArgs(), import.meta.filename, "--serve", JSON.stringify({ where, options })],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, ...SHIPPED_ENV } },
  );
  if (status !== 0) throw new Error(`The pages were not measured: ${status}`);
  return { ...(JSON.parse(stdout) as PagesMeasurement), listed };
}

async function measured(
  where: StoreLocation,
  options: PagesOptions,
): Promise<Omit<PagesMeasurement, "listed">> {
  const ledger = await openLedger(where);
  try {
    const ask = asker(ledger);
    const before = resident();
    let most = before;
    const pages: PageMeasurement[] = [];
    for (const [page, filters] of Object.entries(PAGES)) {
      const all: number[] = [];
      const addresses: AddressMeasurement[] = [];
      for (const path of addressesOf(page, filters, options.filters)) {
        const { took, ...one } = await opened(ask, path, options.times);
        all.push(...took);
        addresses.push(one);
        most = Math.max(most, resident());
      }
      const worst = addresses.toSorted((a, b) => b.p99 - a.p99)[0];
      if (worst === undefined) continue;
      const slow = addresses.filter(({ p99 }) => p99 > BAR);
      const cpu = Math.max(...addresses.map((each) => each.cpu));
      const many = addresses.length;
      pages.push({ page, addresses: many, p50: at(all, 0.5), p99: at(all, 0.99), cpu, worst, slow });
    }
    const memory = { before, most, after: resident() };
    return { store: ledger.kind, changes: options.changes, pages, memory };
  } finally {
    await ledger.close();
  }
}

type Ask = (path: string) => Promise<number>;

async function opened(
  ask: Ask,
  path: string,
  times: number,
): Promise<AddressMeasurement & { readonly took: readonly number[] }> {
  const all: number[] = [];
  const cpus: number[] = [];
  let status = 0;
  for (let time = 0; time <= times; time += 1) {
    const [began, used] = [performance.now(), process.cpuUsage()];
    status = await ask(path);
    all.push(performance.now() - began);
    const { user, system } = process.cpuUsage(used);
    cpus.push((user + system) / 1_000);
    if (performance.now() - began > TOO_LONG) break;
  }
  const [first = 0] = all;
  const took = all.length > 1 ? all.slice(1) : all;
  const cpu = at(cpus, 0.5);
  return { path, status, first: rounded(first), p50: at(took, 0.5), p99: at(took, 0.99), cpu, took };
}

function at(all: readonly number[], share: number): number {
  const sorted = all.toSorted((a, b) => a - b);
  return rounded(sorted[Math.ceil(sorted.length * share) - 1] ?? 0);
}

function resident(): number {
  return Math.round(process.memoryUsage().rss / 2 ** 20);
}

function asker(ledger: Ledger): Ask {
  const acts = {
    commandDeviation: () => Promise.reject(new Error("nothing is sent here")),
    signOff: () => Promise.reject(new Error("nothing is sent here")),
    comment: () => Promise.reject(new Error("nothing is sent here")),
  };
  const around = {
    ledger,
    csv: csvText,
    acts,
    clock: { now: () => GENERATED_AT },
    appId: 4711,
    apiUrl: "https://api.github.com",
    log: { error: (given: object) => console.error(given) },
    viewerOf: loopbackViewer(() => Promise.resolve([ORGANIZATION])),
    callerOf: () => ({ address: "127.0.0.1", httpVersion: "1.1" }),
  };
  return async (path) => {
    // Made anew: what is counted over a whole span is counted each time, as if the log had grown.
    const app: Hono = dashboard({ ...around, counted: new CountedAnswers(ledger) });
    const request = new Request(`http://127.0.0.1:3000${path}`, { headers: { host: "127.0.0.1:3000" } });
    const answer = await app.fetch(request);
    await answer.text();
    return answer.status;
  };
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** Returns the measurements as tables: a line for each page, then each address above the bar. */
export function pagesTable(all: readonly PagesMeasurement[]): string {
  return all.flatMap(linesOf).join("\n");
}

function linesOf({ store, changes, listed, pages, memory }: PagesMeasurement): readonly string[] {
  const line = (numbers: readonly number[], text: string): string =>
    `${numbers.map((each) => each.toFixed(1).padStart(7)).join(" ")}  ${text}`;
  const addresses = pages.reduce((sum, page) => sum + page.addresses, 0);
  const slow = pages.flatMap((page) => page.slow);
  const unopened = pages.flatMap(({ worst }) => (worst.status === 200 ? [] : [worst]));
  return [
    `${store}, ${changes} changes: lists made in ${Math.round(listed / 1000)} s; ${addresses} addresses`,
    "    p50     p99   worst     cpu  page (ms; worst: the p99 of one address, cpu: the median of one)",
    ...pages.map(({ page, p50, p99, cpu, worst, addresses: many }) =>
      line([p50, p99, worst.p99, cpu], `${page.slice(0, 40)} (${many})`),
    ),
    `above ${BAR} ms: ${slow.length === 0 ? "none" : `${slow.length} (first, p50, p99, cpu)`}`,
    ...slow.map(({ first, p50, p99, cpu, path }) => line([first, p50, p99, cpu], path)),
    ...unopened.map(({ status, path }) => `${status}: ${path}`),
    `memory: ${memory.before} MiB before, ${memory.most} at most, ${memory.after} after`,
    "",
  ];
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      changes: { type: "string", default: String(ALL_PAGES.changes) },
      filters: { type: "string", default: String(ALL_PAGES.filters) },
      times: { type: "string", default: String(ALL_PAGES.times) },
      json: { type: "boolean", default: false },
      serve: { type: "string" },
    },
  });
  if (values.serve === undefined) {
    const given = process.env["BENCH_DATABASE_URL"];
    const postgres = given === undefined ? await startPostgres({ durable: false }) : null;
    const [changes, filters, times] = [values.changes, values.filters, values.times].map(Number);
    try {
      const rows = await benchPages(
        { changes: changes ?? 0, filters: filters ?? 0, times: times ?? 0 },
        given ?? postgres?.url,
      );
      console.log(values.json ? JSON.stringify(rows) : pagesTable(rows));
    } finally {
      await postgres?.stop();
    }
  } else {
    const { where, options } = JSON.parse(values.serve) as { where: StoreLocation; options: PagesOptions };
    console.log(JSON.stringify(await measured(where, options)));
  }
}
