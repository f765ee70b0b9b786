/** The rows of remediations an expectation can ask for. */

import type { RemediationRecord } from "../../domain/record.ts";
import type { Row } from "./expectations.ts";
import type { RowSet } from "./match.ts";

/** Each remediation, with the pull request and steps of its deviation's row. */
export function remediationRows(
  records: readonly RemediationRecord[],
  deviation: (id: string) => Row | undefined,
): RowSet {
  const rows = records.map((record): Row => {
    const about = deviation(record.deviation);
    return {
      repository: record.repository.name,
      pull: about?.["pull"],
      step: about?.["step"],
      status: record.status,
      owner: record.owner?.login,
      due: record.due ?? undefined,
      targets: record.targets.map(({ due }) => due),
      "root-cause": record.rootCause?.category,
      missed: record.reviews.filter(({ at }) => at === null).map(({ due }) => due),
      reviewed: record.reviews.filter(({ at }) => at !== null).length,
    };
  });
  const columns = ["pull", "step", "status", "owner", "due", "targets", "root-cause", "missed", "reviewed"];
  return { columns, rows };
}
