/** Requests that were refused: counted for monitors at once, and logged for the operator once a minute for each reason. */

import type { Logger } from "pino";
import type { Counter } from "prom-client";
import { ExternalError } from "./domain/values/external-error.ts";
import { MINUTE } from "./domain/time/durations.ts";

/** Describes the refusals for one reason that are not logged yet. */
interface Unlogged {
  count: number;
  /** Why the latest of them was refused. */
  why: string;
  cause: unknown;
}

/** Collects the refusals of one route. */
export class Refusals {
  readonly #route: string;
  readonly #log: Pick<Logger, "warn" | "error">;
  readonly #counter: Counter<"reason">;
  /** What is not logged yet, by reason; a reason is here as long as it waits for its minute to pass. */
  readonly #unlogged = new Map<string, Unlogged>();

  /** `route`: the operator's name for the route. */
  constructor(route: string, log: Pick<Logger, "warn" | "error">, counter: Counter<"reason">) {
    this.#route = route;
    this.#log = log;
    this.#counter = counter;
  }

  /** Counts a refusal. `why`: one sentence for the operator; `cause`: what failed here, if anything did. */
  add(reason: string, why: string, cause?: unknown): void {
    this.#counter.inc({ reason });
    const waiting = this.#unlogged.get(reason);
    if (waiting === undefined) this.#report(reason, { count: 1, why, cause });
    else Object.assign(waiting, { count: waiting.count + 1, why, cause });
  }

  /** Logs the first refusal for a reason at once, and those after it a minute later, as long as there are any. */
  #report(reason: string, { count, why, cause }: Unlogged): void {
    const isExternal = cause instanceof ExternalError;
    const about = {
      route: this.#route,
      reason,
      count,
      ...(isExternal ? { code: cause.code } : {}),
      ...(isExternal || cause === undefined ? {} : { err: cause }),
    };
    const text = `Requests to ${this.#route} were refused: ${isExternal ? cause.message : why}`;
    if (cause === undefined) this.#log.warn(about, text);
    else this.#log.error(about, text);
    const since: Unlogged = { count: 0, why, cause: undefined };
    this.#unlogged.set(reason, since);
    setTimeout(() => {
      this.#unlogged.delete(reason);
      if (since.count > 0) this.#report(reason, since);
    }, MINUTE).unref();
  }
}
