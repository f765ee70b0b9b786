/** A TCP proxy before a database: it passes on, swallows, cuts, or leads elsewhere, as a test tells it to. */

import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A running proxy. */
export interface Proxy {
  readonly port: number;
  /** Leads new connections to this port. */
  lead(port: number): void;
  /** From now on nothing is passed on in either direction, and nobody is told; `false` ends it for new connections. */
  swallow(silent: boolean): void;
  /** Cuts every connection. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1 that leads to another. */
export async function startProxy(port: number): Promise<Proxy> {
  let target = port;
  let silent = false;
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on("data", (data: Buffer) => {
        if (!silent) to.write(data);
      });
      from.on("error", () => undefined);
      from.on("close", () => {
        open.delete(from);
        // Who is cut off in silence does not hear that the other side is gone.
        if (!silent) to.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    lead: (to) => {
      target = to;
    },
    swallow: (now) => {
      silent = now;
    },
    cut: () => {
      for (const socket of open) socket.destroy();
    },
    async close() {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, "close");
    },
  };
}
