/**
 * The App as it ships, measured as its users meet it: built, served by the system's clock on SQLite and on PostgreSQL, over
 * HTTP against the GitHub double in a process of its own, which counts GitHub's documented limits.
 * `node bench/live.ts [--all] [--json] [--store sqlite|postgres] [--program FILE] [--node-arg=--cpu-prof] [--at-once 40,200]`;
 * resident memory alone: `--events 1000,10000 --pulls 1500`.
 */

import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { z } from "zod";

import { DOCUMENTED, REHEARSED, writtenLimits } from "../src/github/api/rate-limits.ts";
import { freePort } from "../src/cli/scenario/harness/processes.ts";
import { startPostgres } from "../test/support/postgres.ts";
import type { Answered, Sent, Span } from "./support/double-process.ts";
import {
  builtProgram,
  importing,
  sleep,
  startLiveApp,
  startLiveDouble,
  type LiveApp,
  type LiveDouble,
} from "./support/programs.ts";

/** How much is measured. Reviews and events are counted by the documented limits, so a short measurement is one that needs no second minute. */
export interface Extent {
  readonly stores: readonly ("sqlite" | "postgres")[];
  /** Reviews one after the other, each of a pull request of its own, so many milliseconds apart. */
  readonly atRest: { readonly reviews: number; readonly every: number };
  /** The same of emergencies that are authorised by a comment. */
  readonly authorisations: number;
  /** How many reviews at once, each as a measurement of its own. */
  readonly atOnce: readonly number[];
  /** Events one after the other, so many milliseconds apart. */
  readonly stream: { readonly events: number; readonly every: number };
  /** Resident memory after so many events and then with so many pull requests open; null: not measured. */
  readonly memory: { readonly events: readonly number[]; readonly pulls: number } | null;
  /** The App's `main.js`; null: it is built first. */
  readonly program: string | null;
  readonly nodeArgs: readonly string[];
}

/** What `npm run bench` measures, and what `--all` does. */
export const SHORT: Extent = {
  stores: ["sqlite", "postgres"],
  atRest: { reviews: 25, every: 200 },
  authorisations: 8,
  atOnce: [40],
  stream: { events: 40, every: 200 },
  memory: null,
  program: null,
  nodeArgs: [],
};
export const WHOLE: Extent = {
  ...SHORT,
  atRest: { reviews: 200, every: 500 },
  authorisations: 20,
  atOnce: [40, 200],
  stream: { events: 600, every: 200 },
  memory: { events: [1_000, 10_000], pulls: 1_500 },
};

/** Milliseconds from a webhook that was sent to the check run that arrived; `own` leaves out the time in which the double was answering. */
export interface Latency {
  readonly times: number;
  readonly p50: number;
  readonly p99: number;
  readonly own: { readonly p50: number; readonly p99: number };
}

/** What a measurement took. `waits`: requests that waited for room in GitHub's limits; `refusals`: those the double refused. */
export interface Counts {
  readonly events: number;
  readonly requests: number;
  readonly waits: number;
  readonly refusals: number;
  readonly commits: number;
  /** Milliseconds of processor time. */
  readonly cpu: number;
  /** Mebibytes, at its end. */
  readonly resident: number;
}

/** Reviews at once. `limit`: seconds below which the documented limits allow no one to answer them all. */
export interface AtOnce extends Counts {
  readonly reviews: number;
  readonly seconds: number;
  readonly limit: number;
}

/** Mebibytes of resident memory, each row at one moment; `cpu`: milliseconds for each event, or pull request, since the row before. */
export interface MemoryRow {
  readonly when: string;
  readonly resident: number;
  readonly aboveImport: number;
  readonly heap: number | null;
  /** What its caches say that they hold. */
  readonly caches: number | null;
  readonly cpu: number | null;
}

/** Everything measured on one store. */
export interface LiveRow {
  readonly store: "sqlite" | "postgres";
  readonly atRest: Latency & Counts;
  readonly authorised: Latency & Counts;
  readonly atOnce: readonly AtOnce[];
  readonly stream: Latency & Counts;
  readonly memory: readonly MemoryRow[];
}

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const APP_ID = 4711;
const SECRET = "the secret of the benchmark";
const MINUTE = 60_000;
/** Events are played on so many pull requests, so that none has more reviews than one ever has. */
const FEW_PULLS = 100;

