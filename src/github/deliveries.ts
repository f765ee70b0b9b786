/** Webhooks that did not arrive, as GitHub's delivery log has them, and asking for them again. */

import { z } from "zod";
import type { Instant } from "../domain/change.ts";
import { ask, pagesOf, type GitHub } from "./ask.ts";
import { InstantShape } from "./shapes.ts";

/** One delivery whose every attempt failed, the first one at `at`. `guid` is the delivery id webhooks carry; `id` is the newest attempt. */
export interface FailedDelivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly at: Instant;
}

const DeliveryShape = z.object({
  id: z.int(),
  guid: z.string(),
  delivered_at: InstantShape,
  status_code: z.int(),
  event: z.string(),
});

/** Pages of 100 deliveries read at once. */
const MOST_PAGES = 300;

/** The deliveries since an instant of which no attempt succeeded, oldest first; asked as the App itself. Throws {@link Trouble}. */
export async function listFailedDeliveries(app: GitHub, since: Instant): Promise<readonly FailedDelivery[]> {
  const failed = new Map<string, FailedDelivery>();
  const arrived = new Set<string>();
  const pages = pagesOf(app, "GET /app/hook/deliveries", {}, z.array(DeliveryShape), MOST_PAGES);
  for await (const { data } of pages) {
    const recent = data.filter((delivery) => delivery.delivered_at >= since);
    for (const { id, guid, event, delivered_at: at, status_code: status } of recent) {
      if (status >= 200 && status < 300) arrived.add(guid);
      // The newest attempt comes first, and is the one to repeat; the oldest tells since when it fails.
      else failed.set(guid, { id: failed.get(guid)?.id ?? id, guid, event, at });
    }
    if (recent.length < data.length) break;
  }
  return [...failed.values()].filter(({ guid }) => !arrived.has(guid)).toReversed();
}

/** Asks GitHub to send one delivery again; asked as the App itself. Throws {@link Trouble}. */
export async function redeliver(app: GitHub, id: number): Promise<void> {
  const route = "POST /app/hook/deliveries/{delivery_id}/attempts";
  await ask(app, route, { delivery_id: id }, z.unknown());
}
