/**
 * How fast deliveries are accepted durably, against a bare node:http server that only checks the signature: the same run,
 * the same 24 KB body. `node bench/receive.ts [--json] [--seconds N]`; with BENCH_DATABASE_URL, PostgreSQL too.
 */

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import autocannon from "autocannon";

import type { StoreLocation } from "../src/ledger/database/store.ts";
import { WEBHOOK_PATH } from "../src/server.ts";

const SERVER = fileURLToPath(new URL("support/receive-server.ts", import.meta.url));
const SECRET = "the secret of the benchmark";
const CONNECTIONS = 64;
const STEADY_RATE = 500;
const ROUNDS = 3;

/** One row of the table: medians over the rounds. `ratio` is against the bare server of the same run; times are milliseconds, `steady` at 500 a second. */
export interface ReceiveRow {
  readonly server: string;
  readonly perSecond: number;
  readonly ratio: number;
  readonly p99: number;
  /** Processor time of the server for one request at full speed, in microseconds: what a busy machine distorts least. */
  readonly cpu: number;
  readonly steady: { readonly p50: number; readonly p99: number; readonly max: number };
  /** Answers other than 202, and errors. */
  readonly bad: number;
}

type Measured = Omit<ReceiveRow, "server" | "ratio">;

/** Runs the benchmark: in each of three rounds, every server for `seconds` at full speed, then as long at a steady 500 a second. */
export async function benchReceive(seconds: number): Promise<readonly ReceiveRow[]> {
  const body = sampleBody();
  const dataDir = mkdtempSync(join(tmpdir(), "countersign-bench-"));
  const servers: {
    readonly name: string;
    readonly where: StoreLocation | null;
    readonly rounds: Measured[];
  }[] = [
    { name: "bare node:http, signature only", where: null, rounds: [] },
    { name: "countersign on SQLite", where: { dataDir }, rounds: [] },
  ];
  const databaseUrl = process.env["BENCH_DATABASE_URL"];
  if (databaseUrl !== undefined)
    servers.push({ name: "countersign on PostgreSQL", where: { databaseUrl }, rounds: [] });
  try {
    for (let round = 0; round < ROUNDS; round += 1)
      for (const { where, rounds } of servers) rounds.push(await measure(where, body, seconds));
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
  const bare = median(servers[0]?.rounds ?? [], (one) => one.perSecond);
  return servers.map(({ name, rounds }) => {
    const perSecond = median(rounds, (one) => one.perSecond);
    return {
      server: name,
      perSecond,
      ratio: perSecond / bare,
      p99: median(rounds, (one) => one.p99),
      cpu: median(rounds, (one) => one.cpu),
      steady: {
        p50: median(rounds, (one) => one.steady.p50),
        p99: median(rounds, (one) => one.steady.p99),
        max: median(rounds, (one) => one.steady.max),
      },
      bad: rounds.reduce((sum, one) => sum + one.bad, 0),
    };
  });
}

async function measure(where: StoreLocation | null, body: string, seconds: number): Promise<Measured> {
  const child = fork(SERVER, where === null ? ["bare", SECRET] : ["ours", SECRET, JSON.stringify(where)]);
  try {
    const [port] = (await once(child, "message")) as [number];
    const url = `http://127.0.0.1:${port}${WEBHOOK_PATH}`;
    await atFullSpeed(url, body, 1);
    const before = await processorTime(child);
    const full = await atFullSpeed(url, body, seconds);
    const after = await processorTime(child);
    const { bad, ...steady } = await atSteadyRate(url, body, seconds);
    return {
      perSecond: full.requests.average,
      p99: full.latency.p99,
      cpu: (after - before) / full.requests.total,
      steady,
      bad: full.non2xx + full.errors + bad,
    };
  } finally {
    child.kill();
  }
}

/** What the process has used so far, in microseconds. */
async function processorTime(child: ChildProcess): Promise<number> {
  child.send("how much?");
  const [{ user, system }] = (await once(child, "message")) as [NodeJS.CpuUsage];
  return user + system;
}

function atFullSpeed(url: string, body: string, duration: number): Promise<autocannon.Result> {
  const headers = headersOf(body);
  return autocannon({
    url,
    duration,
    connections: CONNECTIONS,
    requests: [
      {
        method: "POST",
        body,
        setupRequest: (request) => ({
          ...request,
          headers: { ...headers, "x-github-delivery": randomUUID() },
        }),
      },
    ],
  });
}

/** One delivery every two milliseconds, whether or not the ones before were answered: autocannon would send them in bursts. */
async function atSteadyRate(
  url: string,
  body: string,
  seconds: number,
): Promise<ReceiveRow["steady"] & { readonly bad: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const headers = { ...headersOf(body), "content-length": String(Buffer.byteLength(body)) };
  const waits: number[] = [];
  let bad = 0;
  const send = (): Promise<void> =>
    new Promise((resolve) => {
      const start = performance.now();
      const failed = (): void => {
        bad += 1;
        resolve();
      };
      const sent = request(
        url,
        { agent, method: "POST", headers: { ...headers, "x-github-delivery": randomUUID() } },
        (answer) => {
          if (answer.statusCode !== 202) bad += 1;
          answer.on("error", failed).on("end", () => {
            waits.push(performance.now() - start);
            resolve();
          });
          answer.resume();
        },
      );
      sent.on("error", failed).end(body);
    });
  const sending: Promise<void>[] = [];
  const start = performance.now();
  for (let made = 0; made < seconds * STEADY_RATE; made += 1) {
    const due = start + (made * 1_000) / STEADY_RATE;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
    sending.push(send());
  }
  await Promise.all(sending);
  agent.destroy();
  waits.sort((one, other) => one - other);
  const at = (part: number): number => waits[Math.floor(part * (waits.length - 1))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1), bad };
}

function headersOf(body: string): Readonly<Record<string, string>> {
  return {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  };
}

function median<T>(all: readonly T[], of: (one: T) => number): number {
  const sorted = all.map(of).sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** GitHub's own example of a pull request event, filled up to 24 KB. */
function sampleBody(): string {
  const index = createRequire(import.meta.url).resolve(
    "@octokit/webhooks-examples/api.github.com/index.json",
  );
  const events = JSON.parse(readFileSync(index, "utf8")) as { name: string; examples: object[] }[];
  const example = events.find(({ name }) => name === "pull_request")?.examples[0] ?? {};
  const bare = JSON.stringify({ ...example, filling: "" });
  return JSON.stringify({ ...example, filling: "x".repeat(Math.max(0, 24 * 1024 - bare.length)) });
}

/** Prints the figures as a table. */
export function printReceive(rows: readonly ReceiveRow[]): void {
  console.log("Deliveries accepted durably (24 KB, signed)");
  console.table(
    rows.map(({ server, perSecond, ratio, p99, cpu, steady, bad }) => ({
      server,
      "a second": Math.round(perSecond),
      ratio: Number(ratio.toFixed(2)),
      "p99 ms": p99,
      "µs of CPU": Math.round(cpu),
      "p50 ms at 500/s": Number(steady.p50.toFixed(1)),
      "p99 ms at 500/s": Number(steady.p99.toFixed(1)),
      "max ms at 500/s": Number(steady.max.toFixed(1)),
      bad,
    })),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({
    options: { json: { type: "boolean" }, seconds: { type: "string", default: "3" } },
  });
  const rows = await benchReceive(Number(values.seconds));
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else printReceive(rows);
}
