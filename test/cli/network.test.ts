/** The App behind a company's proxy, before a GitHub whose certificate is the company's own. */

import { once } from "node:events";
import { lookup } from "node:dns";
import { createServer, type Server } from "node:https";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { getRequestListener } from "@hono/node-server";
import { Server as ProxyServer } from "proxy-chain";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { useNetwork } from "../../src/cli/input/network.ts";
import { Double } from "../../src/cli/scenario/harness/double.ts";
import { freePort, startApp } from "../../src/cli/scenario/harness/processes.ts";
import { networkPost, type HostLookup } from "../../src/notifications/post.ts";
import { ControlledDouble } from "../github/control.ts";
import { appCredentials, registeredApp } from "../support/app.ts";
import { privateAuthority } from "../support/certificates.ts";
import { readStory } from "../support/scenarios.ts";

const STORY = readStory(
  `name: behind a proxy
policy: { mode: enforce }
people: { ann: { permission: write }, bob: { permission: write } }
story: []
`,
  "network",
);

/** Names that only the proxy can resolve. */
const GITHUB = "github.company.example";
const RECEIVER = "receiver.company.example";

const folder = mkdtempSync(join(tmpdir(), "countersign-network-"));
const authority = privateAuthority();
const trusted = join(folder, "ca.pem");
/** What the proxy was asked to connect to. */
const connected: string[] = [];
/** The proxy's own names: all of them are on this machine. */
function here(_name: string, options: { readonly all?: boolean }, done: (...found: unknown[]) => void): void {
  if (options.all === true) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
}

let proxy: ProxyServer;
let proxyUrl = "";

beforeAll(async () => {
  writeFileSync(trusted, authority.certificate);
  proxy = new ProxyServer({
    host: "127.0.0.1",
    port: 0,
    prepareRequestFunction: ({ hostname, port }) => {
      connected.push(`${hostname}:${port}`);
      return { dnsLookup: Object.assign(here, lookup) };
    },
  });
  await proxy.listen();
  proxyUrl = `http://127.0.0.1:${proxy.port}`;
});

afterAll(async () => {
  await proxy.close(true);
  rmSync(folder, { recursive: true, force: true });
});

