/** The Probot function: every delivery the worker takes from the queue is handed to it, and it hands on what the delivery means. */

import type { ApplicationFunction } from "probot";

/** A delivery as Probot's handlers see it. */
export interface Received {
  readonly id: string;
  readonly event: string;
  readonly payload: unknown;
}

/** The App as Probot loads it; `heard` is called once for every delivery, and its failure is Probot's failure. */
export default function countersign(heard: (received: Received) => Promise<void>): ApplicationFunction {
  return (probot) => {
    probot.onAny(async ({ id, name, payload }) => {
      await heard({ id, event: name, payload });
    });
  };
}
