/**
 * How long it takes from a review's webhook, or from that of `/countersign authorise`, to the finished check run, the App in
 * process against the GitHub double. `node bench/latency.ts [--json]`. What the double itself takes to answer is part of it.
 */

import { parseArgs } from "node:util";

import type { DoStep } from "../src/cli/scenario/steps.ts";
import { readStory } from "../test/support/scenarios.ts";
import { openStage } from "../test/support/stage.ts";

/** Milliseconds from the delivery to the check run's request, over `reviews` reviews (or authorisations) one after the other. */
export interface Latency {
  readonly reviews: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

const STORY = `
name: latency
policy:
  mode: enforce
  approval: { required: 1, from: { teams: [acme/core] } }
  emergency: { authorisers: { teams: [acme/core] } }
people: { ann: { permission: write }, bob: { permission: write, teams: [core] } }
story: [{ do: comment, by: ann, pull: 1, text: begin }]
`;

/** Opens so many pull requests of one commit, then reviews each, and times every answer. */
export function benchLatency(reviews = 200): Promise<Latency> {
  return bench(reviews, "pull_request_review", [], (pull) => {
    return { do: "review", by: "bob", pull, state: "approved" };
  });
}

/** The same from `/countersign authorise` on as many declared emergencies to the check that turned green. */
export function benchAuthorise(authorisations = 100): Promise<Latency> {
  const declared = (pull: number): Step => {
    return { do: "command", by: "ann", pull, text: "/countersign emergency the shop is down" };
  };
  return bench(authorisations, "issue_comment", [declared], (pull) => {
    return { do: "command", by: "bob", pull, text: "/countersign authorise" };
  });
}

type Step = Readonly<Record<string, unknown>>;

async function bench(
  reviews: number,
  event: string,
  before: readonly ((pull: number) => Step)[],
  timed: (pull: number) => Step,
): Promise<Latency> {
  let delivered = 0;
  let written = 0;
  let isTimed = false;
  const stage = await openStage(readStory(STORY, "bench/latency.ts"), "sqlite", {
    onDelivery(request) {
      if (request.headers.get("x-github-event") === event && isTimed) delivered ||= performance.now();
    },
    onRequest(request) {
      if (request.url.includes("/check-runs") && request.method !== "GET" && isTimed)
        written = performance.now();
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
      for (const step of before) await play(step(pull));
      [delivered, written, isTimed] = [0, 0, true];
      await play(timed(pull));
      isTimed = false;
      if (written === 0) throw new Error(`no check was written of pull request ${pull}`);
      times.push(written - delivered);
    }
  } finally {
    await stage.close();
  }
  return { reviews, p50: quantile(times, 0.5), p99: quantile(times, 0.99), max: quantile(times, 1) };

  async function play(step: Step): Promise<void> {
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
  const rows = { review: await benchLatency(), authorise: await benchAuthorise() };
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else console.table(rows);
}
