/** Reads the settings from the environment at start, lists every problem at once, and prints no secret. */

import { existsSync, readFileSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, resolve } from "node:path";

import { distance } from "fastest-levenshtein";
import { z } from "zod";

import { HOUR, MINUTE } from "./domain/time/durations.ts";
import type { StoreLocation } from "./ledger/database/store.ts";
import {
  BUDGET_NAMES,
  DOCUMENTED,
  LOWEST_LIMIT,
  UNLIMITED,
  type BudgetName,
  type Limits,
} from "./github/api/rate-limits.ts";
import { appKeyProblem, pemAsGiven, signingKeyProblem } from "./settings/private-keys.ts";
import { systemErrorCode } from "./settings/system-error.ts";
import { readSources, type DeploymentSource } from "./sources.ts";

/** Holds the evidence log and the signing key where `DATABASE_URL` is not set. */
const DATA_DIR = "./data";

/** Replaces a missing secret in Probot, and is public. */
const DEFAULT_SECRET = "development";

const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

/** Completes a problem that begins with the name of a key. */
const PEM_HINT = "as a PEM text (line breaks may be written \\n), or its path in";

const SIGNING_KEY_MISSING = `COUNTERSIGN_SIGNING_KEY is missing, and needed with DATABASE_URL: set it to an ECDSA P-256 key ${PEM_HINT} COUNTERSIGN_SIGNING_KEY_PATH (openssl ecparam -name prime256v1 -genkey -noout); without replicas, a path inside COUNTERSIGN_DATA_DIR has it created.`;

