/** A failed call to GitHub in our terms: retry, wait, or fail for good. */

import { ExternalError } from "../../domain/values/external-error.ts";
import { HOUR, MINUTE } from "../../domain/time/durations.ts";

/** Holds the wait where GitHub names no time: a minute. */
const USUAL_WAIT = MINUTE;

/** An hour and a bit. */
const LONGEST_WAIT = HOUR + MINUTE;

/** The words for its limits, those of today and those of former days. */
const LIMITED = /rate limit|abuse detection|submitted too quickly|too many requests/iu;

/** Matches refusals that show nothing of what was requested. */
const BARRED =
  /IP allow list|has been suspended|SAML (?:enforcement|SSO)|single sign-on|account (?:was|is) suspended|access (?:has been )?blocked/iu;

/** What is read of the errors Octokit throws. */
interface Failure {
  readonly message: string;
  /** ` GET /repos/acme/web`, or empty where it is not known. */
  readonly asked: string;
  readonly status: number | null;
  readonly headers: Readonly<Record<string, unknown>>;
  /** GraphQL's own errors, in an answer that was 200. */
  readonly errors: readonly GraphqlError[];
}

/** Describes one error of a GraphQL answer. `type` null: GitHub names none. `code`: of what its schema does not allow. */
export interface GraphqlError {
  readonly type: string | null;
  readonly code: string | null;
  readonly path: readonly unknown[];
  readonly message: string;
}

/**
 * Returns the external error behind a failed call. An {@link ExternalError} is returned unchanged; a bug (no answer of GitHub
 * in it) is thrown on.
 */
export function toExternalError(error: unknown): ExternalError {
  const known = externalErrorWithin(error);
  if (known !== null) return known;
  const failure = failureOf(error);
  if (failure === null) throw error;
  const wait = limitOf(failure.status, failure.headers, Date.now(), failure.message, failure.errors);
  if (wait !== null) {
    return new ExternalError("github-limited", "GitHub asks us to slow down.", {
      waitMs: wait,
      cause: error,
    });
  }
  if (BARRED.test(failure.message)) {
    return new ExternalError("github-barred", `GitHub bars us${failure.asked}: ${failure.message}`, {
      cause: error,
    });
  }
  if (failure.errors.length > 0) return ofGraphql(failure.errors, error);
  const { status } = failure;
  if (status === null || status >= 500) {
    return new ExternalError(
      "github-unreachable",
      `GitHub does not answer${failure.asked}: ${failure.message}`,
      {
        cause: error,
      },
    );
  }
  // A token can expire or be revoked between minting and use; the next attempt mints a new one.
  return new ExternalError(
    "github-refused",
    `GitHub refuses${failure.asked} (${status}): ${failure.message}`,
    {
      retry: status === 401,
      gone: status === 404 || status === 410,
      cause: error,
    },
  );
}

/** Returns the HTTP status GitHub refused with, or null where the error is something else. */
export function statusOf(error: unknown): number | null {
  return failureOf(error)?.status ?? null;
}

/** Returns the errors of a GraphQL answer, or none. */
export function graphqlErrorsOf(error: unknown): readonly GraphqlError[] {
  return failureOf(error)?.errors ?? [];
}

/** Returns the errors in the body of an answer that was 200, or none. */
export function graphqlErrorsIn(body: unknown): readonly GraphqlError[] {
  const { errors } = (body ?? {}) as { readonly errors?: unknown };
  return Array.isArray(errors) ? errors.map(graphqlError) : [];
}

/** Returns how long (ms) GitHub requires to wait, by `Retry-After`, by an exhausted limit's reset, or by words. Null when it does not. */
export function limitOf(
  status: number | null,
  headers: Readonly<Record<string, unknown>>,
  now: number,
  message = "",
  errors: readonly GraphqlError[] = [],
): number | null {
  const limited =
    errors.some(({ type }) => type === "RATE_LIMITED" || type === "RATE_LIMIT") ||
    ((errors.length > 0 || status === 403 || status === 422) && LIMITED.test(message));
  if (!limited && status !== 403 && status !== 429 && status !== 503) return null;
  const after = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && Number.isFinite(after)) return Math.max(0, after * 1000);
  if (status === 503) return null;
  if (headers["x-ratelimit-remaining"] === "0") return untilReset(headers, now);
  return limited || status === 429 ? USUAL_WAIT : null;
}

