import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, test } from "vitest";

import { REPORT_PATH } from "../../src/report-route.ts";
import { listenOn, type Listening } from "../../src/listening.ts";
import { routes, WEBHOOK_PATH, type RouteTools } from "../../src/server.ts";
import { chunked, head, memory, reportHeaders, send, toolsOn, webhookHeaders, type Client } from "./rig.ts";

const MB = 1024 * 1024;
const REPORT = JSON.stringify({
  id: "build-1",
  repository: "acme/web",
  sha: "c".repeat(40),
  environment: "production",
});

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(more: Partial<RouteTools> = {}, patience = 10_000) {
  const { stored, ledger } = memory();
  const listening: Listening = await listenOn(routes(toolsOn(ledger, more)), "127.0.0.1", 0, { patience });
  closing.push(() => listening.close());
  const client = (...parts: readonly (string | Uint8Array)[]): Client => {
    const made = send(listening.port, ...parts);
    closing.push(() => made.socket.destroy());
    return made;
  };
  return { stored, client, url: listening.url };
}

describe("a body of unknown length", () => {
  const chunks = { "transfer-encoding": "chunked" };

  test.each([1, 7, 1_000])("in chunks of %i bytes is received at the webhook's door", async (size) => {
    const { stored, client } = await open();
    const body = JSON.stringify({ action: "opened", title: "grüße \u{1F600}" });
    const sent = client(
      head(WEBHOOK_PATH, { ...webhookHeaders(body, "d-1"), ...chunks }),
      chunked(body, size),
    );
    expect(await sent.status).toBe(202);
    expect(Buffer.from(stored.get("d-1") ?? []).toString()).toBe(body);
  });

  test("is received at the door for reports", async () => {
    const { stored, client } = await open();
    const sent = client(head(REPORT_PATH, { ...reportHeaders(REPORT), ...chunks }), chunked(REPORT, 50));
    expect(await sent.status).toBe(202);
    expect([...stored.keys()]).toEqual(["report:jenkins:build-1"]);
  });

  test("of 20 MB is received whole", async () => {
    const { stored, client } = await open();
    const body = JSON.stringify({ text: "x".repeat(20_000_000) });
    const sent = client(
      head(WEBHOOK_PATH, { ...webhookHeaders(body, "d-1"), ...chunks }),
      chunked(body, 65_536),
    );
    expect(await sent.status).toBe(202);
    expect(stored.get("d-1")).toHaveLength(body.length);
  });

  test("over what the door takes is refused", async () => {
    const { stored, client } = await open();
    const big = client(
      head(REPORT_PATH, { ...reportHeaders("{}"), ...chunks }),
      chunked("x".repeat(70_000), 8_192),
    );
    expect(await big.status).toBe(413);
    expect(stored.size).toBe(0);
  });
});

test("a body that is no valid UTF-8 is stored as it came, if its bytes are signed", async () => {
  const { stored, client } = await open();
  const body = Buffer.concat([Buffer.from(`{"title":"`), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(`"}`)]);
  const length = { "content-length": String(body.length) };
  expect(await client(head(WEBHOOK_PATH, { ...webhookHeaders(body, "d-1"), ...length }), body).status).toBe(
    202,
  );
  expect(Buffer.compare(stored.get("d-1") ?? Buffer.alloc(0), body)).toBe(0);
});

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

test(
  "forty unsigned bodies of 25 MB hold no more than the budget, and small deliveries pass beside them",
  { tags: ["long"] },
  async () => {
    let missed = 0;
    const { stored, client } = await open({ missed: () => (missed += 1) });
    const part = Buffer.alloc(MB, "x");
    collect();
    const before = process.memoryUsage();
    const unsigned = { ...webhookHeaders("{}"), "content-length": String(25 * MB) };
    const clients = Array.from({ length: 40 }, () => {
      // Everything but the last byte: what the doors hold, they hold until then.
      const parts = [...Array.from({ length: 24 }, () => part), part.subarray(1)];
      return client(head(WEBHOOK_PATH, unsigned), ...parts);
    });
    await expect.poll(() => missed).toBeGreaterThanOrEqual(37);
    // What was let go of is no longer held, once its last pieces have gone through the sockets.
    const held = (): number => {
      collect();
      return process.memoryUsage().arrayBuffers - before.arrayBuffers;
    };
    await expect.poll(held).toBeLessThan(100 * MB);

    const body = "{}";
    const length = { "content-length": String(body.length) };
    const honest = client(head(WEBHOOK_PATH, { ...webhookHeaders(body, "d-1"), ...length }), body);
    expect(await honest.status).toBe(202);

    // Those that were let in are answered, and what they held can be held again.
    for (const { socket } of clients) socket.write("x");
    await Promise.all(clients.map(({ status }) => status));
    const large = JSON.stringify({ text: "x".repeat(20 * MB) });
    const later = client(
      head(WEBHOOK_PATH, { ...webhookHeaders(large, "d-2"), "content-length": String(large.length) }),
      large,
    );
    expect(await later.status).toBe(202);
    expect([...stored.keys()]).toEqual(["d-1", "d-2"]);
  },
);

test("many small bodies that never end leave room for large ones, and give back what they held when they hang up", async () => {
  let missed = 0;
  const { client } = await open({ missed: () => (missed += 1) });
  const part = Buffer.alloc(MB - 1_000, "x");
  const unsigned = { ...webhookHeaders("{}"), "content-length": String(MB) };
  const clients = Array.from({ length: 40 }, () => client(head(WEBHOOK_PATH, unsigned), part));
  await expect.poll(() => missed).toBeGreaterThanOrEqual(7);
  const large = JSON.stringify({ text: "x".repeat(2 * MB) });
  const length = { "content-length": String(large.length) };
  expect(await client(head(WEBHOOK_PATH, { ...webhookHeaders(large), ...length }), large).status).toBe(202);
  for (const { socket } of clients) socket.destroy();
  await expect
    .poll(() => client(head(WEBHOOK_PATH, { ...webhookHeaders("{}"), "content-length": "2" }), "{}").status)
    .toBe(202);
});

test("a sender slower than the doors' patience is cut, whatever it sends meanwhile", async () => {
  const { client } = await open({}, 300);
  const slow = client(head(WEBHOOK_PATH, { ...webhookHeaders("{}"), "content-length": "1000" }));
  const dripping = setInterval(() => slow.socket.write("x"), 50);
  const silent = client("POST / HTTP/1.1\r\n");
  expect([408, 0]).toContain(await slow.status);
  expect([408, 0]).toContain(await silent.status);
  clearInterval(dripping);
});
