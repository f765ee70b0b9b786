/** Webhooks read from GitHub's log of deliveries, where GitHub cannot reach the App, and stored as if they had arrived. */

import { ExternalError, logged } from "../../domain/values/external-error.ts";
import type { FailedDelivery, LogReading } from "../../github/installation/webhook-deliveries.ts";
import type { Tools } from "../context/tools.ts";
import { isForAll, isLasting } from "../repositories/own-checks.ts";
import { DAY } from "../../domain/time/durations.ts";
import { ignoredNote } from "./intake.ts";

/** How long GitHub keeps deliveries (ms). */
const DELIVERIES_KEPT = 3 * DAY;

/** Returns how the log of the days that GitHub keeps is read: what is stored here has arrived. */
export function keptDeliveries({ clock, ledger, polls }: Tools): LogReading {
  return {
    since: clock.now() - DELIVERIES_KEPT,
    storedOf: (guids) => ledger.queue.storedOf(guids),
    isPolled: polls === true,
  };
}

/**
 * Reads and stores every delivery of GitHub's log that is not stored yet, oldest first. `untilStored`: no further back than
 * the first page that is stored whole; anything left out is read by the hourly look at all of it. Throws {@link ExternalError}.
 */
export async function poll(tools: Tools, { untilStored }: { readonly untilStored: boolean }): Promise<void> {
  const app = await tools.github.octokits.app();
  const { failed } = await tools.github.readDeliveryLog(app, { ...keptDeliveries(tools), untilStored });
  // One that cannot be read or stored keeps no other waiting; it stays in the log, and is noted as lost.
  const failures: unknown[] = [];
  for (const delivery of failed) {
    try {
      await take(tools, delivery);
    } catch (error) {
      if (isForAll(error)) throw error;
      tools.log.warn(
        { ...logged(error), delivery: delivery.guid },
        "A delivery of GitHub's log could not be read or stored",
      );
      if (!(error instanceof ExternalError) || (error.retry && !isLasting(error))) failures.push(error);
    }
  }
  // What is no ExternalError is a mistake of ours: it is never hidden behind what may pass.
  if (failures.length > 0) throw failures.find((error) => !(error instanceof ExternalError)) ?? failures[0];
}

/** Stores one delivery, at the time GitHub first sent it. */
async function take(tools: Tools, delivery: FailedDelivery): Promise<void> {
  const { guid: id, at: receivedAt } = delivery;
  const { github, ledger, appId } = tools;
  const { event, action, payload } = await github.readDelivery(await github.octokits.app(), delivery);
  const meaning = github.signal(event, payload, { appId, delivery: id, receivedAt });
  const body = new TextEncoder().encode(JSON.stringify(payload, withoutBigInts));
  await ledger.queue.store(
    { id, event, action, lane: github.laneOf(event, payload), receivedAt, body },
    meaning.kind === "ignored" ? ignoredNote(meaning.because) : null,
  );
}

/** Makes of a number that Octokit hands over as a bigint what it is in a webhook's body that is parsed. */
function withoutBigInts(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
