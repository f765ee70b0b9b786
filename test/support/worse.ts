/** Two judgements of the same thing compared: what may differ is only that more is unverifiable. */

import type { Assessment } from "../../src/domain/values/result.ts";

/** Everything in `there` that is neither as in `wanted` nor unverifiable, in words. */
export function worse(wanted: Assessment, there: Assessment): readonly string[] {
  const lines: string[] = [];
  if (there.verdict !== wanted.verdict && there.verdict !== "unverifiable")
    lines.push(`${there.verdict} instead of ${wanted.verdict}`);
  for (const result of wanted.results) {
    const other = there.results.find(({ control }) => control === result.control);
    // Where no approval is sure to count, there is no content to compare.
    if (result.control === "content-as-reviewed" && other?.outcome === "not-applicable") continue;
    if (other === undefined || (other.outcome !== result.outcome && other.outcome !== "unverifiable"))
      lines.push(
        `${result.control}: ${other?.outcome} (${other?.cause}) instead of ${result.outcome} (${result.cause})`,
      );
  }
  return lines;
}
