/** The check runs and statuses of a commit, all pages of them. */

import type { RepositoryClient } from "../api/repository-client.ts";
import type { Check } from "../../domain/change/review.ts";
import { ChecksAnswer } from "../queries/answers.ts";
import { NOTHING, readOn, type Listing } from "../api/partial-list.ts";
import { checksQuery } from "../queries/queries.ts";
import { Smaller } from "../api/smaller-pages.ts";
import type { Sha } from "../../domain/change/sha.ts";
import type { Repository } from "../../domain/change/repository.ts";

/** So many are read beyond the first page. */
const MOST_LISTED = 2_000;

/** Reads the newest check runs and statuses of a commit. Throws {@link ExternalError}. */
export async function readChecks(client: RepositoryClient, sha: Sha): Promise<Listing<Check>> {
  const smaller = new Smaller(client.github);
  const first = await checksAfter(smaller, client.repository, sha, null);
  return readOn(first, MOST_LISTED, (after) => checksAfter(smaller, client.repository, sha, after));
}

/** Returns the checks of an answer's first page, and of the pages after it. Throws {@link ExternalError}. */
export function allChecks(
  client: RepositoryClient,
  sha: Sha,
  first: Listing<Check>,
): Promise<Listing<Check>> {
  const smaller = new Smaller(client.github);
  return readOn(first, MOST_LISTED, (after) => checksAfter(smaller, client.repository, sha, after));
}

async function checksAfter(
  smaller: Smaller,
  { owner, name }: Repository,
  sha: Sha,
  after: string | null,
): Promise<Listing<Check>> {
  const answer = await smaller.query(checksQuery, { owner, name, sha, after }, ChecksAnswer);
  return answer.repository.object?.statusCheckRollup ?? NOTHING;
}
