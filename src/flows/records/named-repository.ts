/** The repository that people and pipelines name. */

import { repositoryCalled } from "../../domain/links/repository-names.ts";
import type { RepositoryRecord } from "../../domain/records/repository.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { Whose } from "../../ledger/log.ts";

/** Returns the repository that has a name (`owner/name`) on record, one that is there before others; null: none. */
export async function repositoryOnRecord(
  { ledger }: { readonly ledger: Pick<Ledger, "states"> },
  called: string,
  organizationId?: number,
): Promise<RepositoryRecord | null> {
  const records: RepositoryRecord[] = [];
  const of: Whose = organizationId === undefined ? { everyOrganization: true } : { organizationId };
  for await (const { body } of ledger.states("repository", of)) records.push(body);
  return repositoryCalled(records, called);
}
