/** The route for deployments that a pipeline outside GitHub reports: verify, store, answer. No call to GitHub is made here. */

import { timingSafeEqual } from "node:crypto";
import type { Context, Hono } from "hono";
import { isTooLarge, type RequestBodies } from "./bodies.ts";
import type { Instant } from "./domain/time/instant.ts";
import { canonical } from "./domain/values/digest.ts";
import { matchesAny } from "./domain/patterns/glob.ts";
import {
  REPORT_HEADERS,
  REPORT_WINDOW,
  ReportSchema,
  reportSignature,
  type ReceivedReport,
} from "./domain/deployment/report.ts";
import { taskEvent } from "./domain/records/task.ts";
import { repositoryOnRecord } from "./flows/records/named-repository.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { RouteFigures } from "./metrics.ts";
import { storedInTime, type ServerReadiness } from "./ready.ts";
import type { Refusals } from "./refusals.ts";
import type { DeploymentSource } from "./sources.ts";

/** Names the path to which pipelines post their reports. */
export const REPORT_PATH = "/api/deployments";

const LARGEST_BODY = 64 * 1024;

/** Holds what the route needs. */
export interface ReportRouteTools {
  readonly ledger: Pick<Ledger, "queue" | "states">;
  readonly sources: readonly DeploymentSource[];
  readonly clock: { now(): Instant };
  readonly wake: () => void;
  /** Returns why the App may not begin yet; null: it may. */
  readonly held?: () => string | null;
  readonly ready: Pick<ServerReadiness, "couldNotStore">;
  readonly bodies: RequestBodies;
  readonly refusals: Refusals;
  readonly figures: RouteFigures;
}

/** Adds the route to an app. Without sources its answer is that none is set up. */
export function addReportRoute(app: Hono, tools: ReportRouteTools): void {
  app.post(REPORT_PATH, (c) => receive(c, tools));
}

/** Lists why a report is not stored, each with the answer it gets. */
const REFUSALS = {
  "too-large": [413, "The body is larger than 64 KB."],
  "too-busy": [503, "Too many bodies are being received; send the report again later."],
  "cut-off": [400, "The body ended before its time, or took longer than ten seconds."],
  "missing-headers": [
    401,
    "X-Countersign-Source, X-Countersign-Timestamp or X-Countersign-Signature-256 is missing.",
  ],
  // A sender who guesses at names and secrets gets the same answer for both.
  "wrong-signature": [
    401,
    "The signature is not of a source we know: HMAC-SHA256, in hex, of the timestamp, a dot and the body.",
  ],
  "wrong-time": [
    401,
    "The timestamp is not within five minutes of ours: give seconds since 1970, and set the clock.",
  ],
  "wrong-report": [422, "The report is not as it must be."],
  "wrong-repository": [
    422,
    "The repository is none this source may report, or none the App is installed on.",
  ],
  "id-taken": [409, "Another deployment was reported under this id before: give each its own id."],
  "not-begun": [503, "The App has not begun to work; send the report again later."],
  "store-failed": [503, "The report could not be stored; send it again later."],
} as const;

type Refusal = keyof typeof REFUSALS;

async function receive(c: Context, tools: ReportRouteTools): Promise<Response> {
  tools.figures.received.inc();
  if (isTooLarge(c, LARGEST_BODY)) return refuse(c, tools, "too-large");
  const name = c.req.header(REPORT_HEADERS.source);
  const timestamp = c.req.header(REPORT_HEADERS.timestamp);
  const signature = c.req.header(REPORT_HEADERS.signature);
  if (name === undefined || timestamp === undefined || signature === undefined)
    return refuse(c, tools, "missing-headers");
  if (tools.held?.() != null) return refuse(c, tools, "not-begun");
  const body = await tools.bodies.read(c, LARGEST_BODY);
  if (typeof body === "string") return refuse(c, tools, body);
  try {
    const bytes = body.bytes();
    const source = tools.sources.find((each) => each.name === name);
    if (source === undefined || !isSigned(source, timestamp, signature, bytes))
      return refuse(c, tools, "wrong-signature");
    const now = tools.clock.now();
    if (!/^\d{1,12}$/u.test(timestamp) || Math.abs(Number(timestamp) * 1000 - now) > REPORT_WINDOW)
      return refuse(c, tools, "wrong-time");
    return await store(c, tools, source, bytes, now);
  } finally {
    body.release();
  }
}