/** Describes each variable of the environment; the descriptions are the reference page. An empty variable counts as not set. */
export const EnvironmentSchema = z.object({
  APP_ID: z
    .string("is missing: set it to the App's id, on the App's page under General")
    .regex(/^(?!Iv\d)/, "is the App's client id: set it to the App ID, the number above it on the App's page")
    .regex(/^(?:[1-9]\d{0,14}$|Iv\d)/, "is no App id: set it to the number on the App's page under General")
    .describe("The GitHub App's id."),
  PRIVATE_KEY: z
    .string()
    .optional()
    .describe("The App's private key, PEM (also with literal \\n, or base64)."),
  PRIVATE_KEY_PATH: z.string().optional().describe("The file the App's private key is in."),
  WEBHOOK_SECRET: z
    .string("is missing: set it to the secret of the App's webhook")
    .describe("The webhook secret. While rotating, a comma-separated list, the current one first."),
  GHE_HOST: z
    .string()
    .regex(/^[\w.-]+(:\d+)?$/, "is no host name: give it without https:// and path, e.g. github.example.com")
    .refine(
      (host) => !/^(?:api\.|www\.)?github\.com$/iu.test(host),
      "is github.com's: remove it, it is for a GitHub Enterprise Server alone",
    )
    .refine(
      (host) => !/\.ghe\.com$/iu.test(host),
      "is a data-residency tenant: remove it, and set GITHUB_API_URL to https://api.TENANT.ghe.com",
    )
    .optional()
    .describe("The host of a GitHub Enterprise Server."),
  GHE_PROTOCOL: z
    .enum(["https", "http"], "must be https or http")
    .default("https")
    .describe("The protocol of GHE_HOST."),
  GITHUB_API_URL: httpUrl()
    .refine(
      (text) => !/^(?:www\.)?github\.com$/iu.test(URL.parse(text)?.hostname ?? ""),
      "is the address of GitHub's pages: remove it, or set it to https://api.github.com",
    )
    .refine(
      (text) => !/^(?!api\.).*\.ghe\.com$/iu.test(URL.parse(text)?.hostname ?? ""),
      "is the address of the tenant's pages: set it to https://api.TENANT.ghe.com",
    )
    .optional()
    .describe(
      "The REST API's address, for hosts whose API is not HOST/api/v3, such as data-residency tenants.",
    ),
  COUNTERSIGN_GITHUB_LIMITS: z
    .string()
    .transform(limitsIn)
    .refine(
      (given) => given !== null,
      `is no list of limits: write NAME=NUMBER, with commas between them; names are ${BUDGET_NAMES.join(", ")}, and no number is under ${LOWEST_LIMIT}`,
    )
    .default({})
    .describe(
      `GitHub's limits for an installation, such as \`rest=900,content=80\`; names: ${BUDGET_NAMES.join(", ")}. Without it, those GitHub documents, and none on GitHub Enterprise Server.`,
    ),
  PORT: z
    .string()
    .regex(/^\d{1,5}$/, "is no port: set it to a number from 0 to 65535")
    .transform(Number)
    .refine((port) => port <= 65_535, "is no port: set it to a number from 0 to 65535")
    .default(3_000)
    .describe("The port to listen on; 0 takes a free one."),
  HTTPS_PROXY: z
    .string()
    .optional()
    .describe("The proxy for requests to GitHub and to receivers of notifications, `http://HOST:PORT`."),
  NO_PROXY: z.string().optional().describe("Hosts reached without the proxy, with commas between them."),
  NODE_EXTRA_CA_CERTS: z
    .string()
    .optional()
    .describe("A file with further certificate authorities to trust, PEM."),
  HOST: z
    .string()
    .regex(/^[\w.:-]+$/, "is not an address: give it without http:// and path, e.g. 0.0.0.0")
    .refine(
      (host) => isIP(host) !== 0 || !host.includes(":"),
      "is not an address: give it without the port, which is PORT",
    )
    .default("127.0.0.1")
    .describe("The address to listen on; 0.0.0.0 in a container."),
  COUNTERSIGN_MONITORING_ADDRESS: z
    .string()
    .transform((text) => /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/u.exec(text))
    .refine(
      (found) => found !== null && Number(found[3]) <= 65_535,
      "is not an address: write HOST:PORT, such as 127.0.0.1:9090",
    )
    .transform((found) => ({ host: found?.[1] ?? found?.[2] ?? "", port: Number(found?.[3]) }))
    .optional()
    .describe(
      "An internal address (HOST:PORT) for `/metrics`, `/readyz` and, without sign-in, the pages. HOST and PORT then no longer serve these.",
    ),
  LOG_LEVEL: z
    .enum(LEVELS, `must be one of ${LEVELS.join(", ")}`)
    .default("info")
    .describe("The lowest level to log."),
  LOG_FORMAT: z
    .enum(["json", "pretty"], "must be json or pretty")
    .default("json")
    .describe("The format of log lines."),
  COUNTERSIGN_POLL: z
    .string()
    .transform(pollIn)
    .refine((ms) => ms !== null, "is no interval: write a time from 10s to 1h, such as 1m")
    .optional()
    .describe(
      "How often to read webhooks from GitHub's log of deliveries, from `10s` to `1h`, where GitHub cannot reach this server. Without it, GitHub delivers them.",
    ),
  COUNTERSIGN_DEPLOYMENT_SOURCES: z
    .string()
    .optional()
    .describe(
      'Pipelines outside GitHub that may report deployments: `jenkins=SECRET,argo=SECRET`, or JSON such as `{"jenkins": {"secret": ["NEW", "OLD"], "repositories": ["acme/*"]}}`.',
    ),
  DATABASE_URL: z
    .string()
    .refine(
      isPostgres,
      "is no PostgreSQL address: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, with what is neither letter nor digit in the password percent-encoded",
    )
    .optional()
    .describe("The PostgreSQL address, for any number of replicas. Without it, the embedded SQLite file."),
  COUNTERSIGN_DATA_DIR: z.string().default(DATA_DIR).describe("The folder of the embedded SQLite file."),
  COUNTERSIGN_SIGNING_KEY: z.string().optional().describe("The key that signs packages, ECDSA P-256, PEM."),
  COUNTERSIGN_SIGNING_KEY_PATH: z
    .string()
    .optional()
    .describe("The file the signing key is in. Inside the data folder, it is created if it is missing."),
  COUNTERSIGN_BASE_URL: httpUrl()
    .optional()
    .describe("The App's own address. The webhook's address on GitHub is compared with it at start."),
  GITHUB_CLIENT_ID: z
    .string()
    .optional()
    .describe(
      "The App's client id: with it and COUNTERSIGN_BASE_URL, people sign in to the pages with GitHub.",
    ),
  GITHUB_CLIENT_SECRET: z.string().optional().describe("The App's client secret, for that sign-in."),
  COUNTERSIGN_SESSION_SECRET: z
    .string()
    .min(32, "is too short: set it to at least 32 random characters (openssl rand -hex 32)")
    .optional()
    .describe("The key of that sign-in's sessions; required with GITHUB_CLIENT_ID."),
  COUNTERSIGN_OIDC_ISSUER: issuerUrl()
    .optional()
    .describe(
      "The OpenID provider at which people without a GitHub account sign in; its callback is /sign-in/openid/callback. The policy's access.auditors.emails names them.",
    ),
  COUNTERSIGN_OIDC_CLIENT_ID: z.string().optional().describe("The App's client id at that provider."),
  COUNTERSIGN_OIDC_CLIENT_SECRET: z.string().optional().describe("The App's client secret there."),
  COUNTERSIGN_PACKAGES: z
    .string()
    .optional()
    .describe(
      "The folder with the packages that were handed over (folders or zips), for auditors to download from the pages.",
    ),
  COUNTERSIGN_PRIVATE_RECEIVERS: z
    .enum(["refuse", "allow"], "must be refuse or allow")
    .default("refuse")
    .describe(
      "Allows or refuses notifications to http:// addresses and private networks. The policy names the variables with the addresses.",
    ),
});

