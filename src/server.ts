/** The HTTP routes: the webhook receiver (verify, store, answer), health, readiness, metrics. No call to GitHub is made here. */

import { createHmac, timingSafeEqual } from "node:crypto";

import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono } from "hono";
import type { Context } from "hono";
import type { Logger } from "pino";

import type { Meaning } from "./arrivals.ts";
import { RequestBodies, isTooLarge } from "./bodies.ts";
import type { Instant } from "./domain/time/instant.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { Metrics, type Caches } from "./metrics.ts";
import { ServerReadiness, storedInTime } from "./ready.ts";
import { Refusals } from "./refusals.ts";
import type { Pacing } from "./github/api/pacing.ts";
import type { DeliveryMetadata } from "./github/webhooks/subject.ts";
import { addReportRoute } from "./report-route.ts";
import type { DeploymentSource } from "./sources.ts";

/** Names the path to which GitHub posts its webhooks: Probot's default. */
export const WEBHOOK_PATH = "/api/github/webhooks";

/** GitHub's own cap on a payload, in bytes. */
const LARGEST_BODY = 25 * 1024 * 1024;

/** Holds what the routes need. */
export interface RouteTools {
  readonly ledger: Pick<
    Ledger,
    "queue" | "head" | "presence" | "states" | "committed" | "recordedVerdicts" | "tryToStore"
  >;
  /** Every secret a signature may be made with, the current one first. */
  readonly webhookSecrets: readonly [string, ...(readonly string[])];
  /** Who may report deployments from outside GitHub. */
  readonly sources: readonly DeploymentSource[];
  /** Returns the meaning of a delivery, by itself alone; never throws, whatever the payload. */
  readonly meaningOf: (
    event: string,
    payload: unknown,
    arrival: Omit<DeliveryMetadata, "appId">,
    bytes: number,
  ) => Meaning;
  readonly clock: { now(): Instant };
  readonly log: Pick<Logger, "error" | "warn">;
  /** Called after a new delivery was stored, so that a worker need not wait for its next poll. */
  readonly wake: () => void;
  /** Called when a delivery of GitHub's may have been turned away: it is to be requested again. */
  readonly missed: () => void;
  /** Returns why the App may not begin yet, however well it stores; null: it may. Default: always. */
  readonly held?: () => string | null;
  /** Returns why the App is not ready, though it stores what arrives; null: it is. Default: always. */
  readonly unready?: () => string | null;
  /** Returns whether GitHub refuses the App's key, by its last answer to the App itself; null: it has not answered. */
  readonly isKeyRefused?: () => boolean | null;
  /** Keeps to GitHub's limits, and shows monitors how. */
  readonly pacing?: Pick<Pacing, "paced" | "left">;
  /** Adds what is measured of the whole process to the metrics; default: false. */
  readonly isProcessMeasured?: boolean;
  /** What is kept in memory, by name. */
  readonly caches?: Caches;
  /** Answers whatever no route does: the pages people read. `isPublic`: at the App's own address; else where monitors look. */
  readonly pages?: { readonly fetch: Hono["fetch"]; readonly isPublic: boolean };
}

/**
 * Returns the routes as a Hono app, whose `fetch` is a server without a socket. Other routes may be added before it listens.
 * `inner`: the app that serves readiness, metrics and pages, where that is not the same.
 */
export function routes(tools: RouteTools, inner: Hono | null = null): Hono {
  const app = new Hono();
  const metrics = new Metrics(tools.ledger, tools.clock, tools.isKeyRefused, tools.pacing, tools.caches);
  if (tools.isProcessMeasured === true) metrics.addProcess();
  const ready = new ServerReadiness(tools.ledger, () => unreadyBecause(tools));
  const bodies = new RequestBodies();
  const webhooks: Webhooks = {
    ...tools,
    ready,
    bodies,
    metrics,
    refusals: new Refusals("webhooks", tools.log, metrics.deliveries.refused),
  };
  app.post(WEBHOOK_PATH, async (c) => {
    const end = metrics.seconds.startTimer();
    const answer = await receive(c, webhooks);
    end();
    return answer;
  });
  const refusals = new Refusals("reports", tools.log, metrics.reports.refused);
  addReportRoute(app, { ...tools, ready, bodies, refusals, figures: metrics.reports });

  app.get("/healthz", (c) => c.json({ alive: true }));
  const monitored = inner ?? app;
  monitored.get("/readyz", async (c) => {
    const reason = await ready.reason();
    return reason === null ? c.json({ ready: true }) : c.json({ ready: false, reason }, 503);
  });
  monitored.get("/metrics", async (c) =>
    c.text(await metrics.registry.metrics(), 200, { "content-type": metrics.registry.contentType }),
  );
  const { pages } = tools;
  // Only what no route takes: whatever pages there are, no delivery passes through their code.
  if (pages !== undefined) (pages.isPublic ? app : monitored).notFound((c) => pages.fetch(c.req.raw, c.env));
  app.onError((error, c) => {
    tools.log.error({ err: error, path: c.req.path }, "a request failed");
    return c.json({ error: "Something went wrong here; it has been logged." }, 500);
  });
  return app;
}

