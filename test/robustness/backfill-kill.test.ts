/** @module-tag long */

import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import { expect, onTestFinished, test } from "vitest";

import { trial, type Trial } from "../github/stage.ts";
import { countersign, INHERITED, PROGRAM, start } from "./programs.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const PUSHES = 130;

/** Two days ago by the real clock, which the program goes by: GitHub forgets updates after a year. */
const START = Math.floor(Date.now() / DAY) * DAY - 2 * DAY;

/** More updates than are read at once, the last by pull requests, which are read after the rest is on record. */
async function seeded(): Promise<Trial> {
  const stage = await trial({
    start: new Date(START).toISOString(),
    policy: { mode: "observe", approval: { required: 1 } },
    people: { ann: { permission: "admin" }, bob: { permission: "write" } },
  });
  let at = START;
  const later = async (step: Record<string, unknown>): Promise<void> => {
    at += MINUTE;
    stage.double.setClock(at);
    await stage.play({ ...step, bypass: true });
  };
  for (let index = 1; index <= PUSHES; index += 1)
    await later({ do: "push", by: "ann", branch: "main", files: { [`f${index}.ts`]: "1" } });
  for (let pull = 1; pull <= 3; pull += 1) {
    await later({
      do: "open-pull-request",
      by: "ann",
      pull,
      branch: `b${pull}`,
      files: { [`p${pull}.ts`]: "1" },
    });
    await later({ do: "review", by: "bob", pull, state: "approved" });
    await later({ do: "merge", by: "ann", pull, method: "squash" });
  }
  stage.double.setClock(START + DAY);
  return stage;
}

test("a backfill whose process is killed leaves a sound log, and goes on where it was", async () => {
  const stage = await seeded();
  const folder = mkdtempSync(join(tmpdir(), "countersign-killed-"));
  let batches = 0;
  let onBatch: (count: number) => boolean = () => false;
  const server = serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      if (request.url.endsWith("/graphql")) batches += 1;
      // Whoever is killed gets no answer.
      return onBatch(batches) ? new Promise<Response>(() => undefined) : stage.double.fetch(request);
    },
  });
  await once(server, "listening");
  onTestFinished(async () => {
    server.close();
    await stage.double.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const env = {
    APP_ID: "77",
    PRIVATE_KEY: stage.privateKey,
    WEBHOOK_SECRET: "a secret of the hook",
    COUNTERSIGN_DATA_DIR: folder,
    GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`,
  };
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const wish = ["--repo", "acme/web", "--from", day(START), "--to", day(START + DAY)];

  const child = start(PROGRAM, ["backfill", ...wish], { env: { ...INHERITED, ...env } });
  for (const stream of [child.stdout, child.stderr]) stream.resume();
  // The policy, the first 125 updates, the others; then the pull requests are asked for.
  onBatch = (count) => count === 4 && child.kill("SIGKILL");
  await once(child, "close");
  expect(child.signalCode).toBe("SIGKILL");

  onBatch = () => false;
  const sound = await countersign(["log", "verify"], env);
  expect(sound.code, sound.stdout + sound.stderr).toBe(0);
  const again = await countersign(["backfill", ...wish, "--json"], env);
  expect(again.code, again.stderr).toBe(0);
  expect(JSON.parse(again.stdout)).toMatchObject({
    repositories: [{ updates: PUSHES + 3, known: 125, truncated: false }],
  });
  const proven = await countersign(["reconcile", ...wish], env);
  expect(proven.stdout).toContain(`complete. ${PUSHES + 3} updates matched`);
  expect(stage.double.world.breaches).toEqual([]);
});
