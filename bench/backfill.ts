/**
 * How many requests to GitHub filling the log for a past period takes, against the GitHub double, tokens not counted.
 * `node bench/backfill.ts [--changes 1000,10000] [--json]`. Of a hundred changes ninety are pull requests from a branch of one push,
 * five of two, and five are direct pushes; each pull request is approved and squashed, and its branch stays.
 */

import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { installedOn, toolsOn } from "../src/cli/evidence/past-tools.ts";
import { backfillRepository } from "../src/flows/completeness/backfill.ts";
import { countPast } from "../src/flows/completeness/reconcile.ts";
import { REHEARSED } from "../src/github/api/rate-limits.ts";
import { makeProbot, octokitsOf } from "../src/github/api/octokit.ts";
import { Pacing } from "../src/github/api/pacing.ts";
import { openLedger } from "../src/ledger/open.ts";
import { trial, type Trial } from "../test/github/stage.ts";

const START = Date.parse("2026-07-06T09:00:00Z");
const MINUTE = 60_000;
const MEGABYTE = 1_000_000;

/** Every so many requests it is looked how much memory is in use. */
const LOOK_EVERY = 25;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** One row of the table. Requests per change are those of the backfill alone; `reconcile`: those of counting it afterwards. */
export interface BackfillRow {
  readonly changes: number;
  readonly updates: number;
  readonly requests: number;
  readonly perChange: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly points: number;
  readonly seconds: number;
  readonly compliant: number;
  readonly again: number;
  readonly reconcile: number;
  readonly complete: boolean;
  readonly seedSeconds: number;
  /** The most memory the process held up to here, GitHub double included, and what the backfill alone left in use at most (MB). */
  readonly peak: number;
  readonly grown: number;
}

