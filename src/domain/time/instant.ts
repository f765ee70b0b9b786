/** Instants: milliseconds since 1970, UTC. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";

/** Describes {@link Instant}. */
export const InstantSchema = z.int().describe("milliseconds since 1970-01-01T00:00:00Z");

/** Counts milliseconds since 1970-01-01T00:00:00Z. GitHub's own times are whole seconds. */
export type Instant = Infer<typeof InstantSchema>;