/**
 * Returns how long (ms) until an exhausted limit is filled again, by an answer's headers. GitHub's limits are by the hour.
 * `now` is the real time.
 */
export function untilReset(headers: Readonly<Record<string, unknown>>, now: number): number {
  const reset = Number(headers["x-ratelimit-reset"]) * 1000;
  if (!Number.isFinite(reset)) return USUAL_WAIT;
  // One second more: GitHub's time is in whole seconds. A clock that is wrong here must not make us wait for days.
  return Math.min(Math.max(0, reset - now) + 1000, LONGEST_WAIT);
}

/** Lists errors that GitHub itself takes for passing; every other one with a name is the same whenever the request is sent. */
const PASSING: ReadonlySet<string> = new Set([
  "RESOURCE_LIMITS_EXCEEDED",
  "INTERNAL",
  "INTERNAL_SERVER_ERROR",
  "SERVICE_UNAVAILABLE",
  "TIMEOUT",
]);

function ofGraphql(errors: readonly GraphqlError[], cause: unknown): ExternalError {
  const said = errors.map(({ message }) => message).join("; ");
  const isTooMuch = errors.some(({ type }) => type === "MAX_NODE_LIMIT_EXCEEDED");
  const isPassing = ({ type, code }: GraphqlError): boolean =>
    type === null ? code === null : PASSING.has(type);
  if (isTooMuch || errors.some(isPassing)) {
    return new ExternalError("github-unanswered", `GitHub could not answer: ${said}`, {
      retry: !isTooMuch,
      cause,
    });
  }
  const gone = errors.every(({ type }) => type === "NOT_FOUND");
  return new ExternalError("github-refused", `GitHub refuses: ${said}`, { gone, cause });
}

function externalErrorWithin(error: unknown): ExternalError | null {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1) {
    if (each instanceof ExternalError) return each;
  }
  return null;
}

function failureOf(error: unknown): Failure | null {
  if (!(error instanceof Error)) return null;
  const { status, response, errors, headers } = error as Error & {
    readonly status?: unknown;
    readonly response?: { readonly headers?: Record<string, unknown> };
    readonly headers?: Record<string, unknown>;
    readonly errors?: unknown;
  };
  if (error.name === "GraphqlResponseError" && Array.isArray(errors)) {
    return {
      message: error.message,
      asked: "",
      status: null,
      headers: headers ?? {},
      errors: errors.map(graphqlError),
    };
  }
  if (error.name === "AbortError" || error.name === "TimeoutError") {
    return { message: error.message, asked: askedOf(error), status: null, headers: {}, errors: [] };
  }
  if (error.name !== "HttpError" || typeof status !== "number") return null;
  // Octokit gives 500 to a call that had no answer at all.
  const answered = response !== undefined;
  const said = answered ? error.message : `the connection failed (${error.message})`;
  return {
    message: said,
    asked: askedOf(error),
    status: answered ? status : null,
    headers: response?.headers ?? {},
    errors: [],
  };
}

/** Returns the request GitHub answered, without the query. */
function askedOf(error: Error): string {
  const { request } = error as { readonly request?: { readonly method?: unknown; readonly url?: unknown } };
  if (typeof request?.method !== "string" || typeof request.url !== "string") return "";
  return ` ${request.method} ${URL.parse(request.url)?.pathname ?? request.url}`;
}

function graphqlError(error: unknown): GraphqlError {
  const { type, path, message, extensions } = (error ?? {}) as {
    readonly type?: unknown;
    readonly extensions?: { readonly code?: unknown } | null;
    readonly path?: unknown;
    readonly message?: unknown;
  };
  return {
    type: typeof type === "string" ? type : null,
    code: typeof extensions?.code === "string" ? extensions.code : null,
    path: Array.isArray(path) ? path : [],
    message: typeof message === "string" ? message : "an error without a message",
  };
}
