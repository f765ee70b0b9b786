import { generateKeyPairSync } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, inject, test } from "vitest";

import { freePort } from "../../src/cli/scenario/harness/processes.ts";
import { countersign } from "./programs.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "countersign-settings-"));
});
afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

const KEY = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
}).privateKey;
const SIGNING_KEY = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

const settings = (): Record<string, string> => ({
  APP_ID: "4711",
  PRIVATE_KEY: KEY,
  WEBHOOK_SECRET: "a secret of some length",
  PORT: "0",
  LOG_LEVEL: "error",
  COUNTERSIGN_DATA_DIR: folder,
});

/** One sentence for a person: nothing of where in the program it came from, and no secret. */
function expectPlain(said: string): void {
  expect(said).not.toMatch(/\n\s+at |node:internal|\.ts:\d/u);
  expect(said).not.toContain("a secret of some length");
  expect(said).not.toContain("BEGIN");
}

test("broken settings end `serve` with exit code 2 and every problem at once", async () => {
  const ended = await countersign(["serve"], {
    APP_ID: "twelve",
    PRIVATE_KEY: "no key at all",
    WEBHOOK_SECRET: "development",
    PORT: "70000",
    LOG_LEVEL: "loud",
    DATABASE_URL: "mysql://somewhere/else",
    COUNTERSIGN_DATA_DIR: folder,
  });
  expect(ended.code).toBe(2);
  expect(ended.stdout).toBe("");
  for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET", "PORT", "LOG_LEVEL", "DATABASE_URL"])
    expect(ended.stderr).toContain(name);
  expectPlain(ended.stderr);
});

test("no settings at all are problems like others", { tags: ["long"] }, async () => {
  const ended = await countersign(["serve"], { COUNTERSIGN_DATA_DIR: folder });
  expect(ended.code).toBe(2);
  for (const name of ["APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"]) expect(ended.stderr).toContain(name);
  expectPlain(ended.stderr);
});

test(
  "a database that cannot be reached ends `serve` with exit code 3 and one sentence",
  { tags: ["long"] },
  async () => {
    const port = await freePort();
    const ended = await countersign(["serve"], {
      ...settings(),
      COUNTERSIGN_SIGNING_KEY: SIGNING_KEY,
      DATABASE_URL: `postgres://someone:hidden-word@127.0.0.1:${port}/countersign`,
    });
    expect(ended.code, ended.stderr).toBe(3);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).toMatch(/database/u);
    expect(ended.stderr).not.toContain("hidden-word");
    expectPlain(ended.stderr);
  },
);

test(
  "a database that refuses the password ends `serve` with exit code 3 and one sentence",
  { tags: ["long"] },
  async () => {
    const url = new URL(inject("databaseUrl"));
    url.username = "nobody_of_this_name";
    url.password = "hidden-word";
    const ended = await countersign(["serve"], {
      ...settings(),
      COUNTERSIGN_SIGNING_KEY: SIGNING_KEY,
      DATABASE_URL: url.href,
    });
    expect(ended.code, ended.stderr).toBe(3);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).not.toContain("hidden-word");
    expectPlain(ended.stderr);
  },
);

test(
  "a data folder that nobody may write to ends `serve` with exit code 2 and names the folder",
  { tags: ["long"] },
  async () => {
    chmodSync(folder, 0o555);
    const ended = await countersign(["serve"], settings(), true);
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stderr).toContain(folder);
    expect(ended.stderr).toMatch(/writ/u);
    expectPlain(ended.stderr);
  },
);

test(
  "a data folder that is a file ends `serve` with exit code 2 and names it",
  { tags: ["long"] },
  async () => {
    const file = join(folder, "data");
    writeFileSync(file, "not a folder");
    const ended = await countersign(["serve"], { ...settings(), COUNTERSIGN_DATA_DIR: file });
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stderr).toContain(file);
    expectPlain(ended.stderr);
  },
);

test("a port that is taken ends `serve` with exit code 2 and says which", { tags: ["long"] }, async () => {
  const { createServer } = await import("node:net");
  const taken = createServer().listen(0, "127.0.0.1");
  try {
    await new Promise((resolve) => taken.once("listening", resolve));
    const address = taken.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const ended = await countersign(["serve"], { ...settings(), PORT: String(port) });
    expect(ended.code, ended.stderr).toBe(2);
    expect(ended.stderr).toContain(String(port));
    expectPlain(ended.stderr);
  } finally {
    taken.close();
  }
});
