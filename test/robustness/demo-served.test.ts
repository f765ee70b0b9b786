/**
 * `countersign demo --serve`: the quarter that was played is in a browser, until it is ended from the keyboard.
 *
 * @module-tag long
 */

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { join } from "node:path";

import { expect, onTestFinished, test } from "vitest";

import { folderOfTest } from "../support/folders.ts";
import { INHERITED, PROGRAM } from "./programs.ts";

/** Waits for a line of a program that has this in it; returns what the pattern finds. */
async function lineWith(lines: AsyncIterable<string>, pattern: RegExp): Promise<string> {
  for await (const line of lines) {
    const [found] = pattern.exec(line) ?? [];
    if (found !== undefined) return found;
  }
  throw new Error(`no line had ${String(pattern)}`);
}

/** Whether anything answers there. */
async function answers(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

test("shows the quarter that was played, and ends on SIGINT with nothing left behind", async () => {
  const out = folderOfTest("demo-served");
  const args = [
    "demo",
    "--serve",
    "--out",
    join(out, "demo"),
    "--story",
    "test/scenarios/nobody-approved.yaml",
  ];
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, ...args], {
    env: INHERITED,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let complaints = "";
  child.stderr?.on("data", (part) => (complaints += String(part)));
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const all = { [Symbol.asyncIterator]: () => ({ next: () => lines.next() }) };
  const double = await lineWith(all, /http:\/\/127\.0\.0\.1:\d+/u);
  const page = await lineWith(all, /http:\/\/127\.0\.0\.1:\d+\/\?from=\S+/u);
  const text = (await (await fetch(page)).text()).replaceAll(/<[^>]*>/gu, " ").replaceAll(/\s+/gu, " ");
  expect(text).toMatch(/1 change and 0 deployments are recorded/u);
  expect(text).toMatch(/not compliant 1 of 1/u);

  const ended = once(child, "exit");
  child.kill("SIGINT");
  expect(await ended).toEqual([0, null]);
  expect(complaints).toBe("");
  expect([await answers(page), await answers(double)]).toEqual([false, false]);
});
