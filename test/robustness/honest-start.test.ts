/** What `countersign serve` says of itself before it is ready: the App on GitHub is not as its settings say, or not as it must be. */

import { createHmac, generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { Double } from "../../src/cli/scenario/harness/double.ts";
import { freePort, startDouble, type DoubleProcess } from "../../src/cli/scenario/harness/processes.ts";
import { WEBHOOK_PATH } from "../../src/server.ts";
import { sample } from "../support/effort.ts";
import { readStory } from "../support/scenarios.ts";
import { folderOfTest } from "../support/folders.ts";
import { countersign, INHERITED, PROGRAM, start } from "./programs.ts";

const keyPair = () =>
  generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
const KEYS = keyPair();
const OTHERS = keyPair();
const STORY = readStory("name: an App\npeople: { ann: { permission: admin } }\nstory: []\n", "start");
const SECRET = "a secret for those who start";

let github: DoubleProcess;
beforeAll(async () => {
  github = await startDouble();
});
afterAll(() => github.stop());

let folder = "";
beforeEach(() => {
  folder = folderOfTest("start");
});

/** How far GitHub's clock is ahead (ms). */
let ahead = 0;
function githubsNow(): number {
  return Math.floor((Date.now() + ahead) / 1_000) * 1_000;
}

/** Registers the App on GitHub, whose clock is so far ahead (ms). */
async function register(
  app: Readonly<Record<string, unknown>> = {},
  by = 0,
): Promise<Record<string, string>> {
  ahead = by;
  await new Double(github.send).setup(
    { ...STORY, start: githubsNow() },
    {
      id: 4711,
      publicKey: KEYS.publicKey,
      webhookSecret: SECRET,
      webhookUrl: "http://countersign.test/api/github/webhooks",
      ...app,
    },
  );
  return {
    APP_ID: "4711",
    PRIVATE_KEY: KEYS.privateKey,
    WEBHOOK_SECRET: SECRET,
    GITHUB_API_URL: `${github.url}/api/v3`,
    PORT: String(await freePort()),
    COUNTERSIGN_DATA_DIR: folder,
  };
}

describe("what only other settings help against ends the start with 2, in one sentence that names the cure", () => {
  test.each(
    sample(
      [
        [
          "the id of no App",
          { APP_ID: "12" },
          /has no App 12: compare APP_ID with the App ID on the App's page/u,
        ],
        [
          "the key of another App",
          { PRIVATE_KEY: OTHERS.privateKey },
          /refuses the private key of App 4711: .*fingerprint SHA256:[\w+/]+=* with those listed there under Private keys/u,
        ],
      ] as const,
      3,
    ),
  )("%s", { tags: ["long"] }, async (_, wrong, says) => {
    const ended = await countersign(["serve"], { ...(await register()), ...wrong });
    expect(ended.code).toBe(2);
    expect(ended.stderr.trim().split("\n")).toHaveLength(1);
    expect(ended.stderr).toMatch(says);
    expect(ended.stderr).not.toMatch(/\n\s+at |BEGIN/u);
  });

  test("an address that is not GitHub's API", { tags: ["long"] }, async () => {
    const env = { ...(await register()), GITHUB_API_URL: `${github.url}/somewhere/else` };
    const { code, stderr } = await countersign(["serve"], env);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/answers, but not as GitHub's API \(404\): compare GHE_HOST or GITHUB_API_URL/u),
    ]);
  });
});

/** Starts the App; it ends with the test. */
function serve(env: Readonly<Record<string, string>>, ...options: readonly string[]) {
  const child = start(PROGRAM, ["serve", ...options], { env: { ...INHERITED, ...env } });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (said += part));
  const url = `http://127.0.0.1:${env["PORT"]}`;
  return {
    log: () => said,
    url,
    /** Answers what `/readyz` says of a GitHub that answered; its clock goes on meanwhile, and it is asked again. */
    ready: async (): Promise<readonly [number, string]> => {
      await new Double(github.send).setClock(githubsNow());
      const answer = await fetch(`${url}/readyz`).catch(() => null);
      return [answer?.status ?? 0, JSON.stringify((await answer?.json()) ?? null)];
    },
  };
}