async function serveTls(
  host: string,
  answer: (request: Request) => Response | Promise<Response>,
): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer(authority.issue(host), (incoming, outgoing) => {
    void getRequestListener(answer)(incoming, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, server };
}

test(
  "the App reaches GitHub through HTTPS_PROXY, by a certificate of NODE_EXTRA_CA_CERTS",
  { tags: ["long"] },
  async () => {
    const github = new ControlledDouble({
      webUrl: `https://${GITHUB}`,
      deliver: (url, init) => fetch(url, init),
    });
    const { port, server } = await serveTls(GITHUB, (request) => github.fetch(request));
    const appPort = await freePort();
    const double = new Double((request) => github.fetch(request));
    await double.setup(STORY, {
      ...registeredApp,
      webhookUrl: `http://127.0.0.1:${appPort}/api/github/webhooks`,
    });
    const app = await startApp({
      start: STORY.start,
      env: {
        APP_ID: String(appCredentials.appId),
        PRIVATE_KEY: appCredentials.privateKey,
        WEBHOOK_SECRET: appCredentials.secret,
        GITHUB_API_URL: `https://${GITHUB}:${port}/api/v3`,
        PORT: String(appPort),
        LOG_LEVEL: "error",
        COUNTERSIGN_DATA_DIR: join(folder, "data"),
        HTTPS_PROXY: proxyUrl,
        NODE_EXTRA_CA_CERTS: trusted,
      },
    });
    try {
      const opened = await double.act({
        do: "open-pull-request",
        by: "ann",
        branch: "feature",
        files: { "a.ts": "1" },
      });
      expect(opened.refused).toBeNull();
      await double.idle();
      await app.settle();
      const { repositories } = await double.state();
      expect(repositories.flatMap(({ checks }) => checks).map(({ name }) => name)).toEqual(["countersign"]);
      expect(new Set(connected)).toEqual(new Set([`${GITHUB}:${port}`]));
    } finally {
      await app.stop();
      server.close();
      server.closeAllConnections();
      await github.close();
    }
  },
);

describe("a notification behind a proxy", () => {
  const proxyFor = (): string => proxyUrl;
  const url = (port: number): string => `https://${RECEIVER}:${port}/hook`;
  /** A system that knows these names. */
  const knowing =
    (address: string): HostLookup =>
    (_name, _options, done) =>
      done(null, [{ address, family: 4 }]);

  test("goes through it, by its name, where that name is outside", async () => {
    connected.length = 0;
    useNetwork({ NODE_EXTRA_CA_CERTS: trusted });
    const paths: string[] = [];
    const { port, server } = await serveTls(RECEIVER, ({ url: asked }) => {
      paths.push(new URL(asked).pathname);
      return new Response(null, { status: 204 });
    });
    const post = networkPost({ privateAddresses: false, proxyFor, lookUp: knowing("203.0.113.7") });
    expect(await post({ url: url(port), headers: {}, body: "{}" })).toMatchObject({ status: 204 });
    expect(paths).toEqual(["/hook"]);
    expect(connected).toEqual([`${RECEIVER}:${port}`]);
    server.close();
    server.closeAllConnections();
  });

  test("is not sent to a private address or to a name nobody here can resolve, and the proxy is not asked", async () => {
    connected.length = 0;
    const inner = networkPost({ privateAddresses: false, proxyFor, lookUp: knowing("10.0.0.7") });
    await expect(inner({ url: url(443), headers: {}, body: "{}" })).rejects.toThrow("private network");
    await expect(inner({ url: "https://10.0.0.7/hook", headers: {}, body: "{}" })).rejects.toThrow(
      "private network",
    );
    const unknown: HostLookup = (_name, _options, done) =>
      done(Object.assign(new Error("no such name"), { code: "ENOTFOUND" }), []);
    const lost = networkPost({ privateAddresses: false, proxyFor, lookUp: unknown });
    await expect(lost({ url: url(443), headers: {}, body: "{}" })).rejects.toThrow(
      "cannot be resolved here (ENOTFOUND)",
    );
    expect(connected).toEqual([]);
  });

  test("fails where the proxy leads to someone else, whose certificate is for another name", async () => {
    const { port, server } = await serveTls(
      "inner.company.example",
      () => new Response(null, { status: 204 }),
    );
    const post = networkPost({ privateAddresses: false, proxyFor, lookUp: knowing("203.0.113.7") });
    await expect(post({ url: url(port), headers: {}, body: "{}" })).rejects.toThrow(
      "ERR_TLS_CERT_ALTNAME_INVALID",
    );
    server.close();
    server.closeAllConnections();
  });
});

describe("wrong ways out", () => {
  test.each([
    [{ HTTPS_PROXY: "proxy.example.com:3128" }, "HTTPS_PROXY is not a proxy: write http://HOST:PORT."],
    [{ https_proxy: "socks5://proxy:1080" }, "https_proxy is not a proxy"],
    [
      { NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" },
      "names a file that cannot be read (/nowhere/ca.pem: ENOENT)",
    ],
    [{ NODE_EXTRA_CA_CERTS: "package.json" }, "names a file without a certificate in PEM"],
  ])("%j is refused in a sentence", (env, sentence) => {
    expect(() => useNetwork({ ...env })).toThrow(sentence);
  });

  test("this machine is never reached through a proxy", () => {
    const env: NodeJS.ProcessEnv = { HTTPS_PROXY: proxyUrl, NO_PROXY: "github.example.com" };
    useNetwork(env);
    expect(env["NO_PROXY"]).toBe("github.example.com,localhost,127.0.0.1,[::1],::1");
  });
});