/** Holds settings that passed every check. */
export interface Settings {
  readonly appId: number;
  /** PEM. */
  readonly privateKey: string;
  /** Begins with the current one. */
  readonly webhookSecrets: readonly [string, ...(readonly string[])];
  readonly github: {
    readonly apiUrl: string | null;
    readonly enterpriseHost: string | null;
    readonly protocol: "https" | "http";
    /** Limits the requests of each installation. */
    readonly limits: Limits;
  };
  readonly host: string;
  readonly port: number;
  /** The address of metrics and readiness; absent: `host` and `port`. */
  readonly monitoring?: { readonly host: string; readonly port: number };
  readonly logLevel: (typeof LEVELS)[number];
  readonly logFormat: "json" | "pretty";
  /** How often webhooks are read from GitHub's log (ms); absent: GitHub delivers them. */
  readonly pollMs?: number;
  readonly store: StoreLocation;
  /** The signing key, PEM; null: it is in a file of the data folder that is created when it is missing (see {@link signingKey}). */
  readonly signingKey: string | null;
  /** The missing file of the data folder that the settings name for the signing key; absent: `signing-key.pem`. */
  readonly signingKeyFile?: string;
  readonly baseUrl: string | null;
  /** The pipelines that may report deployments from outside GitHub. */
  readonly deploymentSources: readonly DeploymentSource[];
  /** What people sign in to the pages with; null: they do not. */
  readonly signIn: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly sessionSecret: string;
    /** Where people without an account sign in; absent: nowhere. */
    readonly openId?: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string };
  } | null;
  /** Where packages that were handed over lie; null: nowhere that this App finds. */
  readonly packages: string | null;
  readonly receivers: {
    /** Allows notifications to `http:` addresses and private networks. */
    readonly privateAddresses: boolean;
    /** Returns the value of an environment variable that a policy names; null if it is not set, or one of the App's own. */
    readonly variable: (name: string) => string | null;
  };
}

/** Maps names to values like `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Holds the value, or every problem as a sentence with the variable and the fix. */
export type Read<T> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly problems: readonly string[] };

