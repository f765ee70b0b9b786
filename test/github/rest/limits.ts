import type { World } from "../world.ts";
import type { Caller } from "./route.ts";

/** The two budgets GitHub counts apart. */
export type Resource = "core" | "graphql";

/** A caller's budget in the current hour. `reset` is in real seconds since 1970. */
export interface Limit {
  readonly resource: Resource;
  readonly limit: number;
  used: number;
  readonly reset: number;
}

const HOUR = 3_600_000;
/** Requests an hour for whoever is not signed in. */
const ANONYMOUS = 60;

const budgets = new WeakMap<World, Map<string, Limit>>();

function callerName(caller: Caller): string {
  switch (caller.kind) {
    case "app":
      return `app:${caller.app.id}`;
    case "installation":
      return `installation:${caller.installation.id}`;
    case "client":
      return `client:${caller.app.id}`;
    case "user":
      return `user:${caller.account.id}`;
    default:
      return "nobody";
  }
}

/** The budget a caller has now, uncounted. */
export function budget(world: World, caller: Caller, resource: Resource): Limit {
  const all = budgets.get(world) ?? new Map<string, Limit>();
  budgets.set(world, all);
  const key = `${resource} ${callerName(caller)}`;
  const known = all.get(key);
  if (known !== undefined && known.reset * 1000 > world.realNow()) return known;
  const fresh: Limit = {
    resource,
    limit: caller.kind === "nobody" ? ANONYMOUS : world.hourlyLimit,
    used: 0,
    reset: Math.ceil((world.realNow() + HOUR) / 1000),
  };
  all.set(key, fresh);
  return fresh;
}

/** Counts one request, or `cost` points, against a caller's budget. */
export function countRequest(world: World, caller: Caller, resource: Resource, cost = 1): Limit {
  const limit = budget(world, caller, resource);
  limit.used += cost;
  return limit;
}

/** A budget as `/rate_limit` writes it. */
export function limitShape(limit: Limit): { limit: number; used: number; remaining: number; reset: number } {
  const remaining = Math.max(0, limit.limit - limit.used);
  return { limit: limit.limit, used: limit.used, remaining, reset: limit.reset };
}

/** The headers that tell a caller its budget. */
export function limitHeaders(limit: Limit): [string, string][] {
  const shape = limitShape(limit);
  return [
    ["x-ratelimit-limit", String(shape.limit)],
    ["x-ratelimit-remaining", String(shape.remaining)],
    ["x-ratelimit-used", String(shape.used)],
    ["x-ratelimit-reset", String(shape.reset)],
    ["x-ratelimit-resource", limit.resource],
  ];
}
