/** `npm run bench [-- --json]`: every benchmark, one table after the other. Figures of a busy machine mean little: read the ratios. */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

import { startPostgres } from "../test/support/postgres.ts";
import { assessTable, benchAssess } from "./assess.ts";
import { benchExport } from "./export.ts";
import { benchIdle, idleTable } from "./idle.ts";
import { benchAuthorise, benchLatency, latencyRow } from "./latency.ts";
import { benchReceive } from "./receive.ts";
import { benchRequests, requestsTable } from "./requests.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
const say = (text: string): void => {
  if (!values.json) console.log(text);
};

const postgres =
  process.env["BENCH_DATABASE_URL"] === undefined ? await startPostgres({ durable: true }) : null;
if (postgres !== null) process.env["BENCH_DATABASE_URL"] = postgres.url;
try {
  say(
    `Node ${process.version}, ${availableParallelism()} processors\n\nDeliveries accepted durably (24 KB, signed)`,
  );
  const receive = await benchReceive(4);
  if (!values.json) {
    console.table(
      receive.map(({ server, perSecond, ratio, p99, steady, bad }) => ({
        server,
        "a second": Math.round(perSecond),
        ratio: Number(ratio.toFixed(2)),
        "p99 ms": Number(p99.toFixed(1)),
        "p99 ms at 500/s": Number(steady.p99.toFixed(1)),
        bad,
      })),
    );
  }
  say("From a review's delivery to the finished check run, ms");
  const latency = await benchLatency();
  if (!values.json) console.table([latencyRow(latency)]);
  say("From the delivery of `/countersign authorise` to the green check, ms");
  const authorise = await benchAuthorise();
  if (!values.json) console.table([latencyRow(authorise)]);
  say("Exporting an evidence package");
  const exporting = await benchExport();
  if (!values.json) console.table(exporting);
  const assessing = benchAssess();
  say(`${assessTable(assessing)}\n`);
  const requests = await benchRequests();
  say(requestsTable(requests));
  const idle = await benchIdle();
  say(`\n${idleTable(idle)}`);
  if (values.json)
    console.log(
      JSON.stringify(
        { node: process.version, receive, latency, authorise, exporting, assessing, requests, idle },
        null,
        2,
      ),
    );
} finally {
  await postgres?.stop();
}