/** Reads and checks all settings; files named by a `_PATH` are read. Never throws, and no problem contains a secret. */
export function readSettings(env: Environment): Read<{ readonly settings: Settings }> {
  const given = tidied(env);
  const problems = [...misspelt(given), ...unexpanded(given)];
  const result = EnvironmentSchema.safeParse(given);
  if (!result.success) problems.push(...firstOfEach(result.error.issues));

  const privateKey = keyFrom(given, "PRIVATE_KEY", problems, appKeyProblem);
  if (privateKey === null && given["PRIVATE_KEY"] === undefined && given["PRIVATE_KEY_PATH"] === undefined)
    problems.push(`PRIVATE_KEY is missing: set it to the App's private key ${PEM_HINT} PRIVATE_KEY_PATH.`);
  const signing = signingKeyFrom(given, problems);
  const secrets = webhookSecrets(given["WEBHOOK_SECRET"], problems);
  const signIn = readSignIn(given, problems);
  const { sources, problems: wrong } = readSources(given["COUNTERSIGN_DEPLOYMENT_SOURCES"]);
  for (const problem of wrong) problems.push(`COUNTERSIGN_DEPLOYMENT_SOURCES ${problem}.`);

  if (!result.success || problems.length > 0 || privateKey === null || secrets === null)
    return { ok: false, problems };
  const value = result.data;
  return {
    ok: true,
    settings: {
      appId: Number(value.APP_ID),
      privateKey,
      webhookSecrets: secrets,
      github: {
        apiUrl: value.GITHUB_API_URL ?? null,
        enterpriseHost: value.GHE_HOST ?? null,
        protocol: value.GHE_PROTOCOL,
        limits: limitsFor(value),
      },
      host: value.HOST,
      port: value.PORT,
      ...(value.COUNTERSIGN_MONITORING_ADDRESS === undefined
        ? {}
        : { monitoring: value.COUNTERSIGN_MONITORING_ADDRESS }),
      logLevel: value.LOG_LEVEL,
      logFormat: value.LOG_FORMAT,
      ...(value.COUNTERSIGN_POLL == null ? {} : { pollMs: value.COUNTERSIGN_POLL }),
      store: placeOf(value),
      ...signing,
      baseUrl: value.COUNTERSIGN_BASE_URL ?? null,
      deploymentSources: sources,
      signIn,
      packages: given["COUNTERSIGN_PACKAGES"] ?? null,
      receivers: {
        privateAddresses: value.COUNTERSIGN_PRIVATE_RECEIVERS === "allow",
        // The author of a policy must not have the App's own secrets sent anywhere.
        variable: (name) => (isOwn(name) ? null : (given[name] ?? null)),
      },
    },
  };
}

/** Returns whether a variable is one of the App's own, or names a proxy, whose address may hold a password. */
function isOwn(name: string): boolean {
  return name in EnvironmentSchema.shape || /_proxy$/iu.test(name);
}

/** Reads only where the ledger is: DATABASE_URL or COUNTERSIGN_DATA_DIR. */
export function readStore(env: Environment): Read<{ readonly store: StoreLocation }> {
  const result = EnvironmentSchema.pick({ DATABASE_URL: true, COUNTERSIGN_DATA_DIR: true }).safeParse(
    tidied(env),
  );
  if (result.success) return { ok: true, store: placeOf(result.data) };
  return { ok: false, problems: firstOfEach(result.error.issues) };
}

/** Reads only what is needed to read the log and sign a package, without keys and secrets of the App. */
export function readSealing(
  env: Environment,
): Read<{ readonly sealing: Pick<Settings, "github" | "store"> & KeyPlace }> {
  const [store, server] = [readStore(env), readServer(env)];
  const problems = [...(store.ok ? [] : store.problems), ...(server.ok ? [] : server.problems)];
  const signing = signingKeyFrom(tidied(env), problems);
  if (!store.ok || !server.ok || problems.length > 0) return { ok: false, problems };
  return { ok: true, sealing: { github: server.github, ...signing, store: store.store } };
}

