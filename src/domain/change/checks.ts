/** The runs of a check that count: of each app, workflow and event, or whoever posts statuses, the newest. */

import type { Check } from "./review.ts";
import type { Instant } from "../time/instant.ts";

/** Describes a check by its name, and where it must come from. Null or absent: from anywhere. */
export interface WantedCheck {
  readonly name: string;
  /** The app's slug. */
  readonly app?: string | null | undefined;
  /** A workflow by its name or file. */
  readonly workflow?: string | undefined;
  readonly event?: string | undefined;
}

/** Returns the runs of a check among those of a commit. */
export function runsOf(wanted: WantedCheck, checks: readonly Check[]): readonly Check[] {
  const { name, app, workflow, event } = wanted;
  return checks.filter(
    (check) =>
      check.name === name &&
      (app == null || check.app?.slug === app) &&
      (workflow === undefined || isOfWorkflow(check, workflow)) &&
      (event === undefined || check.event === event),
  );
}

function isOfWorkflow({ workflow }: Check, wanted: string): boolean {
  if (workflow === undefined) return false;
  return [workflow.name, workflow.file, `.github/workflows/${workflow.file}`].includes(wanted);
}

/**
 * Returns the newest runs of each source: an app, a workflow and what began it, or commit statuses together. Of a
 * workflow they are all runs of its newest suite: a job of many legs may give them one name, and a leg that failed is
 * no older run of one that did not. Whoever may write can post a status of any name: as on GitHub, it is listed beside
 * an app's check of that name and never replaces it. Runs that ended in the same second are all newest.
 */
export function newestRuns(checks: readonly Check[]): readonly Check[] {
  return bySource(checks).flatMap(newestOf);
}

/** Returns the newest runs there were at a moment. What began later is none of them, nor does it undo what had ended. */
export function newestRunsAt(checks: readonly Check[], at: Instant): readonly Check[] {
  return bySource(checks).flatMap((runs) => {
    const hasEnded = ({ completedAt, conclusion }: Check): boolean =>
      completedAt !== null && conclusion !== null && completedAt <= at;
    const begun = runs.filter(({ startedAt }) => startedAt === undefined || startedAt <= at);
    // Of runs without a start time, what had not ended may have begun later.
    const known = begun.some(hasEnded)
      ? begun.filter((run) => run.startedAt !== undefined || hasEnded(run))
      : begun;
    return newestOf(known);
  });
}

function bySource(checks: readonly Check[]): readonly (readonly Check[])[] {
  const source = ({ app, workflow, event }: Check): string =>
    [app?.id ?? "", workflow?.id ?? "", event ?? ""].join("/");
  return [...new Set(checks.map(source))].map((each) => checks.filter((check) => source(check) === each));
}

function newestOf(runs: readonly Check[]): readonly Check[] {
  const suites = runs.flatMap(({ suite }) => suite ?? []);
  const newest = suites.length === 0 ? undefined : Math.max(...suites);
  const loose = runs.filter(({ suite }) => suite === undefined);
  const last = Math.max(...loose.map(({ completedAt }) => completedAt ?? Infinity));
  return runs.filter(({ suite, completedAt }) =>
    suite === undefined ? (completedAt ?? Infinity) === last : suite === newest,
  );
}