/** Seeds a repository with so many changes, fills an empty log with them, and counts. Throws when a change is missing. */
export async function benchBackfill(changes: number): Promise<BackfillRow> {
  const stage = await trial(
    {
      policy: { mode: "observe", approval: { required: 1 } },
      people: { ann: { permission: "admin" }, bob: { permission: "write" } },
      hourlyLimit: 10_000_000,
    },
    { deliver: () => Promise.resolve(new Response("ok")) },
  );
  // A database that is thrown away need not reach a disk.
  const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "countersign-backfill-"));
  const seeding = performance.now();
  const end = await seed(stage, changes);
  const seedSeconds = (performance.now() - seeding) / 1000;
  const { world } = stage.double;
  world.setClock(end + 60 * MINUTE);
  const ledger = await openLedger({ dataDir: folder });
  try {
    const asked: string[] = [];
    let most = 0;
    let looking = 0;
    const look = (): number => {
      const began = performance.now();
      collect();
      const { heapUsed } = process.memoryUsage();
      most = Math.max(most, heapUsed);
      looking += performance.now() - began;
      return heapUsed;
    };
    let points = 0;
    let lastUsed = 0;
    const probot = makeProbot({
      appId: 77,
      privateKey: stage.privateKey,
      secret: "not used here",
      baseUrl: "http://github.test/api/v3",
      pacing: new Pacing(REHEARSED),
      fetch: async (input, init) => {
        const request = new Request(input, init);
        const { method } = request;
        const path = new URL(request.url).pathname.replace(/^\/api(?:\/v3)?/u, "");
        const answer = await stage.double.fetch(request);
        if (!path.endsWith("/access_tokens")) asked.push(`${method} ${path}`);
        if (asked.length % LOOK_EVERY === 0) look();
        if (path === "/graphql") {
          const used = Number(answer.headers.get("x-ratelimit-used"));
          points += Math.max(0, used - lastUsed);
          lastUsed = used;
        }
        return answer;
      },
    });
    const terminal = { printError: () => undefined, interactive: false };
    const tools = toolsOn(ledger, 77, octokitsOf(probot), terminal, { now: () => world.now() });
    const span = { from: START, to: world.now() };
    const [watched] = await installedOn(tools, { owner: "acme", name: "web" });
    if (watched === undefined) throw new Error("the App does not see the repository");
    asked.length = 0;
    const before = look();
    [most, looking] = [before, 0];
    const began = performance.now();
    const filled = await backfillRepository(watched, span);
    look();
    const seconds = (performance.now() - began - looking) / 1000;
    const grown = (most - before) / MEGABYTE;
    const requests = [...asked];
    if (filled.updates !== changes) throw new Error(`${changes} changes, ${filled.updates} updates found`);
    let compliant = 0;
    for await (const { body } of ledger.states("change", { everyOrganization: true }))
      if ((body as { assessment: { verdict: string } }).assessment.verdict === "compliant") compliant += 1;
    asked.length = 0;
    await backfillRepository(watched, span);
    const again = asked.length;
    asked.length = 0;
    const { counted, uncounted } = await countPast(watched, filled.refs, span);
    const byKind = Object.groupBy(requests, (each) => each.replace(/\/repos\/acme\/web|\/orgs\/acme/u, ""));
    return {
      changes,
      updates: world.repository("acme", "web")?.repository.activities.length ?? 0,
      requests: requests.length,
      perChange: requests.length / changes,
      byKind: Object.fromEntries(Object.entries(byKind).map(([kind, all]) => [kind, all?.length ?? 0])),
      points,
      seconds,
      compliant,
      again,
      reconcile: asked.length,
      complete: uncounted.length === 0 && counted.every((each) => each.complete),
      seedSeconds,
      peak: (process.resourceUsage().maxRSS * 1024) / MEGABYTE,
      grown,
    };
  } finally {
    await ledger.close();
    await stage.double.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Makes the changes, a minute between any two things; answers when the last one was made. */
async function seed({ double, play }: Trial, changes: number): Promise<number> {
  let at = START;
  let pull = 0;
  const later = (): void => {
    at += MINUTE;
    double.setClock(at);
  };
  for (let index = 1; index <= changes; index += 1) {
    // Nobody asks for webhooks here, and thousands of them would fill the memory.
    double.world.deliveries.length = 0;
    later();
    const files = { [`d${index % 97}/f${index}.ts`]: `${index}` };
    if (index % 20 === 0) {
      await play({ do: "push", by: "ann", branch: "main", files, bypass: true });
      continue;
    }
    pull += 1;
    await play({ do: "open-pull-request", by: "ann", pull, branch: `feature-${pull}`, files });
    later();
    if (index % 20 === 1)
      await play({ do: "push", by: "ann", pull, files: { [`d${index % 97}/g${index}.ts`]: "1" } });
    later();
    await play({ do: "review", by: "bob", pull, state: "approved" });
    later();
    await play({ do: "merge", by: "ann", pull, method: "squash", bypass: true });
  }
  return at;
}

/** The table as text. */
export function backfillTable(rows: readonly BackfillRow[]): string {
  return rows
    .map(
      (row) =>
        `${row.changes} changes (${row.updates} updates of all branches, made in ${row.seedSeconds.toFixed(0)} s): ${row.requests} requests, ` +
        `${row.perChange.toFixed(4)} for a change, ${row.points} GraphQL points, ${row.seconds.toFixed(0)} s; ${row.compliant} compliant. ` +
        `Run again: ${row.again} requests. Counted afterwards: ${row.reconcile} requests, ${row.complete ? "complete" : "NOT complete"}.\n` +
        `  memory: ${row.grown.toFixed(0)} MB more in use while it ran; ${row.peak.toFixed(0)} MB held at most with the GitHub double\n` +
        Object.entries(row.byKind)
          .map(([kind, count]) => `  ${String(count).padStart(6)}  ${kind}`)
          .join("\n"),
    )
    .join("\n");
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      changes: { type: "string", default: "1000,10000" },
      json: { type: "boolean", default: false },
    },
  });
  for (const changes of values.changes.split(",").map(Number)) {
    const row = await benchBackfill(changes);
    process.stdout.write(`${values.json ? JSON.stringify(row) : backfillTable([row])}\n`);
  }
}
