/** The Probot function, and a delivery's way through it. */

import type { ApplicationFunction, Probot } from "probot";
import type { Arrivals } from "./arrivals.ts";
import { understand, ignoredNote, type UnderstoodDelivery } from "./flows/jobs/intake.ts";
import type { Tools } from "./flows/context/tools.ts";
import type { Receive } from "./flows/jobs/lane.ts";

/** Describes a delivery as Probot's handlers receive it. */
export interface Received {
  readonly id: string;
  readonly event: string;
  readonly payload: unknown;
}

/** Returns the App as Probot loads it. `handle` is called once for every delivery, and its failure is Probot's failure. */
export default function countersign(handle: (received: Received) => Promise<void>): ApplicationFunction {
  return (probot) => {
    probot.onAny(async ({ id, name, payload }) => {
      await handle({ id, event: name, payload });
    });
  };
}

/**
 * Loads the App into Probot and returns how the worker has a delivery parsed. Two hops, the fewest there can be: Probot's `receive`
 * returns nothing of what its handlers found, so the handler stores it under the delivery's id.
 */
export async function throughProbot(probot: Probot, tools: Tools, arrivals: Arrivals): Promise<Receive> {
  const parsing = new Map<string, (received: Received) => Promise<void>>();
  await probot.load(countersign(async (received) => parsing.get(received.id)?.(received)));
  return async ({ id, event, receivedAt, body }, lease) => {
    let parsed: UnderstoodDelivery = {
      note: ignoredNote("Probot handed it to nobody"),
      subjects: [],
      installationId: null,
    };
    const arrived = arrivals.take(id);
    parsing.set(id, async (received) => {
      parsed = await understand(tools, { ...received, receivedAt }, lease, arrived?.signal);
    });
    try {
      const payload = arrived?.payload ?? (JSON.parse(new TextDecoder().decode(body)) as unknown);
      await probot.receive({ id, name: event, payload } as Parameters<typeof probot.receive>[0]);
    } catch (error) {
      throw firstOf(error);
    } finally {
      parsing.delete(id);
    }
    return parsed;
  };
}

/** Returns the first failure: Probot bundles what its handlers throw, and hangs the whole payload on it, which must not reach the log. */
function firstOf(error: unknown): unknown {
  const first: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  if (first instanceof Error) Reflect.deleteProperty(first, "event");
  return first;
}
