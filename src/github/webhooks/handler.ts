/** How a handler is made: the shape it needs, and what it returns for it. */

import type { z } from "zod";
import type { DeliveryMetadata, ParseResult, WebhookHandler } from "./subject.ts";

/** Makes a handler that parses `shape` as `as`; a payload without what it needs is ignored, naming what was missing. */
export function handler<Shape extends z.ZodType>(
  as: string,
  shape: Shape,
  parse: (event: z.infer<Shape>, arrival: DeliveryMetadata) => ParseResult,
): WebhookHandler {
  return {
    as,
    parse(payload, arrival) {
      const read = shape.safeParse(payload);
      return read.success ? parse(read.data, arrival) : missing(read.error);
    },
  };
}

/** Returns the same handler for several actions. */
export function sameHandler<const Action extends string>(
  shared: WebhookHandler,
  ...actions: readonly Action[]
): Record<Action, WebhookHandler> {
  // The keys are the very actions given.
  return Object.fromEntries(actions.map((action) => [action, shared])) as Record<Action, WebhookHandler>;
}

function missing(error: z.ZodError): string {
  const paths = error.issues.map((issue) => issue.path.map(String).join(".") || "an object");
  return `the payload lacks ${[...new Set(paths)].slice(0, 5).join(", ")}`;
}
