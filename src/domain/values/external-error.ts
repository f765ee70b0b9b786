/** External errors: failures outside the program, as opposed to results (values) and bugs (anything else thrown). */

/**
 * Lists the fixed codes of external errors. `retry`: whether trying again later can help; `means` and `cure` are what the
 * documentation says of it.
 */
export const EXTERNAL_ERRORS = {
  "database-unreachable": {
    retry: true,
    means: "the database does not answer, or the settings point to no evidence log",
    cure: "check that it runs, its address, and the firewall",
  },
  "database-refused": {
    retry: false,
    means: "the database refuses the connection",
    cure: "check user, password, database name and privileges",
  },
  "database-busy": {
    retry: true,
    means: "another process holds its lock",
    cure: "run only one process on an embedded store",
  },
  "database-damaged": {
    retry: false,
    means: "the file is not a database, or is corrupt",
    cure: "restore a backup",
  },
  "database-version": {
    retry: false,
    means: "the tables, the lists of the pages or a log entry come from another version",
    cure: "run that version or a newer one; `countersign log migrate`",
  },
  "disk-full": { retry: true, means: "the store cannot grow", cure: "free some space" },
  "not-writable": {
    retry: false,
    means: "the data folder cannot be written",
    cure: "check owner and permissions of `COUNTERSIGN_DATA_DIR`",
  },
  "lease-lost": {
    retry: true,
    means: "another worker took over the repository",
    cure: "nothing: the other worker does the work",
  },
  "settings-wrong": {
    retry: false,
    means: "settings are missing or wrong; all are listed",
    cure: "follow the message",
  },
  "address-unavailable": {
    retry: false,
    means: "the address to listen on is in use or forbidden",
    cure: "check `HOST` and `PORT`",
  },
  "github-unreachable": {
    retry: true,
    means: "GitHub does not answer, or answers 5xx",
    cure: "usually nothing; if it lasts, check proxy, firewall and githubstatus.com",
  },
  "github-limited": {
    retry: true,
    means: "a rate limit of GitHub applies",
    cure: "nothing: the App waits as long as GitHub asks",
  },
  "github-refused": {
    retry: false,
    means: "GitHub refuses the call",
    cure: "check the permissions of the App and its installation, and the private key",
  },
  "github-barred": {
    retry: true,
    means: "GitHub refuses every call: an IP allow list, a suspended installation, single sign-on",
    cure: "add the server to the organisation's IP allow list; unsuspend the installation",
  },
  "github-unanswered": {
    retry: true,
    means: 'GitHub cannot answer this query: it is too large, or "something went wrong"',
    cure: "nothing: the query is split; what stays unanswered becomes `unverifiable`",
  },
  "github-answer": {
    retry: true,
    means: "GitHub's answer is not what it documents, or not complete yet",
    cure: "if it lasts, please report it",
  },
  "provider-unreachable": {
    retry: true,
    means: "the OpenID provider does not answer, or not as its settings here require",
    cure: "check `COUNTERSIGN_OIDC_ISSUER`, the client's id and secret, proxy and firewall",
  },
  "receiver-unreachable": {
    retry: true,
    means: "a receiver of notifications does not answer, or answers 408, 429 or 5xx",
    cure: "nothing; after three days the message is set aside and stays listed",
  },
  "receiver-refused": {
    retry: false,
    means: "a receiver refuses the message, or its address is in a private network",
    cure: "check the variable that the policy names; `COUNTERSIGN_PRIVATE_RECEIVERS`",
  },
  "receiver-unset": {
    retry: true,
    means: "the variable that the policy names for a receiver is unset or holds no https address",
    cure: "set it and restart",
  },
} as const satisfies Readonly<
  Record<string, { readonly retry: boolean; readonly means: string; readonly cure: string }>
>;

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
