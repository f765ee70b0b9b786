/** A harness in process: the App and the double in one process, without a socket, on a database of its own. */

import { Double, type AppIdentity } from "../../src/cli/scenario/harness/double.ts";
import type { Scenario } from "../../src/cli/scenario/format/format.ts";
import { MessageReceiver } from "../../src/cli/scenario/harness/receiver.ts";
import type { Harness } from "../../src/cli/scenario/harness/harness.ts";
import { rewrite, tamper, whitewashed } from "../../src/cli/scenario/harness/tamper.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import { DOCUMENTED, REHEARSED } from "../../src/github/api/rate-limits.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import type { Countersign } from "../../src/main.ts";
import type { Settings } from "../../src/settings.ts";
import { ControlledDouble } from "../github/control.ts";
import { API_URL, APP_URL, registeredApp, startApp } from "./app.ts";
import { migratedDatabase } from "./stores.ts";

/** A harness in one process, with the double itself for what stories cannot express. */
export interface InProcessHarness extends Harness {
  readonly github: ControlledDouble;
  readonly where: StoreLocation;
}

/** Options of a harness. `conformance`: every request and answer is held to GitHub's schemas. The others are told what passes between the two. */
export interface HarnessOptions {
  readonly conformance?: boolean;
  readonly onDelivery?: (request: Request) => void;
  readonly onRequest?: (request: Request) => void;
  /** A message to a receiver outside GitHub. */
  readonly onMessage?: (body: string) => void;
  /** The double has answered a request that was sent at `from` (ms, as `performance.now`). */
  readonly onAnswer?: (from: number) => void;
  /** How the App opens its ledger, where its writes are to fail on purpose. */
  readonly openLedger?: (where: StoreLocation) => Promise<Ledger>;
  /** How long its workers lease a lane (ms). */
  readonly leaseMs?: number;
  /** Requests an hour of real time, if not GitHub's own limit. */
  readonly hourlyLimit?: number;
  /** GitHub's secondary limits hold, and the App keeps to the same ones. Default: it has a thousand times as much. */
  readonly documentedLimits?: boolean;
  /** Answers what the double does not serve; null: the double is asked. */
  readonly answer?: (request: Request) => Promise<Response | null>;
  /** What the App is set to besides. */
  readonly settings?: Partial<Settings>;
  /** Kinds of answer that lag all the time: the keys of the step `lag`, `for` in seconds. */
  readonly lag?: Readonly<Record<string, unknown>>;
}

/** Opens a story's harness on a new database of the kind. */
export async function openHarness(
  scenario: Scenario,
  kind: "sqlite" | "postgres",
  options: HarnessOptions = {},
): Promise<InProcessHarness> {
  const { where, remove } = await migratedDatabase(kind);
  const harness = await openHarnessOn(scenario, where, options);
  return {
    ...harness,
    async close() {
      await harness.close();
      await remove();
    },
  };
}

/** Opens a story's harness on an existing database. */
export async function openHarnessOn(
  scenario: Scenario,
  where: StoreLocation,
  options: HarnessOptions = {},
): Promise<InProcessHarness> {
  let running: Countersign | null = null;
  const receiver = new MessageReceiver(scenario);
  const github = new ControlledDouble({
    conformance: options.conformance ?? false,
    apiUrl: API_URL,
    webUrl: "http://github.test",
    deliver: async (url, init) => {
      if (running === null || scenario.polling) throw new TypeError("fetch failed");
      const request = new Request(url, init);
      options.onDelivery?.(request);
      return running.fetch(request);
    },
  });
  const double = new Double((request) => github.fetch(request));
  const { hourlyLimit, documentedLimits = false } = options;
  const { signIn, baseUrl } = options.settings ?? {};
  const registered: AppIdentity =
    signIn == null || baseUrl == null
      ? registeredApp
      : {
          ...registeredApp,
          signIn: {
            clientId: signIn.clientId,
            clientSecret: signIn.clientSecret,
            callbackUrls: [`${baseUrl}/sign-in/github/callback`],
          },
        };
  await double.setup(scenario, registered, {
    ...(hourlyLimit === undefined ? {} : { hourlyLimit }),
    secondaryLimits: documentedLimits,
  });
  if (options.lag !== undefined) {
    const problem = await double.lag(options.lag);
    if (problem !== null) throw new Error(problem);
  }
  let wall = scenario.start;
  let ahead = 0;
  const start = (now: Instant): Promise<Countersign> =>
    startApp(
      where,
      now,
      {
        wall: { now: () => wall + ahead },
        ...(options.openLedger === undefined ? {} : { openLedger: options.openLedger }),
        ...(options.leaseMs === undefined ? {} : { leaseMs: options.leaseMs }),
        post: async ({ url, headers, body }) => {
          options.onMessage?.(body);
          const status = receiver.take({ path: new URL(url).pathname, headers, body });
          return { status, retryAfterMs: null };
        },
        fetch: async (input: string | URL | Request, init?: RequestInit) => {
          const request = new Request(input, init);
          options.onRequest?.(request);
          const from = performance.now();
          const response = (await options.answer?.(request)) ?? (await github.fetch(request));
          options.onAnswer?.(from);
          return response;
        },
      },
      receiver.variables("http://receiver.test"),
      documentedLimits ? DOCUMENTED : REHEARSED,
      { ...(scenario.polling ? { pollMs: 60_000 } : {}), ...options.settings },
    );
  running = await start(scenario.start);
  await running.sweep();
  return {
    github,
    where,
    double,
    receiver,
    app: {
      advance: async (to) => {
        // GitHub's clock is there already while the timetable is still run through.
        wall = to;
        await running?.advance(to);
      },
      skew: async (by) => {
        ahead = by;
      },
      settle: async () => running?.settle(),
      sweep: async () => running?.sweep(),
      ask: async (path, make) => {
        if (running === null) throw new TypeError("fetch failed");
        return running.fetch(make(`${APP_URL}${path}`));
      },
      reconcile: async (organization, from, to) => {
        await running?.reconcile(organization, from, to);
      },
      signOff: async (organization, given) =>
        running === null ? "the App is down" : (await running.signOff(organization, given)).refused,
      enterDeviation: async (given) =>
        running === null ? "the App is down" : (await running.enterDeviation(given)).refused,
      emergency: async (repository, given) =>
        running === null ? "the App is down" : (await running.emergency(repository, given)).refused,
      async kill() {
        const ending = running;
        running = null;
        await ending?.stop();
      },
      async restart(at) {
        wall = at;
        running = await start(at);
        await running.sweep();
      },
    },
    tamper: (kind) => tamper(where, kind),
    rewrite: () => rewrite(where, whitewashed),
    openLedger: (how) => openLedger(where, { readOnly: how !== "write" }),
    async close() {
      await running?.stop();
      await github.close();
    },
  };
}