async function store(
  c: Context,
  tools: ReportRouteTools,
  source: DeploymentSource,
  body: Uint8Array,
  now: Instant,
): Promise<Response> {
  const read = ReportSchema.safeParse(parsed(body));
  if (!read.success) {
    const problems = read.error.issues.map((issue) => `${issue.path.join(".") || "body"} ${issue.message}`);
    return refuse(c, tools, "wrong-report", {
      detail: `The report is not as it must be: ${problems.slice(0, 5).join("; ")}.`,
    });
  }
  const report = read.data;
  if (source.repositories !== null && !matchesAny(source.repositories, report.repository, "lets", true))
    return refuse(c, tools, "wrong-repository", {
      detail: `The source ${source.name} may not report deployments of ${report.repository}.`,
    });
  try {
    const repositoryId = await storedInTime(idOf(tools, report.repository));
    if (repositoryId === null)
      return refuse(c, tools, "wrong-repository", {
        detail: `The App is not installed on ${report.repository}, or does not know it yet.`,
      });
    const received: ReceivedReport = { repositoryId, source: source.name, report, receivedAt: now };
    const id = `report:${source.name}:${report.id}`;
    const result = await storedInTime(
      tools.ledger.queue.store({
        id,
        event: taskEvent("report"),
        action: null,
        lane: `repository:${repositoryId}`,
        receivedAt: now,
        body: Buffer.from(JSON.stringify(received)),
      }),
    );
    if (result === "repeated" && !isSame(await storedInTime(tools.ledger.queue.bodyOf(id)), received))
      return refuse(c, tools, "id-taken", {
        detail: `Another deployment was reported as ${report.id} before: give each its own id.`,
      });
    tools.figures.stored.inc({ result });
    tools.wake();
    return result === "repeated" ? c.json({ stored: false }, 200) : c.json({ stored: true }, 202);
  } catch (error) {
    tools.ready.couldNotStore(body.byteLength, error);
    return refuse(c, tools, "store-failed", { cause: error });
  }
}

function refuse(
  c: Context,
  tools: ReportRouteTools,
  reason: Refusal,
  { detail, cause }: { readonly detail?: string; readonly cause?: unknown } = {},
): Response {
  const [status, error] = REFUSALS[reason];
  tools.refusals.add(reason, error, cause);
  return c.json({ error: detail ?? error }, status, {
    ...(status === 503 ? { "retry-after": "10" } : {}),
    ...(reason === "too-large" ? { connection: "close" } : {}),
  });
}

function isSigned(source: DeploymentSource, timestamp: string, signature: string, body: Uint8Array): boolean {
  const given = Buffer.from(signature);
  return source.secrets.some((secret) => {
    const wanted = Buffer.from(reportSignature(secret, timestamp, body));
    return wanted.length === given.length && timingSafeEqual(wanted, given);
  });
}

function isSame(before: Uint8Array | null, { repositoryId, report }: ReceivedReport): boolean {
  if (before === null) return false;
  const kept = JSON.parse(new TextDecoder().decode(before)) as ReceivedReport;
  return canonical([kept.repositoryId, kept.report]) === canonical([repositoryId, report]);
}

async function idOf(tools: ReportRouteTools, fullName: string): Promise<number | null> {
  const found = await repositoryOnRecord(tools, fullName);
  return found?.removedAt === null ? found.repository.id : null;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch {
    return null;
  }
}
