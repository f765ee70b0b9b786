/** What goes wrong between an empty `.env` and an App that is ready: each is told in one sentence that names the cure. */

import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";

import { EnvironmentSchema, readSettings, type Environment } from "../src/settings.ts";
import type { StartTools } from "../src/start/tools.ts";
import { openLedger } from "../src/ledger/open.ts";
import { smallLog } from "./evidence/fixture.ts";
import { APP_URL, startApp } from "./support/app.ts";
import { freshDatabase } from "./support/stores.ts";

const { privateKey: RSA } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const { privateKey: EC } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const PUBLIC = createPublicKey(RSA).export({ type: "spki", format: "pem" }).toString();
const ENCRYPTED = createPrivateKey(RSA)
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hush" })
  .toString();

const RIGHT: Environment = { APP_ID: "4711", PRIVATE_KEY: RSA, WEBHOOK_SECRET: "0123456789abcdef" };

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-mistakes-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function problems(env: Environment): readonly string[] {
  const read = readSettings(env);
  return read.ok ? [] : read.problems;
}

describe("a mistake in the settings", () => {
  test.each<readonly [string, Environment, RegExp]>([
    ["no id", { APP_ID: "" }, /^APP_ID is missing: set it to the App's id, on the App's page/u],
    [
      "the client id for the id",
      { APP_ID: "Iv23liAbCdEf" },
      /^APP_ID is the App's client id: set it to the App ID/u,
    ],
    [
      "the name for the id",
      { APP_ID: "countersign" },
      /^APP_ID is .*: set it to the number on the App's page/u,
    ],
    ["no key", { PRIVATE_KEY: "" }, /^PRIVATE_KEY is missing: set it to the App's private key/u],
    [
      "the key's first line alone",
      { PRIVATE_KEY: "-----BEGIN RSA PRIVATE KEY-----" },
      /ends too early: .*double quotes/u,
    ],
    [
      "the key's path for the key",
      { PRIVATE_KEY: "/run/secrets/app.pem" },
      /is a path: set it as PRIVATE_KEY_PATH/u,
    ],
    [
      "the key's fingerprint for the key",
      { PRIVATE_KEY: "SHA256:Zm9v=" },
      /is the fingerprint of a key: give the file/u,
    ],
    ["the public key", { PRIVATE_KEY: PUBLIC }, /^PRIVATE_KEY is public: give the private key/u],
    [
      "a key with a passphrase",
      { PRIVATE_KEY: ENCRYPTED },
      /is encrypted: give it without a passphrase \(openssl/u,
    ],
    [
      "the signing key for the App's",
      { PRIVATE_KEY: EC },
      /type ec, as COUNTERSIGN_SIGNING_KEY is: generate one/u,
    ],
    [
      "the App's key for the signing key",
      { COUNTERSIGN_SIGNING_KEY: RSA },
      /^COUNTERSIGN_SIGNING_KEY is .*: make one with/u,
    ],
    [
      "a file that is not there",
      { PRIVATE_KEY: "", PRIVATE_KEY_PATH: "/no/app.pem" },
      /ENOENT\): check path and rights/u,
    ],
    [
      "a folder that Docker made",
      { PRIVATE_KEY: "", PRIVATE_KEY_PATH: "/" },
      /names a folder .*: name the file; with Docker/u,
    ],
    [
      "no webhook secret",
      { WEBHOOK_SECRET: " " },
      /^WEBHOOK_SECRET is missing: set it to the secret of the App's webhook/u,
    ],
    [
      "the secret everybody knows",
      { WEBHOOK_SECRET: "development" },
      /well-known default .*: set a random one/u,
    ],
    [
      "a secret that was never computed",
      { WEBHOOK_SECRET: "$(openssl rand -hex 32)" },
      /which nothing replaces: write the value itself/u,
    ],
    ["a comma too many", { WEBHOOK_SECRET: "new," }, /empty secret in its list: remove the comma/u],
    [
      "a variable that nothing replaces",
      { COUNTERSIGN_BASE_URL: "https://${DOMAIN}" },
      /which nothing replaces: write the value/u,
    ],
    [
      "github.com as an Enterprise Server",
      { GHE_HOST: "github.com" },
      /^GHE_HOST is github.com's: remove it/u,
    ],
    [
      "an address for a host",
      { GHE_HOST: "https://ghe.example.com" },
      /^GHE_HOST is .*: give it without https:\/\//u,
    ],
    [
      "a tenant as an Enterprise Server",
      { GHE_HOST: "acme.ghe.com" },
      /: remove it, and set GITHUB_API_URL to https:\/\/api/u,
    ],
    [
      "GitHub's pages for its API",
      { GITHUB_API_URL: "https://github.com" },
      /pages: remove it, or set it to https:\/\/api.github.com/u,
    ],
    [
      "a tenant's pages for its API",
      { GITHUB_API_URL: "https://acme.ghe.com" },
      /pages: set it to https:\/\/api.TENANT/u,
    ],
    [
      "an API without https",
      { GITHUB_API_URL: "api.github.com" },
      /^GITHUB_API_URL is .*: write it with https/u,
    ],
    ["a port in words", { PORT: "http" }, /^PORT is .*: set it to a number from 0 to 65535/u],
    [
      "an address to listen on as a link",
      { HOST: "http://0.0.0.0" },
      /^HOST is .*: give it without http:\/\//u,
    ],
    [
      "the port in the address",
      { HOST: "0.0.0.0:3000" },
      /^HOST is .*: give it without the port, which is PORT/u,
    ],
    ["a level of another program", { LOG_LEVEL: "verbose" }, /^LOG_LEVEL must be one of trace, debug, info/u],
    [
      "another database",
      { DATABASE_URL: "mysql://u:p@db/c", COUNTERSIGN_SIGNING_KEY: EC },
      /^DATABASE_URL is .*: write postgres:\/\//u,
    ],
    [
      "a password that breaks its address",
      { DATABASE_URL: "postgres://u:p#/w@db/c", COUNTERSIGN_SIGNING_KEY: EC },
      /percent-encoded/u,
    ],
    [
      "PostgreSQL without a signing key",
      { DATABASE_URL: "postgres://u:p@db/c" },
      /^COUNTERSIGN_SIGNING_KEY is missing.*: set it to/u,
    ],
    [
      "a misspelt name",
      { COUNTERSIGN_BASEURL: "https://c.example" },
      /^COUNTERSIGN_BASEURL is .*: rename it to COUNTERSIGN_BASE_URL/u,
    ],
    [
      "half of the sign-in",
      { GITHUB_CLIENT_ID: "Iv1", COUNTERSIGN_SESSION_SECRET: "x".repeat(32) },
      /^GITHUB_CLIENT_SECRET is missing: set it together/u,
    ],
    [
      "a pipeline's secret that is too short",
      { COUNTERSIGN_DEPLOYMENT_SOURCES: "jenkins=SECRET" },
      /too short: use at least 32 random/u,
    ],
  ])("is told with its cure: %s", (_, wrong, says) => {
    const told = problems({ ...RIGHT, ...wrong });
    expect(told).toEqual([expect.stringMatching(says)]);
    expect(told[0]).toMatch(/^[A-Z_]+ [^\n]+\.$/u);
    for (const value of Object.values(wrong))
      if ((value ?? "").length > 40) expect(told[0]).not.toContain(value);
  });

  test.each<readonly [string, Environment]>([
    ["the key with blanks for its line breaks", { PRIVATE_KEY: RSA.replaceAll("\n", " ") }],
    [
      "the values in quotes, as Docker hands them over",
      { APP_ID: '"4711"', WEBHOOK_SECRET: "'0123456789abcdef'" },
    ],
    ["an address of one's own for everything", { GHE_HOST: "ghe.example.com:8443", HOST: "::", PORT: "0" }],
    ["a tenant's API", { GITHUB_API_URL: "https://api.acme.ghe.com" }],
    ["another program's variables", { LOGLEVEL: "x", DATABASE_URI: "y", HOSTNAME: "z", WEBHOOK_URL: "w" }],
    ["a password with a dollar", { DATABASE_URL: "postgres://u:a$b@db/c", COUNTERSIGN_SIGNING_KEY: EC }],
  ])("is not seen where there is none: %s", (_, right) => {
    expect(problems({ ...RIGHT, ...right })).toEqual([]);
  });

  test("is told in a sentence that begins with its variable and shows no value, whatever the values are", () => {
    const names = Object.keys(EnvironmentSchema.shape);
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.webUrl(),
      fc.constantFrom("${A}", "-----BEGIN", "=", ","),
    );
    const environment = fc.dictionary(
      fc.constantFrom(...names),
      value.map((text) => `hush${text}hush`),
    );
    fc.assert(
      fc.property(environment, (env) => {
        for (const problem of problems(env)) {
          expect(names.some((name) => problem.includes(name))).toBe(true);
          // The path of a file and the name of a pipeline are no secrets.
          if (!/_PATH |COUNTERSIGN_DEPLOYMENT_SOURCES|BASE_URL/u.test(problem))
            expect(problem).not.toContain("hush");
        }
      }),
    );
  });
});