describe("what is wrong on GitHub or on the way there keeps the App from being ready, with the reason", () => {
  test("an App that is as it must be is ready, and its log says what it found", async () => {
    const app = serve(await register());
    await expect.poll(app.ready).toEqual([200, '{"ready":true}']);
    expect(app.log()).toContain('"msg":"The App is registered on GitHub with all that it needs"');
    expect(app.log()).toContain('"organization":"acme","repositories":"all","msg":"Found an organisation');
    await expect.poll(app.log).toContain('"msg":"Ready: ');
  });

  test(
    "an App whose log nobody reads any more finishes its work, ends with 2, and says why",
    { tags: ["long"] },
    async () => {
      const child = start(PROGRAM, ["serve"], { env: { ...INHERITED, ...(await register()) } });
      child.stdout.destroy();
      const [said, ended] = await Promise.all([text(child.stderr), once(child, "exit")]);
      expect(said.trim().split("\n").at(-1)).toBe(
        "error: Nobody reads the log any more: standard output is closed. Start Countersign again with an output that stays open.",
      );
      expect(ended).toEqual([2, null]);
    },
  );

  test("all of it may come from .env, as people paste it", { tags: ["long"] }, async () => {
    const { PRIVATE_KEY: key = "", ...rest } = await register();
    const lines = Object.entries(rest).map(([name, value]) => `${name}=${value}`);
    const file = join(folder, "settings.env");
    writeFileSync(file, [...lines, `PRIVATE_KEY=${key.replaceAll("\n", " ")}`, ""].join("\r\n"));
    const app = serve({ COUNTERSIGN_ENV_FILE: file, PORT: rest["PORT"] ?? "" });
    await expect.poll(app.ready).toEqual([200, '{"ready":true}']);
  });

  test.each(
    sample(
      [
        [
          "a missing permission",
          { permissions: { checks: "write", metadata: "read" } },
          0,
          /The App lacks actions: read .*issues: write .*: add it on the App's page on GitHub under Permissions & events/u,
        ],
        [
          "an event that it is not sent",
          { events: ["push"] },
          0,
          /not subscribed to branch_protection_configuration, .*pull_request, .*: tick them/u,
        ],
        ["a clock that is wrong", {}, 600_000, /clock is \d+ seconds behind GitHub's: synchronise it/u],
        ["no address for webhooks", { webhookUrl: "" }, 0, /has no webhook address: set one/u],
      ] as const,
      3,
    ),
  )("%s", { tags: ["long"] }, async (_, registered, by, says) => {
    const app = serve(await register(registered, by));
    await expect.poll(app.ready).toEqual([503, expect.stringMatching(says)]);
  });

  test("webhooks that go elsewhere", { tags: ["long"] }, async () => {
    const env = { ...(await register()), COUNTERSIGN_BASE_URL: "https://here.example" };
    const says = /sends to http:\/\/countersign\.test.*, but COUNTERSIGN_BASE_URL is https:\/\/here/u;
    await expect.poll(serve(env).ready).toEqual([503, expect.stringMatching(says)]);
  });

  test("a GitHub that is not there, while nothing is lost", { tags: ["long"] }, async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const env = { ...(await register()), GITHUB_API_URL: nobody };
    const app = serve(env, "--new-store");
    const says = `GitHub cannot be reached at ${nobody} (ECONNREFUSED): compare GHE_HOST`;
    await expect.poll(app.ready).toEqual([503, expect.stringContaining(says)]);
    const body = '{"zen":"Design for failure."}';
    const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
    const headers = {
      "x-github-event": "push",
      "x-github-delivery": "a",
      "x-hub-signature-256": signature,
      "content-type": "application/json",
    };
    expect((await fetch(`${app.url}${WEBHOOK_PATH}`, { method: "POST", headers, body })).status).toBe(202);
    expect(app.log()).toContain("The App is not ready");
  });
});