/** Reads only the address of GitHub, for commands with a token of their own: GITHUB_API_URL, or GHE_HOST and GHE_PROTOCOL. */
export function readServer(env: Environment): Read<Pick<Settings, "github">> {
  const names = {
    GHE_HOST: true,
    GHE_PROTOCOL: true,
    GITHUB_API_URL: true,
    COUNTERSIGN_GITHUB_LIMITS: true,
  } as const;
  const result = EnvironmentSchema.pick(names).safeParse(tidied(env));
  if (!result.success) return { ok: false, problems: firstOfEach(result.error.issues) };
  const { GITHUB_API_URL: apiUrl, GHE_HOST: enterpriseHost, GHE_PROTOCOL: protocol } = result.data;
  return {
    ok: true,
    github: {
      apiUrl: apiUrl ?? null,
      enterpriseHost: enterpriseHost ?? null,
      protocol,
      limits: limitsFor(result.data),
    },
  };
}

/** Returns the address of GitHub's pages for links, without a slash at its end. */
export function webBaseUrl({ github }: Pick<Settings, "github">): string {
  if (github.enterpriseHost !== null) return `${github.protocol}://${github.enterpriseHost}`;
  // A data-residency tenant's API is at api.TENANT, its pages at TENANT.
  if (github.apiUrl !== null) return new URL(github.apiUrl).origin.replace("://api.", "://");
  return "https://github.com";
}

/** Returns the REST API's address without a slash at its end; Octokit derives the GraphQL address from it. */
export function apiBaseUrl({ github }: Pick<Settings, "github">): string {
  if (github.apiUrl !== null) return github.apiUrl.replace(/\/+$/, "");
  if (github.enterpriseHost !== null) return `${github.protocol}://${github.enterpriseHost}/api/v3`;
  return "https://api.github.com";
}

/**
 * Returns what is set, without blanks and quotes around it: Docker hands over an environment file's quotes, and Windows' line
 * ends, where other readers drop them. The same file means the same wherever it is read.
 */
