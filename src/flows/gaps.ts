/** Coverage gaps as entries: spans in which we could not see. */

import type { Instant, Repository } from "../domain/change.ts";
import { sha256 } from "../domain/digest.ts";
import type { Entry } from "../domain/entry.ts";
import type { CoverageGapRecord } from "../domain/record.ts";

/** The id of the gap that began then, for that cause; `about` where a repository may have several. */
export function gapId(
  repositoryId: number,
  cause: CoverageGapRecord["cause"],
  from: Instant,
  about = "",
): string {
  return `GAP-${sha256(`${repositoryId}:${cause}:${from}${about === "" ? "" : `:${about}`}`).slice(0, 12)}`;
}

/** The entry of a gap in one repository. */
export function gapEntry(gap: CoverageGapRecord, repository: Repository): Entry {
  return {
    kind: "coverage-gap",
    subject: gap.id,
    repositoryId: repository.id,
    organizationId: repository.ownerId,
    at: gap.from,
    body: gap,
  };
}
