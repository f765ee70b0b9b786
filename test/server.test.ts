import { createHmac, randomUUID } from "node:crypto";
import { connect } from "node:net";

import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { ExternalError } from "../src/domain/values/external-error.ts";
import type { Ledger } from "../src/ledger/ledger.ts";
import { listenOn } from "../src/listening.ts";
import { routes, WEBHOOK_PATH } from "../src/server.ts";
import type { RouteTools } from "../src/server.ts";
import { describeOnBothStores } from "./support/stores.ts";

const SECRETS = ["current", "older"] as const;

/** A delivery as GitHub would post it, signed with the first secret unless told otherwise. */
function post(
  body: string,
  more: { readonly secret?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): RequestInit {
  const signature = createHmac("sha256", more.secret ?? SECRETS[0])
    .update(body)
    .digest("hex");
  return {
    method: "POST",
    body,
    headers: {
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      "x-github-event": "pull_request",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": `sha256=${signature}`,
      ...more.headers,
    },
  };
}

function toolsWith(ledger: RouteTools["ledger"], more: Partial<RouteTools> = {}): RouteTools {
  return {
    ledger,
    webhookSecrets: SECRETS,
    sources: [],
    missed: () => undefined,
    meaningOf: (event) => ({ lane: `lane of ${event}`, ignored: null }),
    clock: { now: () => 7_000 },
    log: pino({ level: "silent" }),
    wake: () => undefined,
    ...more,
  };
}

describeOnBothStores("the webhook door", (open) => {
  let ledger: Ledger;
  let woken = 0;
  let send: (init: RequestInit) => Promise<Response>;
  beforeEach(async () => {
    ({ ledger } = await open());
    woken = 0;
    const app = routes(toolsWith(ledger, { wake: () => (woken += 1) }));
    send = async (init) => app.request(WEBHOOK_PATH, init);
  });

  it("stores a signed delivery as it came, answers 202 and wakes the worker", async () => {
    const body = JSON.stringify({ action: "opened", title: "grüße \u{1F600}" });
    const answer = await send(post(body));
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ stored: true });
    expect(woken).toBe(1);
    const [found] = await ledger.queue.deliveries("lane of pull_request", 7_000, 5);
    expect(found).toMatchObject({ event: "pull_request", action: "opened", receivedAt: 7_000 });
    expect(Buffer.from(found?.body ?? []).toString()).toBe(body);
  });

  it("answers a repeated delivery id with 200 and stores nothing twice", async () => {
    const init = post("{}");
    expect((await send(init)).status).toBe(202);
    const again = await send(init);
    expect([again.status, await again.json()]).toEqual([200, { stored: false }]);
    expect(woken).toBe(1);
    expect((await ledger.queue.waiting()).deliveries).toBe(1);
  });

  it("stores what asks for nothing as done, with the reason, and wakes nobody for it", async () => {
    const meaningOf = () => ({ lane: "repository:1", ignored: "ignored: only new comments are commands" });
    const app = routes(toolsWith(ledger, { meaningOf, wake: () => (woken += 1) }));
    expect((await app.request(WEBHOOK_PATH, post("{}"))).status).toBe(202);
    expect(woken).toBe(0);
    expect(await ledger.queue.waiting()).toMatchObject({ deliveries: 0 });
    expect(await ledger.queue.mayBeDue(7_000)).toBe(false);
    const [listed] = await ledger.queue.list({ limit: 5 });
    expect(listed).toMatchObject({
      status: "done",
      note: "ignored: only new comments are commands",
      doneAt: 7_000,
      attempts: 0,
    });
    expect(await ledger.queue.replay([listed?.id ?? ""], 8_000)).toBe(1);
    expect(await ledger.queue.waiting(8_000)).toMatchObject({ dueDeliveries: 1 });
  });

  it("accepts every configured secret, and stores a ping like anything else", async () => {
    const headers = { "x-github-event": "ping" };
    expect((await send(post(`{"zen":"x"}`, { secret: SECRETS[1], headers }))).status).toBe(202);
    expect(await ledger.queue.list({ limit: 5 })).toMatchObject([{ event: "ping", action: null }]);
  });

  it.each([
    ["a wrong signature", 401, post("{}", { secret: "wrong" })],
    ["a signature of another body", 401, { ...post("{}"), body: "[]" }],
    ["no signature", 400, post("{}", { headers: { "x-hub-signature-256": "" } })],
    ["an old SHA-1 signature", 401, post("{}", { headers: { "x-hub-signature-256": "sha1=abc" } })],
    ["no event", 400, post("{}", { headers: { "x-github-event": "" } })],
    ["no delivery id", 400, post("{}", { headers: { "x-github-delivery": "" } })],
    ["an empty body", 401, post("")],
    ["malformed JSON", 400, post("{")],
    ["a form", 400, post("payload=%7B%7D")],
    ["a body over 25 MB by its header", 413, post("{}", { headers: { "content-length": "26214401" } })],
  ])("refuses %s with %i and stores nothing", async (_, status, init) => {
    const answer = await send(init);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.any(String) as unknown });
    expect((await ledger.queue.waiting()).deliveries).toBe(0);
  });

  it("tells a probe that the log answers, and a monitor what came and waits", async () => {
    const caches = { newest: () => ({ entries: 2, bytes: 300, bound: 4_000 }) };
    const app = routes(toolsWith(ledger, { caches }));
    await app.request(WEBHOOK_PATH, post("{}"));
    await app.request(WEBHOOK_PATH, post("{}", { secret: "wrong" }));
    expect((await app.request("/healthz")).status).toBe(200);
    expect(await (await app.request("/readyz")).json()).toEqual({ ready: true });
    const text = await (await app.request("/metrics")).text();
    expect(text).toContain("countersign_deliveries_received_total 2");
    expect(text).toContain(`countersign_deliveries_stored_total{result="stored"} 1`);
    expect(text).toContain(`countersign_deliveries_refused_total{reason="wrong-signature"} 1`);
    expect(text).toContain(`countersign_waiting{what="deliveries",due="yes"} 1`);
    expect(text).toContain("countersign_log_entries 0");
    expect(text).toContain(`countersign_cache_entries{cache="newest"} 2`);
    expect(text).toContain(`countersign_cache_bytes{cache="newest"} 300`);
    expect(text).toContain(`countersign_cache_bound_bytes{cache="newest"} 4000`);
    expect(text).toContain("countersign_delivery_answer_seconds_count 2");
  });
});

