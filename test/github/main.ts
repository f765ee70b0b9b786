/**
 * The GitHub double as a program: `node test/github/main.ts [--port N] [--conformance] [--until-stdin-ends]`. Prints its address
 * as one line of JSON, and stops on SIGTERM, on SIGINT, or when whoever started it is gone and its standard input with them.
 */

import { parseArgs } from "node:util";
import { serve } from "@hono/node-server";
import { ControlledDouble } from "./control.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    conformance: { type: "boolean", default: false },
    "until-stdin-ends": { type: "boolean", default: false },
  },
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

function stop(): void {
  server.close();
  void double.close().finally(() => process.exit(0));
}
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
if (values["until-stdin-ends"]) process.stdin.resume().once("end", stop);
