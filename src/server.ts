/** The HTTP doors: the webhook receiver (verify, store, answer), health, readiness, metrics. No call to GitHub is made here. */

import type { AddressInfo } from "node:net";

import { createAdaptorServer } from "@hono/node-server";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { verifyWithFallback } from "@octokit/webhooks-methods";
import { Hono } from "hono";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Logger } from "pino";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

import type { Instant } from "./domain/change.ts";
import { Trouble } from "./domain/trouble.ts";
import type { Ledger } from "./ledger/ledger.ts";

/** Where GitHub posts its webhooks: Probot's default. */
export const WEBHOOK_PATH = "/api/github/webhooks";

/** GitHub's own cap on a payload, in bytes. */
const LARGEST_BODY = 25 * 1024 * 1024;

/** GitHub hangs up after ten seconds: a store that takes longer is answered as a failure. In milliseconds. */
const STORE_PATIENCE = 8_000;

/** What the doors need. */
export interface DoorTools {
  readonly ledger: Pick<Ledger, "queue" | "head">;
  /** Every secret a signature may be made with, the current one first. */
  readonly webhookSecrets: readonly [string, ...(readonly string[])];
  /** The lane a delivery belongs to; never throws, whatever the payload. */
  readonly laneOf: (event: string, payload: unknown) => string;
  readonly clock: { now(): Instant };
  readonly log: Pick<Logger, "error" | "warn">;
  /** Called after a new delivery was stored, so that a worker need not wait for its next look. */
  readonly wake: () => void;
}

/** The doors as a Hono app: others' routes may be added before it listens. Its `fetch` is a server without a socket. */
export function doors(tools: DoorTools): Hono {
  const app = new Hono();
  const metrics = new Metrics(tools);
  const limit = bodyLimit({ maxSize: LARGEST_BODY, onError: (c) => refuse(c, metrics, "too-large") });

  app.post(WEBHOOK_PATH, async (c, next) => {
    const length = c.req.header("content-length");
    // With a length given, Node reads no more than that; only a body of unknown length is counted while it is read.
    if (length === undefined) return limit(c, next);
    return Number(length) > LARGEST_BODY ? refuse(c, metrics, "too-large") : next();
  });
  app.post(WEBHOOK_PATH, async (c) => {
    const end = metrics.seconds.startTimer();
    const answer = await receive(c, tools, metrics);
    end();
    return answer;
  });

  app.get("/healthz", (c) => c.json({ alive: true }));
  app.get("/readyz", async (c) => {
    try {
      await within(tools.ledger.head(), STORE_PATIENCE);
      return c.json({ ready: true });
    } catch (error) {
      const reason = error instanceof Trouble ? error.message : "The evidence log does not answer.";
      return c.json({ ready: false, reason }, 503);
    }
  });
  app.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, { "content-type": metrics.registry.contentType }),
  );
  app.onError((error, c) => {
    tools.log.error({ err: error, path: c.req.path }, "a request failed");
    return c.json({ error: "Something went wrong here; it has been logged." }, 500);
  });
  return app;
}

/** Why a delivery was not stored, each with the answer it gets. */
const REFUSALS = {
  "too-large": [413, "The body is larger than GitHub's own cap of 25 MB."],
  "missing-headers": [
    400,
    "X-GitHub-Event, X-GitHub-Delivery or X-Hub-Signature-256 is missing: set a webhook secret.",
  ],
  "wrong-signature": [401, "The signature does not match any configured webhook secret."],
  "not-json": [400, "The body is not JSON: set the webhook's content type to application/json."],
  "store-failed": [503, "The delivery could not be stored; redeliver it later."],
} as const;

type Refusal = keyof typeof REFUSALS;

async function receive(c: Context, tools: DoorTools, metrics: Metrics): Promise<Response> {
  metrics.received.inc();
  const event = c.req.header("x-github-event");
  const id = c.req.header("x-github-delivery");
  const signature = c.req.header("x-hub-signature-256");
  if (!event || !id || !signature) return refuse(c, metrics, "missing-headers");

  const body = Buffer.from(await c.req.arrayBuffer());
  const text = body.toString("utf8");
  const [secret, ...older] = tools.webhookSecrets;
  if (text === "" || !(await verifyWithFallback(secret, text, signature, older)))
    return refuse(c, metrics, "wrong-signature");
  const payload = parsed(text);
  if (payload === undefined) return refuse(c, metrics, "not-json");

  const delivery = {
    id,
    event,
    action: actionOf(payload),
    lane: tools.laneOf(event, payload),
    receivedAt: tools.clock.now(),
    body,
  };
  try {
    const result = await within(tools.ledger.queue.store(delivery), STORE_PATIENCE);
    metrics.stored.inc({ result });
    if (result === "repeated") return acknowledge(c, 200, false);
  } catch (error) {
    tools.log.error({ err: error, delivery: id, event }, "a delivery could not be stored");
    return refuse(c, metrics, "store-failed", { "retry-after": "10" });
  }
  tools.wake();
  return acknowledge(c, 202, true);
}

