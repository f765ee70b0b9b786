/** The story's clock, and waiting until the App is idle. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Harness } from "./harness/harness.ts";
import { durationOf, momentOf } from "./format/words.ts";

/** Returns when a step happens. */
export function timeOf(
  step: { readonly after?: string | undefined; readonly at?: string | undefined },
  now: Instant,
): Instant {
  if (step.at !== undefined) return momentOf(step.at);
  return step.after === undefined ? now : now + durationOf(step.after);
}

/** Moves GitHub's clock, then the App's through its timetable, and waits until all due work is done. */
export async function moveTo(harness: Harness, now: Instant, to: Instant): Promise<Instant> {
  if (to === now) return now;
  await harness.double.setClock(to);
  await harness.app.advance(to);
  await untilIdle(harness);
  return to;
}

/** More rounds than any story needs. The expectations of a story that never becomes idle fail. */
const ROUNDS = 20;

/** Waits until the App is idle, also after the webhooks that its own writes cause. */
export async function untilIdle({ app, double }: Pick<Harness, "app" | "double">): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await double.marker();
    await app.settle();
    await double.idle();
    if ((await double.workSince(before)) === 0) return;
  }
}
