/** A stage in process: the App and the double in one process, without a socket, on a database of its own. */

import { generateKeyPairSync } from "node:crypto";

import { pino } from "pino";

import { Double } from "../../src/cli/scenario/double.ts";
import type { Scenario } from "../../src/cli/scenario/format.ts";
import { Receiver } from "../../src/cli/scenario/receiver.ts";
import { STORY_SOURCES } from "../../src/cli/scenario/report.ts";
import type { Stage } from "../../src/cli/scenario/stage.ts";
import { tamper } from "../../src/cli/scenario/tamper.ts";
import type { Instant } from "../../src/domain/change.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { Where } from "../../src/ledger/store.ts";
import type { Countersign } from "../../src/main.ts";
import { startCountersign } from "../../src/main.ts";
import type { Settings } from "../../src/settings.ts";
import { readSources } from "../../src/sources.ts";
import { ControlledDouble } from "../github/control.ts";
import { freshDatabase } from "./stores.ts";

const APP_ID = 4711;
const SECRET = "a secret for stories";
const WEBHOOK_URL = "http://countersign.test/api/github/webhooks";

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});

/** What the App signs in with on every stage. */
export const appCredentials = { appId: APP_ID, privateKey: KEYS.privateKey, secret: SECRET } as const;

/** A stage in process, and the double itself for what stories cannot say. */
export interface InProcessStage extends Stage {
  readonly github: ControlledDouble;
  readonly where: Where;
}

/** How a stage is set. `conformance`: every request and answer is held to GitHub's schemas. The others are told what passes between the two. */
export interface StageOptions {
  readonly conformance?: boolean;
  readonly onDelivery?: (request: Request) => void;
  readonly onRequest?: (request: Request) => void;
  /** Requests an hour of real time, if not GitHub's own limit. */
  readonly hourlyLimit?: number;
}

/** Sets a story's stage on a new database of the kind. */
export async function openStage(
  scenario: Scenario,
  kind: "sqlite" | "postgres",
  options: StageOptions = {},
): Promise<InProcessStage> {
  const { where, remove } = await freshDatabase(kind);
  const stage = await openStageOn(scenario, where, options);
  return {
    ...stage,
    async close() {
      await stage.close();
      await remove();
    },
  };
}

/** Sets a story's stage on a database that is there. */
export async function openStageOn(
  scenario: Scenario,
  where: Where,
  options: StageOptions = {},
): Promise<InProcessStage> {
  let running: Countersign | null = null;
  const receiver = new Receiver(scenario);
  const github = new ControlledDouble({
    conformance: options.conformance ?? false,
    apiUrl: "http://github.test/api/v3",
    webUrl: "http://github.test",
    deliver: async (url, init) => {
      if (running === null) throw new TypeError("fetch failed");
      const request = new Request(url, init);
      options.onDelivery?.(request);
      return running.fetch(request);
    },
  });
  const double = new Double((request) => github.fetch(request));
  const app = {
    id: APP_ID,
    publicKey: KEYS.publicKey,
    webhookSecret: SECRET,
    webhookUrl: WEBHOOK_URL,
  };
  const { hourlyLimit } = options;
  await double.setup(scenario, app, hourlyLimit === undefined ? {} : { hourlyLimit });
  let wall = scenario.start;
  let ahead = 0;
  const start = (now: Instant): Promise<Countersign> =>
    startCountersign(settingsFor(where, receiver.variables("http://receiver.test")), {
      wall: { now: () => wall + ahead },
      clock: { now: () => now },
      timetable: "driven",
      pacing: false,
      log: pino({ level: process.env["LOG_LEVEL"] ?? "silent" }),
      post: async ({ url, headers, body }) => ({
        status: receiver.take({ path: new URL(url).pathname, headers, body }),
        retryAfterMs: null,
      }),
      fetch: (input: string | URL | Request, init?: RequestInit) => {
        const request = new Request(input, init);
        options.onRequest?.(request);
        return github.fetch(request);
      },
    });
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
        return running.fetch(make(`http://countersign.test${path}`));
      },
      reconcile: async (organization, from, to) => {
        await running?.reconcile(organization, from, to);
      },
      signOff: async (organization, given) =>
        running === null ? "the App is down" : (await running.signOff(organization, given)).refused,
      enterDeviation: async (given) =>
        running === null ? "the App is down" : (await running.enterDeviation(given)).refused,
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
    openLedger: () => openLedger(where, { readOnly: true }),
    async close() {
      await running?.stop();
      await github.close();
    },
  };
}

/** The environment of a command at a terminal beside this stage's App. */
export function environmentOf(where: Where): Readonly<Record<string, string>> {
  return {
    APP_ID: String(APP_ID),
    PRIVATE_KEY: KEYS.privateKey,
    WEBHOOK_SECRET: SECRET,
    GITHUB_API_URL: "http://github.test/api/v3",
    ...("dataDir" in where ? { COUNTERSIGN_DATA_DIR: where.dataDir } : { DATABASE_URL: where.databaseUrl }),
  };
}

function settingsFor(where: Where, variables: Readonly<Record<string, string>>): Settings {
  return {
    appId: APP_ID,
    privateKey: KEYS.privateKey,
    webhookSecrets: [SECRET],
    github: { apiUrl: "http://github.test/api/v3", enterpriseHost: null, protocol: "http" },
    host: "127.0.0.1",
    port: 0,
    logLevel: "silent",
    logFormat: "json",
    webhookProxyUrl: null,
    store: where,
    signingKey: null,
    baseUrl: null,
    deploymentSources: readSources(STORY_SOURCES).sources,
    signIn: null,
    receivers: { privateAddresses: true, variable: (name) => variables[name] ?? null },
  };
}
