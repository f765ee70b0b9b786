/** External errors: failures outside the program, as opposed to results (values) and bugs (anything else thrown). */

/** Lists the fixed codes of external errors, each with whether trying again later can help. */
export const EXTERNAL_ERRORS = {
  /** The database does not answer: refused, unknown host, connection lost, too slow. */
  "database-unreachable": { retry: true },
  /** The database answered, and will not let us in: wrong password, no such database or right. */
  "database-refused": { retry: false },
  /** Another process holds the database's lock for longer than we wait. */
  "database-busy": { retry: true },
  /** The database file is not a database, or is corrupt. */
  "database-damaged": { retry: false },
  /** The database was migrated by another version: a gap, an edited or an unknown migration, or one that is missing. */
  "database-version": { retry: false },
  /** The store is full. */
  "disk-full": { retry: true },
  /** The store cannot be written: read-only folder, no permission. */
  "not-writable": { retry: false },
  /** The lane is no longer ours: the lease ran out, and someone else may be working on it. */
  "lease-lost": { retry: true },
  /** The settings are missing or wrong. */
  "settings-wrong": { retry: false },
  /** The address to listen on is taken or forbidden. */
  "address-unavailable": { retry: false },
  /** GitHub does not answer, or answers 5xx. */
  "github-unreachable": { retry: true },
  /** GitHub requires us to slow down: primary or secondary rate limit. */
  "github-limited": { retry: true },
  /** GitHub refuses the call: not permitted, not found, not acceptable. */
  "github-refused": { retry: false },
  /** GitHub bars the App from all requests, for now: a list of allowed addresses, a suspended installation, single sign-on. */
  "github-barred": { retry: true },
  /** GitHub answers, but not this question: it is too much for its limits, or "something went wrong". */
  "github-unanswered": { retry: true },
  /** GitHub's answer is not what its documentation promises. */
  "github-answer": { retry: true },
  /** A receiver of notifications does not answer, or answers 408, 429 or 5xx. */
  "receiver-unreachable": { retry: true },
  /** A receiver of notifications refuses the message, or its address is in a private network. */
  "receiver-refused": { retry: false },
  /** An environment variable that the policy names for a receiver is missing or wrong. */
  "receiver-unset": { retry: true },
} as const satisfies Readonly<Record<string, { readonly retry: boolean }>>;

/** Names an external error; fixed, documented. */
export type ExternalErrorCode = keyof typeof EXTERNAL_ERRORS;

/**
 * Reports that something outside failed. `message` is one sentence for a person, without secrets; `retry`: whether the
 * same may succeed later.
 */
export class ExternalError extends Error {
  readonly code: ExternalErrorCode;
  readonly retry: boolean;
  /** Milliseconds to wait before trying again, where the other side gave them. */
  readonly waitMs: number | null;
  /** The other side does not know what was requested: not any more, or not yet. */
  readonly gone: boolean;

  constructor(
    code: ExternalErrorCode,
    message: string,
    more: {
      readonly retry?: boolean;
      readonly waitMs?: number;
      readonly gone?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "ExternalError";
    this.code = code;
    this.retry = more.retry ?? EXTERNAL_ERRORS[code].retry;
    this.waitMs = more.waitMs ?? null;
    this.gone = more.gone ?? false;
  }
}

/** Reports a write that was refused because its writer no longer holds the lane. Whoever holds it now does the work. */
export class LeaseLost extends ExternalError {
  constructor(lane: string, owner: string) {
    super("lease-lost", `The lease on lane ${lane} no longer belongs to ${owner}.`);
    this.name = "LeaseLost";
  }
}

/** Returns what a line of the program's log shows of an error. An external error is shown by its code and sentence, a bug whole. */
export function logged(error: unknown): Readonly<Record<string, unknown>> {
  return error instanceof ExternalError ? { code: error.code, reason: error.message } : { err: error };
}