/** Measures all that is asked for, one store after the other. */
export async function benchLive(extent: Extent): Promise<readonly LiveRow[]> {
  const program = extent.program ?? builtProgram();
  const rows: LiveRow[] = [];
  for (const store of extent.stores) rows.push(await measure(store, { ...extent, program }));
  return rows;
}

type Built = Extent & { readonly program: string };

/** Measures resident memory alone, as {@link Extent} asks for it. */
export async function benchMemory(extent: Extent): Promise<readonly Pick<LiveRow, "store" | "memory">[]> {
  const program = extent.program ?? builtProgram();
  const rows: Pick<LiveRow, "store" | "memory">[] = [];
  for (const store of extent.stores)
    rows.push({ store, memory: await memoryOver(store, { ...extent, program }) });
  return rows;
}

async function measure(store: LiveRow["store"], extent: Built): Promise<LiveRow> {
  const { where, remove } = await freshStore(store);
  try {
    const { atRest, authorisations, atOnce, stream } = extent;
    const live = await withWorld(where, extent, true, async (world) => {
      await world.open(Math.max(atRest.reviews, ...atOnce));
      const reviewed = await reviewsAtRest(world, atRest);
      await withdraw(world, atRest.reviews);
      const several = await eachAtOnce(world, atOnce);
      // What is measured next is the App at rest, not the points that many reviews have spent.
      if (atOnce.reduce((sum, each) => sum + each, atRest.reviews) > 50) await world.restAMinute();
      const streamed = await eventStream(world, stream);
      const authorised = await authorisedAtRest(world, authorisations, atRest.every);
      return { atRest: reviewed, authorised, atOnce: several, stream: streamed };
    });
    return { store, ...live, memory: await memoryOver(store, extent) };
  } finally {
    await remove();
  }
}

/** A database of its own, as the environment names it. */
async function freshStore(
  store: LiveRow["store"],
): Promise<{ readonly where: Readonly<Record<string, string>>; readonly remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-live-"));
  const removeFolder = (): void => rmSync(folder, { recursive: true, force: true });
  if (store === "sqlite")
    return { where: { COUNTERSIGN_DATA_DIR: folder }, remove: async () => removeFolder() };
  const { url, stop } = await startPostgres({ durable: true });
  const signing = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const where = {
    DATABASE_URL: url,
    COUNTERSIGN_DATA_DIR: folder,
    COUNTERSIGN_SIGNING_KEY: signing.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
  return {
    where,
    async remove() {
      await stop();
      removeFolder();
    },
  };
}

/** The double with one repository, and the App that watches it. */
class World {
  readonly double: LiveDouble;
  readonly app: LiveApp;
  /** The head of each pull request: the first has number 1. */
  readonly heads: string[] = [];

  constructor(double: LiveDouble, app: LiveApp) {
    this.double = double;
    this.app = app;
  }

  /** Opens so many more pull requests, each of one commit, and waits until each has its check. */
  async open(pulls: number): Promise<void> {
    const from = this.heads.length;
    for (let index = from + 1; index <= from + pulls; index += 1) {
      const [made] = await this.double.act([
        {
          do: "open-pull-request",
          by: "ann",
          pull: index,
          branch: `b${index}`,
          files: { [`f${index}`]: "1" },
        },
      ]);
      this.heads.push(z.object({ sha: z.string() }).parse(made).sha);
    }
    await this.double.checked(this.heads.slice(from), false, 20 * MINUTE);
    await this.app.settle();
    await this.double.notes();
  }

  /** Waits until nothing that was spent counts against a limit of a minute any more. */
  async restAMinute(): Promise<void> {
    await this.app.settle();
    await sleep(MINUTE + 2_000);
  }

  /** Does something, and counts what it took. */
  async counting(events: number, work: () => Promise<void>): Promise<Seen> {
    await this.app.settle();
    await this.double.notes();
    const before = await this.#figures();
    await work();
    await this.app.settle();
    const after = await this.#figures();
    const { sent, answered, breaches } = await this.double.notes();
    const lost = sent.filter(({ status }) => status !== 202 && status !== 200);
    if (lost.length > 0) throw new Error(`${lost.length} webhooks were not accepted`);
    return {
      sent,
      answered,
      counts: {
        events,
        requests: after.requests - before.requests,
        waits: after.waits - before.waits,
        refusals: breaches.length,
        commits: after.commits - before.commits,
        cpu: after.cpu - before.cpu,
        resident: after.resident,
      },
    };
  }

  async #figures(): Promise<Omit<Counts, "events" | "refusals">> {
    const { cpu, resident } = await this.app.used();
    return {
      cpu,
      resident,
      requests: await this.app.metric("countersign_github_requests_total"),
      waits: await this.app.metric("countersign_github_waits_total"),
      commits: await this.app.metric("countersign_store_commits_total"),
    };
  }
}

