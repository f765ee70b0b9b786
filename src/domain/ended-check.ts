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
      FINE.includes(verdict)
        ? "There is nothing left to do here."
        : "There is nothing left to do on this check. Follow the issue of its deviation, if there is one; if this should not be in production, revert it.",
    ].join("\n\n"),
  };
}
