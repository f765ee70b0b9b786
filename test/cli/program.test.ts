import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, describe, expect, test } from "vitest";

import { runProgram } from "../../src/cli/program.ts";
import { openLedger } from "../../src/ledger/open.ts";

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "countersign-cli-"));
  folders.push(made);
  return made;
}

/** Runs a command as the program does, and keeps what it printed. */
async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number; readonly printed: string; readonly said: string }> {
  const printed: string[] = [];
  const said: string[] = [];
  const code = await runProgram(args, {
    print: (line) => printed.push(line),
    printError: (line) => said.push(line),
    env,
    interactive: false,
  });
  return { code, printed: printed.join("\n"), said: said.join("\n") };
}

describe("wrong use is answered with 2, and says what to do", () => {
  test.each([
    [["bogus"], "unknown command"],
    [["verify"], "missing required argument"],
    [["verify", "/nowhere/at/all"], "There is no package at /nowhere/at/all"],
    [["scenario", "run", "/nowhere"], "There is no file or folder /nowhere"],
    [["deliveries", "list", "--limit", "none"], "not a number above 0"],
    [["export", "--org", "acme", "--out", "x", "--from", "July"], "not a date"],
  ])("%j", async (args, text) => {
    const { code, printed, said } = await run(args);
    expect(code).toBe(2);
    expect(said).toContain(text);
    expect(printed).toBe("");
    expect(said).not.toContain("at file:");
  });

  test("missing settings are all told at once", async () => {
    const { code, said } = await run(["export", "--org", "acme", "--period", "2026-Q3", "--out", "x"]);
    expect(code).toBe(2);
    for (const name of ["APP_ID", "WEBHOOK_SECRET", "PRIVATE_KEY"]) expect(said).toContain(name);
  });

  test("a file that is no scenario is told with every problem and its line", async () => {
    const file = join(folder(), "wrong.yaml");
    writeFileSync(file, "name: x\nstory:\n  - { do: merg, pull: 1 }\n  - { do: merge }\n");
    const { code, said } = await run(["scenario", "run", file]);
    expect(code).toBe(2);
    expect(said).toContain(`${file}:3: unknown step \`merg\`; did you mean \`merge\`?`);
    expect(said).toContain(`${file}:4: pull:`);
  });
});

describe("what cannot be reached is answered with 3", () => {
  test("a database that does not answer", async () => {
    const env = { DATABASE_URL: "postgres://nobody:secret@127.0.0.1:1/none" };
    const { code, said } = await run(["log", "head"], env);
    expect(code).toBe(3);
    expect(said).toContain("127.0.0.1:1");
    expect(said).not.toContain("secret");
  });
});

describe("on an evidence log that is there", () => {
  async function dataDir(): Promise<string> {
    const made = folder();
    const ledger = await openLedger({ dataDir: made });
    await ledger.queue.store({
      id: "d-1",
      event: "ping",
      action: null,
      lane: "app",
      receivedAt: Date.parse("2026-07-06T09:00:00Z"),
      body: new TextEncoder().encode("{}"),
    });
    await ledger.close();
    return made;
  }

  test("log verify says that it is whole, log head how long it is, both for machines as well", async () => {
    const env = { COUNTERSIGN_DATA_DIR: await dataDir() };
    expect(await run(["log", "verify"], env)).toMatchObject({ code: 0 });
    const head = await run(["log", "head", "--json"], env);
    expect(JSON.parse(head.printed)).toMatchObject({ size: 0 });
  });

  test("deliveries are listed, and replayed if they are known", async () => {
    const env = { COUNTERSIGN_DATA_DIR: await dataDir() };
    const listed = await run(["deliveries", "list"], env);
    expect(listed.printed).toBe("2026-07-06T09:00:00Z  waiting  d-1  ping");
    expect(await run(["deliveries", "replay", "d-1"], env)).toMatchObject({ code: 0 });
    const unknown = await run(["deliveries", "replay", "d-1", "d-2", "--json"], env);
    expect(unknown.code).toBe(1);
    expect(JSON.parse(unknown.printed)).toEqual({ asked: 2, found: 1 });
  });
});

test("a failure is told to machines as data", async () => {
  const { code, printed } = await run(["verify", "/nowhere", "--json"]);
  expect(code).toBe(2);
  expect(JSON.parse(printed)).toMatchObject({ error: expect.stringContaining("/nowhere") });
});
