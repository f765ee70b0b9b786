/** `countersign deliveries ...`: received webhooks and their processing. */

import { time } from "../../domain/texts/wording.ts";
import type { DeliveryStatus } from "../../ledger/queue/deliveries.ts";
import { openExistingLedger, openLedger } from "../../ledger/open.ts";
import type { StoreLocation } from "../../ledger/database/store.ts";
import type { Answer } from "../terminal/answer.ts";
import { UsageError } from "../terminal/answer.ts";

/** Lists deliveries, newest first. */
export async function printDeliveries(
  where: StoreLocation,
  filter: { readonly status?: string; readonly limit: number },
): Promise<Answer> {
  const status = statusOf(filter.status);
  const ledger = await openLedger(where, { readOnly: true });
  try {
    const found = await ledger.queue.list({
      limit: filter.limit,
      ...(status === undefined ? {} : { status }),
    });
    const lines = found.map((each) => {
      const what = each.action === null ? each.event : `${each.event}.${each.action}`;
      const note = each.error ?? each.note ?? "";
      const tries = each.attempts === 0 ? "" : ` (tried ${each.attempts} times)`;
      return `${time(each.receivedAt)}  ${each.status.padEnd(7)}  ${each.id}  ${what}${tries}  ${note}`.trimEnd();
    });
    return { code: 0, lines: lines.length === 0 ? ["No deliveries."] : lines, data: found };
  } finally {
    await ledger.close();
  }
}

/** Queues deliveries again, whatever their status; a running App processes them. */
export async function replayDeliveries(
  where: StoreLocation,
  ids: readonly string[],
  now: number,
): Promise<Answer> {
  const ledger = await openExistingLedger(where);
  try {
    const found = await ledger.queue.replay(ids, now);
    const missing = ids.length - found;
    const lines = [
      `${found} of ${ids.length} deliveries are queued again; the App processes them when it runs.`,
    ];
    if (missing > 0)
      lines.push(`${missing} of the ids do not exist: \`countersign deliveries list\` lists all.`);
    return { code: missing > 0 ? 1 : 0, lines, data: { asked: ids.length, found } };
  } finally {
    await ledger.close();
  }
}

function statusOf(text: string | undefined): DeliveryStatus | undefined {
  if (text === undefined || text === "waiting" || text === "done" || text === "dead") return text;
  throw new UsageError(`--status must be waiting, done or dead, not "${text}".`);
}
