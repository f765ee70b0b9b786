/** Notices clients that break GitHub's rules: that go on while they were told to wait, or are over its secondary limits. */

import { resourceOf, type AnsweredFault } from "./fault-answers.ts";
import type { Breach } from "./model.ts";
import type { World } from "./world.ts";

/** Requests that came so soon after a limit was told were already on their way. */
const ON_ITS_WAY = 100;

/** Watches for clients that go on while they were told to wait, or are over a limit. Real time throughout. */
export class Watch {
  readonly #world: World;
  /** Who was told to wait: GitHub counts every installation, user and App for itself. `resource` null: all of them. */
  readonly #told = new Map<
    string,
    {
      readonly kind: Breach["kind"];
      readonly resource: string | null;
      readonly since: number;
      readonly until: number;
    }
  >();

  constructor(world: World) {
    this.#world = world;
  }

  /** Notes a request before it is answered; `as`: who asks. */
  seen(method: string, path: string, as: string): void {
    const now = this.#world.realNow();
    const told = this.#told.get(as);
    const isMeant = told !== undefined && (told.resource === null || told.resource === resourceOf(path));
    if (isMeant && now > told.since + ON_ITS_WAY && now < told.until)
      this.#breach(told.kind, method, path, `${Math.ceil(told.until - now)} ms before it might`);
  }

  /** Notes that a request was over a secondary limit; the fault is the answer it gets. */
  over(limit: string, fault: AnsweredFault, method: string, path: string, as: string): void {
    this.#breach("secondary-limit", method, path, limit);
    this.limited(fault, path, as);
  }

  /** Notes that a client that asked for a path was told to wait. */
  limited(fault: AnsweredFault, path: string, as: string): void {
    if (fault.kind !== "rate-limit" && fault.kind !== "secondary-limit") return;
    const since = this.#world.realNow();
    const kind = fault.kind === "rate-limit" ? "rate-limit" : "retry-after";
    // An exhausted limit is that of one resource; a secondary one concerns everything.
    const resource = kind === "rate-limit" ? resourceOf(path) : null;
    this.#told.set(as, { kind, resource, since, until: since + (fault.retryAfter ?? 0) * 1000 });
  }

  #breach(kind: Breach["kind"], method: string, path: string, detail: string): void {
    this.#world.breaches.push({ kind, request: `${method} ${path}`, detail });
  }
}
