/** The body of the log's entries about sources that GitHub no longer shows. */

import { z } from "zod";
import type { Infer } from "../values/schema.ts";
import { InstantSchema } from "../time/instant.ts";
/** Describes {@link SourceGoneRecord}. */
export const SourceGoneRecordSchema = z.object({
  of: z.enum(["change", "deployment"]),
  id: z.string(),
  /** Empty: all of it is shown again. */
  gone: z.array(
    z.object({
      /** `pull request #3`, `review 17 by bob#5002`, `account bob#5002`, `commit SHA`, `run 12`, `deployment 9`. */
      what: z.string(),
      /** When it was first seen to be gone. */
      since: InstantSchema,
    }),
  ),
});

/** Describes entry `source-gone`, subject = id of the change or deployment: what its verdict cites and GitHub no longer shows. */
export type SourceGoneRecord = Infer<typeof SourceGoneRecordSchema>;
