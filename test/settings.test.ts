import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { beforeEach, describe, expect, it } from "vitest";

import { DOCUMENTED } from "../src/github/api/rate-limits.ts";
import { apiBaseUrl, EnvironmentSchema, readSettings, readStore } from "../src/settings.ts";
import type { Environment, Settings } from "../src/settings.ts";
import { signingKeyPem } from "../src/settings/signing-key.ts";
import { folderOfTest } from "./support/folders.ts";

const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 })
  .privateKey.export({ type: "pkcs1", format: "pem" })
  .toString();
const P256 = ecKey("P-256");
const BASE: Environment = { APP_ID: "123", PRIVATE_KEY: RSA, WEBHOOK_SECRET: "s3cret-of-the-hook" };

let folder = "";
beforeEach(() => {
  folder = folderOfTest("settings");
});

describe("reading the settings", () => {
  it("reads how often GitHub's log is polled, from ten seconds to an hour", () => {
    for (const [given, ms] of [
      ["10s", 10_000],
      ["1m", 60_000],
      ["1h", 3_600_000],
    ] as const)
      expect(settings({ ...BASE, COUNTERSIGN_POLL: given }).pollMs).toBe(ms);
    for (const given of ["9s", "61m", "2h", "1", "0m", "1 m", "-1m", "1d"])
      expect(readSettings({ ...BASE, COUNTERSIGN_POLL: given })).toMatchObject({
        problems: ["COUNTERSIGN_POLL is no interval: write a time from 10s to 1h, such as 1m."],
      });
  });

  it("needs an App id, a key and a secret, and fills in the rest", () => {
    expect(settings(BASE)).toEqual({
      appId: 123,
      privateKey: RSA,
      webhookSecrets: ["s3cret-of-the-hook"],
      github: { apiUrl: null, enterpriseHost: null, protocol: "https", limits: DOCUMENTED },
      host: "127.0.0.1",
      port: 3_000,
      logLevel: "info",
      logFormat: "json",
      store: { dataDir: "./data" },
      deploymentSources: [],
      signingKey: null,
      baseUrl: null,
      packages: null,
      signIn: null,
      receivers: { privateAddresses: false, variable: expect.any(Function) as unknown },
    });
  });

  it("hands out variables a policy names, but none of its own", () => {
    const { receivers } = settings({ ...BASE, SLACK_URL: "https://hooks.example/T1", EMPTY: " " });
    expect(
      ["SLACK_URL", "EMPTY", "MISSING", "WEBHOOK_SECRET", "DATABASE_URL"].map(receivers.variable),
    ).toEqual(["https://hooks.example/T1", null, null, null, null]);
  });

  it("lists every problem at once, each with the variable and the mend", () => {
    const told = problems({
      APP_ID: "abc",
      WEBHOOK_SECRET: "  ",
      PORT: "70000",
      LOG_LEVEL: "loud",
      GHE_HOST: "https://ghe.example.com/",
      DATABASE_URL: "mysql://user:pass@host/db",
      GITHUB_CLIENT_ID: "Iv1.abc",
      COUNTERSIGN_BASE_URL: "example.com",
      COUNTERSIGN_SESSION_SECRET: "short",
    });
    expect(new Set(told.map((problem) => problem.split(" ")[0]))).toEqual(
      new Set([
        "APP_ID",
        "COUNTERSIGN_BASE_URL",
        "COUNTERSIGN_SESSION_SECRET",
        "COUNTERSIGN_SIGNING_KEY",
        "DATABASE_URL",
        "GHE_HOST",
        "GITHUB_CLIENT_SECRET",
        "LOG_LEVEL",
        "PORT",
        "PRIVATE_KEY",
        "WEBHOOK_SECRET",
      ]),
    );
    expect(told).toHaveLength(11);
    for (const problem of told) expect(problem).toMatch(/(: \w.*|must be .*)\.$/s);
  });

  it.each([
    ["missing", undefined, "missing"],
    ["empty", "", "missing"],
    ["the default", "development", "well-known default"],
    ["the default in a list", "fine, development", "well-known default"],
    ["a list with nothing in it", "fine,", "empty secret"],
  ])("refuses a webhook secret that is %s", (_, secret, says) => {
    expect(problems({ ...BASE, WEBHOOK_SECRET: secret })).toEqual([
      expect.stringMatching(new RegExp(`^WEBHOOK_SECRET .*${says}`)) as unknown,
    ]);
  });

  it("takes several webhook secrets while they are rotated", () => {
    expect(settings({ ...BASE, WEBHOOK_SECRET: "new, old" }).webhookSecrets).toEqual(["new", "old"]);
  });

  it("takes the App's key with literal line breaks, in quotes, in base64 or from a file", () => {
    const file = join(folder, "app.pem");
    writeFileSync(file, RSA);
    for (const given of [
      { PRIVATE_KEY: RSA.replaceAll("\n", "\\n") },
      { PRIVATE_KEY: `"${RSA.replaceAll("\n", "\\n")}"` },
      { PRIVATE_KEY: RSA.replaceAll("\n", "\\\\n") },
      { PRIVATE_KEY: RSA.replaceAll("\n", "\\r\\n") },
      { PRIVATE_KEY: RSA.replaceAll("\n", "\r\n") },
      { PRIVATE_KEY: RSA.replaceAll("\n", " ") },
      { PRIVATE_KEY: `'${RSA.replaceAll("\n", " ")}'` },
      { PRIVATE_KEY: RSA.replaceAll("\n", "") },
      { PRIVATE_KEY: Buffer.from(RSA).toString("base64") },
      { PRIVATE_KEY: Buffer.from(RSA).toString("base64").replaceAll(/.{76}/gu, "$&\n") },
      { PRIVATE_KEY: undefined, PRIVATE_KEY_PATH: file },
    ])
      expect(settings({ ...BASE, ...given }).privateKey).toBe(RSA);
  });

  it.each([
    ["garbage", { PRIVATE_KEY: "nonsense" }, /^PRIVATE_KEY is no RSA private key/],
    ["only the first line of a key", { PRIVATE_KEY: RSA.split("\n")[0] }, /^PRIVATE_KEY ends too early: /],
    ["the half of a key", { PRIVATE_KEY: RSA.slice(0, 900) }, /^PRIVATE_KEY ends too early: /],
    ["the path of a key", { PRIVATE_KEY: "./app.pem" }, /^PRIVATE_KEY is a path: set it as PRIVATE_KEY_PATH/],
    ["the fingerprint of a key", { PRIVATE_KEY: "SHA256:abc=" }, /^PRIVATE_KEY is the fingerprint/],
    ["a public key", { PRIVATE_KEY: publicPart(RSA) }, /^PRIVATE_KEY is public: give the private key/],
    ["a key with a passphrase", { PRIVATE_KEY: encrypted(RSA) }, /^PRIVATE_KEY is encrypted: .*openssl rsa/],
    ["a folder for a file", { PRIVATE_KEY: "", PRIVATE_KEY_PATH: "/" }, /^PRIVATE_KEY_PATH names a folder/],
    ["a key of the wrong kind", { PRIVATE_KEY: P256 }, /^PRIVATE_KEY is no RSA private key/],
    [
      "a file that is not there",
      { PRIVATE_KEY: "", PRIVATE_KEY_PATH: "/nowhere/key.pem" },
      /^PRIVATE_KEY_PATH names a file.*ENOENT/,
    ],
    [
      "a signing key on another curve",
      { COUNTERSIGN_SIGNING_KEY: ecKey("P-384") },
      /^COUNTERSIGN_SIGNING_KEY is no/,
    ],
    ["an RSA signing key", { COUNTERSIGN_SIGNING_KEY: RSA }, /^COUNTERSIGN_SIGNING_KEY is no/],
    [
      "PostgreSQL without a signing key",
      { DATABASE_URL: "postgres://h/d" },
      /^COUNTERSIGN_SIGNING_KEY is missing/,
    ],
  ])("refuses %s", (_, given, says) => {
    const told = problems({ ...BASE, ...given });
    expect(told).toEqual([expect.stringMatching(says) as unknown]);
  });

  it("takes what an environment file gives, however it is read: quotes, blanks and line ends of Windows", () => {
    const got = settings({ ...BASE, APP_ID: '"123"', WEBHOOK_SECRET: "'s3cret' \r", PORT: "80\r" });
    expect(got).toMatchObject({ appId: 123, webhookSecrets: ["s3cret"], port: 80 });
  });

  it("takes a missing signing key inside the data folder for one to be made, and no other", () => {
    const dataDir = join(folder, "data");
    const env = { ...BASE, DATABASE_URL: "postgres://h/d", COUNTERSIGN_DATA_DIR: dataDir };
    const got = settings({ ...env, COUNTERSIGN_SIGNING_KEY_PATH: join(dataDir, "key.pem") });
    const made = signingKeyPem(got);
    expect(readdirSync(dataDir)).toEqual(["key.pem"]);
    expect(settings({ ...env, COUNTERSIGN_SIGNING_KEY_PATH: join(dataDir, "key.pem") }).signingKey).toBe(
      made,
    );
    expect(problems({ ...env, COUNTERSIGN_SIGNING_KEY_PATH: join(folder, "key.pem") })).toEqual([
      expect.stringContaining("COUNTERSIGN_SIGNING_KEY_PATH names a file that cannot be read") as unknown,
    ]);
  });

  it("never prints a secret", () => {
    const secrets = {
      PRIVATE_KEY: "hush-1",
      WEBHOOK_SECRET: "hush-2,development",
      DATABASE_URL: "mysql://u:hush-3@h/d",
      COUNTERSIGN_SIGNING_KEY: "hush-4",
      GITHUB_CLIENT_SECRET: "hush-5",
      COUNTERSIGN_SESSION_SECRET: "hush-6",
    };
    const told = problems({ ...secrets, APP_ID: "1" });
    for (const name of Object.keys(secrets)) expect(told.join("\n")).toContain(name);
    expect(told.join("\n")).not.toContain("hush");
  });

  it("takes PostgreSQL with a signing key, and sign-in with all three of its settings", () => {
    const got = settings({
      ...BASE,
      DATABASE_URL: "postgresql://u:p@db:5433/d",
      COUNTERSIGN_SIGNING_KEY: P256.replaceAll("\n", "\\n"),
      GITHUB_CLIENT_ID: "Iv1.a",
      GITHUB_CLIENT_SECRET: "b",
      COUNTERSIGN_SESSION_SECRET: "c".repeat(32),
    });
    expect(got.store).toEqual({ databaseUrl: "postgresql://u:p@db:5433/d" });
    expect(signingKeyPem(got)).toBe(P256);
    expect(got.signIn).toEqual({ clientId: "Iv1.a", clientSecret: "b", sessionSecret: "c".repeat(32) });
  });

  it("takes an OpenID provider with all three of its settings beside sign-in with GitHub", () => {
    const gitHub = {
      GITHUB_CLIENT_ID: "Iv1.a",
      GITHUB_CLIENT_SECRET: "b",
      COUNTERSIGN_SESSION_SECRET: "c".repeat(32),
    };
    const openId = {
      COUNTERSIGN_OIDC_ISSUER: "https://login.example.com/realm",
      COUNTERSIGN_OIDC_CLIENT_ID: "d",
      COUNTERSIGN_OIDC_CLIENT_SECRET: "hush-7",
    };
    expect(settings({ ...BASE, ...gitHub, ...openId }).signIn?.openId).toEqual({
      issuer: "https://login.example.com/realm",
      clientId: "d",
      clientSecret: "hush-7",
    });
    expect(settings({ ...BASE, ...gitHub }).signIn?.openId).toBeUndefined();
    expect(problems({ ...BASE, ...openId }).join()).toContain("needs sign-in with GitHub beside it");
    for (const name of Object.keys(openId)) {
      const rest = Object.fromEntries(Object.entries(openId).filter(([each]) => each !== name));
      expect(problems({ ...BASE, ...gitHub, ...rest })).toEqual([
        expect.stringMatching(new RegExp(`^${name} is missing`, "u")) as unknown,
      ]);
    }
    for (const issuer of [
      "http://login.example.com",
      "login.example.com",
      "https://a.example/?x=1",
      "file:///a",
    ])
      expect(problems({ ...BASE, ...gitHub, ...openId, COUNTERSIGN_OIDC_ISSUER: issuer })).toEqual([
        expect.stringContaining("COUNTERSIGN_OIDC_ISSUER is no issuer") as unknown,
      ]);
  });

  it("finds GitHub's API: given, on an enterprise host, or github.com's", () => {
    expect(apiBaseUrl(settings(BASE))).toBe("https://api.github.com");
    const enterprise = { ...BASE, GHE_HOST: "localhost:4567", GHE_PROTOCOL: "http" };
    expect(apiBaseUrl(settings(enterprise))).toBe("http://localhost:4567/api/v3");
    expect(apiBaseUrl(settings({ ...enterprise, GITHUB_API_URL: "https://api.acme.ghe.com/" }))).toBe(
      "https://api.acme.ghe.com",
    );
  });

  it("finds the store without the App's settings", () => {
    expect(readStore({})).toEqual({ ok: true, store: { dataDir: "./data" } });
    expect(readStore({ COUNTERSIGN_DATA_DIR: "/var/x" })).toEqual({ ok: true, store: { dataDir: "/var/x" } });
    expect(readStore({ DATABASE_URL: "nonsense" })).toMatchObject({ ok: false, problems: [/DATABASE_URL/] });
  });

  it("describes every variable", () => {
    for (const [name, schema] of Object.entries(EnvironmentSchema.shape))
      expect(schema.description, name).toMatch(/\.$/);
  });
});

