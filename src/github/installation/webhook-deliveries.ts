/** GitHub's log of webhook deliveries: what did not arrive, asking for it again, and reading it from there. */

import { z } from "zod";
import type { Instant } from "../../domain/time/instant.ts";
import { ask, pagesOf, type GitHub } from "../api/requests.ts";
import { InstantShape } from "../queries/shapes.ts";

/**
 * Describes one delivery whose every attempt failed, the first one at `at`. `guid` is the delivery id webhooks carry; `id`, in
 * digits, is the newest attempt.
 */
export interface FailedDelivery {
  readonly id: string;
  readonly guid: string;
  readonly event: string;
  /** Null: it is of no installation. */
  readonly installationId: number | null;
  readonly at: Instant;
}

/**
 * Describes a run of first attempts that all failed. It has when the first and the last of them did, and when one arrived again;
 * null: none has.
 */
export interface SilentSpell {
  readonly from: Instant;
  readonly last: Instant;
  readonly until: Instant | null;
}

/** Holds what GitHub's log shows of the deliveries of a while. */
export interface DeliveryLog {
  /** Those of which no attempt succeeded, oldest first. */
  readonly failed: readonly FailedDelivery[];
  /** How many others there are, of which an attempt succeeded. */
  readonly arrived: number;
  /** Oldest first. */
  readonly spells: readonly SilentSpell[];
}

/** GitHub's ids of deliveries have 64 bits: Octokit hands over as a bigint what a number cannot hold. */
const DeliveryIdShape = z.union([z.int(), z.bigint()]).transform(String);

const DeliveryShape = z.object({
  id: DeliveryIdShape,
  guid: z.string(),
  delivered_at: InstantShape,
  status_code: z.int(),
  redelivery: z.boolean(),
  event: z.string(),
  installation_id: z.int().nullish(),
});

/** Pages of 100 deliveries read at once. */
const MOST_PAGES = 300;

/** Describes how the log is read. */
export interface LogReading {
  readonly since: Instant;
  /** Returns which of these deliveries, by `guid`, are stored here: they arrived, whatever GitHub recorded. Default: unknown. */
  readonly storedOf?: (guids: readonly string[]) => Promise<ReadonlySet<string>>;
  /** Nothing arrives but what is stored here, whatever the webhook's address answers GitHub. */
  readonly isPolled?: boolean;
  /** Stops at the first page whose every delivery is stored. */
  readonly untilStored?: boolean;
}

/** Reads the deliveries since an instant; requested as the App itself. Throws {@link ExternalError}. */
export async function readDeliveryLog(
  app: GitHub,
  { since, storedOf, isPolled = false, untilStored = false }: LogReading,
): Promise<DeliveryLog> {
  const failed = new Map<string, FailedDelivery>();
  const arrived = new Set<string>();
  const attempts: { readonly at: Instant; readonly isFirst: boolean; readonly hasArrived: boolean }[] = [];
  const pages = pagesOf(app, "GET /app/hook/deliveries", {}, z.array(DeliveryShape), MOST_PAGES);
  for await (const { data } of pages) {
    const recent = data.filter((delivery) => delivery.delivered_at >= since);
    const stored = (await storedOf?.(recent.map(({ guid }) => guid))) ?? new Set();
    for (const {
      id,
      guid,
      event,
      installation_id,
      delivered_at: at,
      status_code: status,
      redelivery,
    } of recent) {
      const hasArrived = stored.has(guid) || (!isPolled && status >= 200 && status < 300);
      // The newest attempt comes first, and is the one to repeat; the oldest shows since when it fails.
      if (hasArrived) arrived.add(guid);
      else {
        const installationId = installation_id ?? null;
        failed.set(guid, { id: failed.get(guid)?.id ?? id, guid, event, installationId, at });
      }
      attempts.push({ at, isFirst: !redelivery, hasArrived });
    }
    if (recent.length < data.length) break;
    if (untilStored && recent.every(({ guid }) => stored.has(guid))) break;
  }
  return {
    arrived: arrived.size,
    failed: [...failed.values()].filter(({ guid }) => !arrived.has(guid)).toReversed(),
    spells: spellsOf(attempts.toReversed()),
  };
}

/**
 * Returns whether some delivery before `before` was received by this App's server of that time; requested as the App itself.
 * Throws {@link ExternalError}.
 */
export async function hasServedBefore(app: GitHub, before: Instant): Promise<boolean> {
  for await (const { data } of pagesOf(
    app,
    "GET /app/hook/deliveries",
    {},
    z.array(DeliveryShape),
    MOST_PAGES,
  ))
    if (data.some((each) => each.delivered_at < before && each.status_code >= 200 && each.status_code < 300))
      return true;
  return false;
}

function spellsOf(
  attempts: readonly { readonly at: Instant; readonly isFirst: boolean; readonly hasArrived: boolean }[],
): readonly SilentSpell[] {
  const spells: SilentSpell[] = [];
  for (const { at, isFirst, hasArrived } of attempts) {
    const open = spells.at(-1)?.until === null ? spells.pop() : undefined;
    if (hasArrived && open !== undefined) spells.push({ ...open, until: at });
    else if (!hasArrived && isFirst) spells.push({ from: open?.from ?? at, last: at, until: null });
    else if (open !== undefined) spells.push(open);
  }
  return spells;
}

/** Requests that GitHub sends one delivery again; requested as the App itself. Throws {@link ExternalError}. */
export async function requestRedelivery(app: GitHub, id: string): Promise<void> {
  const route = "POST /app/hook/deliveries/{delivery_id}/attempts";
  await ask(app, route, { delivery_id: id }, z.unknown());
}

/** Holds one delivery as GitHub sent it, or would have. */
export interface LoggedDelivery {
  readonly event: string;
  readonly action: string | null;
  readonly payload: unknown;
}

/** Restricts what is stored as an event, as the webhook receiver does: no delivery is taken for a task of our own. */
const EVENT = /^[a-z][a-z0-9_]{0,99}$/u;

const LoggedShape = z.object({
  guid: z.string(),
  event: z.string().regex(EVENT),
  action: z.string().nullish(),
  request: z.object({ payload: z.record(z.string(), z.unknown()) }),
});

/** Reads one delivery with its payload; requested as the App itself. Throws {@link ExternalError}. */
export async function readDelivery(
  app: GitHub,
  { id, guid }: Pick<FailedDelivery, "id" | "guid">,
): Promise<LoggedDelivery> {
  const { data } = await ask(
    app,
    "GET /app/hook/deliveries/{delivery_id}",
    { delivery_id: id },
    LoggedShape.refine((delivery) => delivery.guid === guid, "it is another delivery"),
  );
  return { event: data.event, action: data.action ?? null, payload: data.request.payload };
}
