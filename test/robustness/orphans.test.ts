/** @module-tag long */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { expect, onTestFinished, test } from "vitest";

import { sample } from "../support/effort.ts";
import { folderOfTest } from "../support/folders.ts";
import { INHERITED, PROGRAM, start as startWithTest } from "./programs.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAKER = fileURLToPath(new URL("orphan-maker.ts", import.meta.url));

/** Starts a program in a group of its own, so that a failure of this test leaves nothing behind either. */
function start(program: string, ...args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
    detached: true,
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGKILL");
    } catch (error) {
      // Nobody of the group is alive, as it should be.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  });
  return child;
}

/** Resolves when the program has printed a line that begins so. */
async function says(child: ChildProcess, beginning: string): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (line.startsWith(beginning)) return;
  throw new Error(`the program ended without a line that begins “${beginning}”`);
}

/** Resolves when nobody of the child's group is alive any more. */
async function groupIsGone(child: ChildProcess): Promise<void> {
  for (;;) {
    try {
      process.kill(-(child.pid ?? 0), 0);
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ESRCH");
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test.each(sample(["the double", "the App"], 1))(
  "whoever dies after starting %s leaves no process behind",
  { tags: ["long"] },
  async (started) => {
    const child = start(MAKER);
    await says(child, started);
    child.kill("SIGKILL");
    await once(child, "exit");
    await groupIsGone(child);
  },
);

test("a demo that is killed leaves no process behind", { tags: ["long"] }, async () => {
  const out = folderOfTest("demo");
  const child = start(PROGRAM, "demo", "--out", out);
  await says(child, "GitHub's double listens");
  child.kill("SIGKILL");
  await once(child, "exit");
  await groupIsGone(child);
});

test("a program that a test started ends when its input does, as it does where that test is killed", async () => {
  const env = { ...INHERITED, PORT: "0", COUNTERSIGN_ENV_FILE: join(folderOfTest("served"), ".env") };
  const child = startWithTest(PROGRAM, ["serve", "--setup"], { env });
  await once(child.stderr, "data");
  child.stdin.end();
  expect(await once(child, "exit")).toEqual([null, "SIGKILL"]);
});

test("a run of tests of which one fails and one is ended by its limit says so, and leaves no process behind", async () => {
  const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
  const config = fileURLToPath(new URL("failing-run/vitest.config.ts", import.meta.url));
  const child = start(vitest, "run", "--reporter", "tap-flat", "--config", config, "--root", ROOT);
  const [[code]] = await Promise.all([once(child, "exit"), says(child, "not ok 2 - ")]);
  expect(code).toBe(1);
  await groupIsGone(child);
});
