/** A deviation: its states, and what happens to it by itself. */

import type { ChangeRecord } from "../records/change.ts";
import type { DeploymentRecord } from "../records/deployment.ts";
import type { DeviationStatus, DeviationTransition } from "../records/deviation.ts";
import type { TransitionTable } from "../values/transitions.ts";

/** Names the part someone has in a deviation. One person may be owner and causer at once. */
export type DeviationRole = DeviationTransition["role"];

/** Lists every state of a deviation, in the order of its life. */
export const DEVIATION_STATES: readonly DeviationStatus[] = [
  "open",
  "in-remediation",
  "done",
  "effective",
  "closed",
  "not-an-exception",
];

/** Names what follows for a deviation from what is seen on GitHub; commands have a table of their own (commands.ts). */
export type DeviationEvent = "list" | "unlist" | "withdraw" | "end-exposure" | "close";

/** Holds the table of these events. */
export const DEVIATION_EVENTS: TransitionTable<DeviationStatus, DeviationEvent, DeviationRole> = {
  list: [
    // A further change under the same cause: what was settled is not settled for it.
    { from: ["open", "effective", "closed", "not-an-exception"], to: "open", needs: ["app"] },
    { from: ["in-remediation", "done"], to: "same", needs: ["app"] },
  ],
  unlist: [{ from: DEVIATION_STATES, to: "same", needs: ["app"] }],
  withdraw: [
    {
      from: ["open", "in-remediation", "done", "effective", "not-an-exception"],
      to: "closed",
      needs: ["app"],
    },
  ],
  "end-exposure": [{ from: DEVIATION_STATES, to: "same", needs: ["app"] }],
  close: [{ from: ["effective"], to: "closed", needs: ["app"] }],
};

/** Returns whether nothing is left to do about it. */
export function isSettled(status: DeviationStatus): boolean {
  return status === "closed" || status === "not-an-exception";
}

/** Returns a state of a deviation or a remediation as people write it. */
export function worded(state: string): string {
  return state === "not-an-exception" ? "not an exception" : state.replaceAll("-", " ");
}

/** Returns why something that is non-compliant has no deviation; null: it has one, or needs none. */
export function withoutDeviation(
  { mode, assessment }: Pick<ChangeRecord | DeploymentRecord, "mode" | "assessment">,
  deviations: readonly string[],
): string | null {
  if (assessment.verdict !== "non-compliant" || deviations.length > 0) return null;
  return mode === "observe"
    ? "the policy only observed (mode observe): nothing was opened"
    : "none is on record for it, nor for what it repeats";
}
