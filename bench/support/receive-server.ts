/** The servers of `bench/receive.ts`, one a process: `bare` only checks the signature; `ours` is the App's webhook door over a ledger. */

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { pino } from "pino";

import { laneOf, signal } from "../../src/github/webhooks/signal.ts";
import { openLedger } from "../../src/ledger/open.ts";
import type { StoreLocation } from "../../src/ledger/database/store.ts";
import { listenOn } from "../../src/listening.ts";
import { routes } from "../../src/server.ts";

const [, , kind = "bare", secret = "", where = ""] = process.argv;
process.once("disconnect", () => process.exit(0));
process.on("message", () => process.send?.(process.cpuUsage()));
process.send?.(kind === "bare" ? await bare() : await ours(JSON.parse(where) as StoreLocation));

/** Answers the port. */
function bare(): Promise<number> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const made = createHmac("sha256", secret).update(Buffer.concat(parts)).digest("hex");
      const given = String(request.headers["x-hub-signature-256"]);
      const right = timingSafeEqual(Buffer.from(`sha256=${made}`), Buffer.from(given));
      response.writeHead(right ? 202 : 401, { "content-type": "application/json" }).end(`{"stored":false}`);
    });
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}

/** Answers the port. */
async function ours(store: StoreLocation): Promise<number> {
  const app = routes({
    ledger: await openLedger(store),
    webhookSecrets: [secret],
    sources: [],
    missed: () => undefined,
    meaningOf: (event, payload, arrival) => {
      const { kind } = signal(event, payload, { ...arrival, appId: 1 });
      return { lane: laneOf(event, payload), ignored: kind === "ignored" ? kind : null };
    },
    clock: { now: () => Date.now() },
    log: pino({ level: "silent" }),
    wake: () => undefined,
  });
  return (await listenOn(app, "127.0.0.1", 0)).port;
}
