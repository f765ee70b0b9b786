/** Makes the tasks that update a cause's deviation, because its span began or ended, or because something landed in it. */

import type { Instant } from "../../domain/time/instant.ts";
import type { Task } from "../../domain/records/task.ts";

/** Returns the tasks that update the deviations of these causes. */
export function exposureTasks(
  organizationId: number,
  causes: readonly string[],
  dueAt: Instant,
): readonly Task<"exposures">[] {
  return causes.map((causeId) => ({ kind: "exposures", organizationId, causeId, dueAt }));
}