/** Returns every reason not to be ready, what may be the cause of the others first; null: there is none. */
function unreadyBecause({ held, unready }: Pick<RouteTools, "held" | "unready">): string | null {
  const reasons = [unready?.() ?? null, held?.() ?? null].filter((each) => each !== null);
  return reasons.length === 0 ? null : reasons.join(" ");
}

/** Why a delivery was not stored, each with the answer it gets. */
const REFUSALS = {
  "too-large": [413, "The body is larger than GitHub's own cap of 25 MB."],
  "too-busy": [503, "Too many bodies are being received; redeliver it later."],
  "cut-off": [400, "The body ended before its time, or took longer than ten seconds."],
  "missing-headers": [
    400,
    "X-GitHub-Event, X-GitHub-Delivery or X-Hub-Signature-256 is missing: set a webhook secret.",
  ],
  "wrong-headers": [400, "X-GitHub-Event or X-GitHub-Delivery is nothing GitHub sends."],
  "wrong-signature": [401, "The signature does not match any configured webhook secret."],
  "not-json": [400, "The body is not JSON: set the webhook's content type to application/json."],
  "not-begun": [503, "The App has not begun to work; redeliver it later."],
  "store-failed": [503, "The delivery could not be stored; redeliver it later."],
} as const;

type Refusal = keyof typeof REFUSALS;

/** Restricts names and ids, because no signature covers headers: a delivery is never taken for one of our own tasks. */
const EVENT = /^[a-z][a-z0-9_]{0,99}$/u;
const DELIVERY_ID = /^[A-Za-z0-9-]{1,100}$/u;

interface Webhooks extends RouteTools {
  readonly ready: ServerReadiness;
  readonly bodies: RequestBodies;
  readonly metrics: Metrics;
  readonly refusals: Refusals;
}

async function receive(c: Context, tools: Webhooks): Promise<Response> {
  tools.metrics.deliveries.received.inc();
  if (isTooLarge(c, LARGEST_BODY)) return refuse(c, tools, "too-large");
  const event = c.req.header("x-github-event");
  const id = c.req.header("x-github-delivery");
  const signature = c.req.header("x-hub-signature-256");
  if (!event || !id || !signature) return refuse(c, tools, "missing-headers");
  if (!EVENT.test(event) || !DELIVERY_ID.test(id)) return refuse(c, tools, "wrong-headers");
  if (tools.held?.() != null) return refuse(c, tools, "not-begun");

  const body = await tools.bodies.read(c, LARGEST_BODY);
  if (typeof body === "string") return refuse(c, tools, body);
  try {
    if (body.chunks.length === 0 || !isSigned(tools.webhookSecrets, body.chunks, signature))
      return refuse(c, tools, "wrong-signature");
    return await store(c, tools, { id, event }, body.bytes());
  } finally {
    body.release();
  }
}

async function store(
  c: Context,
  tools: Webhooks,
  { id, event }: { readonly id: string; readonly event: string },
  body: Buffer,
): Promise<Response> {
  const payload = parsed(body.toString("utf8"));
  if (payload === undefined) return refuse(c, tools, "not-json");
  const receivedAt = tools.clock.now();
  const arrival = { delivery: id, receivedAt };
  const { lane, ignored, keep } = tools.meaningOf(event, payload, arrival, body.byteLength);
  const delivery = { id, event, action: actionOf(payload), lane, receivedAt, body };
  try {
    const result = await storedInTime(tools.ledger.queue.store(delivery, ignored));
    tools.metrics.deliveries.stored.inc({ result });
    if (result === "repeated") return acknowledge(c, 200, false);
  } catch (error) {
    tools.ready.couldNotStore(body.byteLength, error);
    return refuse(c, tools, "store-failed", error);
  }
  if (ignored === null) {
    keep?.();
    tools.wake();
  }
  return acknowledge(c, 202, true);
}

/** The hot path's answer. On a socket it is written without a Response object, which would cost a fifth of the request. */
function acknowledge(c: Context, status: 200 | 202, stored: boolean): Response {
  const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
  if (outgoing === undefined) return c.json({ stored }, status);
  outgoing.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ stored }));
  return RESPONSE_ALREADY_SENT;
}

function refuse(c: Context, tools: Webhooks, reason: Refusal, cause?: unknown): Response {
  const [status, error] = REFUSALS[reason];
  tools.refusals.add(reason, error, cause);
  // GitHub may have sent it. The sender's own words are no reason to request anything in particular.
  if (status === 503) tools.missed();
  return c.json({ error }, status, {
    ...(status === 503 ? { "retry-after": "10" } : {}),
    // What is left of a body that is too large is not read: the connection cannot be used again.
    ...(reason === "too-large" ? { connection: "close" } : {}),
  });
}

/** Returns true where one of the secrets signed these bytes. */
function isSigned(secrets: readonly string[], chunks: readonly Uint8Array[], signature: string): boolean {
  const given = Buffer.from(signature);
  return secrets.some((secret) => {
    const mac = createHmac("sha256", secret);
    for (const chunk of chunks) mac.update(chunk);
    const wanted = Buffer.from(`sha256=${mac.digest("hex")}`);
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  });
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
