/** Asking for a cause's deviation to be looked at again: because its spell began or ended, or because something landed in it. */

import { sha256 } from "../domain/digest.ts";
import type { SharedCause } from "../domain/deviation/open.ts";
import type { Tools, Watched } from "./ports.ts";

/** The task that looks at one cause's deviation again. Lane `organization:ID`. */
export const EXPOSURES = "countersign.exposures";

/** What that task carries. */
export interface ExposuresPayload {
  readonly organizationId: number;
  readonly causeId: string;
}

/** Asks for the deviations of these causes to be looked at again. `news`: what is new, for which it is asked once. */
export async function askForExposures(
  tools: Tools,
  organizationId: number,
  causes: readonly string[],
  news: string,
): Promise<void> {
  const at = tools.clock.now();
  await tools.ledger.queue.enqueue(
    causes.map((causeId) => ({
      id: `${EXPOSURES}:${causeId}:${at}:${sha256(news).slice(0, 12)}`,
      lane: `organization:${organizationId}`,
      event: EXPOSURES,
      dueAt: at,
      payload: { organizationId, causeId } satisfies ExposuresPayload,
    })),
  );
}

/** A change or deployment landed: where its repository is less protected than it was, the deviation lists it. */
export async function noteLanded(
  tools: Tools,
  watched: Watched,
  id: string,
  shared: SharedCause | null = null,
): Promise<void> {
  const { id: repositoryId, ownerId } = watched.repository;
  // What was found only after the spell ended shares its cause all the same.
  const open = new Set<string>(shared?.kind === "weakening" ? [shared.id] : []);
  for await (const entry of tools.ledger.states("exposure", { repositoryId })) {
    const { causeId, to } = entry.body;
    if (to === null) open.add(causeId);
  }
  await askForExposures(tools, ownerId, [...open], id);
}
