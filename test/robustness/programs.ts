/** The program `countersign`, started as an operator starts it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

import { onTestFinished } from "vitest";

/** The program's own file. */
export const PROGRAM = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** What every program gets of this process's environment: how programs are found, and where Node keeps what it compiled. */
export const INHERITED: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "",
  NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"] ?? "",
  // Without the settings of whoever runs the tests.
  COUNTERSIGN_ENV_FILE: "",
};

/** What a program came to. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `countersign` with these arguments in this environment alone; `uid`: as another user; `cwd`: in another folder, whose `.env` is read. It ends with the test at the latest. */
export async function countersign(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  uid?: number,
  cwd?: string,
): Promise<Ended> {
  const { COUNTERSIGN_ENV_FILE: none, ...inherited } = INHERITED;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...inherited, ...(cwd === undefined ? { COUNTERSIGN_ENV_FILE: none ?? "" } : {}), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
}
