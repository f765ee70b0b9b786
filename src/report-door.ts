/** The door for deployments that a pipeline outside GitHub reports: verify, store, answer. No call to GitHub is made here. */

import { timingSafeEqual } from "node:crypto";
import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Logger } from "pino";
import type { Instant } from "./domain/change.ts";
import { canonical } from "./domain/digest.ts";
import { matchesAny } from "./domain/policy/glob.ts";
import {
  REPORT_HEADERS,
  REPORT_WINDOW,
  ReportSchema,
  reportSignature,
  type ReceivedReport,
} from "./domain/report.ts";
import { REPORT } from "./flows/assess-report.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { DeploymentSource } from "./sources.ts";

/** Where pipelines post their reports. */
export const REPORT_PATH = "/api/deployments";

const LARGEST_BODY = 64 * 1024;

/** What the door needs. */
export interface ReportDoorTools {
  readonly ledger: Pick<Ledger, "queue" | "states">;
  readonly sources: readonly DeploymentSource[];
  readonly clock: { now(): Instant };
  readonly log: Pick<Logger, "error">;
  readonly wake: () => void;
}

/** Adds the door to an app. Without sources it answers that none is set up. */
export function addReportDoor(app: Hono, tools: ReportDoorTools): void {
  const tooLarge = (c: Context): Response =>
    c.json({ error: "The body is larger than 64 KB." }, 413, { connection: "close" });
  app.post(REPORT_PATH, bodyLimit({ maxSize: LARGEST_BODY, onError: tooLarge }));
  app.post(REPORT_PATH, (c) => receive(c, tools));
}

async function receive(c: Context, tools: ReportDoorTools): Promise<Response> {
  const refuse = (status: 401 | 409 | 422 | 503, error: string): Response => c.json({ error }, status);
  const name = c.req.header(REPORT_HEADERS.source);
  const timestamp = c.req.header(REPORT_HEADERS.timestamp);
  const signature = c.req.header(REPORT_HEADERS.signature);
  if (name === undefined || timestamp === undefined || signature === undefined)
    return refuse(
      401,
      "X-Countersign-Source, X-Countersign-Timestamp or X-Countersign-Signature-256 is missing.",
    );
  const body = await c.req.text();
  const source = tools.sources.find((each) => each.name === name);
  // Who guesses at names and secrets is told the same of both.
  if (source === undefined || !isSigned(source, timestamp, signature, body))
    return refuse(
      401,
      "The signature is not of a source we know: HMAC-SHA256, in hex, of the timestamp, a dot and the body.",
    );
  const now = tools.clock.now();
  if (!/^\d{1,12}$/u.test(timestamp) || Math.abs(Number(timestamp) * 1000 - now) > REPORT_WINDOW)
    return refuse(
      401,
      "The timestamp is not within five minutes of ours: give seconds since 1970, and set the clock.",
    );
  const read = ReportSchema.safeParse(parsed(body));
  if (!read.success) {
    const problems = read.error.issues.map((issue) => `${issue.path.join(".") || "body"} ${issue.message}`);
    return refuse(422, `The report is not as it must be: ${problems.slice(0, 5).join("; ")}.`);
  }
  const report = read.data;
  if (source.repositories !== null && !matchesAny(source.repositories, report.repository, true))
    return refuse(422, `The source ${name} may not report deployments of ${report.repository}.`);
  try {
    const repositoryId = await idOf(tools, report.repository);
    if (repositoryId === null)
      return refuse(422, `The App is not installed on ${report.repository}, or does not know it yet.`);
    const received: ReceivedReport = { repositoryId, source: name, report, receivedAt: now };
    const id = `report:${name}:${report.id}`;
    const stored = await tools.ledger.queue.store({
      id,
      event: REPORT,
      action: null,
      lane: `repository:${repositoryId}`,
      receivedAt: now,
      body: Buffer.from(JSON.stringify(received)),
    });
    if (stored === "repeated" && !isSame(await tools.ledger.queue.bodyOf(id), received))
      return refuse(409, `Another deployment was reported as ${report.id} before: give each its own id.`);
    tools.wake();
    return stored === "repeated" ? c.json({ stored: false }, 200) : c.json({ stored: true }, 202);
  } catch (error) {
    tools.log.error({ err: error, source: name }, "a report could not be stored");
    return refuse(503, "The report could not be stored; send it again later.");
  }
}

function isSigned(source: DeploymentSource, timestamp: string, signature: string, body: string): boolean {
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

async function idOf(tools: ReportDoorTools, fullName: string): Promise<number | null> {
  const wanted = fullName.toLowerCase();
  for await (const entry of tools.ledger.states("repository")) {
    const { repository, removedAt } = entry.body;
    if (removedAt === null && `${repository.owner}/${repository.name}`.toLowerCase() === wanted)
      return repository.id;
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
