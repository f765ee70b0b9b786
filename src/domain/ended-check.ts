/** What a check run says that waited when its pull request was merged. */

import type { CheckRunText } from "./record.ts";
import type { Verdict } from "./result.ts";

const FINE: readonly Verdict[] = ["compliant", "emergency", "exempted", "historic"];

/** The text that ends a waiting check: what it had waited for, and what the change came to. It is not taken for what held at the merge. */
export function endedCheckText(said: CheckRunText, number: number, verdict: Verdict): CheckRunText {
  return {
    ...said,
    status: "completed",
    conclusion: FINE.includes(verdict) ? "success" : "failure",
    title: "Merged before this check was done",
    summary: [
      `#${number} was merged while this check waited ("${said.title}"). It is judged as it landed: ${verdict}.`,
      "What counts is how the check stood when it was merged; this only ends the waiting.",
    ].join("\n\n"),
  };
}
