/** @module-tag long */

import { setTimeout as sleep } from "node:timers/promises";

import { Client, DatabaseError } from "pg";
import { describe, expect, test } from "vitest";

import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import { isWhole, sample } from "../support/effort.ts";
import { startPostgres, type PostgresServer } from "../support/postgres.ts";
import { startProxy, type Proxy } from "../support/proxy.ts";
import type { Outcome } from "./outcome.ts";
import { openServed, type Served } from "./served.ts";

/** What happens on GitHub, a third of it before, during and after the trouble. */
const STEPS: readonly (readonly DoStep[])[] = [
  [
    { do: "open-pull-request", by: "ann", pull: 1, branch: "one", files: { "src/a.ts": "1" } },
    { do: "review", by: "bob", pull: 1, state: "approved" },
  ],
  [
    { do: "merge", by: "ann", pull: 1, method: "squash", bypass: true },
    { do: "push", by: "ann", branch: "main", files: { "src/b.ts": "1" }, bypass: true },
    { do: "open-pull-request", by: "bob", pull: 2, branch: "two", files: { "src/c.ts": "1" } },
  ],
  [
    { do: "review", by: "ann", pull: 2, state: "approved" },
    { do: "merge", by: "ann", pull: 2, method: "merge", bypass: true },
    { do: "deploy", by: "ann", environment: "production", commit: "main" },
  ],
];

/** What a trouble can get at. */
interface World {
  server: PostgresServer;
  readonly proxy: Proxy;
  readonly served: Served;
  /** A session of the test's own, past the proxy. */
  readonly session: () => Promise<Client>;
}

interface Trouble {
  readonly name: string;
  /** Whether nothing at all can be stored meanwhile. */
  readonly stores: "nothing" | "something";
  /** Begins; what it answers ends it. */
  readonly begin: (world: World) => Promise<() => Promise<unknown>>;
}

const ROLE = "an_app_of_its_own";

/** Locks every table; where the App locks them in another order at that moment, PostgreSQL may end either of the two. */
async function lockAll(client: Client): Promise<void> {
  for (;;) {
    await client.query("begin");
    try {
      await client.query("lock table trial, delivery, lane, action, state, log, log_head, heartbeat");
      return;
    } catch (error) {
      await client.query("rollback");
      if (!(error instanceof DatabaseError) || error.code !== DEADLOCK) throw error;
    }
  }
}

const DEADLOCK = "40P01";

const TROUBLES: readonly Trouble[] = [
  {
    name: "the server is restarted",
    stores: "nothing",
    begin: async ({ server }) => {
      await server.halt("shut down");
      return () => server.start();
    },
  },
  {
    name: "the server is killed",
    stores: "nothing",
    begin: async ({ server }) => {
      await server.halt("kill");
      return () => server.start();
    },
  },
  {
    name: "a second server takes its place",
    stores: "nothing",
    begin: async (world) => {
      await world.server.halt("shut down");
      return async () => {
        const first = world.server;
        world.server = await first.copy();
        world.proxy.lead(world.server.port);
        await first.stop();
      };
    },
  },
  {
    name: "its connections are cut again and again",
    stores: "something",
    begin: async ({ session }) => {
      const client = await session();
      const cutting = setInterval(() => {
        void client.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'countersign'",
        );
      }, 100);
      return async () => clearInterval(cutting);
    },
  },
  {
    name: "no connection is free",
    stores: "nothing",
    begin: async ({ proxy, session }) => {
      const taken: Client[] = [];
      // Those the App holds are cut, and every free one is taken.
      for (let round = 0; round < 50; round += 1) {
        proxy.cut();
        try {
          for (;;) taken.push(await session());
        } catch {
          if (taken.length >= 18) break;
        }
      }
      return () => Promise.all(taken.map((client) => client.end()));
    },
  },
  {
    name: "it only reads",
    stores: "nothing",
    begin: async ({ proxy, session }) => {
      const client = await session();
      await client.query(`alter role ${ROLE} set default_transaction_read_only = on`);
      proxy.cut();
      return () => client.query(`alter role ${ROLE} reset default_transaction_read_only`);
    },
  },
  {
    name: "every table is locked",
    stores: "nothing",
    begin: async ({ session }) => {
      const client = await session();
      await lockAll(client);
      return () => client.query("rollback");
    },
  },
  ...["log", "log_head", "state", "action", "lane", "heartbeat"].map((table): Trouble => ({
    name: `${table} is locked`,
    stores: "something",
    begin: async ({ session }) => {
      const client = await session();
      await client.query("begin");
      await client.query(`lock table ${table}`);
      return () => client.query("rollback");
    },
  })),
  {
    name: "the network swallows everything",
    stores: "nothing",
    begin: async ({ proxy }) => {
      proxy.swallow(true);
      return async () => proxy.swallow(false);
    },
  },
  {
    name: "every transaction is serializable",
    stores: "something",
    begin: async ({ proxy, session }) => {
      const client = await session();
      await client.query(`alter role ${ROLE} set default_transaction_isolation = 'serializable'`);
      proxy.cut();
      return () => client.query(`alter role ${ROLE} reset default_transaction_isolation`);
    },
  },
];