describe("the signing key of the embedded store", () => {
  it("is made once, for its owner alone, and used from then on", () => {
    const kept = { signingKey: null, store: { dataDir: join(folder, "data") } };
    const made = signingKeyPem(kept);
    expect(made).toContain("BEGIN PRIVATE KEY");
    expect(signingKeyPem(kept)).toBe(made);
    expect(readdirSync(kept.store.dataDir)).toEqual(["signing-key.pem"]);
    expect(statSync(join(kept.store.dataDir, "signing-key.pem")).mode & 0o777).toBe(0o600);
  });

  it("is refused when the file holds something else", () => {
    writeFileSync(join(folder, "signing-key.pem"), "nonsense");
    expect(() => signingKeyPem({ signingKey: null, store: { dataDir: folder } })).toThrow(/P-256/);
  });

  it("needs a folder that can be made", () => {
    writeFileSync(join(folder, "file"), "");
    const kept = { signingKey: null, store: { dataDir: join(folder, "file", "data") } };
    expect(() => signingKeyPem(kept)).toThrow(expect.objectContaining({ code: "not-writable" }));
  });
});

function settings(env: Environment): Settings {
  const read = readSettings(env);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  return read.settings;
}

function problems(env: Environment): readonly string[] {
  const read = readSettings(env);
  return read.ok ? [] : read.problems;
}

function publicPart(pem: string): string {
  return createPublicKey(pem).export({ type: "spki", format: "pem" }).toString();
}

function encrypted(pem: string): string {
  return createPrivateKey(pem)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hush" })
    .toString();
}

function ecKey(namedCurve: string): string {
  return generateKeyPairSync("ec", { namedCurve })
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
}