const manifest = parse(readFileSync("app.yml", "utf8")) as Readonly<Record<string, unknown>>;
const APP = {
  slug: "countersign",
  permissions: manifest["default_permissions"],
  events: manifest["default_events"],
};
const HOOK = {
  url: `${APP_URL}/api/github/webhooks`,
  content_type: "json",
  secret: "********",
  insecure_ssl: "0",
};

type Answer = () => Response | Promise<Response>;
const json =
  (body: unknown, status = 200): Answer =>
  () =>
    Response.json(body, { status });
const fails =
  (code: string): Answer =>
  () =>
    Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("no"), { code }) }));

const NOW = Date.parse("2026-07-06T12:00:00Z");

/** Starts an App that GitHub answers so, on a log that has a past; returns why it is not ready, or how the start ended. */
async function outcome(answers: Readonly<Record<string, Answer>>): Promise<string | null> {
  const known = { "/app": json(APP), "/app/hook/config": json(HOOK), ...answers };
  const fetch: StartTools["fetch"] = async (input) => {
    const path = new URL(input instanceof Request ? input.url : input).pathname.replace("/api/v3", "");
    return (known as Readonly<Record<string, Answer>>)[path]?.() ?? Response.json([]);
  };
  const database = await freshDatabase("sqlite");
  try {
    const ledger = await openLedger(database.where);
    await ledger.record({ entries: smallLog().filter(({ kind }) => kind === "repository") }, 0);
    await ledger.close();
    const app = await startApp(database.where, 0, { timetable: "system", fetch, clock: { now: () => NOW } });
    let reason: string | null = null;
    const ask = async (): Promise<string> => {
      const answer = await app.fetch(new Request("http://localhost/readyz"));
      ({ reason = null } = (await answer.json()) as { readonly reason?: string });
      return String(reason);
    };
    await expect.poll(ask).not.toContain("has not answered yet");
    await app.stop();
    return reason;
  } catch (error) {
    expect(error).toMatchObject({ code: "settings-wrong" });
    return `the start ends: ${String(error)}`;
  } finally {
    await database.remove();
  }
}

