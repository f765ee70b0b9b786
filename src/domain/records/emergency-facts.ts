/** Facts of the emergencies of a subject when it is judged, kept with it so that it can be judged again. */

import { z } from "zod";
import { InstantSchema } from "../time/instant.ts";
import { RetroactiveReviewRecordSchema, EmergencyRecordSchema } from "./emergency.ts";
import type { Infer } from "../values/schema.ts";

/** Describes {@link EmergencyFacts}. */
export const EmergencyFactsSchema = z.object({
  record: EmergencyRecordSchema,
  review: RetroactiveReviewRecordSchema.nullable(),
  asOf: InstantSchema,
});

/** Describes an emergency with the review owed after it, as they were known at `asOf`. */
export type EmergencyFacts = Infer<typeof EmergencyFactsSchema>;