interface Seen {
  readonly sent: readonly Sent[];
  readonly answered: readonly Answered[];
  readonly counts: Counts;
}

/** Starts both, and stops them. `documented`: GitHub's limits hold on both sides; else there is a thousand times as much. */
async function withWorld<T>(
  where: Readonly<Record<string, string>>,
  { program, nodeArgs }: Built,
  documented: boolean,
  work: (world: World) => Promise<T>,
): Promise<T> {
  const double = await startLiveDouble();
  try {
    const port = await freePort();
    await double.setup({
      start: new Date().toISOString(),
      policy: {
        mode: "enforce",
        approval: { required: 1, from: { teams: ["acme/core"] } },
        emergency: { authorisers: { teams: ["acme/core"] } },
      },
      people: {
        ann: { permission: "write" },
        bob: { permission: "write", teams: ["core"] },
      },
      app: {
        id: APP_ID,
        publicKey: KEYS.publicKey,
        webhookSecret: SECRET,
        webhookUrl: `http://127.0.0.1:${port}/api/github/webhooks`,
      },
      secondaryLimits: documented,
      ...(documented ? {} : { hourlyLimit: 5_000_000 }),
    });
    const app = await startLiveApp({
      program,
      nodeArgs,
      port,
      env: {
        APP_ID: String(APP_ID),
        PRIVATE_KEY: KEYS.privateKey,
        WEBHOOK_SECRET: SECRET,
        GHE_HOST: new URL(double.url).host,
        GHE_PROTOCOL: "http",
        LOG_LEVEL: "error",
        COUNTERSIGN_GITHUB_LIMITS: writtenLimits(documented ? DOCUMENTED : REHEARSED),
        ...where,
      },
    });
    try {
      await app.settle();
      return await work(new World(double, app));
    } finally {
      await app.stop();
    }
  } finally {
    await double.stop();
  }
}

/** Reviews one after the other, each when the App has long been at rest. */
async function reviewsAtRest(world: World, { reviews, every }: Extent["atRest"]): Promise<Latency & Counts> {
  const pulls = Array.from({ length: reviews }, (_, index) => index + 1);
  return atRest(world, "pull_request_review", pulls, every, approval);
}

/** The same from `/countersign authorise` on pull requests of their own, which are declared emergencies before. */
async function authorisedAtRest(world: World, count: number, every: number): Promise<Latency & Counts> {
  const before = world.heads.length;
  await world.open(count);
  const pulls = world.heads.slice(before).map((_, index) => before + index + 1);
  const said = (by: string, text: string) => (pull: number) => ({ do: "command", by, pull, text });
  await world.double.act(pulls.map(said("ann", "/countersign emergency the shop is down")));
  await world.app.settle();
  return atRest(world, "issue_comment", pulls, every, said("bob", "/countersign authorise"));
}

async function atRest(
  world: World,
  event: string,
  pulls: readonly number[],
  every: number,
  step: (pull: number) => object,
): Promise<Latency & Counts> {
  const { sent, answered, counts } = await world.counting(pulls.length, async () => {
    for (const pull of pulls) {
      const next = sleep(every);
      await world.double.act([step(pull)]);
      await world.double.checked([world.heads[pull - 1] ?? ""], true);
      await next;
    }
  });
  // What the App itself writes comes back as the same event.
  const first = sent.filter((one, index) => sent.findIndex(({ pull }) => pull === one.pull) === index);
  return { ...latencyOf(world, event, first, answered), ...counts };
}

async function eachAtOnce(world: World, sizes: Extent["atOnce"]): Promise<readonly AtOnce[]> {
  const measured: AtOnce[] = [];
  for (const reviews of sizes) {
    // What was spent in the minute before would have to be waited for.
    if (reviews > 100) await world.restAMinute();
    let from = 0;
    let to = 0;
    const { answered, counts } = await world.counting(reviews, async () => {
      from = performance.now();
      await world.double.act(Array.from({ length: reviews }, (_, index) => approval(index + 1)));
      await world.double.checked(world.heads.slice(0, reviews), true, 5 * MINUTE);
      to = performance.now();
    });
    measured.push({ reviews, seconds: (to - from) / 1_000, limit: limitOf(answered), ...counts });
    if (reviews > 100) await world.restAMinute();
    await withdraw(world, reviews);
  }
  return measured;
}

