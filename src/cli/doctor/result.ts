/** One result of `countersign doctor`. */

import type { ExitCode } from "../terminal/answer.ts";

/** Describes one thing checked. */
export interface DoctorResult {
  readonly what: string;
  readonly ok: boolean;
  /** The result; when it is wrong, with the fix. */
  readonly found: string;
  readonly code: ExitCode;
  /** Wrong, but no reason to wait with requiring the check. */
  readonly canWait?: true;
}

/** Returns the result of what is as it must be. */
export function resultOf(what: string, text: string): DoctorResult {
  return { what, ok: true, found: text, code: 0 };
}

/** Returns the result of what is wrong; `text`: with the fix. */
export function problemWith(what: string, text: string, code: ExitCode = 1): DoctorResult {
  return { what, ok: false, found: text, code };
}
