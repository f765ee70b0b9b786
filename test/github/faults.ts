/** Getting things wrong on demand: what is wished, and which request or webhook meets it. */

import { z } from "zod";
import { FAULT_KINDS, GRAPHQL_FAULT_KINDS, type RequestFault, type WebhookFault } from "./model.ts";
import type { World } from "./world.ts";

/** What `POST /_double/faults` takes; the steps of stories of the same names take the same keys. */
export const FaultSchema = z.strictObject({
  do: z.enum([
    "github-fails",
    "github-says",
    "outage",
    "recover",
    "duplicate-webhooks",
    "reorder-webhooks",
    "drop-webhooks",
    "delay-webhooks",
  ]),
  /** github-fails: how. Default: server-error. */
  kind: z.enum(FAULT_KINDS).optional(),
  /** Status of the answer, if not the usual one; 200 for a limit: as GraphQL tells it. */
  status: z.number().int().optional(),
  /** Only requests of this kind, as a regular expression over `METHOD /path`. */
  match: z.string().optional(),
  /** Only GraphQL queries of this kind, as a regular expression over the text with its variables. */
  query: z.string().optional(),
  /** Only GraphQL queries that ask for longer pages than this. */
  over: z.number().int().optional(),
  /** Only what is asked about this pull request. */
  pull: z.number().int().optional(),
  /** With `pull`: whose it is; default: web. */
  repository: z.string().optional(),
  /** GraphQL: only this field, as `Type.field`. */
  field: z.string().optional(),
  /** Only one of the two interfaces. */
  via: z.enum(["rest", "graphql"]).optional(),
  /** How many requests or deliveries; default: until `recover`. */
  count: z.number().int().optional(),
  /** Seconds of the double's clock; default: until `recover`. */
  for: z.number().optional(),
  /** Seconds a limited client is told to wait, real time; default 1. `none`: it is not told. */
  "retry-after": z.union([z.number(), z.literal("none")]).optional(),
  /** Limits as GitHub told them formerly. */
  words: z.literal("old").optional(),
  /** The change is made and the answer lost. */
  "after-effect": z.boolean().optional(),
  /** cut-short: a list ends after so many items and does not say so. */
  items: z.number().int().optional(),
  /** github-says: the key whose value nobody has heard of; `event`: the name of webhooks too. */
  key: z.string().optional(),
  /** github-says: only where the value would be this, in whatever case; default: any. */
  was: z.string().optional(),
  /** github-says: what it is instead. */
  says: z.string().optional(),
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
  const remaining = wish.count ?? Number.POSITIVE_INFINITY;
  const until = wish.for === undefined ? null : world.now() + wish.for * 1000;
  const webhooks = WEBHOOK_KINDS[wish.do];
  if (webhooks !== undefined) {
    const { event = null, every = 1 } = wish;
    world.webhookFaults.push({ kind: webhooks, event, remaining, every, seen: 0 });
  } else if (wish.do === "recover") {
    world.requestFaults.length = 0;
    world.webhookFaults.length = 0;
    world.lags.length = 0;
    world.oddWords.length = 0;
  } else if (wish.do === "github-says") {
    world.oddWords.push({
      key: wish.key ?? "",
      was: wish.was?.toLowerCase() ?? null,
      says: wish.says ?? "",
      until,
    });
  } else {
    world.requestFaults.push(requestFault(wish, remaining, until));
  }
}

function requestFault(wish: FaultWish, remaining: number, until: number | null): RequestFault {
  const { pull, repository = "web", "retry-after": retryAfter = 1 } = wish;
  return {
    kind: wish.kind ?? "server-error",
    status: wish.status ?? null,
    match: wish.match === undefined ? null : new RegExp(wish.match),
    query: wish.query === undefined ? null : new RegExp(wish.query),
    over: wish.over ?? null,
    pull: pull === undefined ? null : { repository, number: pull },
    field: wish.field ?? null,
    via: wish.via ?? null,
    remaining,
    until,
    retryAfter: retryAfter === "none" ? null : retryAfter,
    inOldWords: wish.words === "old",
    afterEffect: wish["after-effect"] ?? false,
    items: wish.items ?? 1,
  };
}

/** Whether a fault is still going on. */
export function isOn(world: World, fault: Pick<RequestFault, "remaining" | "until">): boolean {
  return fault.remaining > 0 && (fault.until === null || world.now() < fault.until);
}

/** Whether a path is that of GraphQL. */
export function isGraphql(path: string): boolean {
  return path === "/graphql" || path === "/api/graphql";
}

/** The fault a request meets by its path alone, used up by it; undefined when it goes well so far. */
export function faultFor(world: World, method: string, path: string): RequestFault | undefined {
  const met = world.requestFaults.find(
    (fault) =>
      isOn(world, fault) &&
      (fault.match === null || fault.match.test(`${method} ${path}`)) &&
      (isGraphql(path) ? !looksIntoQueries(fault) && fault.via !== "rest" : meetsRest(fault, path)),
  );
  if (met !== undefined) met.remaining -= 1;
  return met;
}

/** Whether GraphQL itself must tell if a query meets a fault. */
export function looksIntoQueries({ kind, query, over, pull, field }: RequestFault): boolean {
  return GRAPHQL_FAULT_KINDS.has(kind) || query !== null || over !== null || pull !== null || field !== null;
}

function meetsRest(fault: RequestFault, path: string): boolean {
  const { kind, query, over, pull, field, via } = fault;
  if (via === "graphql" || query !== null || over !== null || field !== null) return false;
  if (GRAPHQL_FAULT_KINDS.has(kind) && kind !== "allow-list") return false;
  if (pull === null) return true;
  const asked = /\/repos\/[^/]+\/([^/]+)\/(?:pulls|issues)\/(\d+)(?:\/|$)/.exec(path);
  return asked?.[1]?.toLowerCase() === pull.repository.toLowerCase() && Number(asked[2]) === pull.number;
}