/** The seconds that the points of these requests need: a burst may use a whole minute's, and each is back after a minute. */
function limitOf(answered: readonly Answered[]): number {
  const points = answered
    .filter(({ path }) => !path.endsWith("/graphql") && !path.endsWith("/access_tokens"))
    .reduce((sum, { method }) => sum + (method === "GET" ? 1 : 5), 0);
  return Math.floor((points - 1) / DOCUMENTED.rest) * 60;
}

/** Events of which two in five change a check: an approval, two comments, a label, and changes requested elsewhere. */
async function eventStream(world: World, { events, every }: Extent["stream"]): Promise<Latency & Counts> {
  const { sent, answered, counts } = await world.counting(events, async () => {
    for (let index = 0; index < events; index += 1) {
      const next = sleep(every);
      await world.double.act([nextEvent(index, world.heads.length)]);
      await next;
    }
  });
  return { ...latencyOf(world, "pull_request_review", sent, answered), ...counts };
}

function nextEvent(index: number, pulls: number): object {
  const round = Math.floor(index / 5);
  const pull = (round % pulls) + 1;
  const before = ((round + pulls - 1) % pulls) + 1;
  const kinds = [
    approval(pull),
    { do: "comment", by: "ann", pull, text: `Number ${index}` },
    { do: Math.floor(round / pulls) % 2 === 0 ? "label" : "unlabel", by: "ann", pull, label: "urgent" },
    { do: "review", by: "bob", pull: before, state: "changes-requested" },
    { do: "comment", by: "bob", pull: before, text: `Number ${index}` },
  ];
  return kinds[index % 5] ?? approval(pull);
}

function approval(pull: number): object {
  return { do: "review", by: "bob", pull, state: "approved" };
}

/** Requests changes where they were approved, so that the next approval changes a check again. */
async function withdraw(world: World, reviews: number): Promise<void> {
  for (let pull = 1; pull <= reviews; pull += 1)
    await world.double.act([{ do: "review", by: "bob", pull, state: "changes-requested" }]);
  await world.double.checked(world.heads.slice(0, reviews), false, 5 * MINUTE);
  await world.app.settle();
}

/** From each webhook of the event to the next check run of its pull request's head. */
function latencyOf(
  { heads }: World,
  event: string,
  sent: readonly Sent[],
  answered: readonly Answered[],
): Latency {
  const times: number[] = [];
  const own: number[] = [];
  for (const { pull, from } of sent.filter((one) => one.event === event)) {
    const commit = pull === null ? undefined : heads[pull - 1];
    const check = answered.find((one) => one.check?.commit === commit && one.from > from);
    if (commit === undefined || check === undefined) continue;
    times.push(check.from - from);
    own.push(check.from - from - covered(answered, { from, to: check.from }));
  }
  return {
    times: times.length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    own: { p50: quantile(own, 0.5), p99: quantile(own, 0.99) },
  };
}

/** How much of a span these others cover (ms), each moment once. */
function covered(spans: readonly Span[], { from, to }: Span): number {
  let sum = 0;
  let end = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const until = Math.min(span.to, to);
    if (until <= end) continue;
    sum += until - Math.max(span.from, end);
    end = until;
  }
  return sum;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Resident memory from a bare Node to many open pull requests. GitHub's limits are raised: with the documented ones it takes hours. */
async function memoryOver(store: LiveRow["store"], extent: Built): Promise<readonly MemoryRow[]> {
  const folder = dirname(extent.program);
  const ending = extent.program.endsWith(".ts") ? "ts" : "js";
  const imported = importing([join(folder, `program.${ending}`), join(folder, `serve.${ending}`)]);
  const bare = (when: string, resident: number): MemoryRow => {
    return { when, resident, aboveImport: resident - imported, heap: null, caches: null, cpu: null };
  };
  const rows = [bare("bare Node", importing([])), bare("imported", imported)];
  const { memory } = extent;
  if (memory === null) return rows;
  const { where, remove } = await freshStore(store);
  try {
    await withWorld(where, extent, false, async (world) => {
      let before = 0;
      const note = async (when: string, events: number | null): Promise<void> => {
        await world.app.settle();
        const { resident, heap, cpu } = await world.app.used();
        const caches = (await world.app.metric("countersign_cache_bytes")) / 2 ** 20;
        rows.push({
          ...bare(when, resident),
          heap,
          caches,
          cpu: events === null ? null : (cpu - before) / events,
        });
        before = cpu;
      };
      await note("serving", null);
      await world.open(FEW_PULLS);
      await note(`${FEW_PULLS} pull requests`, FEW_PULLS);
      let played = 0;
      for (const events of memory.events) {
        const from = played;
        for (; played < events; played += 1) {
          await world.double.act([nextEvent(played, world.heads.length)]);
          if (played % 50 === 0) await world.app.settle();
        }
        await note(`${events} events`, events - from);
      }
      for (let pulls = FEW_PULLS; pulls < memory.pulls; pulls = world.heads.length)
        await world.open(Math.min(50, memory.pulls - pulls));
      await note(`${memory.pulls} open pull requests`, memory.pulls - FEW_PULLS);
    });
  } finally {
    await remove();
  }
  return rows;
}