/** The hot path's answer. On a socket it is written without a Response object, which would cost a fifth of the request. */
function acknowledge(c: Context, status: 200 | 202, stored: boolean): Response {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  if (outgoing === undefined) return c.json({ stored }, status);
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ stored }));
  return RESPONSE_ALREADY_SENT;
}

function refuse(
  c: Context,
  metrics: Metrics,
  reason: Refusal,
  headers: Readonly<Record<string, string>> = {},
): Response {
  metrics.refused.inc({ reason });
  const [status, error] = REFUSALS[reason];
  // What is left of a body that is too large is not read: the connection cannot be used again.
  return c.json({ error }, status, status === 413 ? { connection: "close" } : headers);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function actionOf(payload: unknown): string | null {
  if (typeof payload !== "object" || payload === null || !("action" in payload)) return null;
  return typeof payload.action === "string" ? payload.action : null;
}

async function within<T>(work: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Trouble("database-unreachable", "The database took too long to answer.")),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What Prometheus is told; a registry of its own, so that two apps in one process do not meet. */
class Metrics {
  readonly registry = new Registry();
  readonly received = new Counter({
    name: "countersign_deliveries_received_total",
    help: "Webhook deliveries that reached us.",
    registers: [this.registry],
  });
  readonly stored = new Counter({
    name: "countersign_deliveries_stored_total",
    help: "Deliveries stored, or repeated and so stored already.",
    labelNames: ["result"],
    registers: [this.registry],
  });
  readonly refused = new Counter({
    name: "countersign_deliveries_refused_total",
    help: "Deliveries not stored, by reason.",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly seconds = new Histogram({
    name: "countersign_delivery_answer_seconds",
    help: "How long a delivery waited for its answer.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 1, 5, 10],
    registers: [this.registry],
  });

  readonly waiting: Gauge;
  readonly entries: Gauge;

  constructor({ ledger, clock }: DoorTools) {
    const registers = [this.registry];
    this.waiting = new Gauge({
      name: "countersign_waiting",
      help: "Deliveries and actions that wait, and how many of them are due.",
      labelNames: ["what", "due"],
      registers,
      async collect() {
        this.reset();
        const waiting = await ledger.queue.waiting(clock.now()).catch(() => null);
        if (waiting === null) return;
        this.set({ what: "deliveries", due: "yes" }, waiting.dueDeliveries);
        this.set({ what: "deliveries", due: "no" }, waiting.deliveries - waiting.dueDeliveries);
        this.set({ what: "actions", due: "yes" }, waiting.dueActions);
        this.set({ what: "actions", due: "no" }, waiting.actions - waiting.dueActions);
      },
    });
    this.entries = new Gauge({
      name: "countersign_log_entries",
      help: "Entries in the evidence log.",
      registers,
      async collect() {
        const head = await ledger.head().catch(() => null);
        this.set(head === null ? Number.NaN : head.size);
      },
    });
  }
}

/** A server that listens; `close` lets requests under way finish, and cuts them off after ten seconds. */
export interface Listening {
  /** E.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Listens; port 0 takes a free one. Throws Trouble `address-unavailable`. */
export function listen(app: Pick<Hono, "fetch">, host: string, port: number): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: 30_000 },
  });
  if (!("closeIdleConnections" in server)) throw new TypeError("an HTTP/1 server was asked for");
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new Trouble(
          "address-unavailable",
          `Cannot listen on ${host}:${port}: set HOST and PORT to a free address.`,
          {
            cause,
          },
        ),
      );
    });
    server.listen(port, host, () => {
      const { port: actual, address } = server.address() as AddressInfo;
      resolve({
        url: `http://${address.includes(":") ? `[${address}]` : address}:${actual}`,
        port: actual,
        close: () =>
          new Promise((done) => {
            const cut = setTimeout(() => server.closeAllConnections(), 10_000);
            server.close(() => {
              clearTimeout(cut);
              done();
            });
            server.closeIdleConnections();
          }),
      });
    });
  });
}