describe("the doors when the store fails", () => {
  const unreachable = (): Promise<never> =>
    Promise.reject(new ExternalError("database-unreachable", "The database at db:5432 cannot be reached."));
  const failing = {
    presence: () => Promise.reject(new Error("no presence")),
    head: unreachable,
    states: () => ({ [Symbol.asyncIterator]: () => ({ next: unreachable }) }),
    committed: () => 0,
    recordedVerdicts: () => new Map(),
    tryToStore: unreachable,
    queue: {
      store: () => Promise.reject(new ExternalError("disk-full", "The store is full.")),
      waiting: () => Promise.reject(new ExternalError("disk-full", "The store is full.")),
    } as unknown as Ledger["queue"],
  };

  it("answer 503 with Retry-After, never 2xx", async () => {
    const answer = await routes(toolsWith(failing)).request(WEBHOOK_PATH, post("{}"));
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("10");
  });

  it("are alive but not ready, and still give what metrics there are", async () => {
    const app = routes(toolsWith(failing));
    expect((await app.request("/healthz")).status).toBe(200);
    const ready = await app.request("/readyz");
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reason: "The database at db:5432 cannot be reached." },
    ]);
    expect(await (await app.request("/metrics")).text()).toContain("countersign_log_entries Nan");
  });
});

describe("the doors over a socket", () => {
  const closing: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  const stored: string[] = [];
  const memory = {
    presence: () => Promise.reject(new Error("no presence")),
    head: () => Promise.resolve({ size: 0, hash: "" }),
    states: () => undefined as never,
    committed: () => 0,
    recordedVerdicts: () => new Map(),
    tryToStore: () => Promise.resolve(),
    queue: {
      store: ({ id }: { readonly id: string }) => {
        stored.push(id);
        return Promise.resolve("stored" as const);
      },
    } as unknown as Ledger["queue"],
  };

  async function open(): Promise<{ readonly url: string; readonly port: number }> {
    const listening = await listenOn(routes(toolsWith(memory)), "127.0.0.1", 0);
    closing.push(() => listening.close());
    return listening;
  }

  it("take a delivery of 20 MB", async () => {
    const { url } = await open();
    const body = JSON.stringify({ text: "x".repeat(20_000_000) });
    expect((await fetch(url + WEBHOOK_PATH, post(body))).status).toBe(202);
  });

  it("refuse a body over 25 MB before it was sent", async () => {
    const { port } = await open();
    const answer = await firstAnswer(port, [
      `POST ${WEBHOOK_PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 30000000\r\n\r\n`,
      "only the beginning",
    ]);
    expect(answer).toContain("413");
  });

  it("refuse a body of unknown length as soon as it passes 25 MB", async () => {
    const { port } = await open();
    const chunk = `100000\r\n${"x".repeat(0x100000)}\r\n`;
    const answer = await firstAnswer(port, [
      `POST ${WEBHOOK_PATH} HTTP/1.1\r\nhost: x\r\nx-github-event: push\r\nx-github-delivery: d\r\n`,
      `x-hub-signature-256: sha256=0\r\ntransfer-encoding: chunked\r\n\r\n`,
      ...Array.from({ length: 26 }, () => chunk),
    ]);
    expect(answer).toContain("413");
  });

  it("say which address is taken", async () => {
    const { port } = await open();
    await expect(listenOn(routes(toolsWith(memory)), "127.0.0.1", port)).rejects.toMatchObject({
      code: "address-unavailable",
      message: `Cannot listen on 127.0.0.1:${port}: set HOST and PORT to a free address.`,
    });
  });

  it("finish the request under way when they close", { tags: ["long"] }, async () => {
    let release: (() => void) | undefined;
    const held = new Promise<"stored">((resolve) => (release = () => resolve("stored")));
    let entered: (() => void) | undefined;
    const inside = new Promise<void>((resolve) => (entered = resolve));
    const slow = {
      ...memory,
      queue: {
        store: () => {
          entered?.();
          return held;
        },
      } as unknown as Ledger["queue"],
    };
    const listening = await listenOn(routes(toolsWith(slow)), "127.0.0.1", 0);
    const answer = fetch(listening.url + WEBHOOK_PATH, post("{}"));
    await inside;
    const closed = listening.close();
    release?.();
    expect((await answer).status).toBe(202);
    await closed;
  });
});

/** Sends raw text and answers the first line that comes back, without waiting for the server to read everything. */
function firstAnswer(port: number, parts: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let answered = false;
    socket.once("data", (data) => {
      answered = true;
      resolve(data.toString().split("\r\n")[0] ?? "");
      socket.destroy();
    });
    socket.on("error", (error) => {
      // The server may hang up on what it refuses to read.
      if (!answered) reject(error);
    });
    for (const part of parts) socket.write(part);
  });
}
