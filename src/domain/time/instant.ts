/** Instants: milliseconds since 1970, UTC. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";

/** Describes {@link Instant}: of the years that a date of four digits can name. */
export const InstantSchema = z
  .int()
  .min(Date.parse("0001-01-01T00:00:00Z"))
  .max(Date.parse("9999-12-31T23:59:59.999Z"))
  .describe("milliseconds since 1970-01-01T00:00:00Z");

/** Counts milliseconds since 1970-01-01T00:00:00Z. GitHub's own times are whole seconds. */
export type Instant = Infer<typeof InstantSchema>;
