/**
 * How long it takes from a review's webhook, or from that of `/countersign authorise`, to the finished check run, the App in
 * process against the GitHub double. `node bench/latency.ts [--json]`. `own` leaves out the time in which the double was answering.
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
  /** The same without the time in which the double was answering at least one request: ours alone. */
  readonly own: { readonly p50: number; readonly p99: number; readonly max: number };
  /** What the double took. */
  readonly double: { readonly p50: number; readonly p99: number; readonly max: number };
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
  let reading: Promise<number>[] = [];
  let isTimed = false;
  let asked: Span[] = [];
  const stage = await openStage(readStory(STORY, "bench/latency.ts"), "sqlite", {
    onDelivery(request) {
      if (request.headers.get("x-github-event") === event && isTimed) delivered ||= performance.now();
    },
    onRequest(request) {
      if (!request.url.includes("/check-runs") || request.method === "GET" || !isTimed) return;
      const at = performance.now();
      // Only a green check ends the wait.
      reading.push(isGreen(request.clone()).then((green) => (green ? at : 0)));
    },
    onAnswer(from) {
      if (isTimed) asked.push({ from, to: performance.now() });
    },
  });
  const times: number[] = [];
  const doubles: number[] = [];
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
      [delivered, reading, isTimed, asked] = [0, [], true, []];
      await play(timed(pull));
      isTimed = false;
      const written = Math.max(0, ...(await Promise.all(reading)));
      if (written === 0) throw new Error(`no green check was written of pull request ${pull}`);
      times.push(written - delivered);
      doubles.push(covered(asked, { from: delivered, to: written }));
    }
  } finally {
    await stage.close();
  }
  const own = times.map((time, index) => time - (doubles[index] ?? 0));
  return { reviews, ...quantiles(times), own: quantiles(own), double: quantiles(doubles) };

  async function play(step: Step): Promise<void> {
    const { refused, unplayable } = await stage.double.act(step as unknown as DoStep);
    if (refused !== null || unplayable !== null) throw new Error(`${refused ?? unplayable}`);
    await stage.double.idle();
    await stage.app.settle();
  }
}

async function isGreen(request: Request): Promise<boolean> {
  return (await request.text()).includes('"success"');
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** How much of a span these others cover (ms), each moment once. */
function covered(spans: readonly Span[], { from, to }: Span): number {
  let sum = 0;
  let end = from;
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const until = Math.min(span.to, to);
    if (until <= end) continue;
    sum += until - Math.max(span.from, end);
    end = until;
  }
  return sum;
}

function quantiles(values: readonly number[]): Latency["own"] {
  return { p50: quantile(values, 0.5), p99: quantile(values, 0.99), max: quantile(values, 1) };
}

/** A table's row of it, in ms. */
export function latencyRow({ reviews, p50, p99, own, double }: Latency): Readonly<Record<string, number>> {
  const rounded = (value: number): number => Number(value.toFixed(1));
  return {
    times: reviews,
    p50: rounded(p50),
    p99: rounded(p99),
    "p50 without the double": rounded(own.p50),
    "p99 without the double": rounded(own.p99),
    "p50 of the double": rounded(double.p50),
    "p99 of the double": rounded(double.p99),
  };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { json: { type: "boolean", default: false } } });
  const rows = { review: await benchLatency(), authorise: await benchAuthorise() };
  if (values.json) console.log(JSON.stringify(rows, null, 2));
  else console.table({ review: latencyRow(rows.review), authorise: latencyRow(rows.authorise) });
}
