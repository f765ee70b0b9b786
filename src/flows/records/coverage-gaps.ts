/** Coverage gaps as entries: spans in which we could not see. */

import type { Repository } from "../../domain/change/repository.ts";
import { sha256 } from "../../domain/values/digest.ts";
import type { Entry } from "../../domain/records/entry.ts";
import type { CoverageGapRecord } from "../../domain/records/monitoring.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Instant } from "../../domain/time/instant.ts";

/** Returns the id of the gap that began then, for that cause; `about` where a repository may have several. */
export function gapId(
  repositoryId: number,
  cause: CoverageGapRecord["cause"],
  from: Instant,
  about = "",
): string {
  return `GAP-${sha256(`${repositoryId}:${cause}:${from}${about === "" ? "" : `:${about}`}`).slice(0, 12)}`;
}

/** Returns the entry of a gap in one repository. */
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

/** Records a span in which no App was running, for every organisation it watches. What happened meanwhile is read from GitHub's lists. */
export async function recordDowntime(
  { ledger }: { readonly ledger: Ledger },
  from: Instant,
  to: Instant,
): Promise<void> {
  const owners = new Map<number, string>();
  for await (const entry of ledger.states("repository", { everyOrganization: true })) {
    const { repository } = entry.body;
    owners.set(repository.ownerId, repository.owner);
  }
  const entries = [...owners].map(([organizationId, owner]): Entry => {
    const body: CoverageGapRecord = {
      id: gapId(0, "app-down", from, String(organizationId)),
      cause: "app-down",
      scope: owner,
      from,
      to,
      because: "the App was not running",
      backfilled: true,
    };
    return { kind: "coverage-gap", subject: body.id, repositoryId: 0, organizationId, at: from, body };
  });
  await ledger.record({ entries }, to);
}
