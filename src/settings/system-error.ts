/** Errors of the operating system. */

/** Returns the code of a failed system call, such as `ENOENT`; `unknown` for any other error. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
