/** The runs of a check that count: of each app, or whoever posts statuses, the newest. */

import type { Check } from "./change.ts";

/**
 * The newest runs of each source (an app, or commit statuses together). Whoever may write can post a status of any name: as on
 * GitHub, it stands beside an app's check of that name and never in its place. Runs that ended in the same second are all newest.
 */
export function newestRuns(checks: readonly Check[]): readonly Check[] {
  const last = new Map<number | null, number>();
  for (const { app, completedAt } of checks) {
    const source = app?.id ?? null;
    last.set(source, Math.max(last.get(source) ?? -Infinity, completedAt ?? Infinity));
  }
  return checks.filter(({ app, completedAt }) => last.get(app?.id ?? null) === (completedAt ?? Infinity));
}
