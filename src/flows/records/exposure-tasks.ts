/** Makes the tasks that update a cause's deviation, because its span began or ended, or because something landed in it. */

import type { Repo } from "../context/repo.ts";
import type { Instant } from "../../domain/time/instant.ts";
import type { SharedCause } from "../../domain/deviation/open.ts";
import type { Task } from "../../domain/records/task.ts";

/** Returns the tasks that update the deviations of these causes. */
export function exposureTasks(
  organizationId: number,
  causes: readonly string[],
  dueAt: Instant,
): readonly Task<"exposures">[] {
  return causes.map((causeId) => ({ kind: "exposures", organizationId, causeId, dueAt }));
}

/** Returns the tasks that list a landing change or deployment where its repository is less protected than before. */
export async function tasksOfLanding(
  repo: Repo,
  shared: SharedCause | null = null,
): Promise<readonly Task<"exposures">[]> {
  const { id: repositoryId, ownerId } = repo.info;
  // What was found only after the spell ended shares its cause all the same.
  const open = new Set<string>(shared?.kind === "weakening" ? [shared.id] : []);
  for await (const entry of repo.ledger.states("exposure", { repositoryId })) {
    const { causeId, to } = entry.body;
    if (to === null) open.add(causeId);
  }
  return exposureTasks(ownerId, [...open], repo.now());
}
