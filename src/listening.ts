/** The sockets: of the App, and of the pages that register it before. */

import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { ExternalError } from "./domain/values/external-error.ts";

/** A sender that needs longer for a whole request is cut off: GitHub itself gives up then (ms). */
const PATIENCE = 10_000;

/** More connections than this at once would take all from the database. */
const MOST_CONNECTIONS = 500;

/** Describes a server that listens; `close` lets requests under way finish, and cuts them off after ten seconds. */
export interface Listening {
  /** E.g. `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Describes how a server listens. */
export interface ListenOptions {
  /** The time a sender has for a whole request (ms). */
  readonly patience?: number;
  /** What helps against an address that cannot be had, completing a sentence. */
  readonly cure?: string;
}

/** Listens; port 0 takes a free one. Throws ExternalError `address-unavailable`. */
export function listenOn(
  app: Pick<Hono, "fetch">,
  host: string,
  port: number,
  { patience = PATIENCE, cure = "set HOST and PORT to a free address" }: ListenOptions = {},
): Promise<Listening> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      requestTimeout: patience,
      headersTimeout: patience,
      connectionsCheckingInterval: Math.min(1_000, patience / 4),
    },
  });
  if (!("closeIdleConnections" in server)) throw new TypeError("an HTTP/1 server was asked for");
  server.maxConnections = MOST_CONNECTIONS;
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => {
      reject(
        new ExternalError("address-unavailable", `Cannot listen on ${host}:${port}: ${cure}.`, { cause }),
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
