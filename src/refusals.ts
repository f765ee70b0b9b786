/** Requests that were refused: counted for monitors at once, and logged for the operator once a minute. */

import type { Logger } from "pino";
import type { Counter } from "prom-client";
import { ExternalError } from "./domain/values/external-error.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** Collects the refusals of one route. */
export class Refusals {
  readonly #route: string;
  readonly #log: Pick<Logger, "warn" | "error">;
  readonly #counter: Counter<"reason">;
  #since = new Map<string, { count: number; readonly why: string; readonly cause: unknown }>();
  #timer: NodeJS.Timeout | null = null;

  /** `route`: the operator's name for the route. */
  constructor(route: string, log: Pick<Logger, "warn" | "error">, counter: Counter<"reason">) {
    this.#route = route;
    this.#log = log;
    this.#counter = counter;
  }

  /** Counts a refusal. `why`: one sentence for the operator; `cause`: what failed here, if anything did. */
  add(reason: string, why: string, cause?: unknown): void {
    this.#counter.inc({ reason });
    const same = this.#since.get(reason);
    if (same === undefined) this.#since.set(reason, { count: 1, why, cause });
    else same.count += 1;
    if (this.#timer === null) this.#report();
  }

  /** Logs the first refusal at once, and those after it a minute later, as long as there are any. */
  #report(): void {
    const refused = [...this.#since].map(([reason, { count, why, cause }]) => ({
      reason,
      count,
      why: cause instanceof ExternalError ? cause.message : why,
      ...(cause instanceof ExternalError ? { code: cause.code } : {}),
    }));
    const causes = [...this.#since.values()].map(({ cause }) => cause).filter((cause) => cause !== undefined);
    this.#since = new Map();
    this.#timer = null;
    if (refused.length === 0) return;
    const bug = causes.find((cause) => !(cause instanceof ExternalError));
    const about = { route: this.#route, refused, ...(bug === undefined ? {} : { err: bug }) };
    if (causes.length > 0) this.#log.error(about, "Requests could not be stored");
    else this.#log.warn(about, "Requests were refused");
    this.#timer = setTimeout(() => this.#report(), MINUTE).unref();
  }
}
