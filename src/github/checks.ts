/** The check runs and statuses of a commit, all pages of them. */

import type { Check, Repository, Sha } from "../domain/change.ts";
import { ChecksAnswer } from "./answers.ts";
import type { GitHub } from "./ask.ts";
import { NOTHING, readOn, type Listed } from "./listed.ts";
import { checksQuery } from "./queries.ts";
import { Smaller } from "./smaller.ts";

/** So many are read beyond the first page. */
const MOST_LISTED = 2_000;

/** The newest check runs and statuses of a commit. Throws Trouble. */
export async function readChecks(github: GitHub, repository: Repository, sha: Sha): Promise<Listed<Check>> {
  const smaller = new Smaller(github);
  const first = await checksAfter(smaller, repository, sha, null);
  return readOn(first, MOST_LISTED, (after) => checksAfter(smaller, repository, sha, after));
}

/** The checks of an answer's first page, and of the pages after it. Throws Trouble. */
export function allChecks(
  github: GitHub,
  repository: Repository,
  sha: Sha,
  first: Listed<Check>,
): Promise<Listed<Check>> {
  const smaller = new Smaller(github);
  return readOn(first, MOST_LISTED, (after) => checksAfter(smaller, repository, sha, after));
}

async function checksAfter(
  smaller: Smaller,
  { owner, name }: Repository,
  sha: Sha,
  after: string | null,
): Promise<Listed<Check>> {
  const answer = await smaller.query(checksQuery, { owner, name, sha, after }, ChecksAnswer);
  return answer.repository.object?.statusCheckRollup ?? NOTHING;
}
