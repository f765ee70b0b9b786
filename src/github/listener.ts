/** How a listener is made: the shape it needs, and what it makes of it. */

import type { z } from "zod";
import type { Arrival, Hearing, Listener } from "./subject.ts";

/** A listener heard as `as` that reads `shape`; a payload without what it needs is ignored, naming what was missing. */
export function listen<Shape extends z.ZodType>(
  as: string,
  shape: Shape,
  hear: (event: z.infer<Shape>, arrival: Arrival) => Hearing,
): Listener {
  return {
    as,
    hear(payload, arrival) {
      const read = shape.safeParse(payload);
      return read.success ? hear(read.data, arrival) : missing(read.error);
    },
  };
}

/** The same listener for several actions. */
export function same<const Action extends string>(
  listener: Listener,
  ...actions: readonly Action[]
): Record<Action, Listener> {
  // The keys are the very actions given.
  return Object.fromEntries(actions.map((action) => [action, listener])) as Record<Action, Listener>;
}

function missing(error: z.ZodError): string {
  const paths = error.issues.map((issue) => issue.path.map(String).join(".") || "an object");
  return `the payload lacks ${[...new Set(paths)].slice(0, 5).join(", ")}`;
}