/** Prints the figures as tables. */
export function printLive(rows: readonly LiveRow[]): void {
  const each = <T>(of: (row: LiveRow) => T): Readonly<Record<string, T>> =>
    Object.fromEntries(rows.map((row) => [row.store, of(row)]));
  console.log("From a review's webhook to its check run, at rest, ms; counts for each review");
  console.table(each(({ atRest }) => ({ ...latencyShown(atRest), ...countsShown(atRest) })));
  console.log("From the webhook of `/countersign authorise` to the check, at rest");
  console.table(each(({ authorised }) => ({ ...latencyShown(authorised), ...countsShown(authorised) })));
  console.log("Reviews at once, of as many pull requests; limit: what GitHub's points allow");
  console.table(
    Object.fromEntries(
      rows.flatMap(({ store, atOnce }) =>
        atOnce.map(({ reviews, seconds, limit, ...counts }) => [
          `${reviews} on ${store}`,
          { seconds: tenths(seconds), limit, ...countsShown(counts) },
        ]),
      ),
    ),
  );
  console.log("Five events a second, of which two change a check; counts for each event");
  console.table(each(({ stream }) => ({ ...latencyShown(stream), ...countsShown(stream) })));
  printMemory(rows);
}

function printMemory(rows: readonly Pick<LiveRow, "store" | "memory">[]): void {
  console.log("Resident memory, MiB; CPU ms for each event before it");
  console.table(
    Object.fromEntries(
      rows.flatMap(({ store, memory }) =>
        memory.map(({ when, resident, aboveImport, heap, caches, cpu }) => [
          `${when}, ${store}`,
          {
            resident: Math.round(resident),
            "above import": Math.round(aboveImport),
            heap: heap === null ? "" : Math.round(heap),
            caches: caches === null ? "" : tenths(caches),
            "CPU ms": cpu === null ? "" : tenths(cpu),
          },
        ]),
      ),
    ),
  );
}

function latencyShown({ times, p50, p99, own }: Latency): Readonly<Record<string, number>> {
  return {
    times,
    p50: tenths(p50),
    p99: tenths(p99),
    "p50 without the double": tenths(own.p50),
    "p99 without the double": tenths(own.p99),
  };
}

function countsShown({ events, requests, waits, refusals, commits, cpu, resident }: Counts): object {
  return {
    "CPU ms": tenths(cpu / events),
    commits: tenths(commits / events),
    requests: tenths(requests / events),
    waits,
    refusals,
    "resident MiB": Math.round(resident),
  };
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({
    options: {
      all: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      store: { type: "string" },
      program: { type: "string" },
      "at-once": { type: "string" },
      events: { type: "string" },
      pulls: { type: "string", default: "1500" },
      "node-arg": { type: "string", multiple: true, default: [] },
    },
  });
  const whole = values.all ? WHOLE : SHORT;
  const extent: Extent = {
    ...whole,
    stores: whole.stores.filter((store) => store === (values.store ?? store)),
    atOnce: values["at-once"]?.split(",").map(Number) ?? whole.atOnce,
    program: values.program ?? null,
    nodeArgs: values["node-arg"],
  };
  if (values.events === undefined) {
    const rows = await benchLive(extent);
    if (values.json) console.log(JSON.stringify(rows, null, 2));
    else printLive(rows);
  } else {
    const memory = { events: values.events.split(",").map(Number), pulls: Number(values.pulls) };
    const rows = await benchMemory({ ...extent, memory });
    if (values.json) console.log(JSON.stringify(rows, null, 2));
    else printMemory(rows);
  }
}
