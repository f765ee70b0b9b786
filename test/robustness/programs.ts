/** The program `countersign`, started as an operator starts it. */

import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
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

const WITH_ITS_PARENT = new URL("../support/ends-with-its-parent.ts", import.meta.url).href;

/** Where and how a program is started. `through`: the program that starts it, with its arguments. */
export interface Started {
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly through?: readonly string[];
}

/** Starts a program of ours. It ends with the test that starts it, and where that is killed with its process. */
export function start(
  program: string,
  args: readonly string[],
  { env, cwd, through = [] }: Started,
): ChildProcessByStdio<Writable, Readable, Readable> {
  const line = [...through, process.execPath, "--import", WITH_ITS_PARENT, program, ...args];
  const child = spawn(line[0] ?? "", line.slice(1), {
    env,
    stdio: ["pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  });
  return child;
}

/** What a program came to. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Root may write everywhere; without these rights it may not, and it can still read a checkout that is root's alone. */
const UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all"];

/** Runs `countersign` with these arguments in this environment alone; `isHeld`: by permissions, also where root runs the tests; `cwd`: in another folder, whose `.env` is read. It ends with the test at the latest. */
export async function countersign(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  isHeld = false,
  cwd?: string,
): Promise<Ended> {
  const { COUNTERSIGN_ENV_FILE: none, ...inherited } = INHERITED;
  const child = start(PROGRAM, args, {
    env: { ...inherited, ...(cwd === undefined ? { COUNTERSIGN_ENV_FILE: none ?? "" } : {}), ...env },
    through: isHeld && process.getuid?.() === 0 ? UNPRIVILEGED : [],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
}