function tidied(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env)
      .map(([name, value = ""]) => [name, value.trim().replace(/^(["'])((?:(?!\1).)*)\1$/su, "$2")] as const)
      .filter(([, value]) => value.trim() !== ""),
  );
}

/** Returns the first problem of each variable: the ones after it only repeat it. */
function firstOfEach(issues: readonly z.core.$ZodIssue[]): string[] {
  const names = Map.groupBy(issues, ({ path }) => path.join("."));
  return [...names].map(([name, [first]]) => `${name} ${first?.message}.`);
}

/** Names a setting of ours that is not set by what is nearly called like it. */
function misspelt(given: Environment): string[] {
  const isOurs = (name: string): boolean => /^(?:COUNTERSIGN|PRIVATE|WEBHOOK)_/u.test(name);
  const unset = Object.keys(EnvironmentSchema.shape).filter((name) => isOurs(name) && !(name in given));
  return Object.keys(given).flatMap((each) => {
    const near =
      each in EnvironmentSchema.shape ? undefined : unset.find((name) => distance(name, each) <= 2);
    return near === undefined ? [] : [`${each} is no setting: rename it to ${near}.`];
  });
}

/** Finds values that hope to be completed: nothing here replaces `${...}`. */
function unexpanded(given: Environment): string[] {
  return Object.keys(EnvironmentSchema.shape).flatMap((name) =>
    /\$[{(]\w+/u.test(given[name] ?? "")
      ? [`${name} contains \${...} or $(...), which nothing replaces: write the value itself.`]
      : [],
  );
}

function placeOf(value: {
  readonly DATABASE_URL?: string | undefined;
  readonly COUNTERSIGN_DATA_DIR: string;
}): StoreLocation {
  return value.DATABASE_URL === undefined
    ? { dataDir: value.COUNTERSIGN_DATA_DIR }
    : { databaseUrl: value.DATABASE_URL };
}

function webhookSecrets(given: string | undefined, problems: string[]): Settings["webhookSecrets"] | null {
  // The schema reports a variable that is missing altogether.
  if (given === undefined) return null;
  const [first, ...rest] = given.split(",").map((secret) => secret.trim());
  const all = [first ?? "", ...rest] as const;
  if (all.includes(""))
    problems.push("WEBHOOK_SECRET has an empty secret in its list: remove the comma too many.");
  if (all.includes(DEFAULT_SECRET))
    problems.push(
      `WEBHOOK_SECRET is the well-known default "${DEFAULT_SECRET}": set a random one here and in the App's webhook (openssl rand -hex 32).`,
    );
  return all;
}

function readSignIn(given: Environment, problems: string[]): Settings["signIn"] {
  const clientId = given["GITHUB_CLIENT_ID"];
  const clientSecret = given["GITHUB_CLIENT_SECRET"];
  const sessionSecret = given["COUNTERSIGN_SESSION_SECRET"];
  const openId = readOpenId(given, problems);
  if (clientId === undefined && clientSecret === undefined) {
    if (openId !== undefined)
      problems.push(
        "COUNTERSIGN_OIDC_ISSUER needs sign-in with GitHub beside it: set GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET too.",
      );
    return null;
  }
  if (clientId === undefined)
    problems.push("GITHUB_CLIENT_ID is missing: set it together with GITHUB_CLIENT_SECRET, or neither.");
  if (clientSecret === undefined)
    problems.push("GITHUB_CLIENT_SECRET is missing: set it together with GITHUB_CLIENT_ID, or neither.");
  if (sessionSecret === undefined)
    problems.push(
      "COUNTERSIGN_SESSION_SECRET is missing: sign-in needs at least 32 random characters (openssl rand -hex 32).",
    );
  if (clientId === undefined || clientSecret === undefined || sessionSecret === undefined) return null;
  return { clientId, clientSecret, sessionSecret, ...(openId === undefined ? {} : { openId }) };
}

/** All three, or none. */
function readOpenId(
  given: Environment,
  problems: string[],
): NonNullable<Settings["signIn"]>["openId"] | undefined {
  const names = [
    "COUNTERSIGN_OIDC_ISSUER",
    "COUNTERSIGN_OIDC_CLIENT_ID",
    "COUNTERSIGN_OIDC_CLIENT_SECRET",
  ] as const;
  const [issuer, clientId, clientSecret] = names.map((name) => given[name]);
  const missing = names.filter((name) => given[name] === undefined);
  if (missing.length === names.length) return undefined;
  for (const name of missing)
    problems.push(`${name} is missing: set it together with the other two of COUNTERSIGN_OIDC, or none.`);
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  return { issuer, clientId, clientSecret };
}

/** Where the key that signs packages is. */
type KeyPlace = Pick<Settings, "signingKey" | "signingKeyFile">;

/** Reads the signing key, or where it is to be created: in the data folder, unless replicas with folders of their own share a database. */
function signingKeyFrom(given: Environment, problems: string[]): KeyPlace {
  const path = given["COUNTERSIGN_SIGNING_KEY_PATH"];
  const folder = given["COUNTERSIGN_DATA_DIR"] ?? DATA_DIR;
  if (given["COUNTERSIGN_SIGNING_KEY"] !== undefined || path === undefined) {
    const key = keyFrom(given, "COUNTERSIGN_SIGNING_KEY", problems, signingKeyProblem);
    if (given["COUNTERSIGN_SIGNING_KEY"] === undefined && given["DATABASE_URL"] !== undefined)
      problems.push(SIGNING_KEY_MISSING);
    return { signingKey: key };
  }
  if (resolve(dirname(path)) === resolve(folder) && !existsSync(path))
    return { signingKey: null, signingKeyFile: path };
  return { signingKey: keyFrom(given, "COUNTERSIGN_SIGNING_KEY", problems, signingKeyProblem) };
}

function keyFrom(
  given: Environment,
  name: "PRIVATE_KEY" | "COUNTERSIGN_SIGNING_KEY",
  problems: string[],
  problemOf: (pem: string) => string | null,
): string | null {
  const direct = given[name];
  const path = given[`${name}_PATH`];
  let pem = direct === undefined ? undefined : pemAsGiven(direct);
  let origin: string = name;
  if (pem === undefined && path !== undefined) {
    origin = `The file in ${name}_PATH`;
    try {
      pem = pemAsGiven(readFileSync(path, "utf8"));
    } catch (error) {
      const code = systemErrorCode(error);
      // Docker makes a folder of a file that it is to mount and does not find.
      problems.push(
        code === "EISDIR"
          ? `${name}_PATH names a folder (${path}): name the file; with Docker, check that it exists outside.`
          : `${name}_PATH names a file that cannot be read (${path}: ${code}): check path and rights.`,
      );
    }
  }
  if (pem === undefined) return null;
  const isPath = direct !== undefined && /^[\w./\\:~-]{1,200}\.(?:pem|key)$/iu.test(direct);
  const problem = isPath ? `is a path: set it as ${name}_PATH` : problemOf(pem);
  if (problem === null) return `${pem.trim()}\n`;
  problems.push(`${origin} ${problem}.`);
  return null;
}

/** Reads `rest=900,content=80`; null for anything else. */
function limitsIn(text: string): Partial<Limits> | null {
  const given: Partial<Record<BudgetName, number>> = {};
  for (const part of text.split(",")) {
    const [, name, digits] = /^\s*([a-z-]+)\s*=\s*(\d{2,9})\s*$/u.exec(part) ?? [];
    const budget = BUDGET_NAMES.find((each) => each === name);
    if (budget === undefined || Number(digits) < LOWEST_LIMIT) return null;
    given[budget] = Number(digits);
  }
  return given;
}

/** Reads `30s`, `1m` or `1h` as milliseconds; null for anything else, or what is too often or too seldom. */
function pollIn(text: string): number | null {
  const [, digits, unit] = /^(\d{1,4})(s|m|h)$/u.exec(text) ?? [];
  const ms = Number(digits) * (unit === "h" ? HOUR : unit === "m" ? MINUTE : 1_000);
  return ms >= 10_000 && ms <= HOUR ? ms : null;
}

/** Returns the documented limits for GitHub's own hosts; GitHub Enterprise Server has none unless they are given. */
function limitsFor(value: {
  readonly GHE_HOST?: string | undefined;
  readonly GITHUB_API_URL?: string | undefined;
  readonly COUNTERSIGN_GITHUB_LIMITS: Partial<Limits> | null;
}): Limits {
  const { GITHUB_API_URL: apiUrl, GHE_HOST: enterpriseHost, COUNTERSIGN_GITHUB_LIMITS: given } = value;
  const host =
    apiUrl === undefined ? (enterpriseHost ?? "api.github.com") : (URL.parse(apiUrl)?.hostname ?? "");
  const isGitHubs = host === "api.github.com" || host === "github.com" || host.endsWith(".ghe.com");
  return { ...(isGitHubs ? DOCUMENTED : UNLIMITED), ...given };
}

function httpUrl(): z.ZodString {
  return z
    .string()
    .refine(
      (text) => /^https?:$/.test(URL.parse(text)?.protocol ?? ""),
      "is not an address: write it with https://",
    );
}

/** Whoever stands between could sign in as anyone: TLS, or this machine. */
function issuerUrl(): z.ZodString {
  return z.string().refine((text) => {
    const { protocol, hostname, search, hash } = URL.parse(text) ?? {};
    const isSafe =
      protocol === "https:" || (protocol === "http:" && /^(?:localhost|127\.0\.0\.1)$/u.test(hostname ?? ""));
    return isSafe && search === "" && hash === "";
  }, "is no issuer: write it with https://, as the provider names itself");
}

function isPostgres(text: string): boolean {
  return /^postgres(ql)?:$/.test(URL.parse(text)?.protocol ?? "");
}
