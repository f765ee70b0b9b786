/** How a listener is made: the shape it needs, and what it makes of it. */

import type { z } from "zod";
import type { DeliveryMetadata, ParseResult, WebhookHandler } from "./subject.ts";

/** A listener heard as `as` that reads `shape`; a payload without what it needs is ignored, naming what was missing. */
export function handler<Shape extends z.ZodType>(
  as: string,
  shape: Shape,
  hear: (event: z.infer<Shape>, arrival: DeliveryMetadata) => ParseResult,
): WebhookHandler {
  return {
    as,
    hear(payload, arrival) {
      const read = shape.safeParse(payload);
      return read.success ? hear(read.data, arrival) : missing(read.error);
    },
  };
}

/** The same listener for several actions. */
export function sameHandler<const Action extends string>(
  listener: WebhookHandler,
  ...actions: readonly Action[]
): Record<Action, WebhookHandler> {
  // The keys are the very actions given.
  return Object.fromEntries(actions.map((action) => [action, listener])) as Record<Action, WebhookHandler>;
}

function missing(error: z.ZodError): string {
  const paths = error.issues.map((issue) => issue.path.map(String).join(".") || "an object");
  return `the payload lacks ${[...new Set(paths)].slice(0, 5).join(", ")}`;
}
