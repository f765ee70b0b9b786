/** What `countersign doctor` says of one thing it looked at. */

import type { ExitCode } from "../terminal/answer.ts";

/** One thing looked at. */
export interface Finding {
  readonly what: string;
  readonly ok: boolean;
  /** What was found; when it is wrong, with how to mend it. */
  readonly found: string;
  readonly code: ExitCode;
}