describe("a mistake on GitHub or on the way there", () => {
  test.each<readonly [string, Readonly<Record<string, Answer>>, RegExp]>([
    [
      "the id of no App",
      { "/app": json({ message: "Integration not found" }, 404) },
      /ends: .*compare APP_ID with the App ID/u,
    ],
    [
      "the key of another App",
      { "/app": json({ message: "A JSON web token could not be decoded" }, 401) },
      /ends: .*fingerprint SHA256:/u,
    ],
    [
      "an address that is not the API's",
      { "/app": json({ message: "Not Found" }, 404) },
      /ends: .*not as GitHub's API \(404\): compare GHE_HOST/u,
    ],
    [
      "a page for an answer",
      { "/app": () => new Response("<html>", { headers: { "content-type": "text/html" } }) },
      /^GitHub's answer to GET \/app .*asks again\.$/u,
    ],
    [
      "no such host",
      { "/app": fails("ENOTFOUND") },
      /cannot be reached at .* \(ENOTFOUND\): compare GHE_HOST or GITHUB_API_URL, and check name service/u,
    ],
    [
      "a firewall",
      { "/app": fails("UND_ERR_CONNECT_TIMEOUT") },
      /cannot be reached .*: compare .*firewall and proxy/u,
    ],
    [
      "a company's authority",
      { "/app": fails("SELF_SIGNED_CERT_IN_CHAIN") },
      /certificate .* is not trusted .*: have Node know its authority \(NODE_EXTRA_CA_CERTS\)/u,
    ],
    [
      "https where there is none",
      { "/app": fails("ERR_SSL_WRONG_VERSION_NUMBER") },
      /does not speak TLS .*: compare GHE_HOST, its port and GHE_PROTOCOL/u,
    ],
    [
      "a list of allowed addresses",
      {
        "/app": json(
          {
            message:
              "Although you appear to have the correct authorization credentials, the organization has an IP allow list enabled",
          },
          403,
        ),
      },
      /GitHub bars us .*IP allow list.* asks again/u,
    ],
    [
      "a missing permission",
      { "/app": json({ ...APP, permissions: { ...(APP.permissions as object), checks: "read" } }) },
      /lacks checks: write .*: add it on the App's page on GitHub under Permissions & events, and accept it/u,
    ],
    [
      "a missing event",
      {
        "/app": json({ ...APP, events: (APP.events as readonly string[]).filter((name) => name !== "push") }),
      },
      /not subscribed to push: tick it on the App's page/u,
    ],
    [
      // Of a second that runs, half is over.
      "a clock that is behind",
      {
        "/app": () => Response.json(APP, { headers: { date: new Date(NOW + 300_000).toUTCString() } }),
      },
      /clock is 301 seconds behind GitHub's: synchronise it/u,
    ],
    [
      "a clock so wrong that GitHub takes no key",
      { "/app": json({ message: "'Expiration time' claim ('exp') is too far in the future" }, 401) },
      /^GitHub refuses the time in the App's requests: synchronise this server's clock/u,
    ],
    ["no webhook", { "/app/hook/config": json({ content_type: "json" }) }, /no webhook address: set one/u],
    [
      "webhooks as forms",
      { "/app/hook/config": json({ ...HOOK, content_type: "form" }) },
      /wrong content type: choose application\/json/u,
    ],
  ])("is told with its cure: %s", async (_, answers, says) => {
    expect(await outcome(answers)).toMatch(says);
  });

  test("is not seen where there is none, and a secret that GitHub does not show is no reason to wait", async () => {
    expect(await outcome({})).toBeNull();
    expect(await outcome({ "/app/hook/config": json({ ...HOOK, secret: undefined }) })).toBeNull();
    const more = { permissions: { ...(APP.permissions as object), deployments: "write", packages: "read" } };
    expect(
      await outcome({
        "/app": json({ ...APP, ...more, events: [...(APP.events as readonly string[]), "star"] }),
      }),
    ).toBeNull();
  });
});
