/** The GitHub double as a program: `node test/github/main.ts [--port N] [--conformance]`. Prints its address as one line of JSON, and stops on SIGTERM or SIGINT. */

import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { ControlledDouble } from "./control.ts";

const { values } = parseArgs({
  options: { port: { type: "string", default: "0" }, conformance: { type: "boolean", default: false } },
});

const address = { url: "" };
const double = new ControlledDouble({
  conformance: values.conformance,
  get apiUrl() {
    return `${address.url}/api/v3`;
  },
  get webUrl() {
    return address.url;
  },
});

const server = serve(
  { fetch: (request) => double.fetch(request), hostname: "127.0.0.1", port: Number(values.port) },
  ({ port }) => {
    address.url = `http://127.0.0.1:${port}`;
    process.stdout.write(`${JSON.stringify({ url: address.url })}\n`);
  },
);

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    server.close();
    void double.close().finally(() => process.exit(0));
  });
