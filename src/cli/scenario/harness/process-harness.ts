/** A harness of two processes: the App as it is shipped, over HTTP against the double, on a data folder of its own. */

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLedger } from "../../../ledger/open.ts";
import { CALLBACK_PATH } from "../../setup/app-plan.ts";
import { Double } from "./double.ts";
import type { Scenario } from "../format/format.ts";
import type { AppProcess, DoubleProcess } from "./processes.ts";
import { freePort, startApp } from "./processes.ts";
import { MessageReceiver, serveReceiver } from "./receiver.ts";
import { STORY_SOURCES } from "./report.ts";
import type { Harness } from "./harness.ts";
import { rewrite, tamper, whitewashed } from "./tamper.ts";

/** The id the App under test has on the double. */
const APP_ID = 4711;

/** Describes the pages of a story's App, for people who sign in through its double. */
export interface StoryPages {
  /** The person who is signed in on GitHub in the browser. */
  readonly signedIn: string;
  /** The folder with the packages that are handed over. */
  readonly packages: string;
}

/** Describes a harness of processes, with what a caller may show of it. */
export interface ProcessHarness extends Harness {
  readonly app: AppProcess;
  readonly dataDir: string;
  /** Where the pages are, and what monitors read. */
  readonly pages: string;
  /** The App's environment, to start other commands on the same data. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Sets a running double up for a story, and starts an App for it. `dataDir`: kept; without it a temporary one, removed by `close`.
 * `shown`: whom the pages are for: people who sign in, or whoever uses this machine; without it, nobody.
 */
export async function openProcessHarness(
  process: DoubleProcess,
  scenario: Scenario,
  dataDir?: string,
  shown?: StoryPages | "to this machine",
): Promise<ProcessHarness> {
  const pages = shown === "to this machine" ? undefined : shown;
  const { publicKey, privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const secret = randomBytes(24).toString("hex");
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const inner = shown === "to this machine" ? `127.0.0.1:${await freePort()}` : null;
  const client = { clientId: "Iv1.countersign", clientSecret: randomBytes(20).toString("hex") };
  const folder = dataDir ?? (await mkdtemp(join(tmpdir(), "countersign-scenario-")));
  const double = new Double(process.send);
  await double.setup(
    scenario,
    {
      id: APP_ID,
      publicKey,
      webhookSecret: secret,
      // Nothing listens on port 1.
      webhookUrl: `http://127.0.0.1:${scenario.polling ? 1 : port}/api/github/webhooks`,
      ...(pages === undefined ? {} : { signIn: { ...client, callbackUrls: [`${baseUrl}${CALLBACK_PATH}`] } }),
    },
    pages === undefined ? {} : { signedIn: pages.signedIn },
  );
  const receiver = new MessageReceiver(scenario);
  const post = await serveReceiver(receiver);
  const env = {
    ...receiver.variables(post.url),
    COUNTERSIGN_PRIVATE_RECEIVERS: "allow",
    APP_ID: String(APP_ID),
    PRIVATE_KEY: privateKey,
    WEBHOOK_SECRET: secret,
    GHE_HOST: new URL(process.url).host,
    GHE_PROTOCOL: "http",
    HOST: "127.0.0.1",
    PORT: String(port),
    LOG_LEVEL: "error",
    COUNTERSIGN_DEPLOYMENT_SOURCES: STORY_SOURCES,
    COUNTERSIGN_DATA_DIR: folder,
    ...(scenario.polling ? { COUNTERSIGN_POLL: "1m" } : {}),
    ...(inner === null ? {} : { COUNTERSIGN_MONITORING_ADDRESS: inner }),
    ...(pages === undefined
      ? {}
      : {
          COUNTERSIGN_BASE_URL: baseUrl,
          COUNTERSIGN_PACKAGES: pages.packages,
          COUNTERSIGN_SESSION_SECRET: randomBytes(32).toString("hex"),
          GITHUB_CLIENT_ID: client.clientId,
          GITHUB_CLIENT_SECRET: client.clientSecret,
        }),
  };
  const app = await startApp({ env, start: scenario.start });
  return {
    double,
    receiver,
    app,
    dataDir: folder,
    pages: inner === null ? app.url : `http://${inner}`,
    env,
    tamper: (kind) => tamper({ dataDir: folder }, kind),
    rewrite: () => rewrite({ dataDir: folder }, whitewashed),
    openLedger: (how) => openLedger({ dataDir: folder }, { readOnly: how !== "write" }),
    async close() {
      await app.stop();
      await post.stop();
      if (dataDir === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
