/** What is known of the emergencies of a subject when it is judged, kept with it so that it can be judged again. */

import type { Instant } from "../change.ts";
import type { EmergencyRecord } from "./exception.ts";
import type { RetroactiveReviewRecord } from "./exception.ts";

/** An emergency with the review owed after it, as they were known at `asOf`. */
export interface EmergencyFacts {
  readonly record: EmergencyRecord;
  readonly review: RetroactiveReviewRecord | null;
  readonly asOf: Instant;
}