/** How long a trouble lasts (ms): longer than a lease, where it is to be seen what becomes of it. */
const LASTS = isWhole ? 70_000 : 2_000;

async function play(
  trouble: Trouble | null,
): Promise<{ readonly outcome: Outcome; readonly doubled: readonly string[] }> {
  const world = { server: await startPostgres({ durable: true, connections: 20 }) };
  const ending: (() => Promise<unknown>)[] = [() => world.server.stop()];
  try {
    const proxy = await startProxy(world.server.port);
    ending.push(() => proxy.close());
    const session = async (): Promise<Client> => {
      const client = new Client({ connectionString: world.server.url });
      client.on("error", () => undefined);
      await client.connect();
      ending.push(() => client.end().catch(() => undefined));
      return client;
    };
    const owner = await session();
    await owner.query(`create role ${ROLE} login password 'x' in role pg_signal_backend`);
    await owner.query(`create database app owner ${ROLE}`);
    await owner.end();
    const address = (port: number): string => `postgres://${ROLE}:x@127.0.0.1:${port}/app`;
    const inApp = async (): Promise<Client> => {
      const client = new Client({ connectionString: address(world.server.port) });
      client.on("error", () => undefined);
      await client.connect();
      ending.push(() => client.end().catch(() => undefined));
      return client;
    };
    const served = await openServed(
      { databaseUrl: address(proxy.port) },
      {
        get databaseUrl() {
          return address(world.server.port);
        },
      },
    );
    ending.push(() => served.close());
    const [before = [], during = [], after = []] = STEPS;
    for (const step of before) await served.act(step);
    const end = await trouble?.begin(Object.assign(world, { proxy, served, session: inApp }));
    if (trouble?.stores === "nothing") await served.untilReady(false);
    for (const step of during) await served.act(step);
    if (trouble !== null) await sleep(LASTS);
    expect(served.isRunning(), served.lines.slice(-20).join("\n")).toBe(true);
    await end?.();
    await served.untilReady(true);
    for (const step of after) await served.act(step);
    const outcome = await served.settled();
    expect(served.isRunning()).toBe(true);
    // What went wrong was told without a trace, and not once for every attempt.
    const traces = served.lines.filter((line) => /"stack"|\\n +at /u.test(line));
    expect(traces).toEqual([]);
    const client = await inApp();
    const { rows } = await client.query(
      "select kind || ' ' || subject as name from log where kind in ('change', 'deployment', 'deviation') group by kind, subject having count(*) > 1",
    );
    const doubled = (rows as readonly { readonly name: string }[]).map(({ name }) => name);
    expect(await served.end("SIGTERM")).toBe(0);
    return { outcome, doubled };
  } finally {
    for (const step of ending.toReversed()) await step();
  }
}

describe("a store that fails under an App that serves", () => {
  for (const trouble of sample(TROUBLES, 1))
    // Each has a server and an App of its own, and where everything is tested waits for more than a minute.
    test.concurrent(`where ${trouble.name}: it goes on by itself, and all rows are right`, async () => {
      const { outcome, doubled } = await play(trouble);
      expect(verdictsOf(outcome)).toEqual(VERDICTS);
      expect(doubled).toEqual([]);
    });
});

/** What the steps come to, however the store fares. */
const VERDICTS: readonly string[] = [
  "change compliant",
  "change compliant",
  "change non-compliant: independently-approved merged-by-pull-request",
  "deployment compliant",
];

/**
 * What was judged, without what differs from run to run: when, which commits, and what was last said of a pull request that was merged
 * in the moment of its approval.
 */
function verdictsOf({ verdicts }: Outcome): readonly string[] {
  return verdicts
    .filter((line) => !line.includes('"kind":"gate"'))
    .map((line) => {
      const { kind, verdict, results } = JSON.parse(line) as {
        readonly kind: string;
        readonly verdict: string;
        readonly results: readonly { readonly control: string; readonly outcome: string }[];
      };
      const bad = results.filter(({ outcome }) => outcome !== "pass" && outcome !== "not-applicable");
      const named = bad.map(({ control }) => control).join(" ");
      return `${kind} ${verdict}${named === "" ? "" : `: ${named}`}`;
    })
    .toSorted();
}
