/** Both doors on a socket over a ledger of their own, and clients that write the bytes of their requests themselves. */

import { createHmac, randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";

import { pino } from "pino";

import { reportSignature } from "../../src/domain/deployment/report.ts";
import type { RouteTools } from "../../src/server.ts";

/** The secrets of the webhook and of the one source of reports. */
export const SECRET = "the webhook's secret";
export const SOURCE = { name: "jenkins", secrets: ["s".repeat(32)], repositories: null } as const;

/** When every test begins. */
export const NOW = Date.parse("2026-07-06T09:00:00Z");

/** A ledger in memory: what was stored, by id. */
export interface Memory {
  readonly stored: Map<string, Uint8Array>;
  readonly ledger: RouteTools["ledger"];
}

/** Makes a ledger in memory that knows the repository acme/web. */
export function memory(): Memory {
  const stored = new Map<string, Uint8Array>();
  const queue: Pick<RouteTools["ledger"]["queue"], "store" | "bodyOf" | "waiting"> = {
    waiting: async () => ({ deliveries: 0, actions: 0, dueDeliveries: 0, dueActions: 0, nextDueAt: null }),
    store: async ({ id, body }) => {
      if (stored.has(id)) return "repeated";
      stored.set(id, body);
      return "stored";
    },
    bodyOf: async (id) => stored.get(id) ?? null,
  };
  async function* states(kind: string) {
    if (kind === "repository")
      yield { body: { repository: { id: 7, owner: "acme", name: "web" }, removedAt: null } };
  }
  const head = async () => ({ size: stored.size, hash: "" });
  const presence = async () => ({ lastBeat: null, lastSweeps: new Map() });
  const tryToStore = async (): Promise<void> => undefined;
  const committed = (): number => stored.size;
  const recordedVerdicts = () => new Map();
  const ledger = { queue, states, head, presence, committed, recordedVerdicts, tryToStore };
  return { stored, ledger: ledger as unknown as RouteTools["ledger"] };
}

/** What the doors need, on that ledger. */
export function toolsOn(ledger: RouteTools["ledger"], more: Partial<RouteTools> = {}): RouteTools {
  return {
    ledger,
    webhookSecrets: [SECRET],
    sources: [SOURCE],
    meaningOf: (event) => ({ lane: `lane of ${event}`, ignored: null }),
    clock: { now: () => NOW },
    log: pino({ level: "silent" }),
    wake: () => undefined,
    missed: () => undefined,
    ...more,
  };
}

/** The headers GitHub sends with a delivery, signed. */
export function webhookHeaders(body: string | Uint8Array, id: string = randomUUID()): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-github-event": "pull_request",
    "x-github-delivery": id,
    "x-hub-signature-256": `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`,
  };
}

/** The headers of a report, signed. */
export function reportHeaders(body: string): Record<string, string> {
  const timestamp = String(NOW / 1000);
  return {
    "x-countersign-source": SOURCE.name,
    "x-countersign-timestamp": timestamp,
    "x-countersign-signature-256": reportSignature(SOURCE.secrets[0], timestamp, body),
  };
}

/** The first lines of a request, as they go over the wire. */
export function head(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: "countersign", ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `POST ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** A body in chunks of so many bytes, as `Transfer-Encoding: chunked` sends it. */
export function chunked(body: string | Uint8Array, size: number): Buffer {
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    const part = bytes.subarray(from, from + size);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

/** A connection, and the status of what was answered on it first: 0 when it was closed without an answer. */
export interface Client {
  readonly socket: Socket;
  readonly status: Promise<number>;
}

/** Connects and writes what it is given; what comes afterwards is the caller's. */
export function send(port: number, ...parts: readonly (string | Uint8Array)[]): Client {
  const socket = connect(port, "127.0.0.1");
  const status = new Promise<number>((resolve) => {
    let said = "";
    socket.on("data", (data: Buffer) => {
      said += data.toString("latin1");
      const found = /^HTTP\/1\.1 (\d{3})/u.exec(said)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    // The server may hang up on what it refuses to read.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(0));
  });
  for (const part of parts) socket.write(part);
  return { socket, status };
}
