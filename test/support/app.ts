/** The App in process beside the double: how it signs in, its settings, and how it is started. */

import { generateKeyPairSync } from "node:crypto";

import { pino } from "pino";

import { STORY_SOURCES } from "../../src/cli/scenario/harness/report.ts";
import type { Instant } from "../../src/domain/time/instant.ts";
import { REHEARSED, type Limits } from "../../src/github/api/rate-limits.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { startCountersign, type Countersign } from "../../src/main.ts";
import type { StartTools } from "../../src/start/tools.ts";
import type { Settings } from "../../src/settings.ts";
import { readSources } from "../../src/sources.ts";

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 1024,
  publicKeyEncoding: { type: "spki", format: "pem" },
  // GitHub gives PKCS#1, which is converted anew each time the App signs; other tests do that.
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});

/** What the App signs in with. */
export const appCredentials = {
  appId: 4711,
  privateKey: KEYS.privateKey,
  secret: "a secret for stories",
} as const;

/** Where the double finds the App. */
export const APP_URL = "http://countersign.test";

/** Where the App finds the double. */
export const API_URL = "http://github.test/api/v3";

/** What the double is told of the App. */
export const registeredApp = {
  id: appCredentials.appId,
  publicKey: KEYS.publicKey,
  webhookSecret: appCredentials.secret,
  webhookUrl: `${APP_URL}/api/github/webhooks`,
} as const;

/** Starts the App on a database that is there. `variables`: its environment, as far as notifications read it; `limits`: GitHub's. */
export function startApp(
  where: StoreLocation,
  now: Instant,
  start: Partial<StartTools>,
  variables: Readonly<Record<string, string>> = {},
  limits: Limits = REHEARSED,
  more: Partial<Settings> = {},
): Promise<Countersign> {
  return startCountersign(
    { ...settingsFor(where, variables, limits), ...more },
    {
      clock: { now: () => now },
      timetable: "driven",
      log: pino({ level: process.env["LOG_LEVEL"] ?? "silent" }),
      ...start,
    },
  );
}

/** The environment of a command at a terminal beside such an App. */
export function environmentOf(where: StoreLocation): Readonly<Record<string, string>> {
  return {
    APP_ID: String(appCredentials.appId),
    PRIVATE_KEY: appCredentials.privateKey,
    WEBHOOK_SECRET: appCredentials.secret,
    GITHUB_API_URL: API_URL,
    ...("dataDir" in where ? { COUNTERSIGN_DATA_DIR: where.dataDir } : { DATABASE_URL: where.databaseUrl }),
  };
}

/** The App's settings beside the double. */
export function settingsFor(
  where: StoreLocation,
  variables: Readonly<Record<string, string>> = {},
  limits: Limits = REHEARSED,
): Settings {
  return {
    appId: appCredentials.appId,
    privateKey: appCredentials.privateKey,
    webhookSecrets: [appCredentials.secret],
    github: { apiUrl: API_URL, enterpriseHost: null, protocol: "http", limits },
    host: "127.0.0.1",
    port: 0,
    logLevel: "silent",
    logFormat: "json",
    store: where,
    signingKey: null,
    baseUrl: null,
    deploymentSources: readSources(STORY_SOURCES).sources,
    signIn: null,
    packages: null,
    receivers: { privateAddresses: true, variable: (name) => variables[name] ?? null },
  };
}
