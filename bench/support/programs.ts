/** The processes of `bench/live.ts`: the double, the App as it ships, and one that only imports it. */

import type { ChildProcess } from "node:child_process";
import { fork, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";

import { z } from "zod";

import type { Asked, Notes } from "./double-process.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A double in a process of its own. */
export interface LiveDouble {
  readonly url: string;
  setup(setup: unknown): Promise<void>;
  /** Plays steps of stories, one after the other; answers what each made. Rejects when one is refused. */
  act(steps: readonly unknown[]): Promise<readonly unknown[]>;
  /** Resolves when each of these commits has a check run that passes, or does not. Rejects after so many milliseconds. */
  checked(commits: readonly string[], passes: boolean, patience?: number): Promise<void>;
  notes(): Promise<Notes>;
  stop(): Promise<void>;
}

const AnswerSchema = z.object({
  id: z.number(),
  value: z.unknown().optional(),
  error: z.string().optional(),
});

/** Starts the double. */
export async function startLiveDouble(): Promise<LiveDouble> {
  const child = fork(fileURLToPath(new URL("double-process.ts", import.meta.url)));
  const [{ url }] = (await once(child, "message")) as [{ url: string }];
  const asking = new Map<number, PromiseWithResolvers<unknown>>();
  let count = 0;
  child.on("message", (message) => {
    const { id, value, error } = AnswerSchema.parse(message);
    if (error === undefined) asking.get(id)?.resolve(value);
    else asking.get(id)?.reject(new Error(error));
    asking.delete(id);
  });
  child.once("exit", () => {
    for (const one of asking.values()) one.reject(new Error("the double ended"));
  });
  const ask = (asked: Asked): Promise<unknown> => {
    count += 1;
    const answer = Promise.withResolvers<unknown>();
    asking.set(count, answer);
    child.send({ id: count, asked });
    return answer.promise;
  };
  return {
    url,
    setup: async (setup) => void (await ask({ do: "setup", setup })),
    act: async (steps) => (await ask({ do: "act", steps })) as readonly unknown[],
    checked: (commits, passes, patience = 60_000) =>
      within(
        patience,
        async () => void (await ask({ do: "checked", commits, passes })),
        `the checks of ${commits.length} commits did not end as expected`,
      ),
    notes: async () => (await ask({ do: "notes" })) as Notes,
    async stop() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** Answers what a child is asked by any message, and ends with whoever started it. */
const PROBE = `data:text/javascript,${encodeURIComponent(
  "if (process.channel) { process.on('message', () => process.send({ cpu: process.cpuUsage(), memory: process.memoryUsage() })); process.once('disconnect', () => process.exit(0)); process.channel.unref(); }",
)}`;

/** What a process used so far: milliseconds of processor time, mebibytes of memory. */
export interface Used {
  readonly cpu: number;
  readonly resident: number;
  readonly heap: number;
}

/** A serving App. */
export interface LiveApp {
  readonly pid: number;
  used(): Promise<Used>;
  /** The sum of a metric of `/metrics` over the labels that begin so. */
  metric(name: string, labels?: string): Promise<number>;
  /** Resolves when nothing is due any more. */
  settle(): Promise<void>;
  stop(): Promise<void>;
}

/** How an App is started. `program`: its `main.js`; `nodeArgs`: what Node itself is told, as `--cpu-prof`. */
export interface AppOptions {
  readonly program: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  readonly nodeArgs: readonly string[];
}

/** Starts `countersign serve`, and waits until it listens. */
export async function startLiveApp({ program, port, env, nodeArgs }: AppOptions): Promise<LiveApp> {
  const child = fork(program, ["serve"], {
    execArgv: ["--import", PROBE, ...shippedNodeArgs(), ...nodeArgs],
    env: { ...SHIPPED_ENV, PATH: process.env["PATH"] ?? "", PORT: String(port), HOST: "127.0.0.1", ...env },
    stdio: ["ignore", "inherit", "pipe", "ipc"],
  });
  await listening(child);
  const url = `http://127.0.0.1:${port}`;
  const metric: LiveApp["metric"] = async (name, labels = "") => {
    const text = await (await fetch(`${url}/metrics`)).text();
    const lines = text
      .split("\n")
      .filter((line) => line.startsWith(`${name}${labels === "" ? "" : `{${labels}`}`));
    return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  };
  return {
    pid: child.pid ?? 0,
    async used() {
      child.send("how much?");
      const [answer] = (await once(child, "message")) as [
        { readonly cpu: NodeJS.CpuUsage; readonly memory: NodeJS.MemoryUsage },
      ];
      return usedOf(answer);
    },
    metric,
    async settle() {
      while ((await metric("countersign_waiting", `what="deliveries",due="yes"`)) > 0) await sleep(50);
      while ((await metric("countersign_waiting", `what="actions",due="yes"`)) > 0) await sleep(50);
    },
    async stop() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function usedOf({
  cpu,
  memory,
}: {
  readonly cpu: NodeJS.CpuUsage;
  readonly memory: NodeJS.MemoryUsage;
}): Used {
  return {
    cpu: (cpu.user + cpu.system) / 1_000,
    resident: memory.rss / 2 ** 20,
    heap: memory.heapUsed / 2 ** 20,
  };
}

async function listening(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr! });
  const ended = once(child, "exit").then(() => {
    throw new Error(`the App ended before it listened:\n${said.join("\n")}`);
  });
  const heard = new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      if (line.includes("Countersign listens on")) resolve();
      else process.stderr.write(`${line}\n`);
      said.push(line);
    });
  });
  ended.catch(() => undefined);
  await Promise.race([heard, ended]);
}

