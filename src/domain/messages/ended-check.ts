/** The text of a check run that was still waiting when its pull request was merged. */

import type { CheckRunText } from "../records/change.ts";
import type { Verdict } from "../values/result.ts";
import { markdown, VERDICT_TITLES, withoutHint } from "../texts/wording.ts";
import type { DeviationRecord } from "../records/deviation.ts";

const FINE: readonly Verdict[] = ["compliant", "emergency", "exempted", "historic"];

/** Describes what a merged pull request came to. `deviation` null: none was opened. */
export interface LandedResult {
  readonly verdict: Verdict;
  readonly deviation: DeviationRecord | null;
}

/** Returns the text that ends a waiting check: what the change came to, and what the check had waited for. It is not taken for what held at the merge. */
export function endedCheckText(
  said: CheckRunText,
  number: number,
  { verdict, deviation }: LandedResult,
): CheckRunText {
  return {
    ...said,
    status: "completed",
    conclusion: FINE.includes(verdict) ? "success" : "failure",
    title: titleOf(verdict),
    summary: [
      FINE.includes(verdict)
        ? `Nothing to do: #${number} was ${VERDICT_TITLES[verdict]} when it was merged.`
        : `**What to do:** review what #${number} merged, and revert it if it should not be in production.${deviationText(deviation)}`,
      `Before the merge: **${markdown(said.title)}**.`,
      `<details><summary>What was needed before the merge</summary>\n\n${withoutHint(said.summary)}\n\n</details>`,
    ].join("\n\n"),
    text: said.text === "" ? "" : `As this check stood before the merge:\n\n${said.text}`,
  };
}

function deviationText(deviation: DeviationRecord | null): string {
  if (deviation === null) return "";
  const { id, issue } = deviation;
  const where =
    issue.state === "asked" && issue.repository !== null ? ` in ${markdown(issue.repository)}` : "";
  return ` Answer deviation ${id}${where}. To explain the bypass, comment \`/countersign explain-bypass <reason>\`.`;
}

function titleOf(verdict: Verdict): string {
  if (FINE.includes(verdict)) return "Merged while this check was waiting";
  return verdict === "non-compliant"
    ? "Merged without meeting the policy"
    : "Merged before it could be verified";
}
