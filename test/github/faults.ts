/** Getting things wrong on demand, and noticing clients that break GitHub's rules. */

import { z } from "zod";
import type { Breach, RequestFault, WebhookFault } from "./model.ts";
import type { World } from "./world.ts";

/** What `POST /_double/faults` takes; the steps of stories of the same names take the same keys. */
export const FaultSchema = z.strictObject({
  do: z.enum([
    "github-fails",
    "outage",
    "recover",
    "duplicate-webhooks",
    "reorder-webhooks",
    "drop-webhooks",
    "delay-webhooks",
  ]),
  /** github-fails: how. Default: server-error. */
  kind: z
    .enum([
      "server-error",
      "unauthorized",
      "not-found",
      "rate-limit",
      "secondary-limit",
      "refused",
      "cut-short",
    ])
    .optional(),
  /** Status of a server error; default 502. */
  status: z.number().int().optional(),
  /** Only requests of this kind, as a regular expression over `METHOD /path`. */
  match: z.string().optional(),
  /** How many requests or deliveries; default: until `recover`. */
  count: z.number().int().optional(),
  /** Seconds of the double's clock; default: until `recover`. */
  for: z.number().optional(),
  /** Seconds a limited client is told to wait, real time; default 1. */
  "retry-after": z.number().optional(),
  /** The change is made and the answer lost. */
  "after-effect": z.boolean().optional(),
  /** cut-short: a list ends after so many items and does not say so. */
  items: z.number().int().optional(),
  /** Webhooks: only this event. */
  event: z.string().optional(),
  /** Webhooks: only every nth. */
  every: z.number().int().optional(),
});

/** One thing to get wrong. */
export type FaultWish = z.infer<typeof FaultSchema>;

const WEBHOOK_KINDS: Readonly<Record<string, WebhookFault["kind"]>> = {
  outage: "refuse",
  "duplicate-webhooks": "duplicate",
  "reorder-webhooks": "reorder",
  "drop-webhooks": "drop",
  "delay-webhooks": "delay",
};

/** Starts getting something wrong, or (`recover`) stops with everything. */
export function setFault(world: World, wish: FaultWish): void {
  if (wish.do === "recover") {
    world.requestFaults.length = 0;
    world.webhookFaults.length = 0;
    world.lags.length = 0;
    return;
  }
  const remaining = wish.count ?? Number.POSITIVE_INFINITY;
  const kind = WEBHOOK_KINDS[wish.do];
  if (kind !== undefined) {
    world.webhookFaults.push({ kind, event: wish.event ?? null, remaining, every: wish.every ?? 1, seen: 0 });
    return;
  }
  world.requestFaults.push({
    kind: wish.kind ?? "server-error",
    status: wish.status ?? 502,
    match: wish.match === undefined ? null : new RegExp(wish.match),
    remaining,
    until: wish.for === undefined ? null : world.now() + wish.for * 1000,
    retryAfter: wish["retry-after"] ?? 1,
    afterEffect: wish["after-effect"] ?? false,
    items: wish.items ?? 1,
  });
}

/** The fault a request meets, used up by it; undefined when it goes well. */
export function faultFor(world: World, method: string, path: string): RequestFault | undefined {
  for (const fault of world.requestFaults) {
    if (fault.remaining <= 0 || (fault.until !== null && world.now() >= fault.until)) continue;
    if (fault.match !== null && !fault.match.test(`${method} ${path}`)) continue;
    fault.remaining -= 1;
    return fault;
  }
  return undefined;
}

/** A connection that is refused; the server hangs up, `fetch` fails. */
export class ConnectionRefused extends Error {
  override readonly name = "ConnectionRefused";
}

/** The limits GitHub counts apart, by path. */
function resourceOf(path: string): string {
  return path.endsWith("/graphql") ? "graphql" : "core";
}

/** The answer a fault gives to a request for a path. Throws {@link ConnectionRefused} where there is none. */
export function faultAnswer(world: World, fault: RequestFault, path: string): Response {
  const headers = new Headers({
    "content-type": "application/json; charset=utf-8",
    date: new Date(world.now()).toUTCString(),
  });
  const answer = (status: number, message: string): Response =>
    new Response(
      JSON.stringify({
        message,
        documentation_url: "https://docs.github.com/rest",
        status: String(status),
      }),
      { status, headers },
    );
  switch (fault.kind) {
    case "refused":
      throw new ConnectionRefused("connection refused");
    case "server-error":
      return answer(fault.status, "Server Error");
    case "unauthorized":
      return answer(401, "Bad credentials");
    case "not-found":
      return answer(404, "Not Found");
    case "rate-limit":
      headers.set("x-ratelimit-limit", "5000");
      headers.set("x-ratelimit-remaining", "0");
      headers.set("x-ratelimit-used", "5000");
      headers.set("x-ratelimit-reset", String(Math.ceil(world.realNow() / 1000 + fault.retryAfter)));
      headers.set("x-ratelimit-resource", resourceOf(path));
      return answer(403, "API rate limit exceeded for installation ID 1.");
    case "cut-short":
      throw new Error("a list that is cut short is answered first");
    case "secondary-limit":
      headers.set("retry-after", String(fault.retryAfter));
      return answer(
        403,
        "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
      );
  }
}

/** A request that asks for the list itself, whatever of it the client has kept. */
export function unconditional(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete("if-none-match");
  return new Request(request, { headers });
}

/** An answer whose list ends early and names no next page. */
export async function cutShort(answer: Response, { items }: RequestFault): Promise<Response> {
  const list: unknown = await answer.clone().json();
  if (!Array.isArray(list)) return answer;
  const headers = new Headers(answer.headers);
  headers.delete("link");
  headers.delete("etag");
  return new Response(JSON.stringify(list.slice(0, items)), { status: answer.status, headers });
}

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
    this.#told.set(as, { kind, resource, since, until: since + fault.retryAfter * 1000 });
  }

  #breach(kind: Breach["kind"], method: string, path: string, detail: string): void {
    this.#world.breaches.push({ kind, request: `${method} ${path}`, detail });
  }
}
