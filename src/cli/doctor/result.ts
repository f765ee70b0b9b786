/** One result of `countersign doctor`. */

import type { ExitCode } from "../terminal/answer.ts";

/** Describes one thing checked. */
export interface DoctorResult {
  readonly what: string;
  readonly ok: boolean;
  /** The result; when it is wrong, with the fix. */
  readonly found: string;
  readonly code: ExitCode;
}
