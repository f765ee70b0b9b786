/**
 * How long it takes from a review's webhook to the finished check run, the App in process against the GitHub double.
 * `node bench/latency.ts [--json]`. What the double itself takes to answer is part of it.
 */

import { parseArgs } from "node:util";

import type { DoStep } from "../src/cli/scenario/steps.ts";
import { readStory } from "../test/support/scenarios.ts";
import { openStage } from "../test/support/stage.ts";

/** Milliseconds from the delivery to the check run's request, over `reviews` reviews one after the other. */
export interface Latency {
  readonly reviews: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const STORY = `
name: latency
policy: { mode: enforce, approval: { required: 1, from: { teams: [acme/core] } } }
people: { ann: { permission: write }, bob: { permission: write, teams: [core] } }
story: [{ do: comment, by: ann, pull: 1, text: begin }]
`;

/** Opens so many pull requests of one commit, then reviews each, and times every answer. */
export async function benchLatency(reviews = 200): Promise<Latency> {
  let delivered = 0;
  let written = 0;
  const stage = await openStage(readStory(STORY, "bench/latency.ts"), "sqlite", {
    onDelivery(request) {
      if (request.headers.get("x-github-event") === "pull_request_review") delivered = performance.now();
    },
    onRequest(request) {
      if (request.url.includes("/check-runs") && request.method !== "GET") written = performance.now();
    },
  });
  const times: number[] = [];
  try {
    const steps = Array.from({ length: reviews }, (_, index) => index + 1);
    for (const pull of steps) {
      await play({
        do: "open-pull-request",
        by: "ann",
        pull,
        branch: `b${pull}`,
        files: { [`f${pull}`]: "1" },
      });
    }
    for (const pull of steps) {
      await play({ do: "review", by: "bob", pull, state: "approved" });
      times.push(written - delivered);
    }
  } finally {
    await stage.close();
  }
  return { reviews, p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };

  async function play(step: Record<string, unknown>): Promise<void> {
    const { refused, unplayable } = await stage.double.act(step as unknown as DoStep);
    if (refused !== null || unplayable !== null) throw new Error(`${refused ?? unplayable}`);
    await stage.double.idle();
    await stage.app.settle();
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const latency = await benchLatency();
  if (values.json) console.log(JSON.stringify(latency, null, 2));
  else console.table([latency]);
}