/** Returns the resident memory (MiB) of a process that has imported these files and done nothing; with none, that of a bare Node. */
export function importing(files: readonly string[]): number {
  const imports = files.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)});`).join("");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      ...shippedNodeArgs(),
      "--input-type=module",
      "--eval",
      `${imports}process.stdout.write(String(process.memoryUsage().rss))`,
    ],
    { encoding: "utf8", env: { ...SHIPPED_ENV, PATH: process.env["PATH"] ?? "" } },
  );
  if (stdout === "") throw new Error(stderr);
  return Number(stdout) / 2 ** 20;
}

const IMAGE = readFileSync(`${ROOT}Dockerfile`, "utf8");

/** What the image tells the system of memory. */
export const SHIPPED_ENV = {
  MALLOC_ARENA_MAX: /^ENV MALLOC_ARENA_MAX=(\d+)$/mu.exec(IMAGE)?.[1] ?? "",
  // Nothing is measured with the settings of whoever measures it.
  COUNTERSIGN_ENV_FILE: "",
};

/** What the image tells Node itself, as its ENTRYPOINT says. */
export function shippedNodeArgs(): readonly string[] {
  const entrypoint = /^ENTRYPOINT (.*)$/mu.exec(IMAGE)?.[1] ?? "[]";
  const words = z.array(z.string()).parse(JSON.parse(entrypoint));
  return words.filter((word) => word.startsWith("--"));
}

let built: string | null = null;

/** Builds the App as it ships, once for all benchmarks, and returns its `main.js`. */
export function builtProgram(): string {
  if (built !== null) return built;
  const { status } = spawnSync(process.execPath, [`${ROOT}scripts/build.ts`], { stdio: "inherit" });
  if (status !== 0) throw new Error("the build failed");
  built = `${ROOT}dist/src/cli/main.js`;
  return built;
}

/** What a command took from its start to its end: milliseconds, and mebibytes of resident memory at most. */
export interface Ran {
  readonly milliseconds: number;
  readonly cpu: number;
  readonly peak: number;
}

/** Tells on the third descriptor, when the process ends, what it used. */
const AT_EXIT = `data:text/javascript,${encodeURIComponent(
  "import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(3, JSON.stringify(process.resourceUsage())));",
)}`;

/** Runs a command of the App to its end. Rejects where it fails. */
export async function runCommand(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  nodeArgs: readonly string[] = [],
): Promise<Ran> {
  const began = performance.now();
  const child = spawn(
    process.execPath,
    ["--import", AT_EXIT, ...shippedNodeArgs(), ...nodeArgs, program, ...args],
    {
      env: { ...SHIPPED_ENV, PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "ignore", "inherit", "pipe"],
    },
  );
  const told = child.stdio[3];
  const used = text(told as Readable);
  const [code] = (await once(child, "exit")) as [number | null];
  const milliseconds = performance.now() - began;
  if (code !== 0) throw new Error(`countersign ${args[0]} ended with ${code}`);
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(await used) as NodeJS.ResourceUsage;
  return { milliseconds, cpu: (userCPUTime + systemCPUTime) / 1_000, peak: maxRSS / 1_024 };
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function within(ms: number, work: () => Promise<void>, failure: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${failure} within ${ms / 1_000} s`)), ms);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
