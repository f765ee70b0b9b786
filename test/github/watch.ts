/** Notices clients that break GitHub's rules: that go on while they were told to wait, or write too fast. */

import { resourceOf } from "./fault-answers.ts";
import type { Breach, RequestFault } from "./model.ts";
import type { World } from "./world.ts";

/** Requests that came so soon after a limit was told were already on their way. */
const ON_ITS_WAY = 100;

/** GitHub's advice: no more than 80 writes that create content in a minute. */
const WRITES_A_MINUTE = 80;

/** Watches for clients that go on while they were told to wait, or write too fast. Real time throughout. */
export class Watch {
  readonly #world: World;
  readonly #pacing: boolean;
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
  #writes: number[] = [];

  constructor(world: World, pacing: boolean) {
    this.#world = world;
    this.#pacing = pacing;
  }

  /** Notes a request before it is answered; `as`: who asks. */
  seen(method: string, path: string, as: string): void {
    const now = this.#world.realNow();
    const told = this.#told.get(as);
    const isMeant = told !== undefined && (told.resource === null || told.resource === resourceOf(path));
    if (isMeant && now > told.since + ON_ITS_WAY && now < told.until)
      this.#breach(told.kind, method, path, `${Math.ceil(told.until - now)} ms before it might`);
    if (!this.#pacing || method === "GET" || path.endsWith("/graphql")) return;
    this.#writes = [...this.#writes.filter((at) => at > now - 60_000), now];
    if (this.#writes.length > WRITES_A_MINUTE)
      this.#breach("pacing", method, path, `${this.#writes.length} writes in a minute`);
  }

  /** Notes that a client that asked for a path was told to wait. */
  limited(fault: RequestFault, path: string, as: string): void {
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
