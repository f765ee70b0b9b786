/** `countersign serve` as it ships, by the system's clock, on a database of the test's; GitHub is the double in a process of its own. */

import type { ChildProcess } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { expect, onTestFinished } from "vitest";

import { Double } from "../../src/cli/scenario/harness/double.ts";
import { freePort, startDouble } from "../../src/cli/scenario/harness/processes.ts";
import type { DoStep } from "../../src/cli/scenario/format/steps.ts";
import type { Ledger } from "../../src/ledger/ledger.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { readStory } from "../support/scenarios.ts";
import { outcomeOf, type Outcome } from "./outcome.ts";
import { INHERITED, PROGRAM, start } from "./programs.ts";
import type { RawState } from "./rig.ts";

const APP_ID = 4711;
const SECRET = "a secret for those who serve";

const KEYS = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs1", format: "pem" },
});
const SIGNING_KEY = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

const STORY = `name: an App that serves
policy: { mode: observe, approval: { required: 1 } }
people: { ann: { permission: admin }, bob: { permission: write } }
story: []
`;

/** A running App, and what is around it. */
export interface Served {
  readonly url: string;
  /** What it logged so far, a line each. */
  readonly lines: readonly string[];
  /** Whether it is still running. */
  isRunning(): boolean;
  act(step: DoStep): Promise<void>;
  /** Waits for what `/readyz` answers; of what was answered until then, how often it was not that. */
  untilReady(ready: boolean): Promise<void>;
  /** Waits until nothing waits any more, and tells what it all came to. */
  settled(): Promise<Outcome>;
  /** Ends it by a signal and answers its exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  close(): Promise<void>;
}

/** Starts GitHub and the App, which end with the test. `where`: as the App is told; `ledger`: where the test itself looks. `env`: more of the App's environment. */
export async function openServed(
  where: StoreLocation,
  look: StoreLocation,
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const github = await startDouble();
  onTestFinished(() => github.stop());
  const double = new Double(github.send);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  await double.setup(
    { ...readStory(STORY, "served"), start: wholeSecond() },
    {
      id: APP_ID,
      publicKey: KEYS.publicKey,
      webhookSecret: SECRET,
      webhookUrl: `${url}/api/github/webhooks`,
    },
  );
  const child = start(PROGRAM, ["serve"], {
    env: {
      ...INHERITED,
      APP_ID: String(APP_ID),
      PRIVATE_KEY: KEYS.privateKey,
      WEBHOOK_SECRET: SECRET,
      COUNTERSIGN_SIGNING_KEY: SIGNING_KEY,
      GHE_HOST: new URL(github.url).host,
      GHE_PROTOCOL: "http",
      HOST: "127.0.0.1",
      PORT: String(port),
      LOG_LEVEL: "info",
      ...("databaseUrl" in where
        ? { DATABASE_URL: where.databaseUrl }
        : { COUNTERSIGN_DATA_DIR: where.dataDir }),
      ...env,
    },
  });
  const lines = linesOf(child);
  const inner = env["COUNTERSIGN_MONITORING_ADDRESS"];
  const monitors = inner === undefined ? url : `http://${inner}`;
  const served: Served = {
    url,
    lines,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    async act(step) {
      await double.setClock(wholeSecond());
      const { refused, unplayable } = await double.act(step);
      if (refused !== null || unplayable !== null) throw new Error(refused ?? unplayable ?? "");
      await double.idle();
    },
    async untilReady(ready) {
      await until(`/readyz to say ${ready}`, async () => {
        const answer = await fetch(`${monitors}/readyz`).catch(() => null);
        return answer !== null && (answer.status === 200) === ready;
      });
    },
    async settled() {
      const ledger = await openLedger(look, { readOnly: true });
      try {
        await until("all work to be done", async () => {
          await double.setClock(wholeSecond());
          await double.idle();
          const { deliveries, missed } = await unheard(github.send);
          if (missed > 0 || deliveries === 0) return false;
          const { dueDeliveries, dueActions } = await ledger.queue.waiting(Date.now() + 60_000);
          return dueDeliveries + dueActions === 0 && (await isQuiet(ledger));
        });
        const state = (await (
          await github.send(new Request("http://double/_double/state"))
        ).json()) as RawState;
        return await outcomeOf(ledger, state);
      } finally {
        await ledger.close();
      }
    },
    async end(signal) {
      if (!served.isRunning()) return child.exitCode;
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
    async close() {
      await served.end("SIGKILL");
      await github.stop();
    },
  };
  try {
    await served.untilReady(true);
  } catch (error) {
    await served.close();
    throw new Error(`the App did not start:\n${lines.join("\n")}`, { cause: error });
  }
  return served;
}

/** Waits for something to be so, as long as the test may take. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await expect.poll(isSo, { interval: 200, message: what }).toBe(true);
}

function wholeSecond(): number {
  return Math.floor(Date.now() / 1_000) * 1_000;
}

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream
      ?.setEncoding("utf8")
      .on("data", (text: string) => lines.push(...text.split("\n").filter((line) => line !== "")));
  return lines;
}

/** How many deliveries GitHub sent, and how many never arrived; those of the installation itself were sent before the App was there. */
async function unheard(send: (request: Request) => Promise<Response>) {
  const state = (await (await send(new Request("http://double/_double/state"))).json()) as RawState;
  const sent = state.deliveries.filter(({ event }) => !event.startsWith("installation"));
  const arrived = new Set(
    sent.filter(({ statusCode }) => statusCode === 202 || statusCode === 200).map(({ guid }) => guid),
  );
  return { deliveries: sent.length, missed: sent.filter(({ guid }) => !arrived.has(guid)).length };
}

/** Whether nothing is being written. */
async function isQuiet(ledger: Ledger): Promise<boolean> {
  const { size } = await ledger.head();
  await sleep(1_000);
  return (await ledger.head()).size === size;
}
